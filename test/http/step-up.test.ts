// Must a user prove their password again before what needs it, and does that, and nothing less, open it?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duration, SignedIn } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { read, TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }
const ADA_PASSWORD = { password: PASSWORD }
const MINUTE = 60_000

const folder = mkdtempSync(join(tmpdir(), 'lockjar-step-up-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

const DRIVERS = {
  memory: openMemory,
  sqlite: (clock: Parameters<typeof openMemory>[0]) => openSqlite(join(folder, `${files++}.db`), clock),
}

describe.each(Object.entries(DRIVERS))('step-up on %s', (_name, open) => {
  async function signIn(options = {}) {
    const made = await createTestAuth({ open, baseURL: LOCAL, ...options })
    const browser = new TestBrowser(made.auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const route = made.auth.protect((_request, { session }) => Response.json(session), {
      recentAuth: '5m',
    })
    /** The application's route, as the browser's jar has it now. */
    const pay = () => browser.copy(route).get('/api/pay')
    return { ...made, browser, pay }
  }

  it('is asked for once the password was proved too long ago, and opens the route again', async () => {
    const { browser, pay, clock } = await signIn()
    expect((await pay()).status).toBe(200)
    clock.advance(5 * MINUTE)
    expect((await pay()).status).toBe(200)
    clock.advance(1000)
    const refused = await pay()
    expect([refused.status, refused.body['code']]).toEqual([403, 'step_up_required'])
    expect(refused.body['detail']).toContain('POST /auth/step-up')
    expect((await browser.get('/auth/me')).status).toBe(200)

    const sent = await browser.post('/auth/step-up', { password: PASSWORD })
    expect(sent.status).toBe(200)
    expect(Object.keys(sent.body)).toEqual(['session'])
    const opened = await pay()
    expect(opened.status).toBe(200)
    expect(opened.body).toMatchObject({ authTime: new Date(clock.now()).toISOString(), amr: ['pwd'] })
  })

  it('brings a new access token and leaves the refresh token as it is', async () => {
    const { browser, clock } = await signIn()
    clock.advance(MINUTE)
    const before = browser.copy()
    const sent = await browser.post('/auth/step-up', { password: PASSWORD })
    expect(sent.cookies.map(({ name }) => name)).toEqual(['access_token', 'csrftoken', 'auth_hint'])
    expect(browser.cookie('access_token')).not.toBe(before.cookie('access_token'))
    expect(browser.cookie('refresh_token')).toBe(before.cookie('refresh_token'))
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })

  it('is kept by the refreshes that follow, which prove nothing themselves', async () => {
    const { browser, pay, clock } = await signIn()
    clock.advance(6 * MINUTE)
    await browser.post('/auth/refresh')
    expect((await pay()).body['code']).toBe('step_up_required')
    await browser.post('/auth/step-up', { password: PASSWORD })
    const proved = new Date(clock.now()).toISOString()
    clock.advance(MINUTE)
    await browser.post('/auth/refresh')
    expect((await pay()).body['authTime']).toBe(proved)
  })

  it('with a wrong password is refused; the session stays, and nothing is more recent', async () => {
    const { browser, pay, clock } = await signIn()
    clock.advance(6 * MINUTE)
    const sent = await browser.post('/auth/step-up', { password: 'wrong password' })
    expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'invalid_credentials', []])
    expect((await browser.get('/auth/me')).status).toBe(200)
    await browser.post('/auth/refresh')
    expect((await pay()).body['code']).toBe('step_up_required')
  })

  it('is for signed-in users, from a trusted page', async () => {
    const { auth, browser } = await signIn()
    const body = { password: PASSWORD }
    const stranger = await new TestBrowser(auth.handler, LOCAL).post('/auth/step-up', body)
    expect([stranger.status, stranger.body['code']]).toEqual([401, 'unauthenticated'])
    const forged = { site: 'cross-site', origin: 'https://evil.example' } as const
    for (const sent of [body, '{"password":'])
      expect((await browser.post('/auth/step-up', sent, forged)).body['code']).toBe('csrf_failed')
    expect((await browser.post('/auth/step-up', {})).body['code']).toBe('validation_failed')
  })

  it('brings no session back that ended while the password was checked', async () => {
    const { browser, store } = await signIn()
    const other = browser.copy()
    const prove = store.sessions.prove.bind(store.sessions)
    Object.assign(store.sessions, {
      prove: async (...args: Parameters<typeof prove>) => {
        await other.post('/auth/logout')
        return prove(...args)
      },
    })
    const sent = await browser.post('/auth/step-up', { password: PASSWORD })
    expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'session_revoked', []])
    expect((await browser.get('/auth/me')).body['code']).toBe('session_revoked')
  })

  it('gives no token to an account that was disabled while the password was checked', async () => {
    const { auth, browser, store } = await signIn()
    const { body } = await browser.get('/auth/me')
    const { id } = body['user'] as { id: string }
    const prove = store.sessions.prove.bind(store.sessions)
    Object.assign(store.sessions, {
      prove: async (...args: Parameters<typeof prove>) => {
        const proved = await prove(...args)
        await auth.users.disable(id)
        return proved
      },
    })
    const sent = await browser.post('/auth/step-up', { password: PASSWORD })
    expect([sent.status, sent.cookies]).toEqual([401, []])
  })

  it('after a refresh whose answer was lost does not pass the lost generation off as received', async () => {
    const { browser, clock } = await signIn()
    await browser.post('/auth/refresh', undefined, { keepJar: true })
    expect((await browser.post('/auth/step-up', { password: PASSWORD })).status).toBe(200)
    expect((await browser.get('/auth/me')).status).toBe(200)
    clock.advance(60_000)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })

  it('carries the roles of now, though they changed while the password was checked', async () => {
    const { auth, browser, store } = await signIn()
    const { id } = (await browser.get('/auth/me')).body['user'] as { id: string }
    const prove = store.sessions.prove.bind(store.sessions)
    Object.assign(store.sessions, {
      prove: async (...args: Parameters<typeof prove>) => {
        await auth.users.setRoles(id, ['editor'])
        return prove(...args)
      },
    })
    await browser.post('/auth/step-up', { password: PASSWORD })
    const roles = auth.protect((_request, { user }) => Response.json({ roles: user.roles }))
    expect((await browser.copy(roles).get('/api')).body).toEqual({ roles: ['editor'] })
  })
})

describe('step-up by a client that is no browser', () => {
  async function signUp() {
    const { auth, clock } = await createTestAuth({ baseURL: LOCAL })
    const call = async (path: string, headers: Record<string, string>, body?: unknown) =>
      read(
        await auth.handler(
          new Request(LOCAL + path, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(body ?? {}),
          }),
        ),
      )
    const { body } = await call('/auth/register', { 'lockjar-tokens': 'body' }, ADA)
    return { auth, clock, call, tokens: body as { accessToken: string; refreshToken: string } }
  }

  it('answers a new access token in the body where it was asked for, and no other one', async () => {
    const { call, tokens } = await signUp()
    const authorization = `Bearer ${tokens.accessToken}`
    const asked = await call('/auth/step-up', { authorization, 'lockjar-tokens': 'body' }, ADA_PASSWORD)
    expect([asked.status, Object.keys(asked.body), asked.cookies]).toEqual([
      200,
      ['session', 'accessToken'],
      [],
    ])
    const silent = await call('/auth/step-up', { authorization }, ADA_PASSWORD)
    expect([silent.status, Object.keys(silent.body), silent.cookies]).toEqual([200, ['session'], []])
  })

  it('never answers in the body what belongs to a browser’s session', async () => {
    const { auth, call } = await signUp()
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/login', { identifier: ADA.email, password: PASSWORD })
    const authorization = `Bearer ${browser.cookie('access_token')}`
    const sent = await call('/auth/step-up', { authorization, 'lockjar-tokens': 'body' }, ADA_PASSWORD)
    expect([sent.status, Object.keys(sent.body), sent.cookies]).toEqual([200, ['session'], []])
  })
})

describe('a route that asks for a recent proof', () => {
  it.each(['', '15', '15 m', 'soon', '0m', 15])('of %j is a mistake when it is defined', async (duration) => {
    const { auth } = await createTestAuth({ baseURL: LOCAL })
    const recentAuth = duration as Duration
    expect(() => auth.protect(() => new Response(), { recentAuth })).toThrow(TypeError)
  })

  it('without protect asks by requireRecentAuth', async () => {
    const { auth, clock } = await createTestAuth({ baseURL: LOCAL })
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const headers = new Headers({ host: 'localhost:3000', cookie: browser.cookieHeader('/') })
    const who = (await auth.authenticate(new Request(LOCAL, { headers }))) as SignedIn
    expect(() => auth.requireRecentAuth(who, '1m')).not.toThrow()
    clock.advance(MINUTE + 1000)
    expect(() => auth.requireRecentAuth(who, '1m')).toThrow(
      expect.objectContaining({ name: 'AuthError', code: 'step_up_required' }),
    )
    expect(() => auth.requireRecentAuth(who, '1 minute' as Duration)).toThrow(TypeError)
    const anonymous = { status: 'anonymous' } as unknown as SignedIn
    expect(() => auth.requireRecentAuth(anonymous, '1m')).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    )
  })

  it.each([
    [0, -1000, false],
    [30, -1000, true],
    [30, -30_000, true],
    [30, -32_000, false],
  ])('with a leeway of %i s and a clock that was set by %i ms: recent is %s', async (leeway, by, recent) => {
    const { auth, clock } = await createTestAuth({
      baseURL: LOCAL,
      ...(leeway > 0 && { accessToken: { leeway: `${leeway}s` as Duration } }),
    })
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const headers = new Headers({ host: 'localhost:3000', cookie: browser.cookieHeader('/') })
    const who = (await auth.authenticate(new Request(LOCAL, { headers }))) as SignedIn
    clock.step(by)
    const ask = () => auth.requireRecentAuth(who, '15m')
    if (recent) expect(ask).not.toThrow()
    else expect(ask).toThrow(expect.objectContaining({ code: 'step_up_required' }))
  })
})

describe.each(Object.entries(DRIVERS))('step-up with the opaque strategy on %s', (_name, open) => {
  async function signIn() {
    const made = await createTestAuth({ open, baseURL: LOCAL, strategy: 'opaque' })
    const other = await createTestAuth({ open: () => made.store, baseURL: LOCAL, strategy: 'opaque' })
    const browser = new TestBrowser(made.auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const routeOf = ({ auth }: typeof made) =>
      auth.protect((_request, { session }) => Response.json(session), { recentAuth: '5m' })
    /** The application's route in this process, and in another one. */
    const pay = (jar = browser) => jar.copy(routeOf(made)).get('/api/pay')
    const payElsewhere = (jar = browser) => jar.copy(routeOf(other)).get('/api/pay')
    const advance = (milliseconds: number) => {
      made.clock.advance(milliseconds)
      other.clock.advance(milliseconds)
    }
    const stepUp = (options = {}) => browser.post('/auth/step-up', { password: PASSWORD }, options)
    return { ...made, browser, pay, payElsewhere, advance, stepUp }
  }

  it('issues a new session cookie, which every process takes for a recent proof at once', async () => {
    const { browser, pay, payElsewhere, advance, stepUp } = await signIn()
    advance(6 * MINUTE)
    for (const route of [pay, payElsewhere]) expect((await route()).body['code']).toBe('step_up_required')
    const before = browser.cookie('session')
    const sent = await stepUp()
    expect([sent.status, Object.keys(sent.body)]).toEqual([200, ['session']])
    expect(sent.cookies.map(({ name }) => name)).toEqual(['session', 'csrftoken'])
    expect(browser.cookie('session')).not.toBe(before)
    for (const route of [pay, payElsewhere]) expect((await route()).status).toBe(200)
  })

  it('answers the old token within the grace only, and never as a recent proof', async () => {
    const { browser, auth, store, pay, payElsewhere, advance, stepUp } = await signIn()
    advance(6 * MINUTE)
    const thief = browser.copy()
    for (const route of [pay, payElsewhere]) await route(thief)
    await stepUp()
    await browser.get('/auth/me')
    advance(1000)
    // What was seen is written behind, and this write behind that one.
    await store.users.raiseRevision('nobody')
    for (const route of [pay, payElsewhere])
      expect((await route(thief)).body['code']).toBe('step_up_required')
    expect((await thief.copy(auth.handler).get('/auth/me')).status).toBe(200)
    advance(10_000)
    for (const route of [pay, payElsewhere]) expect((await route(thief)).body['code']).toBe('unauthenticated')
    expect((await pay()).status).toBe(200)
  })

  it('whose answer was lost has signed nobody out, and can be asked for again', async () => {
    const { browser, pay, advance, stepUp } = await signIn()
    advance(6 * MINUTE)
    const lost = await stepUp({ keepJar: true })
    advance(MINUTE)
    expect((await browser.get('/auth/me')).status).toBe(200)
    expect((await stepUp()).status).toBe(200)
    expect((await pay()).status).toBe(200)
    const thief = browser.copy()
    thief.keep(lost.cookies)
    expect((await thief.get('/auth/me')).status).toBe(401)
  })

  it('by several tabs at once leaves one token, in whichever order the answers arrive', async () => {
    const { browser, advance } = await signIn()
    advance(MINUTE)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        browser.copy().post('/auth/step-up', { password: PASSWORD }, { keepJar: true }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const tokens = answers.map(({ cookies }) => cookies.find(({ name }) => name === 'session')?.value)
    expect(new Set(tokens).size).toBe(1)
  })

  it('brings no session back that ended while the password was checked, and gives a wrong password nothing', async () => {
    const { browser, store, pay, advance, stepUp } = await signIn()
    advance(6 * MINUTE)
    const wrong = await browser.post('/auth/step-up', { password: 'wrong password' })
    expect([wrong.status, wrong.body['code'], wrong.cookies]).toEqual([401, 'invalid_credentials', []])
    expect((await pay()).body['code']).toBe('step_up_required')
    const other = browser.copy()
    const prove = store.sessions.prove.bind(store.sessions)
    Object.assign(store.sessions, {
      prove: async (...args: Parameters<typeof prove>) => {
        await other.post('/auth/logout')
        return prove(...args)
      },
    })
    const sent = await stepUp()
    expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'session_revoked', []])
  })
})
