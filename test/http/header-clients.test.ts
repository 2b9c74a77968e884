// How do clients that are no browsers sign in, and is a browser never given what they get?
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { read, TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }

interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

async function setUp(options = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, ...options })
  const call = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
    read(
      await made.auth.handler(
        new Request(LOCAL + path, {
          method,
          headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }),
      ),
    )
  const signUp = async () =>
    (await call('POST', '/auth/register', { 'lockjar-tokens': 'body' }, ADA)).body as unknown as Tokens
  return { ...made, call, signUp }
}

describe('B9, A3: a client that is no browser', () => {
  it('gets tokens in the body, and no cookie, when it asks', async () => {
    const { call } = await setUp()
    const sent = await call(
      'POST',
      '/auth/register',
      { 'lockjar-tokens': 'body', 'sec-fetch-mode': 'cors' },
      ADA,
    )
    expect(sent.status).toBe(201)
    expect(Object.keys(sent.body)).toEqual(['user', 'session', 'accessToken', 'refreshToken'])
    expect(sent.cookies).toEqual([])
  })

  it('presents them in the Authorization header, needs no CSRF token and may come from anywhere', async () => {
    const { call, signUp } = await setUp()
    const { accessToken } = await signUp()
    const authorization = `Bearer ${accessToken}`
    expect((await call('GET', '/auth/me', { authorization })).status).toBe(200)
    expect(
      (await call('PATCH', '/auth/me', { authorization, origin: 'https://evil.example' }, { name: 'Ada' }))
        .status,
    ).toBe(200)
    expect((await call('GET', '/auth/me', { authorization: `bEARER ${accessToken}` })).status).toBe(200)
  })

  it('refreshes with its refresh token as the header', async () => {
    const { call, signUp, clock } = await setUp()
    const { refreshToken } = await signUp()
    const renew = (token: string) =>
      call('POST', '/auth/refresh', { authorization: `Bearer ${token}`, 'lockjar-tokens': 'body' })
    const first = await renew(refreshToken)
    expect([first.status, first.cookies]).toEqual([200, []])
    const next = (first.body as unknown as Tokens).refreshToken
    expect(((await renew(next)).body as unknown as Tokens).refreshToken).toBe(next)
    clock.advance(10_001)
    const second = await renew(next)
    expect(second.status).toBe(200)
    expect((await renew(refreshToken)).body['code']).toBe('session_revoked')
  })

  it('signs out with either token', async () => {
    for (const which of ['accessToken', 'refreshToken'] as const) {
      const { call, signUp } = await setUp()
      const tokens = await signUp()
      expect((await call('POST', '/auth/logout', { authorization: `Bearer ${tokens[which]}` })).status).toBe(
        204,
      )
      expect(
        (await call('GET', '/auth/me', { authorization: `Bearer ${tokens.accessToken}` })).body['code'],
      ).toBe('session_revoked')
    }
  })

  it('may use another scheme, such as Django REST framework’s Token', async () => {
    const { call, signUp } = await setUp({ authorizationScheme: 'Token' })
    const { accessToken } = await signUp()
    expect((await call('GET', '/auth/me', { authorization: `Token ${accessToken}` })).status).toBe(200)
    expect((await call('GET', '/auth/me', { authorization: `Bearer ${accessToken}` })).status).toBe(401)
  })
})

describe('A3: a header, when present, decides alone', () => {
  it.each([
    'Bearer',
    'Bearer ',
    'Bearer rubbish',
    'Bearer a b',
    'bearer\t',
    'Bearer é',
    'Bearer a,Bearer b',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ])('%j is refused though the cookies are good, and CSRF is not switched off', async (authorization) => {
    const { auth } = await setUp()
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const headers = { authorization: Buffer.from(authorization, 'utf8').toString('latin1') }
    const sent = await browser.get('/auth/me', { headers })
    expect([sent.status, sent.body['code']]).toEqual([401, 'unauthenticated'])
    const forged = await browser.post('/auth/logout-all', undefined, {
      headers,
      site: 'cross-site',
      origin: 'https://evil.example',
    })
    expect(forged.status).toBe(401)
    expect((await browser.get('/auth/me')).status).toBe(200)
  })

  it('another scheme leaves the cookies to decide, with the CSRF check on', async () => {
    const { auth } = await setUp()
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const headers = { authorization: 'Basic YWRhOnNlY3JldA==' }
    expect((await browser.get('/auth/me', { headers })).status).toBe(200)
    const forged = await browser.post('/auth/logout-all', undefined, {
      headers,
      site: 'cross-site',
      origin: 'https://evil.example',
    })
    expect(forged.body['code']).toBe('csrf_failed')
  })
})

describe('a session keeps the carriage it began with', () => {
  it('a browser’s refresh token is not accepted from a header', async () => {
    const { call, auth } = await setUp()
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const authorization = `Bearer ${browser.cookie('refresh_token')}`
    expect(
      (await call('POST', '/auth/refresh', { authorization, 'lockjar-tokens': 'body' })).body['code'],
    ).toBe('unauthenticated')
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })

  it('a client’s refresh token is not accepted from a cookie', async () => {
    const { call, signUp } = await setUp()
    const { refreshToken } = await signUp()
    const [sid] = refreshToken.split('.')
    const cookie = `refresh_token=${refreshToken}; auth_hint=${sid}.1.1`
    expect((await call('POST', '/auth/refresh', { cookie, origin: LOCAL })).body['code']).toBe(
      'unauthenticated',
    )
  })

  it('an access token may be forwarded as Bearer by a server', async () => {
    const { call, auth } = await setUp()
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    expect(
      (await call('GET', '/auth/me', { authorization: `Bearer ${browser.cookie('access_token')}` })).status,
    ).toBe(200)
  })
})

describe('a browser is never given tokens in a body', () => {
  it.each([
    ['Cookie', { cookie: 'theme=dark' }],
    ['Origin', { origin: LOCAL }],
    ['Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin' }],
    ['Sec-Fetch-Dest', { 'sec-fetch-dest': 'empty', origin: LOCAL }],
  ])('a request with %s is a browser’s', async (_name, headers) => {
    const { call, signUp } = await setUp()
    await signUp()
    const sent = await call(
      'POST',
      '/auth/login',
      { 'lockjar-tokens': 'body', ...(headers as Record<string, string>) },
      ADA,
    )
    expect(sent.text).not.toMatch(/accessToken|refreshToken|eyJ/)
    expect(sent.status === 200 ? sent.cookies.length : sent.body['code']).toSatisfy(
      (seen) => seen === 4 || seen === 'csrf_failed',
    )
  })

  it('nor does a header with its refresh token change that', async () => {
    const { call, signUp } = await setUp()
    const { refreshToken } = await signUp()
    const headers = { authorization: `Bearer ${refreshToken}`, 'lockjar-tokens': 'body', origin: LOCAL }
    const sent = await call('POST', '/auth/refresh', headers)
    expect([sent.status, sent.cookies]).toEqual([401, []])
  })
})
