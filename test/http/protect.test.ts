// How does an application guard its own routes?
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'

async function setUp() {
  const made = await createTestAuth({ baseURL: LOCAL })
  const browser = new TestBrowser(made.auth.handler, LOCAL)
  const { user } = (await browser.post('/auth/register', { email: 'ada@example.com', password: PASSWORD }))
    .body as { user: { id: string } }
  return { ...made, browser, user }
}

describe('C5: protect', () => {
  it('gives the handler the user and the session, and only signed-in users reach it', async () => {
    const { auth, browser, user, clock } = await setUp()
    let calls = 0
    const app = auth.protect((_request, who) => {
      calls++
      return Response.json(who)
    })
    expect((await browser.copy(app).get('/api')).body).toEqual({
      status: 'authenticated',
      user: { id: user.id, roles: [] },
      session: {
        id: expect.any(String),
        authTime: new Date(clock.now()).toISOString(),
        amr: ['pwd'],
        accessExpiresAt: expect.any(String),
      },
      refusal: null,
      setCookies: [],
    })
    expect((await new TestBrowser(app, LOCAL).get('/api')).body['code']).toBe('unauthenticated')
    expect(calls).toBe(1)
  })

  it('lets anybody in where it is asked to, and still refuses what is forged', async () => {
    const { auth, browser } = await setUp()
    const app = auth.protect(
      (_request, { status, user }) => Response.json({ status, id: user?.id ?? null }),
      { anonymous: true },
    )
    expect((await new TestBrowser(app, LOCAL).get('/')).body).toEqual({ status: 'anonymous', id: null })
    expect((await browser.copy(app).get('/')).body).toMatchObject({ status: 'authenticated' })
    const forged = await browser
      .copy(app)
      .post('/', {}, { site: 'cross-site', origin: 'https://evil.example' })
    expect(forged.body['code']).toBe('csrf_failed')
    expect((await browser.copy(app).get('/', { headers: { authorization: 'Bearer rubbish' } })).status).toBe(
      401,
    )
  })

  it('refuses also a token that it knows while the revocation log cannot be read: it fails closed', async () => {
    const { auth, browser, store, clock } = await setUp()
    const visitor = browser.copy(auth.protect(() => new Response('in')))
    expect((await visitor.get('/api')).status).toBe(200)
    Object.assign(store.revocations, { read: () => Promise.reject(new Error('the log is down')) })
    clock.advance(2001)
    const sent = await visitor.get('/api')
    expect([sent.status, sent.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('lets no foreign page act for a visitor, whose answer may set cookies; clients that are no browsers pass', async () => {
    const { auth } = await setUp()
    const visitor = new TestBrowser(
      auth.protect(() => new Response('in'), { anonymous: true }),
      LOCAL,
    )
    const post = async (options: object) => (await visitor.post('/cart', 'x=1', options)).status
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await post({ headers: form, site: 'cross-site', origin: 'https://evil.example' })).toBe(403)
    expect(await post({ headers: form, site: 'same-site', origin: null })).toBe(403)
    expect(await post({ headers: form })).toBe(200)
    expect(await post({ headers: form, site: null, origin: null })).toBe(200)
  })

  it('asks visitors for the token too where csrf is token', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL, csrf: 'token' })
    const browser = new TestBrowser(auth.handler, LOCAL)
    const { csrfToken } = (await browser.get('/auth/csrf')).body as { csrfToken: string }
    const visitor = browser.copy(auth.protect(() => new Response('in'), { anonymous: true }))
    expect((await visitor.post('/cart')).body['code']).toBe('csrf_failed')
    expect((await visitor.post('/cart', undefined, { headers: { 'x-csrf-token': csrfToken } })).status).toBe(
      200,
    )
    expect((await visitor.get('/cart')).status).toBe(200)
  })

  it('in token mode a browser whose access cookie has lapsed is told to refresh: the hint names its session', async () => {
    const { auth, clock } = await createTestAuth({ baseURL: LOCAL, csrf: 'token' })
    const browser = new TestBrowser(auth.handler, LOCAL)
    const fetchToken = async () => ((await browser.get('/auth/csrf')).body as { csrfToken: string }).csrfToken
    const ada = { email: 'ada@example.com', password: PASSWORD, remember: true }
    await browser.post('/auth/register', ada, { headers: { 'x-csrf-token': await fetchToken() } })
    const headers = { 'x-csrf-token': await fetchToken() }
    clock.advance(601_000)
    browser.forget('access_token')
    const page = auth.protect(async (_request, _who, { csrfField }) => new Response(await csrfField()), {
      anonymous: true,
    })
    const app = browser.copy(auth.protect(() => new Response('in')))
    expect((await app.post('/api', {}, { headers })).body['code']).toBe('token_expired')
    // A page with a form keeps the token of the session as well.
    expect((await browser.copy(page).get('/')).cookies).toEqual([])
  })

  it('two access cookies are cleared also where the request is refused', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL, csrf: 'token' })
    const app = new TestBrowser(
      auth.protect(() => new Response('in')),
      LOCAL,
    )
    const sent = await app.post('/api', {}, { headers: { cookie: 'access_token=a; access_token=b' } })
    expect([sent.body['code'], sent.cookies.every(({ name }) => name === 'access_token')]).toEqual([
      'csrf_failed',
      true,
    ])
    expect(sent.cookies.length).toBeGreaterThan(0)
  })

  it('answers what the application throws with a problem that says nothing of it', async () => {
    const { auth, browser, log } = await setUp()
    const app = auth.protect(() => {
      throw new Error('a secret of the application')
    })
    const sent = await browser.copy(app).get('/api')
    expect([sent.status, sent.body['code'], sent.text.includes('secret')]).toEqual([
      500,
      'internal_error',
      false,
    ])
    expect(log.at(-1)?.level).toBe('error')
  })

  it('refuses a request for a foreign host', async () => {
    const { auth, browser } = await setUp()
    const sent = await browser
      .copy(auth.protect(() => Response.json({})))
      .get('/api', { headers: { host: 'evil.example' } })
    expect([sent.status, sent.body['code']]).toEqual([421, 'misdirected'])
  })
})

describe('roles', () => {
  async function withRoles(roles: readonly string[]) {
    const made = await setUp()
    await made.auth.users.setRoles(made.user.id, roles)
    await made.browser.post('/auth/refresh')
    return made
  }

  it.each<[roles: readonly string[], status: number]>([
    [['editor'], 200],
    [['reader', 'chief'], 200],
    [['reader'], 403],
    [['Editor'], 403],
    [['editors', 'edit'], 403],
    [[], 403],
  ])('a user with the roles %j is answered %i where editor or chief is asked for', async (roles, status) => {
    const { auth, browser } = await withRoles(roles)
    const app = auth.protect(() => new Response('in'), { roles: ['editor', 'chief'] })
    const sent = await browser.copy(app).get('/')
    expect([sent.status, sent.body['code']]).toEqual([status, status === 200 ? undefined : 'forbidden'])
    const inside = auth.protect((_request, who) => {
      auth.requireRole(who, 'editor', 'chief')
      return new Response('in')
    })
    expect((await browser.copy(inside).get('/')).status).toBe(status)
  })

  it('are not asked of somebody who is not signed in: who it is comes first', async () => {
    const { auth } = await setUp()
    const app = auth.protect(() => new Response('in'), { roles: ['editor'], recentAuth: '1m' })
    expect((await new TestBrowser(app, LOCAL).get('/')).body['code']).toBe('unauthenticated')
  })

  it('and a recent proof may both be asked for', async () => {
    const { auth, browser, clock } = await withRoles(['editor'])
    const app = browser.copy(auth.protect(() => new Response('in'), { roles: ['editor'], recentAuth: '1m' }))
    expect((await app.get('/')).status).toBe(200)
    clock.advance(60_001)
    expect((await app.get('/')).body['code']).toBe('step_up_required')
  })

  it.each([[[]], [['']], ['editor'], [[7]], [null]])(
    '%j is no list of roles, said when the route is defined',
    async (roles) => {
      const { auth } = await setUp()
      expect(() => auth.protect(() => new Response('in'), { roles: roles as string[] })).toThrow(
        /^lockjar: roles: .* is no list of roles/,
      )
    },
  )
})

it('requireUser answers who is signed in, and throws why nobody is', async () => {
  const { auth, browser, user } = await setUp()
  const app = auth.protect((_request, who) => new Response(auth.requireUser(who).user.id), {
    anonymous: true,
  })
  expect((await browser.copy(app).get('/')).text).toBe(user.id)
  expect((await new TestBrowser(app, LOCAL).get('/')).body['code']).toBe('unauthenticated')
})

it.each(['requireUser', 'requireRole', 'requireRecentAuth'] as const)(
  '%s throws an error, and not nothing, for a promise that plain JavaScript did not wait for',
  async (name) => {
    const { auth } = await setUp()
    const who = auth.authenticate(new Request(LOCAL)) as never
    const act = () => (name === 'requireRecentAuth' ? auth[name](who, '5m') : auth[name](who, 'editor'))
    expect(act).toThrow(Error)
  },
)

describe('promise 2: a session that ends is refused by the application’s own routes at once, though its token has minutes to go', () => {
  type Visit = Awaited<ReturnType<typeof setUp>>
  const login = async ({ browser, auth }: Visit): Promise<TestBrowser> => {
    const other = new TestBrowser(auth.handler, LOCAL)
    await other.post('/auth/login', { email: 'ada@example.com', password: PASSWORD })
    expect(browser.jar.size).toBe(4)
    return other
  }

  const ENDS: Record<string, (visit: Visit) => Promise<unknown>> = {
    'by sign-out': ({ browser }) => browser.copy().post('/auth/logout'),
    'by sign-out everywhere': async (visit) => (await login(visit)).post('/auth/logout-all'),
    'by another session that ends all others': async (visit) =>
      (await login(visit)).post('/auth/sessions/revoke-others'),
    'by another session that ends this one': async (visit) => {
      const { session } = (await visit.browser.get('/auth/me')).body as { session: { id: string } }
      return (await login(visit)).send('DELETE', `/auth/sessions/${session.id}`)
    },
    'by a new sign-in of the same browser': ({ browser }) =>
      browser.copy().post('/auth/login', { email: 'ada@example.com', password: PASSWORD }),
    'by the end of the account': async (visit) =>
      (await login(visit)).send('DELETE', '/auth/me', { body: { password: PASSWORD } }),
    'by a new password': async (visit) =>
      (await login(visit)).post('/auth/password/change', {
        currentPassword: PASSWORD,
        newPassword: 'another long enough phrase',
      }),
    'by the account being disabled': ({ auth, user }) => auth.users.disable(user.id),
    'by the application': ({ auth, user }) => auth.users.endSessions(user.id),
    'by a refresh token that was used twice': async ({ browser, clock }) => {
      const thief = browser.copy()
      const owner = browser.copy()
      await owner.post('/auth/refresh')
      clock.advance(10_001)
      await owner.post('/auth/refresh')
      return thief.post('/auth/refresh')
    },
  }

  it.each(Object.entries(ENDS))('%s', async (_name, end) => {
    const visit = await setUp()
    const app = visit.browser.copy(visit.auth.protect(() => Response.json({})))
    expect((await app.get('/api')).status).toBe(200)
    await end(visit)
    const sent = await app.get('/api')
    expect([sent.status, sent.body['code']]).toEqual([401, 'session_revoked'])
    expect((await visit.browser.post('/auth/refresh')).status).toBe(401)
  })

  it('in another process on the same store at its next poll, without being told', async () => {
    const visit = await setUp()
    const second = await createTestAuth({ baseURL: LOCAL, open: () => visit.store })
    const there = visit.browser.copy(second.auth.protect(() => Response.json({})))
    expect((await there.get('/api')).status).toBe(200)
    await visit.browser.copy().post('/auth/logout')
    second.clock.advance(1000)
    await Promise.resolve()
    expect((await there.get('/api')).body['code']).toBe('session_revoked')
  })

  it('after a restart still', async () => {
    const visit = await setUp()
    await visit.browser.copy().post('/auth/logout')
    const second = await createTestAuth({ baseURL: LOCAL, open: () => visit.store })
    const there = visit.browser.copy(second.auth.protect(() => Response.json({})))
    expect((await there.get('/api')).body['code']).toBe('session_revoked')
  })

  it('roles that change are in open sessions at their next request, here and in another process', async () => {
    const { auth, browser, store, user } = await setUp()
    const second = await createTestAuth({ baseURL: LOCAL, open: () => store })
    const roles = (who: { user: { roles: readonly string[] } }) => Response.json(who.user.roles)
    const here = browser.copy(auth.protect((_request, who) => roles(who)))
    const there = browser.copy(second.auth.protect((_request, who) => roles(who)))
    expect([(await here.get('/api')).text, (await there.get('/api')).text]).toEqual(['[]', '[]'])
    expect((await second.auth.users.setRoles(user.id, ['editor', 'editor'])).roles).toEqual(['editor'])
    expect((await auth.users.setRoles(user.id, ['admin'])).roles).toEqual(['admin'])
    second.clock.advance(1000)
    await Promise.resolve()
    for (const app of [here, there]) expect((await app.get('/api')).body['code']).toBe('token_expired')
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    const handler = auth.protect((_request, who) => roles(who))
    expect((await browser.copy(handler).get('/api')).text).toBe('["admin"]')
    expect((await browser.get('/auth/me')).body).toMatchObject({ user: { roles: ['admin'] } })
  })

  it('a refresh under way while an administrator is demoted never brings the old role', async () => {
    const { auth, browser, store, user } = await setUp()
    await auth.users.setRoles(user.id, ['admin'])
    // The refresh has read the user's row; then the roles change, and only then it goes on.
    const find = store.users.find.bind(store.users)
    let demoted = false
    Object.assign(store.users, {
      find: async (id: string) => {
        const read = await find(id)
        if (!demoted) {
          demoted = true
          await auth.users.setRoles(user.id, [])
        }
        return read
      },
    })
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    expect(demoted).toBe(true)
    const app = auth.protect((_request, who) => Response.json(who.user.roles))
    expect((await browser.copy(app).get('/api')).body['code']).toBe('token_expired')
    await browser.post('/auth/refresh')
    expect((await browser.copy(app).get('/api')).text).toBe('[]')
  })
})

describe('a clock that was ahead', () => {
  it('leaves no token that outlives its revocation: one dated in the future is worth a refresh, no more', async () => {
    const { auth, browser, clock } = await setUp()
    const app = (who: TestBrowser) => who.copy(auth.protect(() => Response.json({}))).get('/api')
    clock.step(86_400_000)
    await browser.post('/auth/login', { email: 'ada@example.com', password: PASSWORD })
    expect((await app(browser)).status).toBe(200)
    clock.step(-86_400_000)
    await Promise.resolve()
    expect((await app(browser)).body['code']).toBe('token_expired')
    const copy = browser.copy()
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    expect((await app(browser)).status).toBe(200)
    await browser.post('/auth/logout')
    for (let minute = 0; minute < 66; minute++) {
      clock.advance(60_000)
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    }
    expect((await app(copy)).status).toBe(401)
  })
})

describe('auth.users', () => {
  it('keeps a disabled user out until they are enabled, and says so only after a right password', async () => {
    const { auth, user } = await setUp()
    expect(await auth.users.disable(user.id)).toMatchObject({ id: user.id, email: 'ada@example.com' })
    const browser = new TestBrowser(auth.handler, LOCAL)
    const login = async (password: string) =>
      (await browser.post('/auth/login', { email: 'ada@example.com', password })).body['code']
    expect([await login('wrong password'), await login(PASSWORD)]).toEqual([
      'invalid_credentials',
      'account_disabled',
    ])
    await auth.users.enable(user.id)
    expect(await login(PASSWORD)).toBeUndefined()
  })

  it('refuses an unknown user and a role that would not fit a token', async () => {
    const { auth, user } = await setUp()
    const { users } = auth
    for (const act of [users.get, users.disable, users.enable, users.endSessions]) {
      await expect(act('nobody')).rejects.toMatchObject({ code: 'not_found' })
    }
    await expect(users.setRoles('nobody', [])).rejects.toMatchObject({ code: 'not_found' })
    for (const roles of [[''], ['a b'], ['x'.repeat(65)], Array.from({ length: 33 }, (_, n) => `r${n}`)]) {
      await expect(users.setRoles(user.id, roles)).rejects.toMatchObject({ code: 'validation_failed' })
    }
    expect((await users.get(user.id)).roles).toEqual([])
  })
})

describe('authenticate', () => {
  it('costs no I/O: a verified token is judged in memory', async () => {
    const { auth, browser, store } = await setUp()
    const touched = () => {
      throw new Error('the store was touched')
    }
    for (const part of [store.users, store.sessions, store.revocations]) {
      for (const name of Object.keys(part)) Object.assign(part, { [name]: touched })
    }
    const request = () => new Request(`${LOCAL}/api`, { headers: { cookie: browser.cookieHeader('/api') } })
    for (let round = 0; round < 3; round++)
      expect((await auth.authenticate(request())).status).toBe('authenticated')
  })

  it('says why not, ready to be answered', async () => {
    const { auth, browser, clock } = await setUp()
    clock.advance(600_000)
    const request = new Request(`${LOCAL}/api`, { headers: { cookie: browser.cookieHeader('/api') } })
    const { status, user, refusal } = await auth.authenticate(request)
    expect([status, user, refusal?.code]).toEqual(['anonymous', null, 'token_expired'])
    if (!refusal) throw new Error('no refusal')
    const response = auth.respond(refusal, request)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="lockjar", error="invalid_token"',
    ])
  })

  it('two instances in one process do not know of each other', async () => {
    const one = await setUp()
    const two = await createTestAuth({
      baseURL: LOCAL,
      secret: 'YW5vdGhlci1zZWNyZXQtb2YtMzItcmFuZG9tLWJ5dGVzIQ',
    })
    const request = () =>
      new Request(`${LOCAL}/api`, { headers: { cookie: one.browser.cookieHeader('/api') } })
    expect((await one.auth.authenticate(request())).status).toBe('authenticated')
    expect((await two.auth.authenticate(request())).status).toBe('anonymous')
  })

  it('a new secret first, the old one second: what was issued before stays good, what is issued now is under the new one', async () => {
    const one = await setUp()
    const fresh = 'YW5vdGhlci1zZWNyZXQtb2YtMzItcmFuZG9tLWJ5dGVzIQ'
    const two = await createTestAuth({
      baseURL: LOCAL,
      secret: [fresh, 'S2V5LW9mLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZg'],
      open: () => one.store,
    })
    const browser = one.browser.copy(two.auth.handler)
    expect((await browser.get('/auth/me')).status).toBe(200)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    const three = await createTestAuth({ baseURL: LOCAL, secret: fresh, open: () => one.store })
    expect((await browser.copy(three.auth.handler).get('/auth/me')).status).toBe(200)
    expect((await one.browser.copy(three.auth.handler).get('/auth/me')).body['code']).toBe('token_expired')
  })
})
