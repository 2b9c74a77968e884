// Is every row that the seed tutorials ask for true, in a real browser, over http and over https?
import { readFileSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTls } from 'node:https'
import { DatabaseSync } from 'node:sqlite'
import { decodeProtectedHeader } from 'jose'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { request as apiRequest } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { freshProfile, launchChromium, launchProfile } from '../support/chromium.ts'
import type { Demo, DemoOptions } from '../support/demo.ts'
import { freePort, startDemo } from '../support/demo.ts'

const HOST = 'app.lockjar.test'
/** Refusals are read from the page, so that cookies and the headers no script can set are the browser's own. */
interface Answer {
  readonly status: number
  readonly text: string
  readonly code: string | undefined
}

/** What can be handed to the page. */
interface PageRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly mode?: RequestMode
  readonly credentials?: RequestCredentials
}

let certificate: TestCertificate
let browser: Browser

beforeAll(async () => {
  certificate = await createCertificate([HOST, '*.lockjar.test', 'localhost'])
  browser = await launchChromium({ spki: certificate.spki })
})
afterAll(() => browser?.close())

/** What a script on the page gets for a request. */
function ask(page: Page, url: string, init: PageRequest = {}): Promise<Answer> {
  return page.evaluate(
    async ([to, options]) => {
      const response = await fetch(to, options)
      const text = await response.text()
      const code = text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined
      return { status: response.status, text, code }
    },
    [url, init] as const,
  )
}

async function signUp(page: Page, email: string, remember = false): Promise<void> {
  await page.getByRole('button', { name: 'I am new here' }).click()
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  if (remember) await page.getByLabel('Remember me on this device').check()
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByTestId('user-email').waitFor()
}

async function signIn(page: Page, identifier: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail or user name').fill(identifier)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function addTask(page: Page, title: string): Promise<void> {
  await page.getByLabel('New task').fill(title)
  await page.getByRole('button', { name: 'Add task' }).click()
  await page.getByTestId('task-list').getByText(title).waitFor()
}

let visitors = 0
const newEmail = (): string => `visitor${visitors++}@example.com`

const MODES: readonly (readonly [string, () => DemoOptions])[] = [
  ['http://localhost', () => ({})],
  ['https', () => ({ certificate, host: HOST })],
]

describe.each(MODES)('over %s', (mode, options) => {
  const secure = mode === 'https'
  const NAMES = secure
    ? {
        access: '__Host-Http-access_token',
        refresh: '__Secure-refresh_token',
        csrf: '__Host-csrftoken',
        hint: '__Host-auth_hint',
      }
    : { access: 'access_token', refresh: 'refresh_token', csrf: 'csrftoken', hint: 'auth_hint' }
  let demo: Demo
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    demo = await startDemo(options())
  })
  afterAll(() => demo?.stop())
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    page.setDefaultTimeout(15_000)
    await page.goto(demo.origin)
  })
  afterEach(() => context.close())

  const jar = async (): Promise<Record<string, { value: string; expires: number; attributes: string }>> =>
    Object.fromEntries(
      (await context.cookies()).map(
        ({ name, value, expires, path, domain, httpOnly, secure: locked, sameSite }) => [
          name,
          {
            value,
            expires,
            attributes: [path, domain, httpOnly && 'HttpOnly', locked && 'Secure', sameSite]
              .filter(Boolean)
              .join(' '),
          },
        ],
      ),
    )

  it('A1, D1, B6, A6: registration sets HttpOnly cookies with nothing configured; the body holds the user only', async () => {
    const email = newEmail()
    const answered = page.waitForResponse((response) => response.url().endsWith('/auth/register'))
    await signUp(page, email)
    const body = await (await answered).text()
    const cookies = await jar()
    const host = secure ? HOST : 'localhost'
    const locked = secure ? ' Secure' : ''
    expect(
      Object.fromEntries(Object.entries(cookies).map(([name, { attributes }]) => [name, attributes])),
    ).toEqual({
      [NAMES.access]: `/ ${host} HttpOnly${locked} Lax`,
      [NAMES.refresh]: `/auth ${host} HttpOnly${locked} Strict`,
      [NAMES.csrf]: `/ ${host}${locked} Lax`,
      [NAMES.hint]: `/ ${host}${locked} Lax`,
    })
    expect(JSON.parse(body)).toMatchObject({ user: { email } })
    for (const name of [NAMES.access, NAMES.refresh]) expect(body).not.toContain(cookies[name]?.value)
  })

  it('A2, B11: signs in with e-mail or user name; wrong password and unknown user are told the same', async () => {
    const email = newEmail()
    await signUp(page, email)
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await signIn(page, email, 'wrong password')
    const first = await page.getByRole('alert').textContent()
    await signIn(page, 'nobody@example.com', 'wrong password')
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await page.getByRole('alert').textContent()).toBe(first)
    await signIn(page, email)
    expect(await page.getByTestId('user-email').textContent()).toContain(email)
  })

  it('A3, B9: an API client uses the header, and a header that is no good is not helped by good cookies', async () => {
    await signUp(page, newEmail())
    const client = await apiRequest.newContext({
      ignoreHTTPSErrors: true,
      baseURL: secure ? demo.origin.replace(HOST, 'localhost') : demo.origin,
    })
    const headers = { 'lockjar-tokens': 'body', host: new URL(demo.origin).host }
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
    const answer = await ask(page, '/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'lockjar-tokens': 'body' },
      body: '{}',
    })
    expect(answer.text).not.toMatch(/accessToken|eyJ/)
  })

  it('A4, C6: sign-out clears the cookies and ends the session: a copy of them is worth nothing', async () => {
    await signUp(page, newEmail())
    const copied = await context.cookies()
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await jar()).toEqual({})
    const thief = await browser.newContext()
    await thief.addCookies(copied)
    const stolen = await thief.newPage()
    await stolen.goto(demo.origin)
    await stolen.getByRole('button', { name: 'Sign in' }).waitFor()
    expect((await ask(stolen, '/auth/me')).code).toBe('session_revoked')
    expect((await ask(stolen, '/auth/refresh', { method: 'POST' })).code).toBe('session_revoked')
    await thief.close()
  })

  it('A4: sessions are listed and ended one by one, or all at once, from another browser', async () => {
    const email = newEmail()
    await signUp(page, email)
    const others = await Promise.all([browser.newContext(), browser.newContext()])
    const [one, two] = (await Promise.all(others.map((other) => other.newPage()))) as [Page, Page]
    for (const other of [one, two]) {
      await other.goto(demo.origin)
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

  it('A7: the page goes on working when its access token has ended, with one refresh and no token in its hands', async () => {
    await signUp(page, newEmail())
    await addTask(page, 'before')
    await context.clearCookies({ name: NAMES.access })
    const requests: string[] = []
    page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`))
    await addTask(page, 'after')
    expect(requests.filter((line) => line === 'POST /auth/refresh')).toHaveLength(1)
    expect((await jar())[NAMES.access]?.value).toBeTruthy()
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
    const loot = await page.evaluate(() =>
      (
        window as unknown as { lockjarDemoAttack: () => Promise<{ sink: string; found: string }[]> }
      ).lockjarDemoAttack(),
    )
    expect(loot.length).toBeGreaterThanOrEqual(18)
    const text = JSON.stringify(loot)
    const minted = [...before, ...(await context.cookies())].filter(({ httpOnly }) => httpOnly)
    expect(minted.length).toBeGreaterThanOrEqual(4)
    for (const { value } of minted) expect(text).not.toContain(value.slice(0, Math.floor(value.length / 2)))
    expect(loot.find(({ sink }) => sink === 'document.cookie')?.found).toContain('auth_hint')
  })

  it('B1, C3: refresh reads its cookie, rotates it, sets new cookies and answers no token; without it, it is refused', async () => {
    await signUp(page, newEmail())
    const before = (await jar())[NAMES.refresh]?.value
    const answer = await ask(page, '/auth/refresh', { method: 'POST' })
    const after = (await jar())[NAMES.refresh]?.value
    expect([answer.status, Object.keys(JSON.parse(answer.text) as object)]).toEqual([200, ['session']])
    expect(after).not.toBe(before)
    expect(answer.text).not.toContain(after)
    await context.clearCookies({ name: NAMES.refresh })
    expect((await ask(page, '/auth/refresh', { method: 'POST' })).code).toBe('unauthenticated')
  })

  it('B2: access tokens are signed with HS256, typed, and name their key', async () => {
    await signUp(page, newEmail())
    const token = (await jar())[NAMES.access]?.value ?? ''
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'HS256',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^[\w-]{8}$/),
    })
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >
    expect(payload).toMatchObject({ iss: demo.origin, aud: demo.origin })
    expect(Number(payload['exp']) - Number(payload['iat'])).toBe(600)
  })

  it('B5: a disabled account is told so after the right password, and only then', async () => {
    const email = newEmail()
    await signUp(page, email)
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    const database = new DatabaseSync(demo.file, { timeout: 5000 })
    database.prepare('UPDATE lockjar_users SET disabled_at = 1 WHERE email_key = ?').run(email)
    database.close()
    await signIn(page, email, 'wrong password')
    await page.getByRole('alert').getByText('do not go together').waitFor()
    await signIn(page, email)
    await page.getByRole('alert').getByText('disabled').waitFor()
    expect(await jar()).toEqual({})
  })

  it('B8: a form on another site can neither sign out nor act, and a CSRF token is issued at sign-in', async () => {
    await signUp(page, newEmail())
    expect((await jar())[NAMES.csrf]?.value).toMatch(/^[\w-]{22}\.[\w-]{8}\.[\w-]{43}$/)
    const evil = createServer((_incoming, outgoing) => {
      outgoing.setHeader('content-type', 'text/html')
      outgoing.end(`<form method="post" action="${demo.origin}/auth/logout"><button>win</button></form>`)
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
      `${demo.origin}/api/tasks`,
    )
    // Refused before it is read, and its answer kept from the other site (Cross-Origin-Resource-Policy).
    expect(answered).toContain('Failed to fetch')
    expect((await ask(page, '/auth/me')).status).toBe(200)
    expect((await ask(page, '/api/tasks')).text).toBe('{"tasks":[]}')
    evil.close()
    evil.closeAllConnections()
  })

  it('C1: the refresh cookie is sent to the auth path only', async () => {
    await signUp(page, newEmail())
    const sent = async (path: string): Promise<string> => {
      const [request] = await Promise.all([
        page.waitForRequest((each) => each.url().endsWith(path)),
        ask(page, path),
      ])
      return (await request.allHeaders())['cookie'] ?? ''
    }
    expect(await sent('/api/tasks')).not.toContain(NAMES.refresh)
    expect(await sent('/api/tasks')).toContain(NAMES.access)
    expect(await sent('/auth/me')).toContain(NAMES.refresh)
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
    const stranger = await other.newPage()
    await stranger.goto(demo.origin)
    await signUp(stranger, newEmail())
    expect((await ask(stranger, '/api/tasks')).text).toBe('{"tasks":[]}')
    await other.close()
  })

  it('D6, C1: not remembered ends with the browser; remembered survives it, and ends by itself', async () => {
    const folder = freshProfile()
    const open = async () => {
      const profile = await launchProfile(folder, { spki: certificate.spki })
      const tab = await profile.newPage()
      tab.setDefaultTimeout(15_000)
      await tab.goto(demo.origin)
      return { profile, tab }
    }
    const email = newEmail()
    const first = await open()
    await signUp(first.tab, email)
    expect((await first.profile.cookies()).map(({ expires }) => expires)).toEqual([-1, -1, -1, -1])
    await first.profile.close()

    const second = await open()
    await second.tab.getByLabel('Remember me on this device').check()
    await signIn(second.tab, email)
    await second.tab.getByTestId('user-email').waitFor()
    const now = Date.now() / 1000
    const lasts = Object.fromEntries(
      (await second.profile.cookies()).map(({ name, expires }) => [name, Math.round((expires - now) / 60)]),
    )
    const days = 14 * 24 * 60
    expect(lasts).toEqual({
      [NAMES.access]: 10,
      [NAMES.refresh]: days,
      [NAMES.csrf]: days,
      [NAMES.hint]: days,
    })
    await second.profile.close()

    const third = await open()
    expect(await third.tab.getByTestId('user-email').textContent()).toContain(email)
    await third.profile.close()
    rmSync(folder, { recursive: true })
  })

  it('five tabs whose access token has ended all go on', async () => {
    await signUp(page, newEmail())
    const tabs = await Promise.all(Array.from({ length: 4 }, () => context.newPage()))
    for (const tab of tabs) await tab.goto(demo.origin)
    await context.clearCookies({ name: NAMES.access })
    const answers = await Promise.all(
      [page, ...tabs].flatMap((tab) => [1, 2, 3].map(() => ask(tab, '/auth/refresh', { method: 'POST' }))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    for (const tab of [page, ...tabs]) expect((await ask(tab, '/auth/me')).status).toBe(200)
  })
})

describe('as configured by the environment', () => {
  it.each(MODES)('A6, B6: names, lifetimes and paths of cookies, over %s', async (mode, options) => {
    const env = {
      LOCKJAR_COOKIE_ACCESS_NAME: 'a',
      LOCKJAR_COOKIE_REFRESH_NAME: 'r',
      LOCKJAR_COOKIE_REFRESH_PATH: '/',
      LOCKJAR_COOKIE_SAMESITE: 'strict',
      LOCKJAR_BASE_PATH: '/account',
      LOCKJAR_ACCESS_LIFETIME: '2m',
    }
    const demo = await startDemo({ ...options(), env })
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(demo.origin)
    const body = JSON.stringify({ email: newEmail(), password: PASSWORD, remember: true })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    expect((await ask(page, '/account/register', init)).status).toBe(201)
    const cookies = await context.cookies()
    const [host, own] = mode === 'https' ? ['__Host-', '__Host-Http-'] : ['', '']
    expect(cookies.map(({ name, path, sameSite }) => `${name} ${path} ${sameSite}`).sort()).toEqual(
      [
        `${own}a / Strict`,
        `${host}auth_hint / Strict`,
        `${host}csrftoken / Strict`,
        `${own}r / Strict`,
      ].sort(),
    )
    const access = cookies.find(({ name }) => name === `${own}a`)
    expect(Math.round(((access?.expires ?? 0) - Date.now() / 1000) / 60)).toBe(2)
    expect((await ask(page, '/account/refresh', { method: 'POST' })).status).toBe(200)
    await context.close()
    await demo.stop()
  })

  it.each([
    [
      { LOCKJAR_COOKEI_DOMAIN: 'x' },
      /^lockjar: unknown variable LOCKJAR_COOKEI_DOMAIN; did you mean LOCKJAR_COOKIE_DOMAIN\?$/,
    ],
    [{ LOCKJAR_BASE_URL: 'http://app.example.com' }, /plain http/],
    [{ LOCKJAR_ACCESS_LIFETIME: '10' }, /accessToken\.lifetime.*write a whole number and a unit/],
    [{ PORT: 'x' }, /PORT/],
    [{ LOCKJAR_COOKIE_DOMAIN: 'co.uk' }, /cookies\.domain/],
  ])('A6: %j stops the start with one clear line', async (env, line) => {
    const ended = await startDemo({ env: env as unknown as Record<string, string> }).catch(
      (error: Error) => error,
    )
    if (!(ended instanceof Error)) throw new Error('it started')
    const lines = ended.message.replace('the demo ended: ', '').split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(line)
  })

  it.each(MODES)(
    'B7: a front end on a trusted origin works with credentials, any other reads nothing, over %s',
    async (mode, options) => {
      const secure = mode === 'https'
      const blank: RequestListener = (_incoming, outgoing) => {
        outgoing.setHeader('content-type', 'text/html')
        outgoing.end('<title>front</title>')
      }
      const tls = () => ({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) })
      const open = async (name: string) => {
        const port = await freePort()
        const server = secure ? createTls(tls(), blank) : createServer(blank)
        await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
        return {
          server,
          origin: secure ? `https://${name}.lockjar.test:${port}` : `http://localhost:${port}`,
        }
      }
      const [front, other] = [await open('front'), await open('other')]
      const demo = await startDemo({ ...options(), env: { LOCKJAR_TRUSTED_ORIGINS: front.origin } })
      const context = await browser.newContext()
      const page = await context.newPage()
      const call = (path: string, init: PageRequest = {}) =>
        ask(page, demo.origin + path, { credentials: 'include', ...init }).catch(
          (error: Error) => error.message,
        )
      const json = { method: 'POST', headers: { 'content-type': 'application/json' } }

      await page.goto(front.origin)
      const user = JSON.stringify({ email: newEmail(), password: PASSWORD })
      expect(await call('/auth/register', { ...json, body: user })).toMatchObject({ status: 201 })
      expect(await call('/auth/me')).toMatchObject({ status: 200 })
      expect(await call('/api/tasks', { ...json, body: '{"title":"from afar"}' })).toMatchObject({
        status: 201,
      })
      expect(await call('/auth/refresh', { method: 'POST' })).toMatchObject({ status: 200 })

      await page.goto(other.origin)
      expect(await call('/auth/me')).toContain('Failed to fetch')
      expect(await call('/api/tasks', { ...json, body: '{"title":"evil"}' })).toContain('Failed to fetch')
      expect(await call('/auth/logout', { method: 'POST', mode: 'no-cors' })).toContain('Failed to fetch')
      await page.goto(front.origin)
      expect(await call('/api/tasks')).toMatchObject({
        status: 200,
        text: expect.not.stringContaining('evil'),
      })
      await context.close()
      await demo.stop()
      for (const { server } of [front, other]) {
        server.close()
        server.closeAllConnections()
      }
    },
  )

  it('a page whose server cannot be reached says so, and asks again; nobody is signed out by it', async () => {
    const demo = await startDemo()
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(demo.origin)
    await signUp(page, newEmail())
    await page.route('**/auth/me', (route) => route.abort())
    await page.reload()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await page.unroute('**/auth/me')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByTestId('user-email').waitFor()
    await context.close()
    await demo.stop()
  })

  it('C2: cookies may be shared with sub-domains; a sibling then is signed in, and still not trusted to act', async () => {
    const demo = await startDemo({ certificate, host: HOST, env: { LOCKJAR_COOKIE_DOMAIN: 'lockjar.test' } })
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(demo.origin)
    await signUp(page, newEmail())
    const cookies = await context.cookies(`https://api.lockjar.test/auth`)
    expect(cookies.map(({ name, domain }) => `${name} ${domain}`).sort()).toEqual([
      '__Secure-access_token .lockjar.test',
      '__Secure-auth_hint .lockjar.test',
      '__Secure-csrftoken .lockjar.test',
      '__Secure-refresh_token .lockjar.test',
    ])
    await page.reload()
    await page.getByTestId('user-email').waitFor()
    await context.close()
    await demo.stop()
  })

  it('without a domain a sibling sub-domain can plant nothing that counts', async () => {
    const demo = await startDemo({ certificate, host: HOST })
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(demo.origin)
    await signUp(page, newEmail())
    const sibling = [
      '__Host-Http-access_token=evil; Domain=lockjar.test; Path=/; Secure; HttpOnly',
      '\u00a0__Host-Http-access_token=evil; Domain=lockjar.test; Path=/; Secure',
      'access_token=evil; Domain=lockjar.test; Path=/; Secure',
      '__Secure-refresh_token=evil; Domain=lockjar.test; Path=/auth; Secure; HttpOnly',
    ]
    const evilPort = await freePort()
    const evil = createTls(
      { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) },
      (_incoming, outgoing) => {
        outgoing.setHeader(
          'set-cookie',
          sibling.map((line) => Buffer.from(line, 'utf8').toString('latin1')),
        )
        outgoing.end('planted')
      },
    )
    await new Promise<void>((resolve) => evil.listen(evilPort, '127.0.0.1', resolve))
    const other = await context.newPage()
    await other.goto(`https://evil.lockjar.test:${evilPort}/`)
    expect((await context.cookies(`https://${HOST}/auth`)).some(({ value }) => value === 'evil')).toBe(true)
    expect((await ask(page, '/auth/me')).status).toBe(200)
    expect((await ask(page, '/auth/refresh', { method: 'POST' })).status).toBe(200)
    evil.close()
    evil.closeAllConnections()
    await context.close()
    await demo.stop()
  })

  it('B12: opened at 127.0.0.1 instead of localhost, it says where to go', async () => {
    const demo = await startDemo()
    const page = await browser.newPage()
    const answer = await page.goto(demo.origin.replace('localhost', '127.0.0.1'))
    expect(answer?.status()).toBe(421)
    expect(await page.getByRole('link').getAttribute('href')).toContain(demo.origin)
    await page.close()
    await demo.stop()
  })
})
