// Does the demo do what its environment says, and does a browser then do what the seed tutorials ask for?
import { readFileSync } from 'node:fs'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { launchChromium } from '../support/chromium.ts'
import type { Demo } from '../support/demo.ts'
import { freePort, startDemo } from '../support/demo.ts'
import type { PageRequest } from '../support/page.ts'
import { ask, createVisitors, openPage, signUp } from '../support/page.ts'

const HOST = 'app.lockjar.test'
const newEmail = createVisitors()

let certificate: TestCertificate
let browser: Browser

beforeAll(async () => {
  certificate = await createCertificate([HOST, '*.lockjar.test', 'localhost'])
  browser = await launchChromium({ spki: certificate.spki })
})
afterAll(() => browser?.close())

const STRATEGIES = ['jwt', 'opaque'] as const
const BOTH = (['http://localhost', 'https'] as const).flatMap((scheme) =>
  STRATEGIES.map((strategy) => [scheme, strategy] as const),
)

describe.each(BOTH)('as configured by the environment, over %s, strategy %s', (scheme, strategy) => {
  const secure = scheme === 'https'
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const opened: Server[] = []
  let demo: Demo
  let context: BrowserContext
  let page: Page

  /** An empty page at an origin of its own. */
  async function openOrigin(name: string): Promise<string> {
    const blank: RequestListener = (_incoming, outgoing) => {
      outgoing.setHeader('content-type', 'text/html')
      outgoing.end('<title>front</title>')
    }
    const tls = () => ({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) })
    const port = await freePort()
    const server = secure ? createTls(tls(), blank) : createServer(blank)
    opened.push(server)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return secure ? `https://${name}.lockjar.test:${port}` : `http://localhost:${port}`
  }

  let front: string
  beforeAll(async () => {
    front = await openOrigin('front')
    demo = await startDemo({
      ...(secure && { certificate, host: HOST }),
      env: {
        LOCKJAR_STRATEGY: strategy,
        LOCKJAR_COOKIE_ACCESS_NAME: 'a',
        LOCKJAR_COOKIE_REFRESH_NAME: 'r',
        LOCKJAR_COOKIE_SESSION_NAME: 's',
        LOCKJAR_COOKIE_REFRESH_PATH: '/',
        LOCKJAR_COOKIE_SAMESITE: 'strict',
        LOCKJAR_BASE_PATH: '/account',
        LOCKJAR_ACCESS_LIFETIME: '2m',
        LOCKJAR_TRUSTED_ORIGINS: front,
      },
    })
    context = await browser.newContext()
    page = await openPage(context, demo.origin)
  })
  afterAll(async () => {
    await context.close()
    await demo.stop()
    for (const server of opened) {
      server.close()
      server.closeAllConnections()
    }
  })

  it('A6, B6: names, lifetimes and paths of cookies', async () => {
    const body = JSON.stringify({ email: newEmail(), password: PASSWORD, remember: true })
    expect((await ask(page, '/account/register', { ...json, body })).status).toBe(201)
    const cookies = await context.cookies()
    const [host, own] = secure ? ['__Host-', '__Host-Http-'] : ['', '']
    const names =
      strategy === 'jwt'
        ? [`${own}a`, `${own}r`, `${host}csrftoken`, `${host}auth_hint`]
        : [`${own}s`, `${host}csrftoken`]
    expect(cookies.map(({ name, path, sameSite }) => `${name} ${path} ${sameSite}`).sort()).toEqual(
      names.map((name) => `${name} / Strict`).sort(),
    )
    const [credential] = cookies.filter(({ name }) => name === names[0])
    const minutes = ((credential?.expires ?? 0) - Date.now() / 1000) / 60
    expect(Math.round(minutes)).toBe(strategy === 'jwt' ? 2 : 90 * 24 * 60)
    expect((await ask(page, '/account/refresh', { method: 'POST' })).status).toBe(200)
  })

  it('B7: a front end on a trusted origin works with credentials, any other reads nothing', async () => {
    const call = (path: string, init: PageRequest = {}) =>
      ask(page, demo.origin + path, { credentials: 'include', ...init }).catch(
        (error: Error) => error.message,
      )
    await page.goto(front)
    const user = JSON.stringify({ email: newEmail(), password: PASSWORD })
    expect(await call('/account/register', { ...json, body: user })).toMatchObject({ status: 201 })
    expect(await call('/account/me')).toMatchObject({ status: 200 })
    const task = { ...json, body: '{"title":"from afar"}' }
    expect(await call('/api/tasks', task)).toMatchObject({ status: 201 })
    expect(await call('/account/refresh', { method: 'POST' })).toMatchObject({ status: 200 })

    await page.goto(await openOrigin('other'))
    expect(await call('/account/me')).toContain('Failed to fetch')
    expect(await call('/api/tasks', { ...json, body: '{"title":"evil"}' })).toContain('Failed to fetch')
    expect(await call('/account/logout', { method: 'POST', mode: 'no-cors' })).toContain('Failed to fetch')
    await page.goto(front)
    expect(await call('/api/tasks')).toMatchObject({
      status: 200,
      text: expect.not.stringContaining('evil'),
    })
  })
})

describe('a start', () => {
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
})

describe('with nothing configured', () => {
  let demo: Demo
  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(() => demo?.stop())

  it('a page whose server cannot be reached says so, and asks again; nobody is signed out by it', async () => {
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
  })

  it('B12: opened at 127.0.0.1 instead of localhost, it says where to go', async () => {
    const page = await browser.newPage()
    const answer = await page.goto(demo.origin.replace('localhost', '127.0.0.1'))
    expect(answer?.status()).toBe(421)
    expect(await page.getByRole('link').getAttribute('href')).toContain(demo.origin)
    await page.close()
  })
})

describe.each(STRATEGIES)('beside a sibling sub-domain, strategy %s', (strategy) => {
  const credential = strategy === 'jwt' ? 'access_token' : 'session'

  it('C2: cookies may be shared with sub-domains; a sibling then is signed in, and still not trusted to act', async () => {
    const env = { LOCKJAR_STRATEGY: strategy, LOCKJAR_COOKIE_DOMAIN: 'lockjar.test' }
    const demo = await startDemo({ certificate, host: HOST, env })
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(demo.origin)
    await signUp(page, newEmail())
    const cookies = await context.cookies(`https://api.lockjar.test/auth`)
    const names = {
      jwt: ['access_token', 'auth_hint', 'csrftoken', 'refresh_token'],
      opaque: ['csrftoken', 'session'],
    }
    expect(cookies.map(({ name, domain }) => `${name} ${domain}`).sort()).toEqual(
      names[strategy].map((name) => `__Secure-${name} .lockjar.test`),
    )
    await page.reload()
    await page.getByTestId('user-email').waitFor()
    await context.close()
    await demo.stop()
  })

  it('without a domain a sibling sub-domain can plant nothing that counts', async () => {
    const demo = await startDemo({ certificate, host: HOST, env: { LOCKJAR_STRATEGY: strategy } })
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(demo.origin)
    await signUp(page, newEmail())
    const sibling = [
      `__Host-Http-${credential}=evil; Domain=lockjar.test; Path=/; Secure; HttpOnly`,
      `\u00a0__Host-Http-${credential}=evil; Domain=lockjar.test; Path=/; Secure`,
      `${credential}=evil; Domain=lockjar.test; Path=/; Secure`,
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
})
