// Is every `Set-Cookie` line exactly what a browser keeps, and is one that it would drop refused?
import { describe, expect, it } from 'vitest'
import type { CookieAttributes } from '../../../src/core/cookie/serialize.ts'
import { isCookieName, LONGEST_MAX_AGE, serializeCookie } from '../../../src/core/cookie/serialize.ts'
import { AuthError } from '../../../src/errors.ts'

const plain: CookieAttributes = {
  name: 'a',
  path: '/',
  secure: false,
  httpOnly: false,
  sameSite: 'Lax',
  partitioned: false,
}
const full: CookieAttributes = {
  name: '__Secure-a',
  path: '/auth',
  domain: 'example.com',
  secure: true,
  httpOnly: true,
  sameSite: 'None',
  partitioned: true,
}

describe('serializeCookie', () => {
  it.each(['/x;Max-Age=9', '/x y', '/x\r\n', '/é'])(
    'refuses %j as a path or a domain: it would be read as more than that',
    (text) => {
      expect(() => serializeCookie({ ...plain, path: text }, '1')).toThrow(TypeError)
      expect(() => serializeCookie({ ...plain, domain: text }, '1')).toThrow(TypeError)
    },
  )

  it.each<[attributes: CookieAttributes, value: string, maxAge: number | undefined, line: string]>([
    [plain, '1', undefined, 'a=1; Path=/; SameSite=Lax'],
    [plain, '', 0, 'a=; Max-Age=0; Path=/; SameSite=Lax'],
    [
      { ...plain, sameSite: 'Strict', httpOnly: true },
      '1',
      60,
      'a=1; Max-Age=60; Path=/; HttpOnly; SameSite=Strict',
    ],
    [
      full,
      'x.y-z_1=',
      3600,
      '__Secure-a=x.y-z_1=; Max-Age=3600; Path=/auth; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned',
    ],
    [plain, '1', 1.9, 'a=1; Max-Age=1; Path=/; SameSite=Lax'],
    [plain, '1', -5, 'a=1; Max-Age=0; Path=/; SameSite=Lax'],
  ])('writes %j with value %j and Max-Age %j in one order', (attributes, value, maxAge, line) => {
    expect(serializeCookie(attributes, value, maxAge)).toBe(line)
  })

  it('caps Max-Age at 400 days, as browsers do', () => {
    expect(LONGEST_MAX_AGE).toBe(34_560_000)
    expect(serializeCookie(plain, '1', LONGEST_MAX_AGE)).toContain('Max-Age=34560000;')
    expect(serializeCookie(plain, '1', LONGEST_MAX_AGE + 1)).toContain('Max-Age=34560000;')
    expect(serializeCookie(plain, '1', Number.POSITIVE_INFINITY)).toContain('Max-Age=34560000;')
  })

  it('writes a cookie of 4096 bytes and refuses one of 4097 by name', () => {
    const named = { ...plain, name: 'n'.repeat(96) }
    expect(serializeCookie(named, 'v'.repeat(4000))).toContain('v'.repeat(4000))
    const refused = () => serializeCookie(named, 'v'.repeat(4001))
    expect(refused).toThrow(AuthError)
    expect(refused).toThrow(
      expect.objectContaining({ code: 'cookie_too_large', message: expect.stringContaining('4097') }),
    )
  })

  it('says in the refusal which cookie it is, and nothing of its value', () => {
    expect(() => serializeCookie(plain, 'secret'.repeat(1000))).toThrow(/^(?=.*cookie a )(?!.*secret)/)
  })

  it.each([
    ' ',
    '"',
    ',',
    ';',
    '\\',
    '\t',
    '\r',
    '\n',
    '\0',
    '\x7f',
    '\u00a0',
    'é',
    '😀',
    'a; HttpOnly',
    'ok\n',
  ])('takes a value with %j for a programmer’s mistake', (value) => {
    expect(() => serializeCookie(plain, value)).toThrow(TypeError)
  })

  it.each([
    '',
    ' ',
    'a b',
    'a=b',
    'a;b',
    'a,b',
    '"a"',
    'a\n',
    'a\t',
    '(a)',
    'a/b',
    'a@b',
    'a:b',
    'é',
    '\u00a0a',
    '\0',
  ])('takes the name %j for a programmer’s mistake', (name) => {
    expect(isCookieName(name)).toBe(false)
    expect(() => serializeCookie({ ...plain, name }, '1')).toThrow(TypeError)
  })

  it.each(['a', 'A.b-c_d', '__Host-Http-session', "!#$%&'*+-.^_`|~09"])(
    'has nothing against the name %j',
    (name) => {
      expect(isCookieName(name)).toBe(true)
    },
  )
})
