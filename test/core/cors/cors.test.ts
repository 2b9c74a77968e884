// Do only exact origins of the list get CORS headers?
import { describe, expect, it } from 'vitest'
import { corsHeaders, preflightHeaders } from '../../../src/core/cors/cors.ts'

const policy = {
  trustedOrigins: new Set(['https://front.example.com']),
  authorizationHeader: 'x-access-token',
}

describe('CORS', () => {
  it('answers a listed origin by name, with credentials', () => {
    const headers = Object.fromEntries(corsHeaders('https://front.example.com', policy))
    expect(headers['Access-Control-Allow-Origin']).toBe('https://front.example.com')
    expect(headers['Access-Control-Allow-Credentials']).toBe('true')
  })

  it('tells a listed origin at preflight what it may send', () => {
    const headers = Object.fromEntries(preflightHeaders('https://front.example.com', policy))
    expect(headers['Access-Control-Allow-Origin']).toBe('https://front.example.com')
    expect(headers['Access-Control-Allow-Methods']).toMatch(/\bDELETE\b/)
    expect(headers['Access-Control-Allow-Headers']).toBe(
      'x-access-token, content-type, x-csrf-token, x-csrftoken',
    )
    expect(Object.values(headers)).not.toContain('*')
  })

  it.each([
    null,
    '',
    'null',
    '*',
    'https://evil.example',
    'https://front.example.com/',
    'https://FRONT.example.com',
    'http://front.example.com',
    'https://front.example.com:443',
    'https://front.example.com.evil.example',
  ])('answers %j nothing', (origin) => {
    expect(corsHeaders(origin, policy)).toEqual([])
    expect(preflightHeaders(origin, policy)).toEqual([])
  })
})
