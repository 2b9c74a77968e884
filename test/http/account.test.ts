// What may a signed-in user see and do?
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }

async function signIn(options = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, ...options })
  const browser = new TestBrowser(made.auth.handler, LOCAL)
  await browser.post('/auth/register', ADA)
  const another = async (remember = false) => {
    const other = new TestBrowser(made.auth.handler, LOCAL)
    const sent = await other.post(
      '/auth/login',
      { username: 'ada', password: PASSWORD, remember },
      { headers: { 'user-agent': 'Another/1' } },
    )
    return { browser: other, id: (sent.body['session'] as { id: string }).id }
  }
  return { ...made, browser, another }
}

describe('the password', () => {
  const NEXT = 'another long enough phrase'
  const change = (browser: TestBrowser, currentPassword: string, newPassword: string) =>
    browser.post('/auth/password/change', { currentPassword, newPassword })

  it('can be changed: every other session ends, and this browser goes on in a new one', async () => {
    const { browser, another, auth } = await signIn()
    const { browser: other } = await another()
    const before = (await browser.get('/auth/me')).body['session'] as { id: string }
    const copy = browser.copy()
    const sent = await change(browser, PASSWORD, NEXT)
    const { session } = sent.body as { session: { id: string; current: boolean } }
    expect([sent.status, session.current, session.id === before.id]).toEqual([200, true, false])
    expect((await browser.get('/auth/me')).status).toBe(200)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    for (const out of [other, copy]) {
      expect((await out.get('/auth/me')).body['code']).toBe('session_revoked')
      expect((await out.post('/auth/refresh')).body['code']).toBe('session_revoked')
    }
    const login = async (password: string) =>
      (await new TestBrowser(auth.handler, LOCAL).post('/auth/login', { username: 'ada', password })).status
    expect([await login(PASSWORD), await login(NEXT)]).toEqual([401, 200])
  })

  it('is not changed without the current one, nor to one that may not be used', async () => {
    const { browser } = await signIn()
    expect((await change(browser, 'wrong password', NEXT)).body['code']).toBe('invalid_credentials')
    expect((await change(browser, PASSWORD, 'ada@example.com')).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ field: 'newPassword', code: 'too_similar' }],
    })
    expect((await change(browser, PASSWORD, 'short')).body).toMatchObject({
      errors: [{ field: 'newPassword', code: 'too_short' }],
    })
    expect((await browser.get('/auth/me')).status).toBe(200)
    expect((await change(browser, PASSWORD, NEXT)).status).toBe(200)
  })

  it('is changed by one of two that try at once', async () => {
    const { browser, another } = await signIn()
    const { browser: other } = await another()
    const answers = await Promise.all([
      change(browser, PASSWORD, NEXT),
      change(other, PASSWORD, 'a third phrase to remember'),
    ])
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409 || status === 401)).toHaveLength(1)
  })

  it('is not changed with a browser’s access token in a header: its new tokens would be in a body', async () => {
    const { browser, auth } = await signIn()
    const sent = await auth.handler(
      new Request(`${LOCAL}/auth/password/change`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'lockjar-tokens': 'body',
          authorization: `Bearer ${browser.cookie('access_token')}`,
        },
        body: JSON.stringify({ currentPassword: PASSWORD, newPassword: NEXT }),
      }),
    )
    expect([sent.status, ((await sent.json()) as { code: string }).code]).toEqual([403, 'forbidden'])
    expect((await browser.get('/auth/me')).status).toBe(200)
  })

  it('is changed by an API client that asks for its new tokens, and by no other', async () => {
    const { auth } = await signIn()
    const send = (path: string, body: object, headers: Record<string, string>) =>
      auth.handler(
        new Request(LOCAL + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
        }),
      )
    const asks = { 'lockjar-tokens': 'body' }
    const signedIn = await send('/auth/login', { username: 'ada', password: PASSWORD }, asks)
    const { accessToken } = (await signedIn.json()) as { accessToken: string }
    const bearer = { authorization: `Bearer ${accessToken}` }
    const body = { currentPassword: PASSWORD, newPassword: NEXT }
    const refused = await send('/auth/password/change', body, bearer)
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([403, 'forbidden'])
    const sent = await send('/auth/password/change', body, { ...bearer, ...asks })
    const answer = (await sent.json()) as { accessToken: string; refreshToken: string }
    expect([sent.status, sent.headers.getSetCookie()]).toEqual([200, []])
    const me = (token: string) =>
      auth.handler(new Request(`${LOCAL}/auth/me`, { headers: { authorization: `Bearer ${token}` } }))
    expect([(await me(accessToken)).status, (await me(answer.accessToken)).status]).toEqual([401, 200])
  })
})

describe('refresh cookies that a sibling sub-domain has planted, more than are looked at', () => {
  const SHAPED = (n: number) =>
    `019b76da-a800-7000-8000-${String(n).padStart(12, '0')}.${'A'.repeat(22)}.0.${'A'.repeat(8)}.${'A'.repeat(43)}`

  it.each([
    ['/auth/logout', 'of our shape', SHAPED],
    ['/auth/login', 'of our shape', SHAPED],
    ['/auth/logout', 'of any', (n: number) => `junk${n}`],
  ] as const)('do not keep %s from ending the session: %s', async (path, kind, junk) => {
    const { browser } = await signIn()
    const copy = browser.copy()
    browser.forget('access_token')
    // Without the hint only their shape tells them apart.
    if (kind === 'of any') browser.forget('auth_hint')
    const planted = Array.from({ length: 40 }, (_, n) => `refresh_token=${junk(n)}`).join('; ')
    const cookie = `${planted}; ${browser.cookieHeader(path)}`
    const body = path === '/auth/login' ? { username: 'ada', password: PASSWORD } : undefined
    const sent = await browser.post(path, body, { headers: { cookie } })
    expect(sent.status).toBe(path === '/auth/login' ? 200 : 204)
    expect((await copy.post('/auth/refresh')).body['code']).toBe('session_revoked')
  })
})

describe('the sessions of one user', () => {
  it('are at most as many as configured: one more ends the one seen longest ago', async () => {
    const { browser, another, clock } = await signIn({ session: { mostPerUser: 2 } })
    clock.advance(1000)
    const { browser: second } = await another()
    clock.advance(1000)
    const { browser: third } = await another()
    expect((await browser.get('/auth/me')).body['code']).toBe('session_revoked')
    const { sessions } = (await third.get('/auth/sessions')).body as { sessions: unknown[] }
    expect([(await second.get('/auth/me')).status, sessions.length]).toEqual([200, 2])
  })
})

describe('me', () => {
  it('C4: is for signed-in users only', async () => {
    const { browser, auth } = await signIn()
    expect((await browser.get('/auth/me')).body).toMatchObject({
      user: { email: ADA.email, username: 'ada' },
      session: { current: true },
    })
    const sent = await new TestBrowser(auth.handler, LOCAL).get('/auth/me')
    expect([sent.status, sent.body['code'], sent.headers.get('www-authenticate')]).toEqual([
      401,
      'unauthenticated',
      'Bearer realm="lockjar"',
    ])
  })

  it('can be changed: name and user name, and nothing else', async () => {
    const { browser } = await signIn()
    const patch = (body: unknown) => browser.send('PATCH', '/auth/me', { body })
    expect((await patch({ name: ' Ada Lovelace ', username: 'countess' })).body).toMatchObject({
      user: { name: 'Ada Lovelace', username: 'countess' },
    })
    expect((await patch({ name: null })).body).toMatchObject({ user: { name: null, username: 'countess' } })
    for (const field of [
      'roles',
      'id',
      'email',
      'emailVerified',
      'revision',
      'passwordHash',
      'disabledAt',
      '__proto__',
      'constructor',
    ]) {
      const sent = await browser.send('PATCH', '/auth/me', {
        body: `{"${field}": ["superuser"]}`,
        headers: { 'content-type': 'application/json' },
      })
      expect([sent.status, sent.body['errors']], field).toEqual([
        422,
        [{ field, code: 'unknown', message: expect.any(String) }],
      ])
    }
    expect((await browser.get('/auth/me')).body).toMatchObject({
      user: { email: ADA.email, roles: [], emailVerified: false },
    })
  })

  it('cannot take another user’s name, and may keep its own in another case', async () => {
    const { browser, auth } = await signIn()
    const eve = new TestBrowser(auth.handler, LOCAL)
    await eve.post('/auth/register', { email: 'eve@example.com', password: PASSWORD, username: 'eve' })
    expect((await eve.send('PATCH', '/auth/me', { body: { username: 'ADA' } })).body['code']).toBe('conflict')
    expect((await browser.send('PATCH', '/auth/me', { body: { username: 'Ada' } })).status).toBe(200)
    expect((await browser.send('PATCH', '/auth/me', { body: { username: null } })).status).toBe(200)
    expect((await eve.send('PATCH', '/auth/me', { body: { username: 'ada' } })).status).toBe(200)
  })

  it('can be deleted with the password; every session ends at once and the address is free', async () => {
    const { browser, another } = await signIn()
    const { browser: other } = await another()
    expect(
      (await browser.send('DELETE', '/auth/me', { body: { password: 'wrong password' } })).body['code'],
    ).toBe('invalid_credentials')
    const sent = await browser.send('DELETE', '/auth/me', { body: { password: PASSWORD } })
    expect([sent.status, browser.jar.size]).toEqual([204, 0])
    expect((await other.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await other.post('/auth/refresh')).body['code']).toBe('session_revoked')
    expect((await browser.post('/auth/login', { username: 'ada', password: PASSWORD })).body['code']).toBe(
      'invalid_credentials',
    )
    expect((await browser.post('/auth/register', ADA)).status).toBe(201)
  })
})

describe('sessions', () => {
  it('are listed, the current one marked, with what their owner knows them by', async () => {
    const { browser, another, clock } = await signIn()
    clock.advance(1000)
    const { id } = await another(true)
    const { sessions } = (await browser.get('/auth/sessions')).body as { sessions: Record<string, unknown>[] }
    expect(sessions).toHaveLength(2)
    expect(sessions[0]).toEqual({
      id,
      createdAt: expect.any(String),
      expiresAt: expect.any(String),
      idleExpiresAt: expect.any(String),
      accessExpiresAt: null,
      remember: true,
      current: false,
      lastSeenAt: expect.any(String),
      ip: '192.0.2.1',
      userAgent: 'Another/1',
    })
    expect(sessions[1]).toMatchObject({ current: true, remember: false })
  })

  it('can be ended one by one; another’s and an ended one are not found', async () => {
    const { browser, another, auth } = await signIn()
    const { browser: other, id } = await another()
    const eve = new TestBrowser(auth.handler, LOCAL)
    await eve.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    expect((await eve.send('DELETE', `/auth/sessions/${id}`)).body['code']).toBe('not_found')
    expect((await other.get('/auth/me')).status).toBe(200)
    expect((await browser.send('DELETE', `/auth/sessions/${id}`)).status).toBe(204)
    expect((await other.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await browser.send('DELETE', `/auth/sessions/${id}`)).status).toBe(404)
    expect((await browser.send('DELETE', "/auth/sessions/'; DROP TABLE lockjar_sessions; --")).status).toBe(
      404,
    )
    expect((await browser.get('/auth/me')).status).toBe(200)
  })

  it('ending one’s own clears the cookies', async () => {
    const { browser } = await signIn()
    const { session } = (await browser.get('/auth/me')).body as { session: { id: string } }
    expect((await browser.send('DELETE', `/auth/sessions/${session.id}`)).status).toBe(204)
    expect(browser.jar.size).toBe(0)
  })

  it('can all be ended but this one', async () => {
    const { browser, another } = await signIn()
    const others = [await another(), await another()]
    expect((await browser.post('/auth/sessions/revoke-others')).status).toBe(204)
    for (const { browser: other } of others)
      expect((await other.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await browser.get('/auth/me')).status).toBe(200)
  })
})

describe('A4, C6: sign-out', () => {
  it('ends the session on the server: a copy of its cookies is worth nothing', async () => {
    const { browser } = await signIn()
    const copy = browser.copy()
    await browser.post('/auth/logout')
    expect((await copy.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await copy.post('/auth/refresh')).body['code']).toBe('session_revoked')
  })

  it('works with an access token that has expired, with the refresh cookie alone, and when signed out already', async () => {
    for (const prepare of [
      ({ clock }: Awaited<ReturnType<typeof signIn>>) => clock.advance(3_600_000),
      ({ browser }: Awaited<ReturnType<typeof signIn>>) => browser.forget('access_token'),
    ]) {
      const made = await signIn()
      prepare(made)
      const copy = made.browser.copy()
      expect((await made.browser.post('/auth/logout')).status).toBe(204)
      expect((await copy.post('/auth/refresh')).body['code']).toBe('session_revoked')
      expect((await made.browser.post('/auth/logout')).status).toBe(204)
    }
  })

  it('ends the user’s own session though a sibling sub-domain has planted a refresh cookie of another', async () => {
    const { browser, auth, clock } = await signIn()
    const eve = new TestBrowser(auth.handler, LOCAL)
    await eve.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    const copy = browser.copy()
    clock.advance(600_000)
    const cookie = `refresh_token=${eve.cookie('refresh_token')}; ${browser.cookieHeader('/auth')}`
    expect((await browser.post('/auth/logout', undefined, { headers: { cookie } })).status).toBe(204)
    expect((await copy.post('/auth/refresh')).body['code']).toBe('session_revoked')
  })

  it('ends every session that the browser carries, where nothing says which one is its own', async () => {
    const { browser, auth } = await signIn()
    const eve = new TestBrowser(auth.handler, LOCAL)
    await eve.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    const copy = browser.copy()
    const cookie = [eve, browser]
      .map((visitor) => `refresh_token=${visitor.cookie('refresh_token')}`)
      .join('; ')
    expect((await browser.post('/auth/logout', undefined, { headers: { cookie } })).status).toBe(204)
    expect((await copy.post('/auth/refresh')).body['code']).toBe('session_revoked')
    expect((await eve.post('/auth/refresh')).body['code']).toBe('session_revoked')
  })

  it('everywhere ends every session of the user, at once, and of nobody else', async () => {
    const { browser, another, auth } = await signIn()
    const { browser: other } = await another()
    const eve = new TestBrowser(auth.handler, LOCAL)
    await eve.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    const copy = browser.copy()
    expect((await browser.post('/auth/logout-all')).status).toBe(204)
    expect(browser.jar.size).toBe(0)
    for (const left of [copy, other]) {
      expect((await left.get('/auth/me')).status).toBe(401)
      expect((await left.post('/auth/refresh')).body['code']).toBe('session_revoked')
    }
    expect((await eve.get('/auth/me')).status).toBe(200)
    expect((await browser.post('/auth/login', { username: 'ada', password: PASSWORD })).status).toBe(200)
    expect((await browser.get('/auth/me')).status).toBe(200)
  })

  it('is heeded at once by the process that answers it, though another has ended the session a moment ago', async () => {
    const { browser, auth, store } = await signIn()
    const second = (await createTestAuth({ baseURL: LOCAL, open: () => store })).auth
    const copy = browser.copy(auth.protect(() => new Response(null)))
    const late = browser.copy()
    expect((await browser.copy(second.handler).post('/auth/logout')).status).toBe(204)
    expect((await copy.get('/')).status, 'it has not read so yet').toBe(200)
    expect((await late.post('/auth/logout')).status).toBe(204)
    expect((await copy.get('/')).status).toBe(401)
  })

  it('everywhere is heeded at once, though another process has ended one of the sessions a moment ago', async () => {
    const { browser, another, auth, store } = await signIn()
    const second = (await createTestAuth({ baseURL: LOCAL, open: () => store })).auth
    const { browser: other, id } = await another()
    const find = store.users.find.bind(store.users)
    const raised = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    Object.assign(store.users, {
      find: async (user: string) => {
        asked.resolve()
        await raised.promise
        return find(user)
      },
    })
    const refreshing = browser.post('/auth/refresh')
    await asked.promise
    Object.assign(store.users, { find })
    const { body } = await other.copy(second.handler).get('/auth/me')
    const { id: user } = body['user'] as { id: string }
    const [own] = (await store.sessions.list(user)).sessions.filter((session) => session.id !== id)
    const raiseRevision = store.users.raiseRevision.bind(store.users)
    Object.assign(store.users, {
      raiseRevision: async (who: string) => {
        const revision = await raiseRevision(who)
        raised.resolve()
        await refreshing
        return revision
      },
    })
    expect((await other.copy(second.handler).send('DELETE', `/auth/sessions/${own?.id}`)).status).toBe(204)
    expect((await other.post('/auth/logout-all')).status).toBe(204)
    expect((await refreshing).status).toBe(200)
    expect((await browser.copy(auth.protect(() => new Response(null))).get('/')).status).toBe(401)
  })
})
