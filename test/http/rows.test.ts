// Is each row that the seed tutorials ask for true in both strategies, over real sockets?
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { toNodeListener } from 'lockjar/node'
import { afterEach, describe, expect, it } from 'vitest'
import type { Act } from '../support/application.ts'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, ORIGIN, PASSWORD, SECRET } from '../support/auth.ts'
import type { SendOptions, Sent } from '../support/browser.ts'
import { read, TestBrowser } from '../support/browser.ts'
import { keyPair } from '../support/keys.ts'

const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }
const LOGIN = { username: 'ada', password: PASSWORD }
const FORM: SendOptions = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
const HOUR = 3_600_000
const FRESH = 'YW5vdGhlci1zZWNyZXQtb2YtMzItcmFuZG9tLWJ5dGVzIQ'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A whole application behind a socket: `/app` is for signed-in users, `/open` for anybody. */
async function listen(options: TestOptions) {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const made = await createTestAuth({ baseURL: origin, ...options })
  const door: { act: Act<unknown> } = { act: () => null }
  const open = made.auth.protect(
    async (request, _who, visit) => Response.json((await door.act(visit, request)) ?? null),
    { anonymous: true },
  )
  const app = made.auth.protect((_request, { user }) => Response.json({ id: user.id }))
  server.on(
    'request',
    toNodeListener(made.auth, (request) => (request.url.endsWith('/open') ? open : app)(request)),
  )
  closing.push(async () => {
    server.close()
    server.closeAllConnections()
    await made.auth.close()
  })
  const browser = new TestBrowser((request) => fetch(request), origin)
  /** A request whose handler does this. */
  const visit = async (act: Act<unknown>): Promise<Sent> => {
    door.act = act
    return browser.post('/open', {})
  }
  /** A client that is no browser: no cookie, no `Origin`, no `Sec-Fetch-Site`. */
  const call = async (method: string, path: string, headers: object, body?: object): Promise<Sent> => {
    const json = { ...headers, ...(body && { 'content-type': 'application/json' }) }
    const init = { method, headers: json, ...(body && { body: JSON.stringify(body) }) }
    return read(await fetch(origin + path, init))
  }
  return { ...made, origin, browser, visit, call }
}

/** Another process on the same database, without a socket. */
async function createNode(options: TestOptions) {
  const { auth, clock } = await createTestAuth(options)
  const app = auth.protect((_request, { user }) => Response.json({ id: user.id }))
  const handler = (request: Request): Promise<Response> =>
    auth.owns(new URL(request.url).pathname) ? auth.handler(request) : app(request)
  return { auth, clock, handler }
}

const userId = ({ body }: Sent): string => (body['user'] as { id: string }).id
const sessionId = ({ body }: Sent): string => (body['session'] as { id: string }).id

describe.each(['jwt', 'opaque'] as const)('strategy %s', (strategy) => {
  const credential = strategy === 'jwt' ? 'access_token' : 'session'
  const open = (options: TestOptions = {}) => listen({ strategy, ...options })

  /** What a page does: where a token has ended, it asks for another and tries again. */
  async function use(browser: TestBrowser): Promise<Sent> {
    const sent = await browser.get('/app')
    if (sent.body['code'] !== 'token_expired') return sent
    const renewed = await browser.post('/auth/refresh')
    return renewed.status === 200 ? browser.get('/app') : renewed
  }

  /** Use is written behind, within a second. */
  async function noteUse({ browser, clock }: Awaited<ReturnType<typeof open>>): Promise<Sent> {
    const sent = await use(browser)
    clock.advance(1000)
    await Promise.resolve()
    return sent
  }

  it('A1: registration sets the credential in an HttpOnly cookie; the body holds the user and no token', async () => {
    const { browser } = await open()
    const sent = await browser.post('/auth/register', ADA)
    expect([sent.status, sent.body]).toMatchObject([201, { user: { email: ADA.email } }])
    const hidden = sent.cookies.filter(({ attributes }) => attributes.has('httponly'))
    expect(hidden.map(({ name }) => name)).toEqual(
      strategy === 'jwt' ? ['access_token', 'refresh_token'] : ['session'],
    )
    for (const { value } of hidden) {
      expect(sent.text).not.toContain(value)
      expect(sent.text).not.toContain(value.split('.').at(-1))
    }
    expect((await browser.get('/app')).body).toEqual({ id: userId(sent) })
  })

  it('A2: sign-in does the same; an unknown user and a wrong password are refused with one answer', async () => {
    const { browser } = await open()
    await browser.post('/auth/register', ADA)
    const [wrong, unknown] = [
      await browser.post('/auth/login', { ...LOGIN, password: 'wrong password' }),
      await browser.post('/auth/login', { ...LOGIN, username: 'nobody' }),
    ]
    expect([wrong.status, wrong.body['code']]).toEqual([401, 'invalid_credentials'])
    expect([unknown.status, unknown.text, unknown.cookies]).toEqual([401, wrong.text, []])
    browser.jar.clear()
    const sent = await browser.post('/auth/login', LOGIN)
    expect([sent.status, sent.body]).toMatchObject([200, { user: { email: ADA.email } }])
    expect(sent.text).not.toContain(browser.cookie(credential))
    expect((await browser.get('/app')).status).toBe(200)
  })

  it.each([
    ['Authorization', 'Bearer'],
    ['Authorization', 'Token'],
    ['X-Access-Token', 'JWT'],
  ])(
    'A3, B3, B9: a client sends its token as “%s: %s”; a header decides alone, and without one the cookie does',
    async (header, scheme) => {
      const { browser, call } = await open({ authorizationHeader: header, authorizationScheme: scheme })
      await browser.post('/auth/register', ADA)
      const sent = await call('POST', '/auth/login', { 'lockjar-tokens': 'body' }, LOGIN)
      expect(sent.cookies).toEqual([])
      const own = { [header]: `${scheme} ${String(sent.body['accessToken'])}` }
      expect((await call('GET', '/app', own)).body).toEqual({ id: userId(sent) })
      expect((await browser.get('/app')).status).toBe(200)
      expect((await call('GET', '/app', {})).status).toBe(401)
      for (const bad of [`${scheme} rubbish`, scheme, `${scheme} two tokens`]) {
        expect((await browser.get('/app', { headers: { [header]: bad } })).status, bad).toBe(401)
      }
      expect((await call('POST', '/auth/logout', own)).status).toBe(204)
      expect((await call('GET', '/app', own)).body['code']).toBe('session_revoked')
    },
  )

  it.each([
    ['logout', 1],
    ['logout-all', 2],
  ] as const)('A4: %s ends the session on every node and clears the cookies', async (path, ended) => {
    const { browser, store, origin } = await open()
    const node = await createNode({ baseURL: origin, strategy, open: () => store })
    const elsewhere = node.handler
    await browser.post('/auth/register', ADA)
    const other = browser.copy()
    other.jar.clear()
    await other.post('/auth/login', LOGIN)
    const copies = [browser.copy(), other.copy()]
    for (const copy of copies) expect((await copy.copy(elsewhere).get('/app')).status).toBe(200)

    expect((await browser.post(`/auth/${path}`)).status).toBe(204)
    expect(browser.jar.size).toBe(0)
    node.clock.advance(1000)
    await Promise.resolve()
    for (const [index, copy] of copies.entries()) {
      const good = index >= ended
      expect((await use(copy)).status, 'here').toBe(good ? 200 : 401)
      expect((await copy.copy(elsewhere).get('/app')).status, 'on the other node').toBe(good ? 200 : 401)
    }
  })

  it('B2: a secret is replaced, the new one first and later alone, and nobody is signed out', async () => {
    const { browser, store, origin } = await open()
    const sent = await browser.post('/auth/register', ADA)
    const node = (secret: string[]) => createNode({ baseURL: origin, strategy, secret, open: () => store })
    const [two, three] = [await node([FRESH, SECRET]), await node([FRESH])]
    const copy = browser.copy()
    const visitor = browser.copy(two.handler)
    expect((await use(visitor)).body).toEqual({ id: userId(sent) })
    await visitor.post('/auth/refresh')
    expect((await use(visitor.copy(three.handler))).body).toEqual({ id: userId(sent) })
    // What the dropped secret signed is worth nothing there.
    expect((await use(copy.copy(three.handler))).status).toBe(401)
  })

  it('B4: use moves the idle timeout, and no use the absolute one', async () => {
    const site = await open({ session: { idleTimeout: '1h', absoluteTimeout: '8h' } })
    const { browser, clock } = site
    await browser.post('/auth/register', ADA)
    for (let used = 1; used <= 9; used++) {
      clock.advance(50 * 60_000)
      expect((await noteUse(site)).status, `after ${used * 50} minutes`).toBe(200)
    }
    clock.advance(30 * 60_000)
    expect((await use(browser)).body['code']).toBe('unauthenticated')
    await browser.post('/auth/login', LOGIN)
    clock.advance(HOUR + 60_000)
    expect((await use(browser)).body['code']).toBe('unauthenticated')
  })

  it('B5: a disabled account is out at its next request, and told so after the right password only', async () => {
    const { browser, auth } = await open()
    await auth.users.disable(userId(await browser.post('/auth/register', ADA)))
    expect((await use(browser)).status).toBe(401)
    const wrong = await browser.post('/auth/login', { ...LOGIN, password: 'wrong password' })
    expect(wrong.body['code']).toBe('invalid_credentials')
    expect((await browser.post('/auth/login', LOGIN)).body['code']).toBe('account_disabled')
  })

  it('B8, C6: another site’s form can neither act nor sign out, though the browser adds the cookie', async () => {
    const { browser } = await open()
    const sent = await browser.post('/auth/register', ADA)
    expect(sent.cookies.map(({ name }) => name)).toContain('csrftoken')
    const evil: SendOptions = { ...FORM, site: 'cross-site', origin: 'https://evil.example' }
    for (const path of ['/app', '/auth/logout', '/auth/login']) {
      expect((await browser.post(path, 'a=b', evil)).body['code'], path).toBe('csrf_failed')
    }
    expect((await browser.get('/app')).status).toBe(200)
  })

  it('C4: the current user is told to signed-in users only', async () => {
    const { browser } = await open()
    expect((await browser.get('/auth/me')).body['code']).toBe('unauthenticated')
    await browser.post('/auth/register', ADA)
    expect((await browser.get('/auth/me')).body).toMatchObject({ user: { username: 'ada' } })
  })

  it('D1, B6: on https every cookie is Secure and locked to its host or path by its name', async () => {
    const { auth } = await createTestAuth({ strategy })
    const sent = await new TestBrowser(auth.handler, ORIGIN).post('/auth/register', ADA)
    const lines = sent.cookies.map(({ line, value }) => line.replace(value, 'VALUE'))
    const lax = 'Path=/; Secure; HttpOnly; SameSite=Lax'
    const readable = 'Path=/; Secure; SameSite=Lax'
    expect(lines).toEqual(
      strategy === 'jwt'
        ? [
            `__Host-Http-access_token=VALUE; ${lax}`,
            '__Secure-refresh_token=VALUE; Path=/auth; Secure; HttpOnly; SameSite=Strict',
            `__Host-csrftoken=VALUE; ${readable}`,
            `__Host-auth_hint=VALUE; ${readable}`,
          ]
        : [`__Host-Http-session=VALUE; ${lax}`, `__Host-csrftoken=VALUE; ${readable}`],
    )
  })

  it('D2: a plain form with csrfField() signs in, acts and signs out where the CSRF token is always asked for', async () => {
    const { browser, visit } = await open({ csrf: 'token' })
    const post = async (path: string, fields: Record<string, string>): Promise<Sent> => {
      const page = await browser.get('/open')
      const token = /value=\\"([\w-]+)\\"/.exec(page.text)?.[1] ?? ''
      const form = new URLSearchParams({ ...fields, csrfmiddlewaretoken: token })
      return browser.post(path, String(form), FORM)
    }
    // A visitor's form too is refused without it. From now on the page is the form.
    expect((await visit(({ csrfField }) => csrfField())).body['code']).toBe('csrf_failed')
    expect((await post('/open', {})).status).toBe(200)
    expect((await browser.post('/auth/register', String(new URLSearchParams(ADA)), FORM)).status).toBe(403)
    expect((await post('/auth/register', ADA)).status).toBe(201)
    expect((await browser.post('/app', 'a=b', FORM)).body['code']).toBe('csrf_failed')
    expect((await post('/app', { a: 'b' })).status).toBe(200)
    expect((await post('/auth/logout', {})).status).toBe(204)
  })

  it('D3: an application’s own cookies have a default, end when they are to, and are signed or sealed at will', async () => {
    const { browser, visit, clock } = await open()
    await browser.post('/auth/register', ADA)
    const set = await visit(({ cookies }) => {
      cookies.set('theme', 'dark')
      cookies.set('code', '1234', { seal: true, maxAge: '10m' })
      cookies.set('role', 'reader', { sign: true })
    })
    expect(set.cookies.map(({ name, attributes }) => [name, attributes.has('httponly')])).toEqual([
      ['theme', true],
      ['code', true],
      ['role', true],
    ])
    expect(set.headers.getSetCookie().join()).not.toContain('1234')
    const readAll: Act<unknown> = async ({ cookies }) => [
      await cookies.get('theme', 'light'),
      await cookies.get('font', 'serif'),
      await cookies.get('code', 'none', { seal: true }),
      await cookies.get('role', 'none', { sign: true }),
    ]
    expect((await visit(readAll)).text).toBe('["dark","serif","1234","reader"]')
    browser.setCookie('role', browser.cookie('role').replace('reader', 'admin'))
    clock.advance(600_000)
    expect((await visit(readAll)).text).toBe('["dark","serif","none","none"]')
  })

  it.each(['server', 'sealed'] as const)(
    'D5: a visitor’s session data (%s) has defaults, comes along at sign-in under a new id, and is gone after sign-out',
    async (store) => {
      const { browser, visit } = await open({ sessionData: { store } })
      const cart = async (): Promise<string> => (await visit(({ session }) => session.get('cart', []))).text
      expect([await cart(), browser.jar.size]).toEqual(['[]', 0])
      await visit(({ session }) => session.set('cart', ['tea']))
      const before = browser.copy()
      expect(await cart()).toBe('["tea"]')

      await browser.post('/auth/register', ADA)
      expect(browser.cookie('sessionid')).not.toBe(before.cookie('sessionid'))
      expect(await cart()).toBe('["tea"]')
      await visit(({ session }) => session.set('seen', true))
      await visit(({ session }) => session.delete('cart'))
      expect([await cart(), (await visit(({ session }) => session.all())).text]).toEqual([
        '[]',
        '{"seen":true}',
      ])
      const planted = browser.copy()

      await browser.post('/auth/logout')
      expect(browser.jar.size).toBe(0)
      const readAgain = await planted.post('/open', {})
      expect([readAgain.status, readAgain.text]).toEqual([200, '{}'])
    },
  )

  it('D6: not remembered ends with the browser or after the shorter timeouts; remembered lasts', async () => {
    const site = await open()
    const { browser, clock } = site
    const plain = await browser.post('/auth/register', ADA)
    expect(plain.cookies.map(({ attributes }) => attributes.has('max-age'))).not.toContain(true)
    clock.advance(12 * HOUR + 60_000)
    expect((await use(browser)).status).toBe(401)
    const sent = await browser.post('/auth/login', { ...LOGIN, remember: true })
    expect(sent.cookies.map(({ attributes }) => attributes.has('max-age'))).not.toContain(false)
    for (let week = 1; week <= 12; week++) {
      clock.advance(7 * 24 * HOUR)
      expect((await noteUse(site)).status, `week ${week}`).toBe(200)
    }
    clock.advance(7 * 24 * HOUR)
    expect((await use(browser)).status).toBe(401)
  })

  it('D7: signing in issues another id; the one before, and one that somebody planted, are worth nothing', async () => {
    const { browser } = await open()
    const first = await browser.post('/auth/register', ADA)
    const planted = browser.copy()
    const second = await browser.post('/auth/login', LOGIN)
    expect(sessionId(second)).not.toBe(sessionId(first))
    expect((await use(planted)).status).toBe(401)
    // Whoever knows an id knows no credential.
    planted.setCookie(credential, sessionId(second))
    planted.forget('refresh_token')
    expect((await use(planted)).status).toBe(401)
    expect((await use(browser)).status).toBe(200)
  })

  it('D7: session data goes on under a new id when it is rotated, and the id before is worth nothing', async () => {
    const { browser, visit } = await open()
    await browser.post('/auth/register', ADA)
    await visit(({ session }) => session.set('step', 2))
    const before = browser.copy()
    await visit(({ session }) => session.rotate())
    expect(browser.cookie('sessionid')).not.toBe(before.cookie('sessionid'))
    expect((await visit(({ session }) => session.get('step', 0))).text).toBe('2')
    expect((await before.post('/open', {})).text).toBe('0')
  })
})

describe('rows that speak of a JWT, so strategy jwt', () => {
  const payloadOf = (token: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

  it.each(['ES256', 'Ed25519'] as const)(
    'B2: another service verifies %s tokens with the public keys, by issuer, audience and type',
    async (algorithm) => {
      const signing = { algorithm, keys: [keyPair(algorithm).privatePem] }
      const site = await listen({ accessToken: { signing, issuer: 'https://id.example', audience: 'api' } })
      await site.browser.post('/auth/register', ADA)
      const keys = createRemoteJWKSet(new URL(`${site.origin}/auth/jwks.json`))
      const options = { issuer: 'https://id.example', audience: 'api', typ: 'at+jwt' }
      const currentDate = new Date(site.clock.now())
      const token = site.browser.cookie('access_token')
      const { protectedHeader } = await jwtVerify(token, keys, { ...options, currentDate })
      expect(protectedHeader.alg).toBe(algorithm)
      expect((await site.browser.get('/app')).status).toBe(200)
    },
  )

  it('B3: the claims have the names that other services expect', async () => {
    const claims = { userId: 'user_id', jti: 'token_id', tokenType: 'token_type' }
    const { browser } = await listen({ accessToken: { claims } })
    const sent = await browser.post('/auth/register', ADA)
    expect(payloadOf(browser.cookie('access_token'))).toMatchObject({
      user_id: userId(sent),
      token_id: expect.any(String),
      token_type: 'access',
    })
    expect((await browser.get('/app')).body).toEqual({ id: userId(sent) })
  })

  it('B1, C1, C3: refresh reads its own cookie, which goes to the auth path only, and rotates it', async () => {
    const { browser } = await listen({})
    await browser.post('/auth/register', ADA)
    expect(browser.cookieHeader('/app')).not.toContain('refresh_token')
    const before = browser.cookie('refresh_token')
    const sent = await browser.post('/auth/refresh')
    expect([sent.status, Object.keys(sent.body)]).toEqual([200, ['session']])
    expect(browser.cookie('refresh_token')).not.toBe(before)
    browser.forget('refresh_token')
    expect((await browser.post('/auth/refresh')).body['code']).toBe('unauthenticated')
  })
})
