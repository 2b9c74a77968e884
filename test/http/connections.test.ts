// Does every end of a session close its open connections, in this process and in another on the same database?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Auth, SignedIn } from 'lockjar'
import { createAuth } from 'lockjar'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createTestClock } from '../support/clock.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }
const MINUTE = 60_000

const folder = mkdtempSync(join(tmpdir(), 'lockjar-connections-'))
const opened: Auth[] = []
afterEach(async () => {
  for (const auth of opened.splice(0)) await auth.close()
})
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

/** Two servers on one SQLite file, a browser of each, and connections of the first one's session in both. */
async function start(strategy: 'jwt' | 'opaque' = 'jwt') {
  const clock = createTestClock()
  const file = join(folder, `${files++}.db`)
  const logger = { info: () => {}, warn: () => {}, error: () => {} }
  const serve = async () => {
    const auth = await createAuth({
      baseURL: LOCAL,
      secret: SECRET,
      strategy,
      argon2: { memory: 64, passes: 1 },
      database: openSqlite(file, clock),
      clock,
      logger,
    })
    opened.push(auth)
    return auth
  }
  const [here, there] = [await serve(), await serve()]
  const browser = new TestBrowser(here.handler, LOCAL)
  await browser.post('/auth/register', ADA)
  const second = new TestBrowser(here.handler, LOCAL)
  await second.post('/auth/login', { identifier: ADA.email, password: PASSWORD })

  const whoIs = async (auth: Auth, jar = browser) => {
    const headers = new Headers({ host: 'localhost:3000', cookie: jar.cookieHeader('/') })
    return (await auth.authenticate(new Request(LOCAL, { headers }))) as SignedIn
  }
  /** Resolves with code and reason when it is closed. */
  const open = async (auth: Auth, jar = browser) => {
    const { promise, resolve } = Promise.withResolvers<readonly [number, string]>()
    const state = { closed: promise, isOpen: true }
    auth.connections.add(await whoIs(auth, jar), {
      close(code, reason) {
        state.isOpen = false
        resolve([code, reason])
      },
    })
    return state
  }
  const { user, session } = await whoIs(here)
  return { clock, here, there, browser, second, open, whoIs, userId: user.id, sessionId: session.id }
}

type SetUp = Awaited<ReturnType<typeof start>>

const ENDS: Record<string, (setUp: SetUp) => Promise<unknown>> = {
  'signing out': ({ browser }) => browser.post('/auth/logout'),
  'signing out everywhere': ({ second }) => second.post('/auth/logout-all'),
  'revoking it from another session': ({ second, sessionId }) =>
    second.send('DELETE', `/auth/sessions/${sessionId}`),
  'revoking the others': ({ second }) => second.post('/auth/sessions/revoke-others'),
  'changing the password': ({ second }) =>
    second.post('/auth/password/change', { currentPassword: PASSWORD, newPassword: `${PASSWORD} 2` }),
  'signing in anew in the same browser': ({ browser }) =>
    browser.post('/auth/login', { identifier: ADA.email, password: PASSWORD }),
  'deleting the account': ({ second }) => second.send('DELETE', '/auth/me', { body: { password: PASSWORD } }),
  'disabling the account': ({ here, userId }) => here.users.disable(userId),
  'ending all sessions by the application': ({ here, userId }) => here.users.endSessions(userId),
  'a used refresh token that comes back': async ({ browser, clock }) => {
    const thief = browser.copy()
    await browser.post('/auth/refresh')
    await browser.get('/auth/me')
    clock.advance(10_001)
    await thief.post('/auth/refresh')
  },
}

describe.each(Object.entries(ENDS))('%s', (_name, end) => {
  it('closes open connections with 4401, here at once and in another process at its next poll', async () => {
    const setUp = await start()
    const { clock, here, there, open } = setUp
    const [near, far] = [await open(here), await open(there)]
    await end(setUp)
    expect(near.isOpen).toBe(false)
    expect(await near.closed).toEqual([4401, 'session_revoked'])
    clock.advance(1000)
    expect(await far.closed).toEqual([4401, 'session_revoked'])
  })
})

describe('open connections', () => {
  it('of other sessions stay open', async () => {
    const { here, open, browser, second } = await start()
    const other = await open(here, second)
    await browser.post('/auth/logout')
    expect(other.isOpen).toBe(true)
  })

  it.each(['jwt', 'opaque'] as const)(
    'close with token_expired when roles change, and connect anew with them (%s)',
    async (strategy) => {
      const { clock, here, there, open, whoIs, browser, userId } = await start(strategy)
      const [near, far] = [await open(here), await open(there)]
      await here.users.setRoles(userId, ['editor'])
      clock.advance(1000)
      for (const { closed } of [near, far]) expect(await closed).toEqual([4401, 'token_expired'])
      await browser.post('/auth/refresh')
      expect((await whoIs(here)).user.roles).toEqual(['editor'])
      expect((await open(here)).isOpen).toBe(true)
      expect((await open(there)).isOpen).toBe(true)
    },
  )

  it('outlive access tokens and their refreshes, but not the session', async () => {
    const { clock, here, browser, open } = await start()
    const { closed, ...state } = await open(here)
    for (let hour = 0; hour < 6; hour++) {
      clock.advance(60 * MINUTE)
      await browser.post('/auth/refresh')
    }
    expect(state.isOpen).toBe(true)
    clock.advance(12 * 60 * MINUTE)
    expect(await closed).toEqual([4401, 'unauthenticated'])
  })

  it('end with the proof that gives the session a new token, under the opaque strategy', async () => {
    const { here, browser, open } = await start('opaque')
    const { closed } = await open(here)
    await browser.post('/auth/step-up', { password: PASSWORD })
    expect(await closed).toEqual([4401, 'token_expired'])
    expect((await open(here)).isOpen).toBe(true)
  })

  it('opened between the check and the end of the session are closed before add returns', async () => {
    const { here, browser, whoIs } = await start()
    const who = await whoIs(here)
    await browser.post('/auth/logout')
    const closes: unknown[] = []
    here.connections.add(who, { close: (...args) => closes.push(args) })
    expect(closes).toEqual([[4401, 'session_revoked']])
  })

  it('close with 1001 when the server does', async () => {
    const { here, open } = await start()
    const { closed } = await open(here)
    await here.close()
    opened.shift()
    expect(await closed).toEqual([1001, 'unavailable'])
  })

  it('close with 1001 before a server that stops waits for its requests, which are still answered', async () => {
    const { here, open, whoIs } = await start()
    const who = await whoIs(here)
    const { closed } = await open(here)
    here.connections.close()
    expect(await closed).toEqual([1001, 'unavailable'])
    const late: unknown[] = []
    here.connections.add(who, { close: (...args) => late.push(args) })
    expect(late).toEqual([[1001, 'unavailable']])
    expect((await whoIs(here)).status).toBe('authenticated')
  })

  it('are for who was authenticated, not for an object that looks like it', async () => {
    const { here, whoIs } = await start()
    const { user, session } = await whoIs(here)
    const made = { status: 'authenticated', user, session, refusal: null, setCookies: [] } as const
    expect(() => here.connections.add(made, { close: () => {} })).toThrow(TypeError)
    const nobody = (await here.authenticate(new Request(LOCAL))) as unknown as SignedIn
    expect(() => here.connections.add(nobody, { close: () => {} })).toThrow(TypeError)
  })
})

describe('a WebSocket handshake', () => {
  async function shake(headers: Record<string, string>, options = {}, ...[upgrade]: [boolean?]) {
    const { auth } = await createTestAuth({ baseURL: LOCAL, ...options })
    const browser = new TestBrowser(auth.handler, LOCAL)
    const { body } = await browser.get('/auth/csrf')
    const token = { 'x-csrf-token': String(body['csrfToken']) }
    await browser.post('/auth/register', ADA, { headers: token })
    const csrfToken = String((await browser.get('/auth/csrf')).body['csrfToken'])
    const all = { host: 'localhost:3000', cookie: browser.cookieHeader('/'), ...headers }
    const request = new Request(`${LOCAL}/live`, { headers: new Headers(all) })
    const told = upgrade === undefined ? {} : { upgrade }
    return {
      plain: await auth.authenticate(request, told),
      withToken: await auth.authenticate(request, { ...told, csrfToken }),
    }
  }

  it.each<[headers: Record<string, string>, status: string]>([
    [{ origin: LOCAL }, 'authenticated'],
    [{ origin: 'https://trusted.example' }, 'authenticated'],
    [{ origin: LOCAL, 'sec-fetch-site': 'same-origin' }, 'authenticated'],
    [{ origin: 'https://evil.example' }, 'refused'],
    [{ origin: 'http://localhost:3001' }, 'refused'],
    [{ origin: 'http://sub.localhost:3000' }, 'refused'],
    [{ origin: 'null' }, 'refused'],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 'refused'],
    [{ 'sec-fetch-site': 'cross-site' }, 'refused'],
    [{}, 'refused'],
    [{ origin: 'https://evil.example', cookie: '' }, 'refused'],
    [{ origin: LOCAL, cookie: '' }, 'anonymous'],
  ])('with the user’s cookies and %j is %s', async (headers, status) => {
    const { plain } = await shake(headers, { trustedOrigins: ['https://trusted.example'] }, true)
    expect(plain.status).toBe(status)
    if (status === 'refused') expect(plain.refusal?.code).toBe('csrf_failed')
  })

  it('is known by its Upgrade header too, and is a GET like any other where that is hidden and nobody says so', async () => {
    const headers = { origin: 'https://evil.example' }
    const told = await shake({ ...headers, connection: 'Upgrade', upgrade: 'WebSocket' }, {}, undefined)
    expect(told.plain.status).toBe('refused')
    const hidden = await shake(headers, {}, undefined)
    expect(hidden.plain.status).toBe('authenticated')
  })

  it('where the CSRF token is always asked for needs it too, from wherever the page can put it', async () => {
    const { plain, withToken } = await shake({ origin: LOCAL }, { csrf: 'token' }, true)
    expect([plain.status, withToken.status]).toEqual(['refused', 'authenticated'])
  })
})
