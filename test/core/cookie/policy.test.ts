// Which names and attributes do our cookies have, and which choices can no browser keep?
import { describe, expect, it } from 'vitest'
import { parseCookies } from '../../../src/core/cookie/parse.ts'
import type { CookieChoices, CookieKind } from '../../../src/core/cookie/policy.ts'
import { cookieProblems, createCookiePolicy } from '../../../src/core/cookie/policy.ts'

const https: CookieChoices = {
  names: {
    access: 'access_token',
    refresh: 'refresh_token',
    session: 'session',
    data: 'sessionid',
    csrf: 'csrftoken',
    hint: 'auth_hint',
    registration: 'registration',
  },
  secure: true,
  prefixes: true,
  domain: null,
  sameSite: { access: 'Lax', refresh: 'Strict' },
  partitioned: false,
  refreshPath: '/auth',
}
const http: CookieChoices = { ...https, secure: false, prefixes: false }

describe('the cookies of the reference table', () => {
  it.each<[where: string, choices: CookieChoices, kind: CookieKind, line: string]>([
    ['https', https, 'access', '__Host-Http-access_token=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
    ['https', https, 'refresh', '__Secure-refresh_token=v; Path=/auth; Secure; HttpOnly; SameSite=Strict'],
    ['https', https, 'csrf', '__Host-csrftoken=v; Path=/; Secure; SameSite=Lax'],
    ['https', https, 'hint', '__Host-auth_hint=v; Path=/; Secure; SameSite=Lax'],
    [
      'https of a domain',
      { ...https, domain: 'example.com' },
      'registration',
      '__Host-Http-registration=v; Path=/; Secure; HttpOnly; SameSite=Lax',
    ],
    ['http://localhost', http, 'access', 'access_token=v; Path=/; HttpOnly; SameSite=Lax'],
    ['http://localhost', http, 'refresh', 'refresh_token=v; Path=/auth; HttpOnly; SameSite=Strict'],
    ['http://localhost', http, 'csrf', 'csrftoken=v; Path=/; SameSite=Lax'],
    ['http://localhost', http, 'hint', 'auth_hint=v; Path=/; SameSite=Lax'],
  ])('on %s are set as written there: %j %s', (_where, choices, kind, line) => {
    expect(createCookiePolicy(choices).set(kind, 'v')).toBe(line)
  })
})

describe('prefixes', () => {
  it.each<[why: string, change: Partial<CookieChoices>, kind: CookieKind, name: string]>([
    [
      'a refresh cookie for the whole host is locked to it',
      { refreshPath: '/' },
      'refresh',
      '__Host-Http-refresh_token',
    ],
    ['a domain gives up the lock', { domain: 'example.com' }, 'access', '__Secure-access_token'],
    ['a domain gives up the lock', { domain: 'example.com' }, 'csrf', '__Secure-csrftoken'],
    [
      'a domain gives up the lock',
      { domain: 'example.com', refreshPath: '/' },
      'refresh',
      '__Secure-refresh_token',
    ],
    ['prefixes may be left out', { prefixes: false }, 'access', 'access_token'],
    ['a base name may be chosen', { names: { ...https.names, access: 'sid' } }, 'access', '__Host-Http-sid'],
  ])('follow path and domain: %s', (_why, change, kind, name) => {
    expect(createCookiePolicy({ ...https, ...change }).attributes[kind].name).toBe(name)
  })

  it('keep Secure when they are left out', () => {
    expect(createCookiePolicy({ ...https, prefixes: false }).set('access', 'v')).toContain('; Secure;')
  })
})

describe('attributes', () => {
  it('carry Max-Age only where the cookie outlives the browser', () => {
    expect(createCookiePolicy(https).set('access', 'v', 600)).toContain('; Max-Age=600;')
    expect(createCookiePolicy(https).set('access', 'v')).not.toContain('Max-Age')
  })

  it('follow the choices for domain, SameSite and Partitioned', () => {
    const policy = createCookiePolicy({
      ...https,
      domain: 'example.com',
      partitioned: true,
      sameSite: { access: 'None', refresh: 'None' },
    })
    expect(policy.set('access', 'v')).toBe(
      '__Secure-access_token=v; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned',
    )
    expect(policy.set('refresh', 'v')).toBe(
      '__Secure-refresh_token=v; Path=/auth; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned',
    )
  })
})

describe('clearing', () => {
  it.each<[change: Partial<CookieChoices>, kind: CookieKind, line: string]>([
    [{}, 'access', '__Host-Http-access_token=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{}, 'refresh', '__Secure-refresh_token=; Max-Age=0; Path=/auth; Secure; HttpOnly; SameSite=Strict'],
    [
      { domain: 'example.com', partitioned: true },
      'refresh',
      '__Secure-refresh_token=; Max-Age=0; Path=/auth; Domain=example.com; Secure; HttpOnly; SameSite=Strict; Partitioned',
    ],
  ])('repeats path, domain and jar: %j %s', (change, kind, line) => {
    expect(createCookiePolicy({ ...https, ...change }).clear(kind)).toBe(line)
  })

  const place = { hostname: 'app.example.com', path: '/auth/me' }
  const spot = (line: string): string => {
    const at = (name: string): string => new RegExp(`; ${name}=([^;]*)`).exec(line)?.[1] ?? ''
    return [at('Path'), at('Domain'), line.includes('Partitioned') ? 'partitioned' : '']
      .filter(Boolean)
      .join(' ')
  }

  it('everywhere is one place, in both jars, for a name that is locked to the host', () => {
    expect(createCookiePolicy(https).clearEverywhere('access', place).map(spot)).toEqual([
      '/',
      '/ partitioned',
    ])
  })

  it('everywhere means each parent domain and each path above for any other name', () => {
    const spots = createCookiePolicy(http).clearEverywhere('access', place).map(spot)
    const expected = ['/', '/auth', '/auth/me'].flatMap((path) =>
      ['', ' app.example.com', ' example.com'].map((domain) => path + domain),
    )
    expect(new Set(spots)).toEqual(new Set(expected))
    expect(spots).toHaveLength(expected.length)
  })

  it('everywhere includes the host alone where a domain is configured', () => {
    const policy = createCookiePolicy({ ...https, domain: 'example.com' })
    const spots = policy.clearEverywhere('access', place).map(spot)
    expect(spots).toEqual(
      expect.arrayContaining(['/', '/ partitioned', '/ example.com', '/auth', '/auth app.example.com']),
    )
  })

  it('everywhere includes the path of the cookie when the request was elsewhere', () => {
    const spots = createCookiePolicy(https)
      .clearEverywhere('refresh', { hostname: 'localhost', path: '/' })
      .map(spot)
    expect(spots).toEqual(expect.arrayContaining(['/', '/auth', '/auth partitioned']))
    expect(spots.join()).not.toContain('localhost')
  })

  it('everywhere is a bounded number of lines, whatever path is sent', () => {
    const policy = createCookiePolicy({ ...https, domain: 'example.com' })
    const hostname = 'a.b.c.d.e.f.example.com'
    for (const path of ['/a'.repeat(10_000), `/${'a'.repeat(10_000)}`, '//'.repeat(5000)]) {
      const lines = policy.clearEverywhere('refresh', { hostname, path })
      expect(lines.length).toBeLessThanOrEqual(32)
      expect(lines.join('').length).toBeLessThan(8000)
    }
  })

  it('everywhere writes nothing of a path into a line that could be read as an attribute', () => {
    for (const path of [
      '/x;Max-Age=999999;Domain=example.com',
      '/x y',
      '/x\r\nSet-Cookie: a=b',
      '/%3b',
      '/é',
    ]) {
      const paths = createCookiePolicy(http)
        .clearEverywhere('access', { hostname: 'localhost', path })
        .map((line) => /Path=([^;]*)/.exec(line)?.[1])
      expect(paths).toEqual(['/'])
    }
  })

  it.each(['127.0.0.1', '[::1]'])('everywhere names no domain for the address %s', (hostname) => {
    const lines = createCookiePolicy(http).clearEverywhere('access', { hostname, path: '/auth/me' })
    expect(lines.filter((line) => line.includes('Domain'))).toEqual([])
  })
})

describe('reading', () => {
  const policy = createCookiePolicy(https)
  it.each<[header: string, values: string[]]>([
    ['__Host-Http-access_token=1', ['1']],
    ['__Host-Http-access_token=1; __Host-Http-access_token=1', ['1']],
    ['__Host-Http-access_token=1; __Host-Http-access_token=2', ['1', '2']],
    ['access_token=1', []],
    ['__host-http-access_token=1', []],
    ['__HOST-Http-access_token=1', []],
    ['\u00a0__Host-Http-access_token=1', []],
    ['__Secure-access_token=1; __Host-access_token=2', []],
  ])('takes exactly our name, and each value once: %j', (header, values) => {
    expect(policy.read('access', parseCookies(header))).toEqual(values)
  })
})

describe('cookieProblems', () => {
  const isPublicSuffix = (domain: string): boolean => ['com', 'co.uk', 'github.io'].includes(domain)
  const problems = (change: Partial<CookieChoices>, hostname = 'app.example.com'): readonly string[] =>
    cookieProblems({ ...https, ...change }, hostname, isPublicSuffix)

  it.each<[change: Partial<CookieChoices>]>([
    [{}],
    [{ domain: 'example.com' }],
    [{ domain: 'app.example.com' }],
    [{ partitioned: true }],
    [{ sameSite: { access: 'None', refresh: 'None' }, partitioned: true }],
    [{ secure: false, prefixes: false }],
  ])('finds nothing wrong with %j', (change) => {
    expect(problems(change)).toEqual([])
  })

  it.each<[change: Partial<CookieChoices>, reason: RegExp, hostname?: string]>([
    [{ names: { ...https.names, access: 'a b' } }, /names\.access: "a b" is not a cookie name/],
    [{ names: { ...https.names, hint: '' } }, /names\.hint: "" is not a cookie name/],
    [{ names: { ...https.names, csrf: '__Host-csrf' } }, /names\.csrf: write the base name/],
    [{ names: { ...https.names, csrf: '__HTTP-csrf' } }, /names\.csrf: write the base name/],
    [{ names: { ...https.names, csrf: '__secure-csrf' } }, /names\.csrf: write the base name/],
    [{ names: { ...https.names, refresh: 'access_token' } }, /two cookies have one name/],
    [{ secure: false }, /prefixes: .*must be Secure/],
    [{ secure: false, prefixes: false, partitioned: true }, /partitioned: needs Secure/],
    [
      { secure: false, prefixes: false, sameSite: { access: 'None', refresh: 'Strict' } },
      /sameSite\.access: None needs Secure/,
    ],
    [
      { secure: false, prefixes: false, sameSite: { access: 'Lax', refresh: 'None' } },
      /sameSite\.refresh: None needs Secure/,
    ],
    [{ domain: '.example.com' }, /domain: ".example.com" is not a host name/],
    [{ domain: 'EXAMPLE.com' }, /is not a host name in lower case/],
    [{ domain: 'https://example.com' }, /is not a host name/],
    [{ domain: 'example.com; Secure' }, /is not a host name/],
    [{ domain: '' }, /is not a host name/],
    [{ domain: '192.0.2.1' }, /an address has no sub-domains/, '192.0.2.1'],
    [{ domain: 'other.com' }, /is not the host of baseURL \(app\.example\.com\) nor a parent/],
    [{ domain: 'ample.com' }, /nor a parent/],
    [{ domain: 'www.app.example.com' }, /nor a parent/],
    [{ domain: 'com' }, /anybody can register under com/],
    [{ domain: 'co.uk' }, /anybody can register under co\.uk/, 'app.co.uk'],
    [{ domain: 'github.io' }, /anybody can register under github\.io/, 'me.github.io'],
  ])('says of %j: %s', (change, reason, hostname) => {
    expect(problems(change, hostname)).toEqual([expect.stringMatching(reason)])
  })
})
