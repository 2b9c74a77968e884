// Do options become one frozen configuration, or one clear line that says what is wrong?
import { createAuth } from 'lockjar'
import { describe, expect, it } from 'vitest'
import type { AuthOptions } from '../../src/config/options.ts'
import { openPublicSuffixes } from '../../src/config/public-suffix.ts'
import { resolveConfig as resolveWith } from '../../src/config/resolve.ts'

const SECRET = 'S2V5LW9mLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZg'
const HEX = '4b65792d6f662d74657374732d6f6e6c792d303132333435363738396162636465'
const https: AuthOptions = { baseURL: 'https://app.example.com', secret: SECRET }
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

const isPublicSuffix = await openPublicSuffixes({ cookies: { domain: 'example.com' } })
const resolveConfig = (options: AuthOptions) => resolveWith(options, isPublicSuffix)

const window = (limit: number, period: number, longestWait = period) => ({ limit, period, longestWait })

/** Options as somebody without a type checker might write them. */
const loose = (options: unknown): AuthOptions => options as AuthOptions

describe('with nothing but a base URL', () => {
  it('the configuration is the documented one', () => {
    expect(resolveConfig({ baseURL: 'https://app.example.com' })).toEqual({
      origin: 'https://app.example.com',
      hostname: 'app.example.com',
      host: 'app.example.com',
      secure: true,
      basePath: '/auth',
      secrets: [],
      trustedOrigins: new Set(),
      csrf: 'auto',
      strategy: 'jwt',
      registration: 'open',
      links: {
        verify: { path: '/auth/verify-email', lifetime: HOUR },
        reset: { path: '/auth/reset-password', lifetime: HOUR / 2 },
        changeEmail: { path: '/auth/change-email', lifetime: HOUR },
      },
      accessToken: {
        issuer: 'https://app.example.com',
        audience: 'https://app.example.com',
        lifetime: 600_000,
        leeway: 0,
        form: {
          type: 'at+jwt',
          names: { userId: 'sub', jti: 'jti', roles: 'roles', tokenType: null },
          foreign: false,
        },
      },
      signing: { from: 'secret', algorithm: 'HS256' },
      refreshGrace: 10_000,
      sessionsPerUser: 100,
      cacheSize: 10_000,
      timeouts: {
        plain: { idleTimeout: 12 * HOUR, absoluteTimeout: 24 * HOUR },
        remembered: { idleTimeout: 14 * DAY, absoluteTimeout: 90 * DAY },
      },
      sessionData: { store: 'server', idleTimeout: 14 * DAY },
      cookies: {
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
      },
      password: { minLength: 8, maxLength: 256, blocklist: true },
      peppers: [],
      mail: {
        from: { name: 'app.example.com', address: 'no-reply@app.example.com' },
        appName: 'app.example.com',
        language: expect.any(Function),
        templates: {},
      },
      smtp: null,
      argon2: { memory: 19_456, passes: 2, parallelism: 1 },
      trustedProxies: 0,
      budgets: {
        password: {
          pair: [window(5, MINUTE, HOUR), window(30, DAY)],
          account: [window(20, 15 * MINUTE, HOUR), window(50, 30 * DAY)],
          network: [window(60, MINUTE, HOUR), window(1000, DAY)],
          global: [window(1000, MINUTE), window(10_000, HOUR)],
        },
        register: { network: [window(20, 10 * MINUTE, HOUR), window(200, DAY)] },
        mail: {
          pair: [window(3, 10 * MINUTE, HOUR), window(10, DAY)],
          account: [window(10, HOUR), window(30, DAY)],
          network: [window(20, 10 * MINUTE, HOUR), window(100, DAY)],
        },
        reset: { account: [window(1, 10 * MINUTE, 20 * MINUTE)] },
        change: { account: [window(5, HOUR), window(10, DAY)] },
        token: { network: [window(30, 10 * MINUTE, HOUR), window(300, DAY)] },
      },
      authorizationScheme: 'Bearer',
      authorizationHeader: 'authorization',
      audit: { retention: 400 * DAY },
      auditSecrets: [],
    })
  })

  it('plain http on this machine is served without Secure and without prefixes', () => {
    const config = resolveConfig({ baseURL: 'http://localhost:3000' })
    expect(config).toMatchObject({ secure: false, host: 'localhost:3000', hostname: 'localhost' })
    expect(config.cookies).toMatchObject({ secure: false, prefixes: false })
  })
})

describe('an option', () => {
  it.each<[options: Partial<AuthOptions>, outcome: object]>([
    [{ baseURL: 'https://app.example.com/' }, { origin: 'https://app.example.com' }],
    [{ baseURL: 'http://app.localhost' }, { secure: false }],
    [{ baseURL: 'http://127.0.0.1:3000' }, { secure: false }],
    [{ baseURL: 'http://[::1]:3000' }, { secure: false, hostname: '[::1]' }],
    [{ authorizationHeader: 'X-Access-Token' }, { authorizationHeader: 'x-access-token' }],
    [{ audit: { retention: 'forever' } }, { audit: { retention: null } }],
    [{ audit: { retention: '1d' } }, { audit: { retention: DAY } }],
    [
      { accessToken: { signing: { algorithm: 'HS512' } } },
      { signing: { from: 'secret', algorithm: 'HS512' } },
    ],
    [
      { accessToken: { signing: { algorithm: 'EdDSA', keys: 'text' } } },
      { signing: { from: 'keys', algorithm: 'EdDSA', keys: ['text'] } },
    ],
    [
      { accessToken: { claims: { userId: 'user_id', roles: 'https://example.com/roles' } } },
      {
        accessToken: {
          form: { names: { userId: 'user_id', jti: 'jti', roles: 'https://example.com/roles' } },
        },
      },
    ],
    [
      { accessToken: { preset: 'simplejwt', djangoSecretKey: '0123456789abcdefghijklmnopqrstuvwxyz' } },
      {
        signing: { from: 'shared' },
        accessToken: {
          issuer: null,
          audience: null,
          form: {
            type: 'JWT',
            names: { userId: 'user_id', jti: 'jti', roles: 'roles', tokenType: 'token_type' },
            foreign: true,
          },
        },
      },
    ],
    [{ trustedProxies: 2 }, { trustedProxies: 2 }],
    [{ trustedProxies: ['10.0.0.0/8'] }, { trustedProxies: [{ bytes: [10, 0, 0, 0], bits: 8 }] }],
    [{ rateLimits: 'off' }, { budgets: null }],
    [
      { budgets: { password: { global: [] }, token: { network: [{ limit: 1, period: '1m' }] } } },
      {
        budgets: {
          password: { pair: [window(5, MINUTE, HOUR), window(30, DAY)], global: [] },
          token: { network: [window(1, MINUTE)] },
        },
      },
    ],
    [{ basePath: '/api/v1/auth' }, { basePath: '/api/v1/auth', cookies: { refreshPath: '/api/v1/auth' } }],
    [{ basePath: '/api/auth', cookies: { refreshPath: '/api' } }, { cookies: { refreshPath: '/api' } }],
    [{ cookies: { refreshPath: '/' } }, { cookies: { refreshPath: '/' } }],
    [{ cookies: { domain: 'example.com' } }, { cookies: { domain: 'example.com' } }],
    [
      { trustedOrigins: ['https://a.example', 'http://localhost:5173'] },
      { trustedOrigins: new Set(['https://a.example', 'http://localhost:5173']) },
    ],
    [
      { session: { remembered: { idleTimeout: '30d' } } },
      { timeouts: { remembered: { idleTimeout: 30 * DAY, absoluteTimeout: 90 * DAY } } },
    ],
    [
      { session: { remembered: { absoluteTimeout: '400d' } } },
      { timeouts: { remembered: { absoluteTimeout: 400 * DAY } } },
    ],
    [
      { sessionData: { store: 'sealed', idleTimeout: '1h' } },
      { sessionData: { store: 'sealed', idleTimeout: HOUR } },
    ],
    [{ accessToken: { lifetime: '1h', leeway: '60s' } }, { accessToken: { lifetime: HOUR, leeway: 60_000 } }],
    [{ accessToken: { lifetime: '1s' } }, { accessToken: { lifetime: 1000 } }],
    [{ refreshToken: { grace: '2s' } }, { refreshGrace: 2000 }],
    [{ refreshToken: { grace: '60s' } }, { refreshGrace: 60_000 }],
    [{ argon2: { memory: 47_104, passes: 1 } }, { argon2: { memory: 47_104, passes: 1, parallelism: 1 } }],
    [{ baseURL: 'http://localhost', argon2: { memory: 8, passes: 1 } }, { argon2: { memory: 8 } }],
    [{ authorizationScheme: 'Token' }, { authorizationScheme: 'Token' }],
    [
      { csrf: 'token', cookies: { partitioned: true, sameSite: { access: 'None', refresh: 'None' } } },
      { cookies: { sameSite: { access: 'None' } } },
    ],
    [{ password: { minLength: 64, maxLength: 64 } }, { password: { minLength: 64, maxLength: 64 } }],
  ])('as in %j is taken', (options, outcome) => {
    expect(resolveConfig({ ...https, ...options })).toMatchObject(outcome)
  })

  it.each<[secret: string | string[], count: number]>([
    [SECRET, 1],
    [`${SECRET}==`, 1],
    [HEX, 1],
    [HEX.toUpperCase(), 1],
    [`${SECRET}, ${HEX}`, 2],
    [[SECRET, HEX], 2],
  ])('secret: %j gives %i keys of at least 32 bytes', (secret, count) => {
    const { secrets } = resolveConfig({ ...https, secret })
    expect(secrets).toHaveLength(count)
    for (const bytes of secrets) expect(bytes.length).toBeGreaterThanOrEqual(32)
  })

  it('secret: the newest is the first', () => {
    const [first, second] = resolveConfig({ ...https, secret: [HEX, SECRET] }).secrets
    expect(Buffer.from(first ?? []).toString('hex')).toBe(HEX)
    expect(Buffer.from(second ?? []).toString('base64url')).toBe(SECRET)
  })
})

describe('what cannot work is refused', () => {
  it.each<[options: unknown, message: RegExp]>([
    [{}, /option baseURL/],
    [null, /option baseURL/],
    [{ baseURL: 3000 }, /option baseURL/],
    [{ baseURL: '' }, /option baseURL: "" is not an origin/],
    [{ baseURL: 'app.example.com' }, /is not an origin such as https:\/\/app\.example\.com/],
    [{ baseURL: 'https://app.example.com/app' }, /is not an origin/],
    [{ baseURL: 'https://user@app.example.com' }, /is not an origin/],
    [{ baseURL: 'https://*.example.com' }, /is not an origin/],
    [{ baseURL: 'http://app.example.com' }, /plain http, over which anybody on the way can take the cookies/],
    [{ baseURL: 'http://192.168.0.10:3000' }, /plain http/],
    [{ ...https, basePath: 'auth' }, /option basePath: "auth" is not a path/],
    [{ ...https, basePath: '/auth/' }, /without a slash at the end/],
    [{ ...https, basePath: '/' }, /is not a path/],
    [{ ...https, basePath: '' }, /is not a path/],
    [{ ...https, basePath: '/a/../b' }, /is not a path/],
    [{ ...https, basePath: '/a;b' }, /is not a path/],
    [{ ...https, basePath: '/a b' }, /is not a path/],
    [{ ...https, basePath: '//evil.example' }, /is not a path/],
    [
      { ...https, secret: 'change me' },
      /option secret: each must be hex or base64url of at least 32 random bytes/,
    ],
    [{ ...https, secret: '' }, /option secret/],
    [{ ...https, secret: SECRET.slice(0, 40) }, /option secret/],
    [{ ...https, secret: 'A'.repeat(43) }, /option secret/],
    [{ ...https, secret: '00'.repeat(32) }, /option secret/],
    [{ ...https, secret: `${SECRET},short` }, /option secret/],
    [{ ...https, secret: [SECRET, ''] }, /option secret/],
    [{ ...https, trustedOrigins: ['*'] }, /option trustedOrigins: "\*" is not an exact origin/],
    [{ ...https, trustedOrigins: ['https://*.example.com'] }, /is not an exact origin/],
    [{ ...https, trustedOrigins: ['https://a.example/'] }, /is not an exact origin/],
    [{ ...https, trustedOrigins: ['null'] }, /is not an exact origin/],
    [
      { ...https, trustedOrigins: ['http://a.example'] },
      /plain http, so anybody on the way could act as its users/,
    ],
    [{ ...https, trustedOrigins: 'https://a.example' }, /option trustedOrigins/],
    [{ ...https, csrf: 'off' }, /option csrf/],
    [{ ...https, registration: 'sometimes' }, /option registration/],
    [
      { ...https, accessToken: { lifetime: '61m' } },
      /option accessToken\.lifetime: must be from 1s to 3600s/,
    ],
    [{ ...https, accessToken: { lifetime: 600 } }, /option accessToken\.lifetime/],
    [
      { ...https, accessToken: { lifetime: '10 minutes' } },
      /option accessToken\.lifetime: is not a duration.*10m/,
    ],
    [{ ...https, accessToken: { lifetime: '0s' } }, /is not a duration/],
    [{ ...https, accessToken: { leeway: '61s' } }, /option accessToken\.leeway/],
    [{ ...https, accessToken: { issuer: '' } }, /option accessToken\.issuer/],
    [
      { ...https, accessToken: { signing: { algorithm: 'none' } } },
      /option accessToken\.signing\.algorithm: must be one of HS256, HS384/,
    ],
    [{ ...https, accessToken: { signing: { algorithm: 'rs256' } } }, /must be one of/],
    [
      { ...https, accessToken: { signing: { algorithm: 'ES256' } } },
      /option accessToken\.signing\.keys: ES256 needs a private key/,
    ],
    [
      { ...https, accessToken: { signing: { algorithm: 'ES256', keys: [] } } },
      /option accessToken\.signing\.keys: ES256 needs a private key/,
    ],
    [
      { ...https, accessToken: { signing: { keys: 'file:key.pem' } } },
      /option accessToken\.signing\.keys: HS256 signs with a key derived from secret/,
    ],
    [
      { ...https, accessToken: { signing: { algorithm: 'ES256', keys: 1 } } },
      /option accessToken\.signing\.keys: must be keys/,
    ],
    [{ ...https, accessToken: { signing: { alg: 'ES256' } } }, /did you mean|there are algorithm, keys/],
    [
      { ...https, accessToken: { claims: { userId: 'exp' } } },
      /option accessToken\.claims\.userId: exp has another meaning in every token/,
    ],
    [{ ...https, accessToken: { claims: { roles: 'sub' } } }, /claims\.roles: sub has another meaning/],
    [{ ...https, accessToken: { claims: { userId: 'jti' } } }, /claims\.userId: jti has another meaning/],
    [{ ...https, accessToken: { claims: { tokenType: 'sid' } } }, /claims\.tokenType: sid has another/],
    [
      { ...https, accessToken: { claims: { userId: 'id', jti: 'id' } } },
      /claims\.jti: id is another claim's name already/,
    ],
    [{ ...https, accessToken: { claims: { tokenType: 'roles' } } }, /roles is another claim's name already/],
    [{ ...https, accessToken: { claims: { userId: '__proto__' } } }, /is not the name of a claim/],
    [{ ...https, accessToken: { claims: { userId: '' } } }, /is not the name of a claim/],
    [{ ...https, accessToken: { preset: 'django' } }, /option accessToken\.preset: must be simplejwt/],
    [
      { ...https, accessToken: { preset: 'simplejwt' } },
      /option accessToken\.djangoSecretKey: the preset simplejwt needs Django's SECRET_KEY/,
    ],
    [
      {
        ...https,
        accessToken: {
          preset: 'simplejwt',
          djangoSecretKey: 'django-insecure-0123456789abcdefghijklmnopqrstuvwxyz',
        },
      },
      /option accessToken\.djangoSecretKey: is the one that startproject wrote/,
    ],
    [
      { ...https, accessToken: { preset: 'simplejwt', djangoSecretKey: 'x'.repeat(20) } },
      /option accessToken\.djangoSecretKey: must be at least 32 random bytes/,
    ],
    [{ ...https, accessToken: { preset: 'simplejwt', djangoSecretKey: 'x'.repeat(50) } }, /random bytes/],
    [
      { ...https, accessToken: { preset: 'simplejwt', djangoSecretKey: '0123456789abcdefghijklmnopqrst' } },
      /at least 32/,
    ],
    [
      { ...https, accessToken: { djangoSecretKey: '0123456789abcdefghijklmnopqrstuvwxyz' } },
      /option accessToken\.djangoSecretKey: is for accessToken\.preset: 'simplejwt' only/,
    ],
    [
      {
        ...https,
        accessToken: {
          preset: 'simplejwt',
          djangoSecretKey: '0123456789abcdefghijklmnopqrstuvwxyz',
          signing: { algorithm: 'HS512' },
        },
      },
      /option accessToken\.signing: the preset simplejwt signs with djangoSecretKey/,
    ],
    [
      {
        ...https,
        strategy: 'opaque',
        accessToken: { preset: 'simplejwt', djangoSecretKey: '0123456789abcdefghijklmnopqrstuvwxyz' },
      },
      /option accessToken\.preset: the opaque strategy has no access tokens/,
    ],
    [{ ...https, audit: { retention: '23h' } }, /option audit\.retention: must be at least 1d, or forever/],
    [
      { ...https, audit: { retention: 'always' } },
      /option audit\.retention: is neither a duration nor forever/,
    ],
    [{ ...https, audit: { secret: 'short' } }, /option audit\.secret: each must be hex or base64url/],
    [{ ...https, authorizationHeader: 'Cookie' }, /option authorizationHeader: "Cookie" cannot carry/],
    [{ ...https, authorizationHeader: 'Origin' }, /cannot carry a credential/],
    [{ ...https, authorizationHeader: 'Sec-Fetch-Site' }, /cannot carry a credential/],
    [{ ...https, authorizationHeader: 'X-CSRFToken' }, /cannot carry a credential/],
    [{ ...https, authorizationHeader: 'content-type' }, /cannot carry a credential/],
    [{ ...https, authorizationHeader: 'Lockjar-Tokens' }, /cannot carry a credential/],
    [{ ...https, authorizationHeader: 'X Access' }, /cannot carry a credential/],
    [{ ...https, authorizationHeader: '' }, /cannot carry a credential/],
    [{ ...https, trustedProxies: -1 }, /option trustedProxies: must be a number of proxies up to 16/],
    [{ ...https, trustedProxies: 17 }, /option trustedProxies: must be a number/],
    [{ ...https, trustedProxies: true }, /option trustedProxies: must be a number/],
    [{ ...https, trustedProxies: ['0.0.0.0/0'] }, /option trustedProxies: "0\.0\.0\.0\/0" is not an address/],
    [{ ...https, trustedProxies: ['proxy.example.com'] }, /is not an address or range/],
    [{ ...https, rateLimits: 'no' }, /option rateLimits: must be on or off/],
    [{ ...https, budgets: { passwords: {} } }, /unknown option budgets\.passwords; did you mean password\?/],
    [{ ...https, budgets: { register: { pair: [] } } }, /unknown option budgets\.register\.pair/],
    [{ ...https, budgets: { token: { network: [{ limit: 0, period: '1m' }] } } }, /must be at least 1/],
    [{ ...https, budgets: { token: { network: [{ limit: 1, period: '0s' }] } } }, /is not a duration/],
    [
      { ...https, budgets: { token: { network: [{ limit: 1, period: '91d' }] } } },
      /option budgets\.token\.network: periods and waits are at most 90d/,
    ],
    [
      { ...https, budgets: { token: { network: [{ limit: 1, period: '2m', longestWait: '1m' }] } } },
      /longestWait must be at least as long as period/,
    ],
    [
      {
        ...https,
        budgets: {
          token: {
            network: [
              { limit: 5, period: '1h' },
              { limit: 9, period: '1m' },
            ],
          },
        },
      },
      /write the shortest window first/,
    ],
    [
      {
        ...https,
        budgets: {
          token: {
            network: [
              { limit: 5, period: '1m' },
              { limit: 10, period: '2m' },
            ],
          },
        },
      },
      /a window that allows 10 could never matter/,
    ],
    [
      { ...https, budgets: { password: { account: [{ limit: 4, period: '1m' }] } } },
      /option budgets\.password\.account: must allow at least as many as budgets\.password\.pair/,
    ],
    [
      { ...https, budgets: { mail: { network: [{ limit: 2, period: '1m' }] } } },
      /option budgets\.mail\.network/,
    ],
    [{ ...https, sessionData: { store: 'redis' } }, /option sessionData\.store: must be server or sealed/],
    [{ ...https, sessionData: { idleTimeout: '401d' } }, /option sessionData\.idleTimeout: must be from/],
    [{ ...https, refreshToken: { grace: '1s' } }, /option refreshToken\.grace: must be from 2s to 60s/],
    [{ ...https, refreshToken: { grace: '61s' } }, /option refreshToken\.grace/],
    [{ ...https, session: { absoluteTimeout: '401d' } }, /option session\.absoluteTimeout: .*400 days/],
    [
      { ...https, session: { remembered: { absoluteTimeout: '401d' } } },
      /option session\.remembered\.absoluteTimeout/,
    ],
    [
      { ...https, session: { idleTimeout: '25h' } },
      /option session\.idleTimeout: is longer than the absolute timeout/,
    ],
    [
      { ...https, session: { remembered: { idleTimeout: '91d' } } },
      /option session\.remembered\.idleTimeout: is longer/,
    ],
    [{ ...https, session: { idleTimeout: '10m' } }, /must be longer than accessToken\.lifetime/],
    [
      { ...https, cookies: { names: { access: 'a b' } } },
      /option cookies\.names\.access: "a b" is not a cookie name/,
    ],
    [{ ...https, cookies: { names: { access: 'csrftoken' } } }, /two cookies have one name/],
    [
      { ...https, cookies: { domain: 'other.example' } },
      /option cookies\.domain: other\.example is not the host/,
    ],
    [{ ...https, cookies: { domain: 'com' } }, /anybody can register under com/],
    [
      { baseURL: 'https://me.github.io', cookies: { domain: 'github.io' } },
      /anybody can register under github\.io/,
    ],
    [{ baseURL: 'https://app.example.co.uk', cookies: { domain: 'co.uk' } }, /anybody can register/],
    [{ baseURL: 'http://localhost', cookies: { prefixes: true } }, /must be Secure/],
    [{ baseURL: 'http://localhost', cookies: { partitioned: true } }, /partitioned: needs Secure/],
    [{ baseURL: 'http://localhost', cookies: { sameSite: { access: 'None' } } }, /None needs Secure/],
    [{ ...https, cookies: { sameSite: { access: 'none' } } }, /option cookies\.sameSite\.access/],
    [{ ...https, cookies: { sameSite: { access: 'None' } } }, /None lets every site send the cookies/],
    [
      { ...https, csrf: 'token', cookies: { sameSite: { refresh: 'None' } } },
      /also needs cookies\.partitioned: true/,
    ],
    [{ ...https, cookies: { sameSite: { refresh: 'None' }, partitioned: true } }, /csrf: "token"/],
    [
      { ...https, cookies: { refreshPath: '/other' } },
      /option cookies\.refreshPath: \/other does not cover \/auth/,
    ],
    [{ ...https, basePath: '/authentication', cookies: { refreshPath: '/auth' } }, /does not cover/],
    [{ ...https, cookies: { refreshPath: '/auth/refresh' } }, /does not cover/],
    [{ ...https, cookies: { refreshPath: '/auth; Domain=x' } }, /option cookies\.refreshPath/],
    [{ ...https, password: { minLength: 7 } }, /option password\.minLength: must be at least 8/],
    [{ ...https, password: { minLength: 65 } }, /option password\.minLength: must be at most 64/],
    [{ ...https, password: { minLength: 8.5 } }, /option password\.minLength/],
    [{ ...https, password: { maxLength: 63 } }, /option password\.maxLength: must be at least 64/],
    [{ ...https, password: { maxLength: Number.NaN } }, /option password\.maxLength/],
    [{ ...https, argon2: { memory: 1024 } }, /option argon2: weaker than OWASP's minimum/],
    [{ ...https, argon2: { passes: 1 } }, /option argon2: weaker/],
    [
      { baseURL: 'http://localhost', argon2: { memory: 16, parallelism: 4 } },
      /option argon2\.memory: must be at least 8 KiB/,
    ],
    [{ ...https, argon2: { passes: 0 } }, /option argon2\.passes: must be at least 1/],
    [
      { ...https, authorizationScheme: 'Bearer token' },
      /option authorizationScheme: is not an authentication scheme/,
    ],
    [{ ...https, authorizationScheme: '' }, /option authorizationScheme/],
  ])('%j', (options, message) => {
    expect(() => resolveConfig(loose(options))).toThrow(TypeError)
    expect(() => resolveConfig(loose(options))).toThrow(message)
    expect(() => resolveConfig(loose(options))).toThrow(/^lockjar: [^\n]+$/)
  })

  it.each<[options: object, message: string]>([
    [{ baseUrl: 'x' }, 'unknown option baseUrl; did you mean baseURL?'],
    [{ trustedOrigin: [] }, 'unknown option trustedOrigin; did you mean trustedOrigins?'],
    [{ session: { idleTimeOut: '1h' } }, 'unknown option session.idleTimeOut; did you mean idleTimeout?'],
    [{ session: { remembered: { absolute: '1h' } } }, 'unknown option session.remembered.absolute'],
    [{ cookies: { samesite: {} } }, 'unknown option cookies.samesite; did you mean sameSite?'],
    [{ cookies: { names: { refrsh: 'x' } } }, 'unknown option cookies.names.refrsh; did you mean refresh?'],
    [{ cookies: { sameSite: { csrf: 'Lax' } } }, 'unknown option cookies.sameSite.csrf'],
    [{ xyzzy: 1 }, 'unknown option xyzzy; there are baseURL, basePath, secret'],
  ])('with the name that was meant: %j', (options, message) => {
    expect(() => resolveConfig(loose({ ...https, ...options }))).toThrow(message)
  })

  it('without the secret in the message', () => {
    expect(() => resolveConfig({ ...https, secret: `${SECRET.slice(0, 30)}!` })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(SECRET.slice(0, 10)) }),
    )
  })
})

it.each([[undefined], [{}], [{ baseUrl: 'http://localhost:3000' }]])(
  '%j is refused in one line',
  async (options) => {
    await expect(createAuth(options as never)).rejects.toThrow(
      options && 'baseUrl' in options
        ? 'lockjar: unknown option baseUrl; did you mean baseURL?'
        : 'lockjar: option baseURL is needed',
    )
  },
)

describe('the configuration', () => {
  it('is frozen all the way down', () => {
    const unfrozen = (value: unknown, path: string): readonly string[] => {
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
      const below = Object.entries(value).flatMap(([key, inner]) => unfrozen(inner, `${path}.${key}`))
      return Object.isFrozen(value) ? below : [path, ...below]
    }
    expect(unfrozen(resolveConfig(https), 'config')).toEqual([])
  })

  it('is not the options, and does not change with them', () => {
    const options = { ...https, trustedOrigins: ['https://a.example'], cookies: { names: { access: 'a' } } }
    const config = resolveConfig(options)
    options.trustedOrigins.push('https://evil.example')
    options.cookies.names.access = 'b'
    expect([...config.trustedOrigins]).toEqual(['https://a.example'])
    expect(config.cookies.names.access).toBe('a')
    expect(Object.isFrozen(options.cookies)).toBe(false)
  })
})
