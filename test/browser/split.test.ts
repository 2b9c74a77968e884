// In a real browser: does the client do the same where the front end and the API are two origins of one site?
import { readFileSync } from 'node:fs'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Auth } from 'lockjar'
import type { Client } from 'lockjar/client'
import { toNodeListener } from 'lockjar/node'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { launchChromium } from '../support/chromium.ts'
import type { TestClock } from '../support/clock.ts'
import { createTestClock } from '../support/clock.ts'
import { createVisitors } from '../support/page.ts'

declare global {
  var auth: Client
  var apiOrigin: string
  var states: string[]
}

/** A little longer than an access token lives. */
const ENDED = 601_000
const HOSTS = ['front.lockjar.test', 'api.lockjar.test', 'other.lockjar.test'] as const
const newEmail = createVisitors()

let browser: Browser
let certificate: TestCertificate
let script: string

beforeAll(async () => {
  certificate = await createCertificate(HOSTS)
  browser = await launchChromium({ spki: certificate.spki })
  const bundle = await build({
    stdin: {
      contents: `import { createClient } from 'lockjar/client'
        globalThis.auth = createClient({ baseURL: apiOrigin })
        globalThis.states = []
        auth.onChange(({ status, user }) => states.push(status + (user ? ' ' + user.email : '')))`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: 'iife',
    write: false,
    conditions: ['lockjar-source'],
  })
  script = bundle.outputFiles[0]?.text ?? ''
})
afterAll(() => browser?.close())

describe.each([
  ['localhost with two ports', 'http', ['localhost', 'localhost', 'localhost']],
  ['two sub-domains over https', 'https', HOSTS],
] as const)('a front end and an API on %s', (_, scheme, [frontHost, apiHost, otherHost]) => {
  const servers: Server[] = []
  let front: string
  let other: string
  let api: string
  let lockjar: Auth
  let clock: TestClock
  let served: string[] = []

  const open = async (host: string, listener: RequestListener): Promise<string> => {
    const tls = () => ({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) })
    const server = scheme === 'https' ? createTlsServer(tls(), listener) : createServer(listener)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `${scheme}://${host}:${(server.address() as AddressInfo).port}`
  }
  const page: RequestListener = (_incoming, outgoing) => {
    outgoing.setHeader('content-type', 'text/html')
    outgoing.end(
      `<!doctype html><title>front</title><script>globalThis.apiOrigin = ${JSON.stringify(api)};${script}</script>`,
    )
  }

  beforeAll(async () => {
    let listener: RequestListener = () => {}
    clock = createTestClock(Date.now())
    front = await open(frontHost, page)
    other = await open(otherHost, page)
    api = await open(apiHost, (incoming, outgoing) => {
      outgoing.setHeader('date', new Date(clock.now()).toUTCString())
      const line = `${incoming.method} ${incoming.url}`
      outgoing.once('finish', () => served.push(`${line} ${outgoing.statusCode}`))
      listener(incoming, outgoing)
    })
    lockjar = (await createTestAuth({ baseURL: api, trustedOrigins: [front], clock })).auth
    listener = toNodeListener(
      lockjar,
      lockjar.protect((request) => new Response(`${request.method} tasks`)),
    )
  })
  afterAll(async () => {
    await lockjar?.close()
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  let context: BrowserContext
  beforeEach(async () => {
    served = []
    context = await browser.newContext()
  })
  afterEach(() => context.close())

  const openTab = async (origin: string): Promise<Page> => {
    const tab = await context.newPage()
    tab.setDefaultTimeout(15_000)
    await tab.goto(origin)
    return tab
  }
  const register = async (tab: Page): Promise<void> => {
    const body = { email: newEmail(), password: PASSWORD, remember: true }
    await tab.evaluate((body) => auth.register(body).then(() => {}), body)
  }
  const call = (tab: Page, method = 'GET'): Promise<string> =>
    tab.evaluate(
      (method) =>
        auth.fetch(`${apiOrigin}/tasks`, { method }).then(
          (answer) => answer.text(),
          (error: Error) => error.message,
        ),
      method,
    )

  it('signs in, reads and writes; the page sees no credential', async () => {
    const tab = await openTab(front)
    await register(tab)
    expect([await call(tab), await call(tab, 'POST')]).toEqual(['GET tasks', 'POST tasks'])
    const cookies = await context.cookies(`${api}/auth`)
    const credentials = cookies.filter(({ name }) => /token$/.test(name) && !/csrf/.test(name))
    expect(credentials).toHaveLength(2)
    for (const { value, httpOnly, domain } of credentials) {
      expect({ httpOnly, domain }).toEqual({ httpOnly: true, domain: apiHost })
      expect(await tab.evaluate(() => document.cookie)).not.toContain(value)
    }
  })

  it('refreshes once for five tabs whose access token has ended', async () => {
    const tabs = await Promise.all(Array.from({ length: 5 }, () => openTab(front)))
    const [first] = tabs
    if (!first) throw new Error('no tab')
    await register(first)
    for (const tab of tabs) await tab.evaluate(() => auth.me().then(() => {}))
    served = []
    clock.advance(ENDED)
    const answers = await Promise.all(tabs.flatMap((tab) => [call(tab), call(tab, 'POST'), call(tab)]))
    expect(new Set(answers)).toEqual(new Set(['GET tasks', 'POST tasks']))
    expect(served.filter((line) => line.startsWith('POST /auth/refresh'))).toEqual(['POST /auth/refresh 200'])
    await first.evaluate(() => auth.logout())
    for (const tab of tabs)
      await tab.waitForFunction(() => states.at(-1) === 'signedOut', null, { timeout: 1000 })
    expect(await call(first)).toContain('"unauthenticated"')
  })

  it('does nothing for a page of the same site that is not trusted', async () => {
    await register(await openTab(front))
    const tab = await openTab(other)
    expect([await call(tab), await call(tab, 'POST')]).toEqual(['Failed to fetch', 'Failed to fetch'])
    expect(await tab.evaluate(() => auth.me().catch(({ name }: Error) => name))).toBe('TypeError')
    expect(served.filter((line) => line.startsWith('POST /tasks'))).toEqual(['POST /tasks 403'])
  })
})
