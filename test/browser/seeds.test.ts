// Is every row that the seed tutorials ask for true, in a real browser, over http and https, in both strategies?
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { decodeProtectedHeader } from 'jose'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { request as apiRequest } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { freshProfile, launchChromium, launchProfile } from '../support/chromium.ts'
import type { Demo } from '../support/demo.ts'
import { freePort, startDemo } from '../support/demo.ts'
import {
  addTask,
  ask,
  createVisitors,
  openPage,
  readJar,
  register,
  signIn,
  signOut,
  signUp,
  watchRequests,
} from '../support/page.ts'

const HOST = 'app.lockjar.test'
const SCHEMES = ['http://localhost', 'https'] as const
const STRATEGIES = ['jwt', 'opaque'] as const
type Scheme = (typeof SCHEMES)[number]
type Strategy = (typeof STRATEGIES)[number]

/** By base name: what a browser that is signed in holds. */
const COOKIES = {
  jwt: ['access_token', 'refresh_token', 'csrftoken', 'auth_hint'],
  opaque: ['session', 'csrftoken'],
} as const
const PREFIXES = {
  access_token: '__Host-Http-',
  session: '__Host-Http-',
  refresh_token: '__Secure-',
  csrftoken: '__Host-',
  auth_hint: '__Host-',
} as const
type CookieName = keyof typeof PREFIXES

/** Which cookies no script may read. */
const CREDENTIALS: ReadonlySet<CookieName> = new Set(['access_token', 'refresh_token', 'session'])

const fullName = (scheme: Scheme, name: CookieName): string =>
  scheme === 'https' ? PREFIXES[name] + name : name

/** A JWT, or `sid.nonce.generation.kid.MAC`. */
const TOKEN = /eyJ[\w-]+\.|\.[\w-]{22}\.\d+\.[\w-]{8}\./
const newEmail = createVisitors()

let certificate: TestCertificate
let browser: Browser
/** One for each scheme and strategy, for all tests. */
const demos = new Map<string, Demo>()

beforeAll(async () => {
  certificate = await createCertificate([HOST, '*.lockjar.test', 'localhost'])
  const start = async (scheme: Scheme, strategy: Strategy): Promise<void> => {
    const tls = scheme === 'https' ? { certificate, host: HOST } : {}
    demos.set(scheme + strategy, await startDemo({ ...tls, env: { LOCKJAR_STRATEGY: strategy } }))
  }
  const starts = SCHEMES.flatMap((scheme) => STRATEGIES.map((strategy) => start(scheme, strategy)))
  ;[browser] = await Promise.all([launchChromium({ spki: certificate.spki }), ...starts])
})
afterAll(async () => {
  await Promise.all([browser?.close(), ...[...demos.values()].map((demo) => demo.stop())])
})

function demoOf(scheme: Scheme, strategy: Strategy): Demo {
  const demo = demos.get(scheme + strategy)
  if (!demo) throw new Error('the demo has not started')
  return demo
}

let context: BrowserContext
let page: Page

/** Each test has a browser of its own that has just come to this demo. */
function visit(scheme: Scheme, strategy: Strategy): void {
  beforeEach(async () => {
    context = await browser.newContext()
    page = await openPage(context, demoOf(scheme, strategy).origin)
  })
  afterEach(() => context.close())
}

const BOTH = SCHEMES.flatMap((scheme) => STRATEGIES.map((strategy) => [scheme, strategy] as const))

describe.each(BOTH)('over %s, strategy %s', (scheme, strategy) => {
  const secure = scheme === 'https'
  const cookie = (name: CookieName): string => fullName(scheme, name)
  /** What says who sends a request. */
  const credential = cookie(strategy === 'jwt' ? 'access_token' : 'session')
  visit(scheme, strategy)

  it('A1, D1, B6, A6: registration sets HttpOnly cookies with nothing configured; the body holds the user only', async () => {
    const email = newEmail()
    const answered = page.waitForResponse((response) => response.url().endsWith('/auth/register'))
    await signUp(page, email)
    const body = await (await answered).text()
    const cookies = await readJar(context)
    const host = secure ? HOST : 'localhost'
    const locked = secure ? ' Secure' : ''
    const all: Readonly<Record<CookieName, string>> = {
      access_token: `/ ${host} HttpOnly${locked} Lax`,
      session: `/ ${host} HttpOnly${locked} Lax`,
      refresh_token: `/auth ${host} HttpOnly${locked} Strict`,
      csrftoken: `/ ${host}${locked} Lax`,
      auth_hint: `/ ${host}${locked} Lax`,
    }
    expect(
      Object.fromEntries(Object.entries(cookies).map(([name, { attributes }]) => [name, attributes])),
    ).toEqual(Object.fromEntries(COOKIES[strategy].map((name) => [cookie(name), all[name]])))
    expect(JSON.parse(body)).toMatchObject({ user: { email }, session: { current: true } })
    expect(body).not.toMatch(TOKEN)
    for (const name of COOKIES[strategy]) {
      if (CREDENTIALS.has(name)) expect(body).not.toContain(cookies[cookie(name)]?.value)
    }
  })

  it('A2, B11: signs in with e-mail or user name; wrong password and unknown user are told the same', async () => {
    const email = newEmail()
    await signUp(page, email)
    await signOut(page)
    await signIn(page, email, 'wrong password')
    const first = await page.getByRole('alert').textContent()
    await signIn(page, 'nobody@example.com', 'wrong password')
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await page.getByRole('alert').textContent()).toBe(first)
    await signIn(page, email)
    expect(await page.getByTestId('user-email').textContent()).toContain(email)
  })

  it('A3, B9: an API client uses the header, and a header that is no good is not helped by good cookies', async () => {
    const { origin } = demoOf(scheme, strategy)
    await register(page, newEmail())
    const client = await apiRequest.newContext({
      ignoreHTTPSErrors: true,
      baseURL: secure ? origin.replace(HOST, 'localhost') : origin,
    })
    const headers = { 'lockjar-tokens': 'body', host: new URL(origin).host }
    const sent = await client.post('/auth/register', {
      headers,
      data: { email: newEmail(), password: PASSWORD },
    })
    const { accessToken } = (await sent.json()) as { accessToken: string }
    expect(sent.headersArray().filter(({ name }) => name.toLowerCase() === 'set-cookie')).toEqual([])
    const tasks = await client.get('/api/tasks', {
      headers: { ...headers, authorization: `Bearer ${accessToken}` },
    })
    expect(tasks.status()).toBe(200)
    await client.dispose()
    expect((await ask(page, '/api/tasks')).status).toBe(200)
    expect((await ask(page, '/api/tasks', { headers: { authorization: 'Bearer rubbish' } })).status).toBe(401)
    const answer = await ask(page, '/auth/refresh', {
      method: 'POST',
      headers: { 'lockjar-tokens': 'body' },
    })
    expect(answer.text).not.toMatch(/accessToken|refreshToken/)
    expect(answer.text).not.toMatch(TOKEN)
  })

  it('A4, C6: sign-out clears the cookies and ends the session: a copy of them is worth nothing', async () => {
    await signUp(page, newEmail())
    const copied = await context.cookies()
    await signOut(page)
    expect(await readJar(context)).toEqual({})
    const thief = await browser.newContext()
    await thief.addCookies(copied)
    const stolen = await openPage(thief, demoOf(scheme, strategy).origin)
    await stolen.getByRole('button', { name: 'Sign in' }).waitFor()
    expect((await ask(stolen, '/auth/me')).code).toBe('session_revoked')
    expect((await ask(stolen, '/api/tasks')).code).toBe('session_revoked')
    expect((await ask(stolen, '/auth/refresh', { method: 'POST' })).code).toBe('session_revoked')
    await thief.close()
  })

  it('A4: sessions are listed and ended one by one, or all at once, from another browser', async () => {
    const email = newEmail()
    const { origin } = demoOf(scheme, strategy)
    await signUp(page, email)
    const others = await Promise.all([browser.newContext(), browser.newContext()])
    const [one, two] = (await Promise.all(others.map((other) => openPage(other, origin)))) as [Page, Page]
    for (const other of [one, two]) {
      await signIn(other, email)
      await other.getByTestId('user-email').waitFor()
    }
    await page.getByRole('link', { name: 'Sessions' }).click()
    const items = page.getByTestId('session-item')
    await items.nth(2).waitFor()
    await items.filter({ hasNotText: 'This browser' }).first().getByRole('button').click()
    await items.nth(2).waitFor({ state: 'detached' })
    const codes = [(await ask(one, '/auth/me')).status, (await ask(two, '/auth/me')).status]
    expect(codes.sort()).toEqual([200, 401])
    await page.getByRole('button', { name: 'Sign out everywhere' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    for (const other of [one, two]) expect((await ask(other, '/auth/me')).status).toBe(401)
    for (const other of others) await other.close()
  })

  it('A5: wrong input is told field by field, and never a server error', async () => {
    await page.getByRole('button', { name: 'I am new here' }).click()
    await page.getByLabel('E-mail').fill('no address')
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('Write an e-mail address').waitFor()
    expect(await page.getByLabel('E-mail').getAttribute('aria-invalid')).toBe('true')
    for (const body of ['[]', '{', 'null', '{"email":["a"],"password":{}}', '{"__proto__":{}}']) {
      const { status } = await ask(page, '/auth/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect([400, 422], body).toContain(status)
    }
  })

  it('A7: the page works with no token in its hands: not in storage, and not in what it sends', async () => {
    await signUp(page, newEmail())
    const sent: string[] = []
    page.on('request', (request) =>
      sent.push(JSON.stringify([request.url(), request.headers(), request.postData()])),
    )
    const requests = watchRequests(page)
    await addTask(page, 'with the cookie alone')
    expect(requests).toEqual(['POST /api/tasks'])
    // What the page itself asks for; the browser adds the cookies later.
    expect(sent.join()).not.toMatch(TOKEN)
    expect(sent.join()).not.toMatch(/authorization/i)
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).toBe(
      '[{},{}]',
    )
  })

  it('A8: an attack on the page from within finds no token, and what was searched is shown', async () => {
    await signUp(page, newEmail())
    await page.getByRole('link', { name: 'Attack this page' }).click()
    const before = await context.cookies()
    await page.getByRole('button', { name: 'Run the attack' }).click()
    await page.getByTestId('loot-table').waitFor()
    await page.getByText('0 places gave a token').waitFor()
    const loot = await page.evaluate(() =>
      (
        window as unknown as { lockjarDemoAttack: () => Promise<{ sink: string; found: string }[]> }
      ).lockjarDemoAttack(),
    )
    expect(loot.length).toBeGreaterThanOrEqual(18)
    const text = JSON.stringify(loot)
    const minted = [...before, ...(await context.cookies())].filter(({ httpOnly }) => httpOnly)
    expect(minted.length).toBe(strategy === 'jwt' ? 4 : 2)
    for (const { value } of minted) expect(text).not.toContain(value.slice(0, Math.floor(value.length / 2)))
    expect(loot.find(({ sink }) => sink === 'document.cookie')?.found).toContain('csrftoken')
    // The page speaks of the hint only where there is one.
    const limits = await page
      .getByRole('heading', { name: 'What this does not stop' })
      .locator('..')
      .innerText()
    expect(limits.includes('hint')).toBe(strategy === 'jwt')
  })

  it('B5: a disabled account is told so after the right password, and only then', async () => {
    const email = newEmail()
    await signUp(page, email)
    await signOut(page)
    const database = new DatabaseSync(demoOf(scheme, strategy).file, { timeout: 5000 })
    database.prepare('UPDATE lockjar_users SET disabled_at = 1 WHERE email_key = ?').run(email)
    database.close()
    await signIn(page, email, 'wrong password')
    await page.getByRole('alert').getByText('do not go together').waitFor()
    await signIn(page, email)
    await page.getByRole('alert').getByText('disabled').waitFor()
    expect(await readJar(context)).toEqual({})
  })

  it('B8: a form on another site can neither sign out nor act, and a CSRF token is issued at sign-in', async () => {
    const { origin } = demoOf(scheme, strategy)
    await register(page, newEmail())
    expect((await readJar(context))[cookie('csrftoken')]?.value).toMatch(/^[\w-]{22}\.[\w-]{8}\.[\w-]{43}$/)
    const evil = createServer((_incoming, outgoing) => {
      outgoing.setHeader('content-type', 'text/html')
      outgoing.end(`<form method="post" action="${origin}/auth/logout"><button>win</button></form>`)
    })
    const port = await freePort()
    await new Promise<void>((resolve) => evil.listen(port, '127.0.0.1', resolve))
    const foreign = await context.newPage()
    await foreign.goto(`http://evil.test:${port}/`)
    const [answer] = await Promise.all([
      foreign.waitForResponse((response) => response.url().endsWith('/auth/logout')),
      foreign.getByRole('button').click(),
    ])
    expect(answer.status()).toBe(403)
    // The refusal is what the tab now shows.
    await foreign.goto(`http://evil.test:${port}/`)
    const answered = await foreign.evaluate(
      (to) =>
        fetch(to, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' }).then(
          ({ type }) => type,
          String,
        ),
      `${origin}/api/tasks`,
    )
    // Refused before it is read, and its answer kept from the other site (Cross-Origin-Resource-Policy).
    expect(answered).toContain('Failed to fetch')
    expect((await ask(page, '/auth/me')).status).toBe(200)
    expect((await ask(page, '/api/tasks')).text).toBe('{"tasks":[]}')
    evil.close()
    evil.closeAllConnections()
  })

  it('C4, C5: the current user and the application’s own routes are for signed-in users only, each with their own', async () => {
    expect((await ask(page, '/auth/me')).code).toBe('unauthenticated')
    expect((await ask(page, '/api/tasks')).code).toBe('unauthenticated')
    await signUp(page, newEmail())
    await addTask(page, 'mine')
    const ticked = page.waitForResponse((response) => response.request().method() === 'PATCH')
    await page.getByRole('checkbox', { name: 'mine' }).check()
    await ticked
    await page.reload()
    expect(await page.getByRole('checkbox', { name: 'mine' }).isChecked()).toBe(true)
    const other = await browser.newContext()
    const stranger = await openPage(other, demoOf(scheme, strategy).origin)
    await signUp(stranger, newEmail())
    expect((await ask(stranger, '/api/tasks')).text).toBe('{"tasks":[]}')
    await other.close()
  })

  it('D7: signing in again issues a new credential, and the one before is worth nothing', async () => {
    const email = newEmail()
    await register(page, email)
    const before = (await readJar(context))[credential]?.value ?? ''
    const body = JSON.stringify({ identifier: email, password: PASSWORD })
    const headers = { 'content-type': 'application/json' }
    expect((await ask(page, '/auth/login', { method: 'POST', headers, body })).status).toBe(200)
    expect((await readJar(context))[credential]?.value).not.toBe(before)
    const [present] = (await context.cookies()).filter(({ name }) => name === credential)
    if (!present) throw new Error('not signed in')
    await context.addCookies([{ ...present, value: before }])
    expect((await ask(page, '/api/tasks')).code).toBe('session_revoked')
  })
})

describe.each(SCHEMES)('rows that speak of a refresh cookie or a JWT, so strategy jwt, over %s', (scheme) => {
  const cookie = (name: CookieName): string => fullName(scheme, name)
  visit(scheme, 'jwt')

  it('A7: the page goes on working when its access token has ended, with one refresh', async () => {
    await signUp(page, newEmail())
    await addTask(page, 'before')
    await context.clearCookies({ name: cookie('access_token') })
    const requests = watchRequests(page)
    await addTask(page, 'after')
    expect(requests.filter((line) => line === 'POST /auth/refresh')).toHaveLength(1)
    expect((await readJar(context))[cookie('access_token')]?.value).toBeTruthy()
  })

  it('B1, C3: refresh reads its cookie, rotates it, sets new cookies and answers no token; without it, it is refused', async () => {
    await register(page, newEmail())
    const before = (await readJar(context))[cookie('refresh_token')]?.value
    const answer = await ask(page, '/auth/refresh', { method: 'POST' })
    const after = (await readJar(context))[cookie('refresh_token')]?.value
    expect([answer.status, Object.keys(JSON.parse(answer.text) as object)]).toEqual([200, ['session']])
    expect(after).not.toBe(before)
    expect(answer.text).not.toContain(after)
    await context.clearCookies({ name: cookie('refresh_token') })
    expect((await ask(page, '/auth/refresh', { method: 'POST' })).code).toBe('unauthenticated')
  })

  it('B2: access tokens are signed with HS256, typed, and name their key', async () => {
    await register(page, newEmail())
    const { origin } = demoOf(scheme, 'jwt')
    const token = (await readJar(context))[cookie('access_token')]?.value ?? ''
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'HS256',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^[\w-]{8}$/),
    })
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >
    expect(payload).toMatchObject({ iss: origin, aud: origin })
    const life = Number(payload['exp']) - Number(payload['iat'])
    expect(life).toBeLessThanOrEqual(600)
    expect(life).toBeGreaterThanOrEqual(570)
  })

  it('C1: the refresh cookie is sent to the auth path only', async () => {
    await register(page, newEmail())
    const sent = async (path: string): Promise<string> => {
      const [request] = await Promise.all([
        page.waitForRequest((each) => each.url().endsWith(path)),
        ask(page, path),
      ])
      return (await request.allHeaders())['cookie'] ?? ''
    }
    expect(await sent('/api/tasks')).not.toContain(cookie('refresh_token'))
    expect(await sent('/api/tasks')).toContain(cookie('access_token'))
    expect(await sent('/auth/me')).toContain(cookie('refresh_token'))
  })

  it('five tabs whose access token has ended all go on', async () => {
    await register(page, newEmail())
    const { origin } = demoOf(scheme, 'jwt')
    const tabs = await Promise.all(Array.from({ length: 4 }, () => openPage(context, origin)))
    await context.clearCookies({ name: cookie('access_token') })
    const answers = await Promise.all(
      [page, ...tabs].flatMap((tab) => [1, 2, 3].map(() => ask(tab, '/auth/refresh', { method: 'POST' }))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    for (const tab of [page, ...tabs]) expect((await ask(tab, '/auth/me')).status).toBe(200)
  })
})

describe.each([
  ['http://localhost', 'opaque'],
  ['https', 'jwt'],
] as const)('the account panel, over %s, strategy %s', (scheme, strategy) => {
  visit(scheme, strategy)

  it('changes the password: other browsers are out, this page goes on, and only the new one counts', async () => {
    const email = newEmail()
    await signUp(page, email)
    const other = await browser.newContext()
    const elsewhere = await openPage(other, page.url())
    await signIn(elsewhere, email)
    await elsewhere.getByTestId('user-email').waitFor()
    await page.getByRole('link', { name: 'Account' }).click()
    const submit = async (current: string, fresh: string): Promise<void> => {
      await page.getByLabel('Current password').fill(current)
      await page.getByLabel('New password').fill(fresh)
      await page.getByRole('button', { name: 'Change password' }).click()
    }
    await submit('wrong password', 'another long enough phrase')
    await page.getByText('That is not your password.').waitFor()
    await submit(PASSWORD, 'short')
    await page.getByLabel('New password').and(page.locator('[aria-invalid]')).waitFor()
    await submit(PASSWORD, 'another long enough phrase')
    await page.getByText('Changed.').waitFor()
    expect(await page.getByLabel('New password').inputValue()).toBe('')
    expect((await ask(elsewhere, '/api/tasks')).status).toBe(401)
    await other.close()
    await page.getByRole('link', { name: 'Tasks' }).click()
    await addTask(page, 'still here')
    await signOut(page)
    await signIn(page, email)
    await page.getByRole('alert').getByText('do not go together').waitFor()
    await signIn(page, email, 'another long enough phrase')
    await page.getByTestId('user-email').waitFor()
  })
})

describe.each(STRATEGIES)('a browser that is closed and opened again, strategy %s', (strategy) => {
  /** Minutes that a remembered session’s cookies last, to the nearest five: access tokens end a little early, at random. */
  const LASTS: Readonly<Partial<Record<CookieName, number>>> =
    strategy === 'jwt'
      ? {
          access_token: 10,
          refresh_token: 14 * 24 * 60,
          csrftoken: 14 * 24 * 60,
          auth_hint: 14 * 24 * 60,
        }
      : { session: 90 * 24 * 60, csrftoken: 90 * 24 * 60 }

  it('D6, C1: not remembered ends with the browser; remembered survives it, and ends by itself, over http and https', async () => {
    const folder = freshProfile()
    const emails = new Map(SCHEMES.map((scheme) => [scheme, newEmail()]))
    /** Both origins in one browser: their hosts, and so their cookies, are apart. */
    const open = async (act: (tab: Page, email: string, scheme: Scheme) => Promise<void>) => {
      const profile = await launchProfile(folder, { spki: certificate.spki })
      for (const [scheme, email] of emails) {
        const tab = await openPage(profile, demoOf(scheme, strategy).origin)
        await act(tab, email, scheme)
      }
      await profile.close()
    }

    await open(async (tab, email) => {
      await signUp(tab, email)
      const jar = await readJar(tab.context(), `${tab.url()}auth`)
      expect(Object.values(jar).map(({ expires }) => expires)).toEqual(COOKIES[strategy].map(() => -1))
    })
    await open(async (tab, email, scheme) => {
      await tab.getByLabel('Remember me on this device').check()
      await signIn(tab, email)
      await tab.getByTestId('user-email').waitFor()
      const jar = await readJar(tab.context(), `${new URL(tab.url()).origin}/auth`)
      const now = Date.now() / 1000
      const lasts = Object.entries(jar).map(([name, { expires }]) => [
        name,
        Math.round((expires - now) / 300) * 5,
      ])
      expect(Object.fromEntries(lasts)).toEqual(
        Object.fromEntries(COOKIES[strategy].map((name) => [fullName(scheme, name), LASTS[name]])),
      )
    })
    await open(async (tab, email) => {
      expect(await tab.getByTestId('user-email').textContent()).toContain(email)
    })
    rmSync(folder, { recursive: true })
  })
})
