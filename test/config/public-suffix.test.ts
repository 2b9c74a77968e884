// Who may be named as the domain of the cookies?
import { describe, expect, it } from 'vitest'
import { createAuth } from '../../src/index.ts'

describe('createAuth', () => {
  it.each([
    ['https://app.example.com', 'com'],
    ['https://app.example.co.uk', 'co.uk'],
    ['https://me.github.io', 'github.io'],
  ])('at %s refuses cookies for %s, under which anybody can register', async (baseURL, domain) => {
    const secret = 'S2V5LW9mLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZg'
    await expect(createAuth({ baseURL, secret, cookies: { domain } })).rejects.toThrow(
      `anybody can register under ${domain}`,
    )
  })
})
