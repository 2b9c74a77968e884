// Does the test kit's browser do as the real Chromium does: what it keeps, what it sends, and what it says of a request?
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { toNodeListener } from 'lockjar/node'
import type { Browser as KitBrowser } from 'lockjar/testing'
import { createBrowser } from 'lockjar/testing'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createCertificate } from '../support/certificate.ts'
import { launchChromium } from '../support/chromium.ts'

/** What is compared of a request, in the order it was received. */
const SEEN = ['cookie', 'origin', 'referer', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'] as const
type Seen = Readonly<Record<string, string>>

interface Rig {
  /** `Set-Cookie` lines of the answers to come. */
  lines: readonly string[]
  /** Further headers of the answers to come. */
  headers: Readonly<Record<string, string>>
  readonly seen: Seen[]
}

const rigs = { chromium: createRig(), kit: createRig() }
let rig: Rig = rigs.chromium

function createRig(): Rig {
  return { lines: [], headers: {}, seen: [] }
}

/** `/to?status=307&at=URL` redirects; everything else is a page that says nothing. */
function handler(request: Request): Response {
  const url = new URL(request.url)
  if (url.pathname === '/favicon.ico') return new Response(null, { status: 404 })
  const headers = new Headers({ 'content-type': 'text/html', ...rig.headers })
  const received = [...SEEN.map((name): [string, string | null] => [name, request.headers.get(name)])]
  const found = received.filter(([, value]) => value !== null) as [string, string][]
  rig.seen.push({ request: `${request.method} ${url.pathname}`, ...Object.fromEntries(found) })
  for (const line of rig.lines) headers.append('set-cookie', line)
  const to = url.searchParams.get('at')
  if (to === null) return new Response('<!doctype html><title>page</title>', { headers })
  headers.set('location', to)
  return new Response(null, { status: Number(url.searchParams.get('status') ?? 302), headers })
}

let browser: Browser
let context: BrowserContext
let page: Page
let cdp: CDPSession
const servers: { close(): unknown; closeAllConnections(): void }[] = []
const ports = { http: 0, https: 0, other: 0 }

beforeAll(async () => {
  const certificate = await createCertificate(['site-a.test', '*.site-a.test', '*.site-b.test', 'localhost'])
  const listener = toNodeListener(
    {
      handler: async (request) => handler(request),
      owns: () => true,
      config: { origin: 'http://unused.test' },
    },
    () => new Response(),
  )
  const tls = { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }
  const listen = async (server: ReturnType<typeof createServer>): Promise<number> => {
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }
  ports.http = await listen(createServer(forAnyHost(listener, 'http')))
  ports.other = await listen(createServer(forAnyHost(listener, 'http')))
  ports.https = await listen(
    createSecureServer(tls, forAnyHost(listener, 'https')) as ReturnType<typeof createServer>,
  )
  browser = await launchChromium({ spki: certificate.spki })
  context = await browser.newContext()
  page = await context.newPage()
  cdp = await context.newCDPSession(page)
})
afterAll(async () => {
  await browser?.close()
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
})

/** The handler sees the address as the browser wrote it. */
function forAnyHost(
  listener: ReturnType<typeof toNodeListener>,
  scheme: string,
): ReturnType<typeof toNodeListener> {
  return (incoming, outgoing) => {
    incoming.url = `${scheme}://${incoming.headers.host}${incoming.url}`
    listener(incoming, outgoing)
  }
}

beforeEach(() => context.clearCookies())

/** `https://app.site-a.test/x` with the port that it has today. */
function at(address: string): string {
  const url = new URL(address)
  url.port = String(url.port === '1' ? ports.other : url.protocol === 'https:' ? ports.https : ports.http)
  return url.href
}

/** With the ports taken out, which differ from run to run. */
const normal = (value: string): string =>
  value.replaceAll(`:${ports.http}`, '').replaceAll(`:${ports.https}`, '').replaceAll(`:${ports.other}`, ':1')

async function inChromium<T>(work: () => Promise<T>): Promise<T> {
  rig = rigs.chromium
  return work()
}
async function inKit<T>(work: () => Promise<T>): Promise<T> {
  rig = rigs.kit
  return work()
}

const newKit = (origin = 'https://start.site-z.test'): KitBrowser =>
  createBrowser(async (request) => handler(request), { origin })

interface Kept {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: string | null
  readonly ends: boolean
  readonly partitioned: boolean
}

async function jarOfChromium(): Promise<readonly Kept[]> {
  const { cookies } = await cdp.send('Network.getAllCookies')
  return cookies.map(({ name, value, domain, path, secure, httpOnly, sameSite, session, partitionKey }) => ({
    name,
    value,
    domain,
    path,
    secure,
    httpOnly,
    sameSite: sameSite ?? null,
    ends: !session,
    partitioned: partitionKey !== undefined,
  }))
}

function jarOfKit({ jar }: KitBrowser): readonly Kept[] {
  return [...jar].map(
    ({ name, value, domain, hostOnly, path, secure, httpOnly, sameSite, expiresAt, partition }) => ({
      name,
      value,
      domain: hostOnly ? domain : `.${domain}`,
      path,
      secure,
      httpOnly,
      sameSite,
      ends: expiresAt !== null,
      partitioned: partition !== null,
    }),
  )
}

const byPlace = (cookies: readonly Kept[]) => cookies.map((cookie) => JSON.stringify(cookie)).toSorted()

const FAR = 'Fri, 06 Nov 2099 08:49:37 GMT'
const HTTPS = 'https://app.site-a.test/folder/page'
const HTTP = 'http://app.site-a.test/folder/page'
const LOCAL = 'http://localhost/folder/page'

/** Set by the answer to a typed address, over https. */
const LINES: readonly string[] = [
  'a=1',
  '  a \t=\t 1 ; Secure',
  'a=1=2==',
  'a="1; 2"',
  'a="1"',
  'a',
  '=a',
  '=a=b',
  'a=',
  '=',
  '; Secure',
  'a=1\t2',
  'a\tb=1',
  'a b=1 2',
  'a=1, b=2; Secure',
  `a=${'x'.repeat(4095)}`,
  `a=${'x'.repeat(4096)}`,
  'a=1;;; Secure;',
  'a=1; SECURE; httponly',
  'a=1; Secure=false; HttpOnly=no',
  'a=1; Secured',
  'a=1; Path=/x; Path=/folder',
  'a=1; Path=/x; Path=y',
  'a=1; Path',
  'a=1; Path=/folder/',
  'a=1; Path="/"',
  `a=1; Path=/${'x'.repeat(1023)}`,
  `a=1; Path=/${'x'.repeat(1024)}`,
  'a=1; Domain=site-a.test',
  'a=1; Domain=.Site-A.TEST',
  'a=1; Domain=app.site-a.test',
  'a=1; Domain=x.app.site-a.test',
  'a=1; Domain=other.test',
  'a=1; Domain=test',
  'a=1; Domain=',
  'a=1; Domain=site-a.test; Domain=',
  'a=1; Domain=..site-a.test',
  'a=1; Domain=site-a.test.',
  'a=1; SameSite=strict',
  'a=1; SameSite=LAX',
  'a=1; SameSite=None',
  'a=1; SameSite=None; Secure',
  'a=1; SameSite=Lax; SameSite=whatever',
  'a=1; SameSite',
  'a=1; Max-Age=60',
  'a=1; Max-Age=0',
  'a=1; Max-Age=-1',
  'a=1; Max-Age=060',
  'a=1; Max-Age=+60',
  'a=1; Max-Age=60s',
  'a=1; Max-Age="60"',
  'a=1; Max-Age=1e3',
  'a=1; Max-Age=',
  'a=1; Max-Age=60; Max-Age=x',
  'a=1; Max-Age=99999999999999999999',
  `a=1; Expires=${FAR}`,
  'a=1; Expires=Friday, 06-Nov-99 08:49:37 GMT',
  'a=1; Expires=Fri Nov  6 08:49:37 2099',
  'a=1; Expires=2099 6 november 8:49:37',
  'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  'a=1; Expires=31 Feb 2099 00:00:00',
  'a=1; Expires=06 Nov 2099 24:00:00',
  'a=1; Expires=06 Nov 2099 08:49',
  'a=1; Expires=0',
  'a=1; Expires=',
  `a=1; Expires=${FAR}; Expires=x`,
  `a=1; Expires=${FAR}; Max-Age=0`,
  'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60',
  'a=1; Partitioned',
  'a=1; Partitioned; Secure',
  'a=1; Partitioned; Secure; SameSite=None',
  '__Host-a=1; Secure; Path=/',
  '__Host-a=1; Path=/',
  '__Host-a=1; Secure',
  '__Host-a=1; Secure; Path=/; Domain=app.site-a.test',
  '__HOST-a=1; Path=/',
  '__host-a=1; Secure; Path=/',
  '__Secure-a=1; Secure',
  '__secure-a=1',
  '__Http-a=1; Secure; HttpOnly; Domain=site-a.test',
  '__Http-a=1; Secure',
  '__Http-a=1; HttpOnly',
  '__Host-Http-a=1; Secure; HttpOnly; Path=/',
  '__Host-Http-a=1; Secure; Path=/',
  '__host-HTTP-a=1; Secure; HttpOnly',
  '=__Host-a=1; Secure; Path=/',
  '=__Http-a=1; Secure; HttpOnly; Path=/',
  '__Secure-',
]

describe('what an answer sets is kept or dropped as in Chromium', () => {
  it.each<[address: string, lines: readonly string[]]>([
    [HTTPS, LINES],
    [
      HTTP,
      [
        'a=1',
        'a=1; Secure',
        'a=1; SameSite=None',
        'a=1; SameSite=None; Secure',
        '__Host-a=1; Secure; Path=/',
        '__Secure-a=1; Secure',
        'a=1; Domain=site-a.test',
      ],
    ],
    [
      LOCAL,
      [
        'a=1',
        'a=1; Secure',
        'a=1; SameSite=None; Secure',
        'a=1; Partitioned; Secure',
        'a=1; Domain=localhost',
        '__Host-a=1; Secure; Path=/',
        '__Host-Http-a=1; Secure; Path=/; HttpOnly',
      ],
    ],
    [
      'http://127.0.0.1/',
      ['a=1; Secure', 'a=1; Domain=127.0.0.1', 'a=1; Domain=0.0.1', '__Host-a=1; Secure; Path=/'],
    ],
    ['http://app.localhost/', ['a=1; Secure', 'a=1; Domain=localhost', 'a=1; Domain=app.localhost']],
  ])('at %s', async (address, lines) => {
    const differ: unknown[] = []
    for (const line of lines) {
      await context.clearCookies()
      rigs.chromium.lines = [line]
      rigs.kit.lines = [line]
      await inChromium(() => page.goto(at(address)))
      const kit = newKit()
      await inKit(() => kit.navigate(at(address)))
      const [real, ours] = [byPlace(await jarOfChromium()), byPlace(jarOfKit(kit))]
      if (JSON.stringify(real) !== JSON.stringify(ours)) differ.push({ line, real, ours })
    }
    expect(differ).toEqual([])
  })
})

describe('what is there already counts as in Chromium, and cookies go along in its order', () => {
  it.each<[what: string, steps: readonly (readonly [address: string, line: string])[], asked: string]>([
    [
      'plain http does not replace what came over https',
      [
        [HTTPS, 'a=1; Secure; Path=/'],
        [HTTP, 'a=2; Path=/'],
      ],
      HTTPS,
    ],
    [
      'nor put another at a path below',
      [
        [HTTPS, 'a=1; Secure; Path=/folder'],
        [HTTP, 'a=2; Path=/folder/page'],
      ],
      HTTPS,
    ],
    [
      'but it can at a path above',
      [
        [HTTPS, 'a=1; Secure; Path=/folder/page'],
        [HTTP, 'a=2; Path=/folder'],
      ],
      HTTPS,
    ],
    [
      'nor for all sub-domains',
      [
        [HTTPS, 'a=1; Secure; Path=/'],
        [HTTP, 'a=2; Path=/; Domain=site-a.test'],
      ],
      HTTPS,
    ],
    [
      'nor for its own',
      [
        [HTTPS, 'a=1; Secure; Path=/; Domain=site-a.test'],
        [HTTP, 'a=2; Path=/'],
      ],
      HTTPS,
    ],
    [
      'it can where the first is not Secure',
      [
        [HTTPS, 'a=1; Path=/'],
        [HTTP, 'a=2; Path=/'],
      ],
      HTTPS,
    ],
    [
      'it cannot end it',
      [
        [HTTPS, 'a=1; Secure; Path=/'],
        [HTTP, 'a=; Path=/; Max-Age=0'],
      ],
      HTTPS,
    ],
    [
      'on localhost it is replaced',
      [
        [LOCAL, 'a=1; Secure; Path=/'],
        [LOCAL, 'a=2; Path=/'],
      ],
      LOCAL,
    ],
    [
      'host and domain are two places',
      [
        [HTTPS, 'a=1; Path=/'],
        [HTTPS, 'a=2; Path=/; Domain=app.site-a.test'],
      ],
      HTTPS,
    ],
    [
      'two paths are two places',
      [
        [HTTPS, 'a=1; Path=/'],
        [HTTPS, 'a=2; Path=/folder'],
      ],
      HTTPS,
    ],
    [
      'the longer path goes first',
      [
        [HTTPS, 'a=1; Path=/'],
        [HTTPS, 'b=2; Path=/folder/page'],
        [HTTPS, 'c=3; Path=/folder'],
      ],
      HTTPS,
    ],
    [
      'then the older',
      [
        [HTTPS, 'b=1; Path=/'],
        [HTTPS, 'a=2; Path=/'],
      ],
      HTTPS,
    ],
    [
      'one that is set anew with the same value keeps its turn',
      [
        [HTTPS, 'b=1; Path=/'],
        [HTTPS, 'a=2; Path=/'],
        [HTTPS, 'b=1; Path=/; HttpOnly'],
      ],
      HTTPS,
    ],
    [
      'one that is set anew with another value',
      [
        [HTTPS, 'b=1; Path=/'],
        [HTTPS, 'a=2; Path=/'],
        [HTTPS, 'b=3; Path=/'],
      ],
      HTTPS,
    ],
    [
      'names without a value, and values without a name',
      [
        [HTTPS, 'a=; Path=/'],
        [HTTPS, 'b; Path=/'],
      ],
      HTTPS,
    ],
    [
      'bytes go back as they came',
      [
        [HTTPS, `a=${'é'.repeat(2047)}; Path=/`],
        [HTTPS, '\u00a0__Host-a=1; Path=/; Domain=site-a.test'],
      ],
      HTTPS,
    ],
    [
      'a path is no prefix of a word',
      [
        [HTTPS, 'a=1; Path=/fold'],
        [HTTPS, 'b=1; Path=/folder/'],
        [HTTPS, 'c=1; Path=/folder/page/x'],
      ],
      HTTPS,
    ],
    [
      'partitioned and not are two places',
      [
        [HTTPS, 'a=1; Path=/; Secure'],
        [HTTPS, 'a=2; Path=/; Secure; Partitioned'],
      ],
      HTTPS,
    ],
    [
      'Path and Domain must be those it was set with to end it',
      [
        [HTTPS, 'a=1; Path=/'],
        [HTTPS, 'a=; Max-Age=0'],
        [HTTPS, 'a=; Path=/; Domain=site-a.test; Max-Age=0'],
      ],
      HTTPS,
    ],
    [
      'they end it',
      [
        [HTTPS, 'a=1; Path=/'],
        [HTTPS, 'a=; Path=/; Max-Age=0'],
      ],
      HTTPS,
    ],
  ])('%s', async (_what, steps, asked) => {
    const kit = newKit()
    for (const [address, line] of steps) {
      for (const each of Object.values(rigs)) each.lines = [line]
      await inChromium(() => page.goto(at(address)))
      await inKit(() => kit.navigate(at(address)))
      // Chromium counts in microseconds, the kit keeps the order.
      await page.waitForTimeout(2)
    }
    for (const each of Object.values(rigs)) each.lines = []
    await inChromium(() => page.goto(at(asked)))
    await inKit(() => kit.navigate(at(asked)))
    expect(rigs.kit.seen.at(-1)?.['cookie']).toEqual(rigs.chromium.seen.at(-1)?.['cookie'])
  })
})

describe('what a script sets is kept or dropped as in Chromium', () => {
  it.each([HTTPS, LOCAL, HTTP])('at %s', async (address) => {
    const lines = [
      'a=1',
      'a=1; HttpOnly',
      'a=1; Secure',
      'a=1; Path=/',
      'a=1; Path=/other',
      '__Host-a=1; Secure; Path=/',
      '__Secure-a=1; Secure',
      '__Http-a=1; Secure',
      '__Host-Http-a=1; Secure; Path=/',
      'held=stolen; Path=/',
      'held=; Path=/; Max-Age=0',
      'open=changed; Path=/',
      'open=; Path=/; Max-Age=0',
    ]
    const differ: unknown[] = []
    for (const line of lines) {
      await context.clearCookies()
      for (const each of Object.values(rigs)) each.lines = ['held=1; Path=/; HttpOnly', 'open=1; Path=/']
      await inChromium(() => page.goto(at(address)))
      const kit = newKit()
      await inKit(() => kit.navigate(at(address)))
      const read = await page.evaluate((text) => {
        // biome-ignore lint/suspicious/noDocumentCookie: it is what is compared.
        document.cookie = text
        return document.cookie
      }, line)
      kit.cookie = line
      const [real, ours] = [byPlace(await jarOfChromium()), byPlace(jarOfKit(kit))]
      if (JSON.stringify([real, read]) !== JSON.stringify([ours, kit.cookie]))
        differ.push({ line, real, ours, read, kit: kit.cookie })
    }
    expect(differ).toEqual([])
  })

  it('pushes others out, also those that it cannot read', async () => {
    for (const each of Object.values(rigs)) each.lines = ['__Host-held=1; Path=/; HttpOnly; Secure']
    await inChromium(() => page.goto(at(HTTPS)))
    const kit = newKit()
    await inKit(() => kit.navigate(at(HTTPS)))
    await page.evaluate(() => {
      // biome-ignore lint/suspicious/noDocumentCookie: it is what is compared.
      for (let junk = 0; junk < 200; junk++) document.cookie = `junk${junk}=1; Secure`
    })
    for (let junk = 0; junk < 200; junk++) kit.cookie = `junk${junk}=1; Secure`
    const [real, ours] = [byPlace(await jarOfChromium()), byPlace(jarOfKit(kit))]
    expect(ours).toEqual(real)
    expect(kit.jar.value('__Host-held')).toBeUndefined()
  })
})

const B = 'https://www.site-b.test/'
const COOKIES = [
  'strict=1; Path=/; Secure; SameSite=Strict',
  'lax=1; Path=/; Secure; SameSite=Lax',
  'none=1; Path=/; Secure; SameSite=None',
  'unsaid=1; Path=/; Secure',
  'part=1; Path=/; Secure; SameSite=None; Partitioned',
]
const LOCAL_COOKIES = ['strict=1; Path=/; SameSite=Strict', 'lax=1; Path=/; SameSite=Lax', 'unsaid=1; Path=/']

type Act =
  | { readonly kind: 'type' }
  | { readonly kind: 'click' }
  | { readonly kind: 'submit'; readonly method: 'GET' | 'POST' }
  | { readonly kind: 'load' }
  | { readonly kind: 'frame' }
  | {
      readonly kind: 'fetch'
      readonly method?: string
      readonly mode?: 'cors' | 'no-cors'
      readonly credentials?: 'include' | 'omit' | 'same-origin'
      readonly headers?: Readonly<Record<string, string>>
    }

const POST = { kind: 'submit', method: 'POST' } as const

async function actInChromium(act: Act, url: string): Promise<void> {
  if (act.kind === 'type') {
    await page.goto(url)
    return
  }
  const moves = act.kind === 'click' || act.kind === 'submit'
  const moved = moves ? page.waitForNavigation() : null
  await page.evaluate(
    async ([what, to]) => {
      const own = <T extends HTMLElement>(element: T): T => document.body.appendChild(element)
      const loaded = (element: HTMLElement) =>
        new Promise((resolve) => {
          element.onload = resolve
          element.onerror = resolve
        })
      if (what.kind === 'click') own(Object.assign(document.createElement('a'), { href: to })).click()
      if (what.kind === 'submit')
        own(Object.assign(document.createElement('form'), { action: to, method: what.method })).submit()
      if (what.kind === 'load') await loaded(own(Object.assign(document.createElement('img'), { src: to })))
      if (what.kind === 'frame')
        await loaded(own(Object.assign(document.createElement('iframe'), { src: to })))
      if (what.kind === 'fetch') await fetch(to, what).catch(() => {})
    },
    [act, url] as const,
  )
  await moved
}

async function actInKit(kit: KitBrowser, act: Act, url: string): Promise<void> {
  if (act.kind === 'type') await kit.navigate(url)
  if (act.kind === 'click') await kit.click(url)
  if (act.kind === 'submit') await kit.submit(url, { method: act.method })
  if (act.kind === 'load') await kit.load(url)
  if (act.kind === 'frame') await kit.frame(url)
  if (act.kind === 'fetch') await kit.fetch(url, act).catch(() => {})
}

/** `A` redirects to `B` with this status. */
const via = (first: string, status: number, then: string) => (): string => {
  const url = new URL(at(first))
  url.pathname = '/to'
  url.search = new URLSearchParams({
    status: String(status),
    at: then.startsWith('http') ? at(then) : then,
  }).toString()
  return url.href
}

// The kit asks anew before each request, Chromium after this time.
const reads = {
  'access-control-max-age': '0',
  'access-control-allow-origin': 'PAGE',
  'access-control-allow-credentials': 'true',
}
const writes = {
  ...reads,
  'access-control-allow-methods': 'PUT',
  'access-control-allow-headers': 'x-own, content-type',
}

describe('what goes along with a request, and what is said of it, is as in Chromium', () => {
  it.each<
    [
      what: string,
      from: string | null,
      act: Act,
      to: string | (() => string),
      headers?: Readonly<Record<string, string>>,
    ]
  >([
    ['a typed address', null, { kind: 'type' }, HTTPS],
    ['a link of the same origin', HTTPS, { kind: 'click' }, 'https://app.site-a.test/other'],
    ['a link of a sibling', 'https://www.site-a.test/', { kind: 'click' }, HTTPS],
    ['a link of another site', B, { kind: 'click' }, HTTPS],
    ['a link from http to https', HTTP, { kind: 'click' }, HTTPS],
    ['a link from https to http', HTTPS, { kind: 'click' }, HTTP],
    ['a form that asks, of another site', B, { kind: 'submit', method: 'GET' }, HTTPS],
    ['a form of the same origin', HTTPS, POST, HTTPS],
    ['a form of a sibling', 'https://www.site-a.test/', POST, HTTPS],
    ['a form of another site', B, POST, HTTPS],
    ['a form from http to https', HTTP, POST, HTTPS],
    ['a script of the same origin', HTTPS, { kind: 'fetch' }, HTTPS],
    ['a script of the same origin that posts', HTTPS, { kind: 'fetch', method: 'POST' }, HTTPS],
    ['a script of the same origin without credentials', HTTPS, { kind: 'fetch', credentials: 'omit' }, HTTPS],
    ['a script of a sibling', 'https://www.site-a.test/', { kind: 'fetch', credentials: 'include' }, HTTPS],
    [
      'a script of a sibling that reads',
      'https://www.site-a.test/',
      { kind: 'fetch', credentials: 'include' },
      HTTPS,
      reads,
    ],
    ['a script of a sibling without credentials', 'https://www.site-a.test/', { kind: 'fetch' }, HTTPS],
    [
      'a script of a sibling, no-cors',
      'https://www.site-a.test/',
      { kind: 'fetch', mode: 'no-cors', credentials: 'include' },
      HTTPS,
    ],
    ['a script of another site', B, { kind: 'fetch', credentials: 'include' }, HTTPS],
    [
      'a script of another site that posts',
      B,
      { kind: 'fetch', method: 'POST', credentials: 'include' },
      HTTPS,
    ],
    [
      'a script of another site, no-cors',
      B,
      { kind: 'fetch', mode: 'no-cors', credentials: 'include' },
      HTTPS,
    ],
    [
      'a script of another site that posts, no-cors',
      B,
      { kind: 'fetch', method: 'POST', mode: 'no-cors', credentials: 'include' },
      HTTPS,
    ],
    [
      'a script of a sibling that puts',
      'https://www.site-a.test/',
      { kind: 'fetch', method: 'PUT', credentials: 'include' },
      HTTPS,
      writes,
    ],
    [
      'a script of a sibling that puts, and may not',
      'https://www.site-a.test/',
      { kind: 'fetch', method: 'PUT', credentials: 'include' },
      HTTPS,
      reads,
    ],
    [
      'a script of a sibling with a header of its own',
      'https://www.site-a.test/',
      { kind: 'fetch', headers: { 'X-Own': '1' }, credentials: 'include' },
      HTTPS,
      writes,
    ],
    [
      'a script of a sibling with JSON',
      'https://www.site-a.test/',
      { kind: 'fetch', method: 'POST', headers: { 'content-type': 'application/json' } },
      HTTPS,
      writes,
    ],
    ['an image of the same origin', HTTPS, { kind: 'load' }, HTTPS],
    ['an image in another site', B, { kind: 'load' }, HTTPS],
    ['a frame of the same origin', HTTPS, { kind: 'frame' }, HTTPS],
    ['a frame in another site', B, { kind: 'frame' }, HTTPS],
    ['a redirect of a typed address through another site', null, { kind: 'type' }, via(B, 302, HTTPS)],
    ['a link that comes back through another site', HTTPS, { kind: 'click' }, via(B, 302, HTTPS)],
    ['a form that comes back through another site with 307', HTTPS, POST, via(B, 307, HTTPS)],
    ['a form that comes back through another site with 302', HTTPS, POST, via(B, 302, HTTPS)],
    ['a form that is redirected with 303', HTTPS, POST, via(HTTPS, 303, '/next')],
    ['a form that is redirected with 307', HTTPS, POST, via(HTTPS, 307, '/next')],
    [
      'a script that is redirected to a sibling',
      HTTPS,
      { kind: 'fetch', credentials: 'include' },
      via(HTTPS, 302, 'https://www.site-a.test/'),
      {
        'access-control-allow-origin': 'https://app.site-a.test',
        'access-control-allow-credentials': 'true',
      },
    ],
    [
      'a script that posts and is redirected with 308',
      HTTPS,
      { kind: 'fetch', method: 'POST' },
      via(HTTPS, 308, '/next'),
    ],
    [
      'a script that posts and is redirected with 301',
      HTTPS,
      { kind: 'fetch', method: 'POST' },
      via(HTTPS, 301, '/next'),
    ],
    [
      'localhost to another port',
      LOCAL,
      { kind: 'fetch', method: 'POST', credentials: 'include' },
      'http://localhost:1/',
    ],
    ['a form from localhost to another port', LOCAL, POST, 'http://localhost:1/'],
    [
      'localhost to 127.0.0.1',
      LOCAL,
      { kind: 'fetch', method: 'POST', credentials: 'include' },
      'http://127.0.0.1/',
    ],
    ['a link from 127.0.0.1 to localhost', 'http://127.0.0.1/', { kind: 'click' }, LOCAL],
    ['app.localhost to localhost', 'http://app.localhost/', POST, LOCAL],
    ['plain http has no Fetch Metadata', HTTP, { kind: 'fetch', method: 'POST' }, HTTP],
  ])('%s', async (_what, from, act, to, headers = {}) => {
    const url = typeof to === 'string' ? at(to) : to()
    const jar = url.includes('localhost') ? LOCAL_COOKIES : COOKIES
    const home = url.includes('site-a') ? HTTPS : LOCAL
    const kit = newKit(at(from ?? B))
    for (const each of Object.values(rigs)) Object.assign(each, { lines: jar, headers: {} })
    for (const place of [home, 'https://www.site-b.test/']) {
      await inChromium(() => page.goto(at(place)))
      await inKit(() => kit.navigate(at(place)))
      for (const each of Object.values(rigs)) each.lines = place === home ? [] : jar
    }
    const answers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value === 'PAGE'
          ? new URL(at(from ?? B)).origin
          : value.startsWith('http')
            ? new URL(at(value)).origin
            : value,
      ]),
    )
    for (const each of Object.values(rigs)) Object.assign(each, { lines: [], headers: answers })
    if (from !== null) {
      await inChromium(() => page.goto(at(from)))
      await inKit(() => kit.navigate(at(from)))
    }
    for (const each of Object.values(rigs)) each.seen.length = 0
    await inChromium(() => actInChromium(act, url))
    await inKit(() => actInKit(kit, act, url))
    const told = ({ seen }: Rig) =>
      seen.map((each) =>
        Object.fromEntries(Object.entries(each).map(([name, value]) => [name, normal(value)])),
      )
    expect(told(rigs.kit)).toEqual(told(rigs.chromium))
    expect(told(rigs.chromium).length).toBeGreaterThan(0)
  })
})
