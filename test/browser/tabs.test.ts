// In a real browser: do many tabs of one profile stay signed in together, through sleep, wrong clocks and lost answers?
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AxiosInstance } from 'axios'
import { build } from 'esbuild'
import type { Auth } from 'lockjar'
import type { Client } from 'lockjar/client'
import { toNodeListener } from 'lockjar/node'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { launchChromium } from '../support/chromium.ts'
import type { TestClock } from '../support/clock.ts'
import { createTestClock } from '../support/clock.ts'
import { createVisitors } from '../support/page.ts'

const HOUR = 3_600_000
/** A little longer than an access token lives. */
const ENDED = 601_000
const newEmail = createVisitors()

declare global {
  /** The page's clock is ahead of the machine's by so much, in milliseconds. */
  var ahead: number
  var auth: Client
  var api: AxiosInstance
  /** What the page was told, in order. */
  var states: string[]
}

let browser: Browser
let server: Server
let lockjar: Auth
let clock: TestClock
let origin: string
let script: string
/** Method, path and status of each answer; a status of 0 for one that never left. */
let served: string[]
/** What becomes of a refresh once the server has done it. */
let fate: 'answered' | 'lost' | 'held'
/** Lets those go that are held. */
let release: () => void = () => {}

beforeAll(async () => {
  browser = await launchChromium()
  const bundle = await build({
    stdin: {
      contents: `import axios from 'axios'
        import { attachAxios } from 'lockjar/axios'
        import { createClient } from 'lockjar/client'
        globalThis.auth = createClient()
        globalThis.api = axios.create()
        attachAxios(api, auth)
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
  server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  clock = createTestClock(Date.now())
  lockjar = (await createTestAuth({ baseURL: origin, clock })).auth
  const tasks = lockjar.protect(() => new Response('tasks'))
  const page = `<!doctype html><title>tab</title><script>${script}</script>`
  const listener = toNodeListener(lockjar, (request) =>
    new URL(request.url).pathname === '/tasks'
      ? tasks(request)
      : new Response(page, { headers: { 'content-type': 'text/html' } }),
  )
  server.on('request', (incoming, outgoing) => serve(incoming, outgoing, listener))
})
afterAll(async () => {
  await browser?.close()
  await lockjar?.close()
  server?.closeAllConnections()
  server?.close()
})

/** The server's clock is in its `Date`, as ever; here it is the test's. */
function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): void {
  outgoing.setHeader('date', new Date(clock.now()).toUTCString())
  const line = `${incoming.method} ${incoming.url}`
  outgoing.once('finish', () => served.push(`${line} ${outgoing.statusCode}`))
  if (incoming.url === '/auth/refresh' && fate !== 'answered') {
    const { writeHead } = outgoing
    outgoing.writeHead = ((...args: Parameters<typeof writeHead>) => {
      // The session has been renewed in the database; the browser never hears of it, or hears of it late.
      if (fate === 'lost') {
        fate = 'answered'
        served.push(`${line} 0`)
        outgoing.destroy()
        return outgoing
      }
      outgoing.cork()
      const before = release
      release = () => {
        before()
        outgoing.uncork()
      }
      return writeHead.apply(outgoing, args)
    }) as typeof writeHead
  }
  listener(incoming, outgoing)
}

let context: BrowserContext
beforeEach(async () => {
  served = []
  fate = 'answered'
  release = () => {}
  context = await browser.newContext()
  await context.addInitScript(() => {
    const { now } = Date
    globalThis.ahead ??= 0
    Date.now = () => now() + globalThis.ahead
  })
})
afterEach(async () => {
  release()
  await context.close()
})

const setAhead = (tab: Page, by: number): Promise<void> =>
  tab.evaluate((milliseconds) => {
    globalThis.ahead += milliseconds
  }, by)

/** For the server and for these tabs. */
const pass = async (milliseconds: number, tabs: readonly Page[]): Promise<void> => {
  clock.advance(milliseconds)
  for (const tab of tabs) await setAhead(tab, milliseconds)
}

async function openTabs(count: number): Promise<readonly [Page, ...Page[]]> {
  const tabs: Page[] = []
  for (let tab = 0; tab < count; tab++) {
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    await page.goto(origin)
    tabs.push(page)
  }
  const [first, ...others] = tabs
  if (!first) throw new Error('no tab')
  return [first, ...others]
}

/** Registers in one tab and asks in the others who is signed in. */
async function signUp([first, ...others]: readonly [Page, ...Page[]]): Promise<string> {
  const email = newEmail()
  const body = { email, password: PASSWORD, remember: true }
  await first.evaluate((body) => auth.register(body).then(() => {}), body)
  for (const tab of others) await tab.evaluate(() => auth.me().then(() => {}))
  return email
}

const callThrice = (tab: Page): Promise<number[]> =>
  tab.evaluate(() =>
    Promise.all(Array.from({ length: 3 }, () => auth.fetch('/tasks').then(({ status }) => status))),
  )
const statesOf = (tab: Page): Promise<string[]> => tab.evaluate(() => states)
const refreshes = (): readonly string[] => served.filter((line) => line.startsWith('POST /auth/refresh'))

describe('five tabs of one profile', () => {
  it('send fifteen requests after the access token has ended, and refresh once', async () => {
    const tabs = await openTabs(5)
    await signUp(tabs)
    // The pages' clocks stand still, so that they learn of it from the server only.
    clock.advance(ENDED)
    const statuses = await Promise.all(tabs.map(callThrice))
    expect(statuses.flat()).toEqual(Array.from({ length: 15 }, () => 200))
    expect(refreshes()).toEqual(['POST /auth/refresh 200'])
  })

  it('wake after a sleep of nine hours: one refreshes before anything is refused', async () => {
    const tabs = await openTabs(5)
    await signUp(tabs)
    served = []
    await pass(9 * HOUR, tabs)
    const statuses = await Promise.all(tabs.map(callThrice))
    expect(statuses.flat()).toEqual(Array.from({ length: 15 }, () => 200))
    expect(refreshes()).toEqual(['POST /auth/refresh 200'])
    expect(served.filter((line) => line.endsWith(' 401'))).toEqual([])
  })

  it('are all signed out by one, and all see who signs in then', async () => {
    const tabs = await openTabs(5)
    const email = await signUp(tabs)
    await tabs[0].evaluate(() => auth.logout())
    for (const tab of tabs)
      await tab.waitForFunction(() => states.at(-1) === 'signedOut', null, { timeout: 1000 })
    const other = newEmail()
    await tabs[4]?.evaluate((body) => auth.register(body).then(() => {}), {
      email: other,
      password: PASSWORD,
    })
    for (const tab of tabs)
      await tab.waitForFunction((last) => states.at(-1) === last, `signedIn ${other}`, { timeout: 1000 })
    const told = await statesOf(tabs[2] ?? tabs[0])
    expect(told.filter((state, at) => state !== told[at - 1])).toEqual([
      `signedIn ${email}`,
      'signedOut',
      `signedIn ${other}`,
    ])
  })
})

describe('a tab', () => {
  it('refreshes once for what Axios and fetch send together, and Axios hears of any other refusal', async () => {
    const [tab] = await openTabs(1)
    await signUp([tab])
    clock.advance(ENDED)
    const statuses = await tab.evaluate(() =>
      Promise.all([
        api.get('/tasks').then(({ status }) => status),
        auth.fetch('/tasks').then(({ status }) => status),
        api.post('/tasks', { title: 'tea' }).then(({ status }) => status),
        api.get('/auth/sessions/none').catch(({ response }) => response.status),
      ]),
    )
    expect(statuses).toEqual([200, 200, 200, 405])
    expect(refreshes()).toEqual(['POST /auth/refresh 200'])
    await tab.evaluate(() => auth.logout())
    expect(await tab.evaluate(() => api.get('/tasks').catch(({ response }) => response.data.code))).toBe(
      'unauthenticated',
    )
  })

  it('that is closed while it refreshes does not hold up the others', async () => {
    const tabs = await openTabs(2)
    await signUp(tabs)
    clock.advance(ENDED)
    fate = 'held'
    const [first, second] = tabs
    const held = first.waitForRequest('**/auth/refresh')
    void first.evaluate(() => auth.fetch('/tasks').catch(() => {})).catch(() => {})
    await held
    const answers = second?.evaluate(() => auth.fetch('/tasks').then(({ status }) => status))
    await second?.waitForFunction(() => navigator.locks.query().then(({ pending }) => pending?.length === 1))
    fate = 'answered'
    await first.close()
    expect(await answers).toBe(200)
  })

  it('that holds the lock for too long is waited for no more', async () => {
    const tabs = await openTabs(2)
    await signUp(tabs)
    const [first, second] = tabs
    await first.evaluate(() => {
      void navigator.locks.request('lockjar /auth', () => new Promise(() => {}))
    })
    clock.advance(ENDED)
    expect(await second?.evaluate(() => auth.fetch('/tasks').then(({ status }) => status))).toBe(200)
  })

  it('whose refresh was done but never answered tries again and stays signed in', async () => {
    const [tab] = await openTabs(1)
    const email = await signUp([tab])
    clock.advance(ENDED)
    fate = 'lost'
    expect(await callThrice(tab)).toEqual([200, 200, 200])
    expect(refreshes()).toEqual(['POST /auth/refresh 0', 'POST /auth/refresh 200'])
    expect(new Set(await statesOf(tab))).toEqual(new Set([`signedIn ${email}`]))
  })

  it('that signs out while another refreshes waits for it, and nobody is signed in again', async () => {
    const tabs = await openTabs(2)
    await signUp(tabs)
    clock.advance(ENDED)
    fate = 'held'
    const [first, second] = tabs
    const held = first.waitForRequest('**/auth/refresh')
    const answer = first.evaluate(() => auth.fetch('/tasks').then(({ status }) => status))
    await held
    const out = second?.evaluate(() => auth.logout())
    await second?.waitForFunction(() => navigator.locks.query().then(({ pending }) => pending?.length === 1))
    fate = 'answered'
    release()
    await Promise.all([answer, out])
    expect(served.filter((line) => /refresh|logout/.test(line))).toEqual([
      'POST /auth/refresh 200',
      'POST /auth/logout 204',
    ])
    expect((await context.cookies()).filter(({ name }) => name !== 'csrftoken')).toEqual([])
  })

  it.each([2, -2])('whose clock is %i hours off refreshes as often as any', async (hours) => {
    const [tab] = await openTabs(1)
    await setAhead(tab, hours * HOUR)
    await signUp([tab])
    for (let round = 0; round < 3; round++) {
      await pass(ENDED, [tab])
      served = []
      expect(await callThrice(tab)).toEqual([200, 200, 200])
      expect(await callThrice(tab)).toEqual([200, 200, 200])
      expect(refreshes()).toEqual(['POST /auth/refresh 200'])
      expect(served.filter((line) => line.endsWith(' 401'))).toEqual([])
    }
  })

  it('refreshes ahead of the end, and nobody waits for it', async () => {
    const [tab] = await openTabs(1)
    await signUp([tab])
    await pass(595_000, [tab])
    fate = 'held'
    expect(await callThrice(tab)).toEqual([200, 200, 200])
    fate = 'answered'
    release()
    await expect.poll(refreshes).toEqual(['POST /auth/refresh 200'])
  })

  it('whose page has its base elsewhere sends nothing of its own there', async () => {
    const [page] = await openTabs(1)
    const sent = await page.evaluate(async () => {
      const base = document.createElement('base')
      base.href = 'https://elsewhere.example/'
      document.head.append(base)
      const asked: unknown[] = []
      globalThis.fetch = async (input, init) => {
        asked.push([new Request(input).url, init?.credentials])
        return new Response(null, { status: 204 })
      }
      for (const path of ['/tasks', 'tasks', '//third.example/', new URL(location.href)])
        await auth.fetch(path)
      return asked
    })
    expect(sent).toEqual([
      ['https://elsewhere.example/tasks', undefined],
      ['https://elsewhere.example/tasks', undefined],
      ['https://third.example/', undefined],
      [expect.stringContaining(origin), 'include'],
    ])
  })

  it('that comes out of the back and forward cache asks who is signed in', async () => {
    const tabs = await openTabs(2)
    await signUp(tabs)
    const [first, second] = tabs
    await first.goto(`${origin}/other`)
    await second?.evaluate(() => auth.logout())
    await first.goBack()
    await first.evaluate(() => auth.me().then(() => {}))
    expect((await statesOf(first)).at(-1)).toBe('signedOut')
  })
})
