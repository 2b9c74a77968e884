// How does the opaque strategy work: one session cookie, looked up once per process?
import type { Store } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { createTestAuth, ORIGIN, PASSWORD, SECRET } from '../support/auth.ts'
import { read, TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }
const LOGIN = { username: 'ada', password: PASSWORD }

async function setUp(options: Parameters<typeof createTestAuth>[0] = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, strategy: 'opaque', ...options })
  const browser = new TestBrowser(made.auth.handler, LOCAL)
  const { csrfToken } = (await browser.get('/auth/csrf')).body as { csrfToken: string }
  const sent = await browser.post('/auth/register', ADA, { headers: { 'x-csrf-token': csrfToken } })
  const { user, session } = sent.body as { user: { id: string }; session: { id: string } }
  const app = made.auth.protect((_request, who) => Response.json({ id: who.user.id, roles: who.user.roles }))
  return { ...made, browser, sent, user, session, app }
}

/** How often each method of a store has been called. */
function count(store: Store): Record<string, number> {
  const calls: Record<string, number> = {}
  for (const part of [store.users, store.sessions]) {
    for (const [name, method] of Object.entries(part)) {
      Object.assign(part, {
        [name]: (...args: never[]) => {
          calls[name] = (calls[name] ?? 0) + 1
          return (method as (...args: never[]) => unknown)(...args)
        },
      })
    }
  }
  return calls
}

describe('A1, A2 opaque: sign-in', () => {
  it('sets one session cookie, with every lock, and the CSRF token; no body holds the token', async () => {
    const { auth } = await createTestAuth({ strategy: 'opaque' })
    const browser = new TestBrowser(auth.handler, ORIGIN)
    const sent = await browser.post('/auth/register', { ...ADA, remember: true })
    expect(sent.cookies.map(({ name }) => name)).toEqual(['__Host-Http-session', '__Host-csrftoken'])
    const [session] = sent.cookies
    expect(Object.fromEntries(session?.attributes ?? [])).toEqual({
      'max-age': String(90 * 86_400),
      path: '/',
      secure: '',
      httponly: '',
      samesite: 'Lax',
    })
    expect(session?.value.split('.')).toHaveLength(5)
    for (const part of session?.value.split('.').slice(1) ?? []) {
      if (part !== '0') expect(sent.text).not.toContain(part)
    }
    expect(sent.body).toMatchObject({ session: { accessExpiresAt: null, current: true } })
    const login = await browser.post('/auth/login', LOGIN)
    expect(login.cookies[0]?.attributes.has('max-age')).toBe(false)
  })

  it('replaces the session that the browser carried', async () => {
    const { browser } = await setUp()
    const before = browser.copy()
    await browser.post('/auth/login', LOGIN)
    expect((await before.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await browser.get('/auth/me')).status).toBe(200)
  })
})

describe('a request', () => {
  it('costs no I/O once the session has been read, however many come at once', async () => {
    const { browser, app, store } = await setUp()
    const calls = count(store)
    const visitor = browser.copy(app)
    const first = await Promise.all(Array.from({ length: 10 }, () => visitor.get('/api')))
    expect(first.map(({ status }) => status)).toEqual(Array(10).fill(200))
    for (let round = 0; round < 10; round++) await visitor.get('/api')
    expect(calls).toEqual({ find: 2 })
  })

  it('reads again what it has forgotten: a process keeps `session.cacheSize` of those that came last', async () => {
    const { auth, store } = await createTestAuth({
      baseURL: LOCAL,
      strategy: 'opaque',
      session: { cacheSize: 100 },
    })
    const app = auth.protect(() => new Response())
    const browsers: TestBrowser[] = []
    for (let n = 0; n < 101; n++) {
      const browser = new TestBrowser(auth.handler, LOCAL)
      await browser.post('/auth/register', { email: `u${n}@example.com`, password: PASSWORD })
      browsers.push(browser.copy(app))
    }
    const calls = count(store)
    for (const browser of browsers) await browser.get('/api')
    const all = calls['find'] ?? 0
    await browsers.at(-1)?.get('/api')
    expect(calls['find']).toBe(all)
    await browsers[0]?.get('/api')
    expect(calls['find']).toBe(all + 2)
  })

  it('reads the row again after one access lifetime, by whichever clock says more', async () => {
    const { browser, app, store, clock } = await setUp()
    const visitor = browser.copy(app)
    await visitor.get('/api')
    const calls = count(store)
    clock.advance(599_000)
    await visitor.get('/api')
    expect(calls['find']).toBeUndefined()
    clock.advance(1000)
    await visitor.get('/api')
    expect(calls['find']).toBe(2)
    clock.step(-3_600_000)
    await visitor.get('/api')
    expect(calls['find']).toBe(4)
  })

  it('with a forged, cut, mixed or foreign token is nobody’s, without a database read', async () => {
    const { browser, app, store } = await setUp()
    const token = browser.cookie('session')
    const other = await createTestAuth({
      baseURL: LOCAL,
      strategy: 'opaque',
      secret: 'YW5vdGhlci1zZWNyZXQtb2YtMzItcmFuZG9tLWJ5dGVzIQ',
    })
    const stranger = new TestBrowser(other.auth.handler, LOCAL)
    await stranger.post('/auth/register', ADA)
    const parts = token.split('.')
    const forged = [
      '',
      'x',
      token.slice(0, -1),
      `${token}A`,
      parts.with(2, '1').join('.'),
      parts.with(1, 'AAAAAAAAAAAAAAAAAAAAAA').join('.'),
      parts.with(0, '019b76da-a800-7000-8000-00000000000a').join('.'),
      stranger.cookie('session'),
    ]
    const calls = count(store)
    for (const value of forged) {
      const visitor = browser.copy(app)
      visitor.setCookie('session', value)
      const sent = await visitor.get('/api')
      expect([sent.status, sent.body['code'], sent.cookies], value).toEqual([401, 'unauthenticated', []])
    }
    expect(calls).toEqual({})
  })

  it('with another nonce under a right MAC is nobody’s: the key alone makes no token', async () => {
    const { browser, app } = await setUp()
    const { createKeyRing } = await import('../../src/core/keys/ring.ts')
    const { createSessionToken } = await import('../../src/core/session-token/create.ts')
    const secret = new Uint8Array(Buffer.from(SECRET, 'base64url'))
    const ring = await createKeyRing([secret])
    const [sessionId = ''] = browser.cookie('session').split('.')
    const claims = { sessionId, nonce: 'AAAAAAAAAAAAAAAAAAAAAA', generation: 0 }
    const visitor = browser.copy(app)
    visitor.setCookie('session', await createSessionToken('session-token', claims, ring))
    expect((await visitor.get('/api')).body['code']).toBe('unauthenticated')
    visitor.setCookie('session', await createSessionToken('refresh-token', claims, ring))
    expect((await visitor.get('/api')).body['code']).toBe('unauthenticated')
  })

  it('while the store is down is answered 503 unless the session is known', async () => {
    const { browser, app, store } = await setUp()
    await browser.copy(app).get('/api')
    const another = new TestBrowser(app, LOCAL)
    const { AuthError } = await import('lockjar')
    Object.assign(store.sessions, {
      find: () => Promise.reject(new AuthError('unavailable', { retryAfter: 1 })),
    })
    expect((await browser.copy(app).get('/api')).status).toBe(200)
    for (const [name, cookie] of browser.jar) another.jar.set(name, cookie)
    const second = await createTestAuth({ baseURL: LOCAL, strategy: 'opaque', open: () => store })
    const sent = await browser.copy(second.auth.protect(() => Response.json({}))).get('/api')
    expect([sent.status, sent.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('sent twice under one name is a conflict', async () => {
    const { browser, app } = await setUp()
    const cookie = `session=${browser.cookie('session')}; session=another`
    const sent = await browser.copy(app).get('/api', { headers: { cookie } })
    expect(sent.body['code']).toBe('cookie_conflict')
    expect(sent.cookies.every(({ name }) => name === 'session')).toBe(true)
    const refresh = await browser.post('/auth/refresh', undefined, { headers: { cookie } })
    expect([refresh.body['code'], refresh.cookies.every(({ name }) => name === 'session')]).toEqual([
      'cookie_conflict',
      true,
    ])
  })
})

describe('A4 opaque: a session that ends is refused at once, though it is known', () => {
  type Visit = Awaited<ReturnType<typeof setUp>>
  const another = async ({ auth }: Visit) => {
    const other = new TestBrowser(auth.handler, LOCAL)
    await other.post('/auth/login', LOGIN)
    return other
  }
  const ENDS: Record<string, (visit: Visit) => Promise<unknown>> = {
    'by sign-out': ({ browser }) => browser.copy().post('/auth/logout'),
    'by sign-out everywhere': async (visit) => (await another(visit)).post('/auth/logout-all'),
    'by another session': async (visit) =>
      (await another(visit)).send('DELETE', `/auth/sessions/${visit.session.id}`),
    'by a new password': async (visit) =>
      (await another(visit)).post('/auth/password/change', {
        currentPassword: PASSWORD,
        newPassword: 'another long enough phrase',
      }),
    'by the account being disabled': ({ auth, user }) => auth.users.disable(user.id),
    'by the end of the account': async (visit) =>
      (await another(visit)).send('DELETE', '/auth/me', { body: { password: PASSWORD } }),
  }

  it.each(Object.entries(ENDS))('%s, here and in another process', async (_name, end) => {
    const visit = await setUp()
    const second = await createTestAuth({ baseURL: LOCAL, strategy: 'opaque', open: () => visit.store })
    const here = visit.browser.copy(visit.app)
    const there = visit.browser.copy(second.auth.protect(() => Response.json({})))
    expect([(await here.get('/api')).status, (await there.get('/api')).status]).toEqual([200, 200])
    await end(visit)
    expect((await here.get('/api')).body['code']).toBe('session_revoked')
    second.clock.advance(1000)
    await Promise.resolve()
    expect((await there.get('/api')).body['code']).toBe('session_revoked')
    // Nor does a process that starts now know it.
    const third = await createTestAuth({ baseURL: LOCAL, strategy: 'opaque', open: () => visit.store })
    const later = visit.browser.copy(third.auth.protect(() => Response.json({})))
    expect((await later.get('/api')).status).toBe(401)
  })

  it('sign-out clears the session cookie and answers 204 also when signed out already', async () => {
    const { browser } = await setUp()
    const sent = await browser.post('/auth/logout')
    expect([sent.status, browser.jar.size, sent.cookies.map(({ name }) => name)]).toEqual([
      204,
      0,
      ['session', 'csrftoken'],
    ])
    expect((await browser.post('/auth/logout')).status).toBe(204)
  })

  it('roles that change are there at the next request, with no refresh', async () => {
    const { auth, browser, app, user, store } = await setUp()
    const second = await createTestAuth({ baseURL: LOCAL, strategy: 'opaque', open: () => store })
    const here = browser.copy(app)
    const there = browser.copy(second.auth.protect((_request, who) => Response.json(who.user.roles)))
    await here.get('/api')
    await there.get('/api')
    await auth.users.setRoles(user.id, ['editor'])
    expect((await here.get('/api')).body['roles']).toEqual(['editor'])
    second.clock.advance(1000)
    await Promise.resolve()
    expect((await there.get('/api')).text).toBe('["editor"]')
  })
})

describe('a node that cannot read the revocation log', () => {
  it('refuses also a session that it knows: it fails closed', async () => {
    const { browser, app, store, clock } = await setUp()
    const visitor = browser.copy(app)
    await visitor.get('/api')
    Object.assign(store.revocations, { read: () => Promise.reject(new Error('the log is down')) })
    clock.advance(2001)
    const sent = await visitor.get('/api')
    expect([sent.status, sent.headers.get('retry-after')]).toEqual([503, '1'])
  })
})

describe('timeouts', () => {
  it('a session that is used stays, one that is idle ends', async () => {
    const { browser, app, clock, store } = await setUp({
      session: { idleTimeout: '1h', absoluteTimeout: '8h' },
    })
    const visitor = browser.copy(app)
    for (let round = 0; round < 8; round++) {
      clock.advance(50 * 60_000)
      expect((await visitor.get('/api')).status, `round ${round}`).toBe(200)
      clock.advance(1000)
      await Promise.resolve()
    }
    const [sid = ''] = browser.cookie('session').split('.')
    expect((await store.sessions.find(sid))?.session.lastSeenAt).toBe(clock.now())
    clock.advance(60 * 60_000)
    const sent = await visitor.get('/api')
    expect([sent.status, sent.body['code']]).toEqual([401, 'unauthenticated'])
  })

  it('use between two reads counts too, in steps of a minute', async () => {
    const { browser, app, clock } = await setUp({ session: { idleTimeout: '11m', absoluteTimeout: '8h' } })
    const visitor = browser.copy(app)
    await visitor.get('/api')
    for (let minute = 0; minute < 9; minute++) {
      clock.advance(60_000)
      await visitor.get('/api')
    }
    clock.advance(1000)
    await Promise.resolve()
    clock.advance(10 * 60_000)
    expect((await visitor.get('/api')).status).toBe(200)
  })

  it('no use carries a session past its absolute end, also where its row is known', async () => {
    const { browser, app, clock } = await setUp({ session: { idleTimeout: '1h', absoluteTimeout: '65m' } })
    const visitor = browser.copy(app)
    clock.advance(50 * 60_000)
    await visitor.get('/api')
    clock.advance(1000)
    await Promise.resolve()
    clock.advance(13 * 60_000)
    expect((await visitor.get('/api')).status).toBe(200)
    clock.advance(2 * 60_000)
    expect((await visitor.get('/api')).status).toBe(401)
  })
})

describe('a new secret', () => {
  const FRESH = 'YW5vdGhlci1zZWNyZXQtb2YtMzItcmFuZG9tLWJ5dGVzIQ'

  it('first, the old one second: the session cookie is issued anew by the application’s own answer', async () => {
    const { browser, store } = await setUp({ secret: SECRET })
    const options = { baseURL: LOCAL, strategy: 'opaque', open: () => store } as const
    const two = await createTestAuth({ ...options, secret: [FRESH, SECRET] })
    const visitor = browser.copy(
      two.auth.protect(() =>
        Response.json(
          {},
          {
            headers: {
              'x-own': 'kept',
              'cache-control': 'public, max-age=300',
              'cdn-cache-control': 'max-age=9',
            },
          },
        ),
      ),
    )
    const before = visitor.cookie('session')
    const sent = await visitor.get('/api')
    expect([sent.status, sent.headers.get('x-own')]).toEqual([200, 'kept'])
    // A cache in front would hand it to others.
    expect(sent.headers.get('cdn-cache-control')).toBe(null)
    expect([sent.headers.get('cache-control'), sent.headers.get('vary')]).toEqual([
      'no-store',
      expect.stringContaining('Cookie'),
    ])
    expect(sent.cookies.map(({ name }) => name)).toEqual(['session'])
    expect(visitor.cookie('session')).not.toBe(before)
    expect((await visitor.get('/api')).cookies).toEqual([])
    const three = await createTestAuth({ ...options, secret: FRESH })
    const gone = three.auth.protect(() => Response.json({}))
    expect((await visitor.copy(gone).get('/api')).status).toBe(200)
    expect((await browser.copy(gone).get('/api')).body['code']).toBe('unauthenticated')
  })

  it('POST /auth/refresh issues it anew as well', async () => {
    const { browser, store } = await setUp({ secret: SECRET })
    const two = await createTestAuth({
      baseURL: LOCAL,
      strategy: 'opaque',
      open: () => store,
      secret: [FRESH, SECRET],
    })
    const visitor = browser.copy(two.auth.handler)
    const before = visitor.cookie('session')
    expect((await visitor.post('/auth/refresh')).status).toBe(200)
    expect(visitor.cookie('session').split('.').slice(0, 3)).toEqual(before.split('.').slice(0, 3))
    expect(visitor.cookie('session').split('.')[3]).not.toBe(before.split('.')[3])
  })
})

describe('a step-up', () => {
  it('is the new token’s alone: a copy of the old one does not become it by a refresh', async () => {
    const { auth, browser, clock } = await setUp()
    const grave = auth.protect(() => new Response('grave'), { recentAuth: '5m' })
    const thief = browser.copy()
    const tries = async () => (await thief.copy(grave).get('/api')).body['code']
    clock.advance(3_600_000)
    expect((await browser.post('/auth/step-up', { password: PASSWORD })).status).toBe(200)
    for (const unseen of [true, false]) {
      if (!unseen) await browser.get('/auth/me')
      await thief.post('/auth/refresh')
      expect(await tries()).toBe('step_up_required')
    }
    expect((await browser.copy(grave).get('/api')).text).toBe('grave')
    clock.advance(10_001)
    expect((await thief.post('/auth/refresh')).status).toBe(401)
    expect(await tries()).toBe('unauthenticated')
  })
})

describe('B9, A3 opaque: a client that is no browser', () => {
  const call = async (
    auth: Awaited<ReturnType<typeof setUp>>['auth'],
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: object,
  ) =>
    read(
      await auth.handler(
        new Request(LOCAL + path, {
          method,
          headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
          ...(body && { body: JSON.stringify(body) }),
        }),
      ),
    )
  const ASKS = { 'lockjar-tokens': 'body' }

  it('gets one token in the body when it asks, presents it as the configured scheme and ends it', async () => {
    const { auth } = await setUp({ authorizationScheme: 'Token' })
    const sent = await call(auth, 'POST', '/auth/login', ASKS, LOGIN)
    expect([Object.keys(sent.body), sent.cookies]).toEqual([['user', 'session', 'accessToken'], []])
    const authorization = `Token ${String(sent.body['accessToken'])}`
    expect((await call(auth, 'GET', '/auth/me', { authorization })).status).toBe(200)
    const renewed = await call(auth, 'POST', '/auth/refresh', { authorization, ...ASKS })
    expect(renewed.body['accessToken']).toBe(sent.body['accessToken'])
    expect((await call(auth, 'POST', '/auth/refresh', { authorization })).status).toBe(401)
    expect((await call(auth, 'POST', '/auth/logout', { authorization })).status).toBe(204)
    expect((await call(auth, 'GET', '/auth/me', { authorization })).body['code']).toBe('session_revoked')
  })

  it('is refused with a browser’s token, as a browser is with a client’s: a session keeps its carriage', async () => {
    const { auth, browser } = await setUp()
    const stolen = { authorization: `Bearer ${browser.cookie('session')}` }
    expect((await call(auth, 'GET', '/auth/me', stolen)).body['code']).toBe('unauthenticated')
    expect((await call(auth, 'POST', '/auth/refresh', { ...stolen, ...ASKS })).status).toBe(401)
    const sent = await call(auth, 'POST', '/auth/login', ASKS, LOGIN)
    browser.setCookie('session', String(sent.body['accessToken']))
    expect((await browser.get('/auth/me')).body['code']).toBe('unauthenticated')
  })

  it('a header decides alone: a broken one never falls back to the cookie', async () => {
    const { auth, browser } = await setUp()
    const sent = await browser.get('/auth/me', { headers: { authorization: 'Bearer rubbish' } })
    expect([sent.status, sent.body['code']]).toEqual([401, 'unauthenticated'])
    const basic = { authorization: 'Basic YTpi' }
    expect((await browser.get('/auth/me', { headers: basic })).status).toBe(200)
    const forged = await browser.post('/auth/logout', undefined, {
      headers: basic,
      site: 'cross-site',
      origin: 'https://evil.example',
    })
    expect(forged.body['code']).toBe('csrf_failed')
    expect(auth.config.strategy).toBe('opaque')
  })
})

describe('B8 opaque: CSRF', () => {
  it('a foreign page’s request is refused and a session’s own token is asked for in token mode', async () => {
    const { browser, app, auth } = await setUp({ csrf: 'token' })
    expect(auth.config.csrf).toBe('token')
    const visitor = browser.copy(app)
    const evil = await visitor.post('/api', {}, { site: 'cross-site', origin: 'https://evil.example' })
    expect(evil.body['code']).toBe('csrf_failed')
    expect((await visitor.post('/api', {})).body['code']).toBe('csrf_failed')
    const { csrfToken } = (await browser.get('/auth/csrf')).body as { csrfToken: string }
    expect((await visitor.post('/api', {}, { headers: { 'x-csrf-token': csrfToken } })).status).toBe(200)
  })
})

describe('changing the strategy of an installation keeps people signed in', () => {
  /** The same store and clock, another strategy. */
  const other = async ({ store, clock }: Awaited<ReturnType<typeof setUp>>, strategy: 'jwt' | 'opaque') => {
    const made = await createTestAuth({ baseURL: LOCAL, strategy, open: () => store })
    made.clock.step(clock.now() - made.clock.now())
    return made
  }

  const OPAQUE = ['csrftoken', 'session']
  const JWT = ['access_token', 'auth_hint', 'csrftoken', 'refresh_token']
  it.each([
    ['jwt', 'opaque', OPAQUE, 60_000],
    ['opaque', 'jwt', JWT, 60_000],
    ['jwt', 'opaque', OPAQUE, 1],
    ['opaque', 'jwt', JWT, 1],
  ] as const)('from %s to %s, at one silent refresh, and back and forth', async (from, to, names, pause) => {
    const visit = await setUp({ strategy: from })
    const second = await other(visit, to)
    const browser = visit.browser.copy(second.auth.handler)
    expect((await browser.get('/auth/me')).body['code']).toBe('token_expired')
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    expect([...browser.jar.keys()].sort()).toEqual(names)
    expect((await browser.get('/auth/me')).body).toMatchObject({ session: { id: visit.session.id } })
    // And back, and once more.
    visit.clock.advance(pause)
    const third = await other(visit, from)
    const backward = browser.copy(third.auth.handler)
    expect((await backward.post('/auth/refresh')).status).toBe(200)
    expect((await backward.get('/auth/me')).status).toBe(200)
    visit.clock.advance(pause)
    const fourth = await other(visit, to)
    const forth = backward.copy(fourth.auth.handler)
    expect((await forth.post('/auth/refresh')).status).toBe(200)
    expect((await forth.get('/auth/me')).status).toBe(200)
  })

  it('tabs that refresh at once are all served, and a lost answer is made good', async () => {
    const visit = await setUp()
    const second = await other(visit, 'jwt')
    const tabs = Array.from({ length: 4 }, () => visit.browser.copy(second.auth.handler))
    const answers = await Promise.all(tabs.map((tab) => tab.post('/auth/refresh')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(tabs.map((tab) => tab.cookie('refresh_token'))).size).toBe(1)
    // Nobody kept an answer: the browser still has the session cookie.
    visit.clock.advance(60_000)
    expect((await visit.browser.copy(second.auth.handler).post('/auth/refresh')).status).toBe(200)
  })

  it('a session cookie that was exchanged and comes back is a copy, and ends the session', async () => {
    const visit = await setUp()
    const thief = visit.browser.copy()
    const second = await other(visit, 'jwt')
    const owner = visit.browser.copy(second.auth.handler)
    await owner.post('/auth/refresh')
    await owner.get('/auth/me')
    visit.clock.advance(10_001)
    const sent = await thief.copy(second.auth.handler).post('/auth/refresh')
    expect(sent.body['code']).toBe('session_revoked')
    expect((await owner.get('/auth/me')).body['code']).toBe('session_revoked')
  })

  it('an API client’s tokens are exchanged in the same way', async () => {
    const visit = await setUp()
    const asks = { 'lockjar-tokens': 'body', 'content-type': 'application/json' }
    const login = await visit.auth.handler(
      new Request(`${LOCAL}/auth/login`, { method: 'POST', headers: asks, body: JSON.stringify(LOGIN) }),
    )
    const { accessToken } = (await login.json()) as { accessToken: string }
    const second = await other(visit, 'jwt')
    const me = async (token: string) =>
      read(
        await second.auth.handler(
          new Request(`${LOCAL}/auth/me`, { headers: { authorization: `Bearer ${token}` } }),
        ),
      )
    expect((await me(accessToken)).body['code']).toBe('token_expired')
    const renewed = await second.auth.handler(
      new Request(`${LOCAL}/auth/refresh`, {
        method: 'POST',
        headers: { 'lockjar-tokens': 'body', authorization: `Bearer ${accessToken}` },
      }),
    )
    const tokens = (await renewed.json()) as { accessToken: string; refreshToken: string }
    expect((await me(tokens.accessToken)).status).toBe(200)
    const third = await other(visit, 'opaque')
    const jwt = await third.auth.handler(
      new Request(`${LOCAL}/auth/me`, { headers: { authorization: `Bearer ${tokens.accessToken}` } }),
    )
    expect(((await jwt.json()) as { code: string }).code).toBe('token_expired')
  })

  it('sign-out clears what either strategy has left in the browser', async () => {
    const visit = await setUp({ strategy: 'jwt' })
    const second = await other(visit, 'opaque')
    const browser = visit.browser.copy(second.auth.handler)
    expect((await browser.post('/auth/logout')).status).toBe(204)
    expect(browser.jar.size).toBe(0)
    expect((await visit.browser.post('/auth/refresh')).body['code']).toBe('session_revoked')
  })
})
