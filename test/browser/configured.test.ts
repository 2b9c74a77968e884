// Does the demo do what its environment says, and does a browser then do what the seed tutorials ask for?
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { launchChromium } from '../support/chromium.ts'
import type { DemoOptions } from '../support/demo.ts'
import { freePort, startDemo } from '../support/demo.ts'
import type { PageRequest } from '../support/page.ts'
import { ask, createVisitors, signUp } from '../support/page.ts'

const HOST = 'app.lockjar.test'
const newEmail = createVisitors()

let certificate: TestCertificate
let browser: Browser

beforeAll(async () => {
  certificate = await createCertificate([HOST, '*.lockjar.test', 'localhost'])
  browser = await launchChromium({ spki: certificate.spki })
})
afterAll(() => browser?.close())

const MODES: readonly (readonly [string, () => DemoOptions])[] = [
  ['http://localhost', () => ({})],
  ['https', () => ({ certificate, host: HOST })],
]

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
