// In a real browser: does what a page holds open end when another browser ends its session, and can no other site open it?
import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Auth } from 'lockjar'
import { refuseUpgrade, toLightRequest, toNodeListener } from 'lockjar/node'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { launchChromium } from '../support/chromium.ts'

const ADA = { email: 'ada@example.com', password: PASSWORD }

/** Everything that the page is told, in the order in which it is told. */
const PAGE = `<!doctype html><title>open</title><script>
  globalThis.told = []
  globalThis.open = () => new Promise((resolve) => {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/live')
    socket.onopen = () => {
      const source = new EventSource('/stream')
      source.onopen = () => resolve('open')
      source.addEventListener('end', ({ data }) => {
        told.push('stream: ' + data)
        source.onerror = () => source.readyState === EventSource.CLOSED && told.push('stream: closed for good')
      })
    }
    socket.onclose = ({ code, reason }) => {
      told.push('socket: ' + code + ' ' + reason)
      resolve('closed')
    }
  })
</script>`

let browser: Browser
let server: Server
let elsewhere: Server
let auth: Auth
let origin: string
let sibling: string

beforeAll(async () => {
  browser = await launchChromium()
  server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  origin = `http://localhost:${port}`
  // On the same site, so that Lax cookies go along with what its pages send: only the origin tells it apart.
  elsewhere = createServer((_incoming, outgoing) => {
    outgoing.setHeader('content-type', 'text/html').end('<!doctype html><title>elsewhere</title>')
  })
  await once(elsewhere.listen(0, '127.0.0.1'), 'listening')
  sibling = `http://localhost:${(elsewhere.address() as AddressInfo).port}`
  auth = (await createTestAuth({ baseURL: origin })).auth
  const stream = auth.protect((_request, who) => eventsOf(who))
  const own = toNodeListener(auth, (request) =>
    new URL(request.url).pathname === '/stream' ? stream(request) : html(),
  )
  server.on('request', own)
  server.on('upgrade', upgrade)
})
afterAll(async () => {
  await browser?.close()
  await auth?.close()
  for (const each of [server, elsewhere]) {
    each?.closeAllConnections()
    each?.close()
  }
})

const html = (): Response => new Response(PAGE, { headers: { 'content-type': 'text/html' } })

function eventsOf(who: Parameters<Auth['connections']['add']>[0]): Response {
  let release = (): void => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => controller.enqueue(new TextEncoder().encode(text))
      send('retry: 100\n\n')
      release = auth.connections.add(who, {
        close(_code, reason) {
          send(`event: end\ndata: ${reason}\n\n`)
          controller.close()
        },
      })
    },
    cancel: () => release(),
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const sockets = new WebSocketServer({ noServer: true })

async function upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', () => socket.destroy())
  const request = toLightRequest(incoming)
  const who = await auth.authenticate(request, { upgrade: true })
  if (who.status !== 'authenticated') return refuseUpgrade(socket, auth.respond(who.refusal, request))
  sockets.handleUpgrade(incoming, socket, head, (connection) => {
    connection.on('close', auth.connections.add(who, connection))
  })
}

/** A browser of its own, with Ada signed in. */
async function signIn(path: 'register' | 'login'): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(origin)
  const body = path === 'register' ? ADA : { identifier: ADA.email, password: PASSWORD }
  expect(await call(page, 'POST', `/auth/${path}`, body)).toBeLessThan(300)
  return page
}

/** The page's own `fetch`; answers the status. */
const call = (page: Page, method: string, path: string, body?: object): Promise<number> =>
  page.evaluate(
    async ([method, path, body]) => {
      const init = body ? { body, headers: { 'content-type': 'application/json' } } : {}
      return (await fetch(path, { method, ...init })).status
    },
    [method, path, body ? JSON.stringify(body) : ''] as const,
  )

const open = (page: Page): Promise<string> => page.evaluate('open()')

describe('a page with a WebSocket and a stream of events', () => {
  it('is told 4401 session_revoked on both when another browser revokes its session, and can open neither again', async () => {
    const page = await signIn('register')
    const other = await signIn('login')
    expect(await open(page)).toBe('open')
    expect(await open(other)).toBe('open')

    expect(await call(other, 'POST', '/auth/sessions/revoke-others')).toBe(204)
    await page.waitForFunction('told.length === 3')
    const told: string[] = await page.evaluate('told')
    expect(told.sort()).toEqual([
      'socket: 4401 session_revoked',
      'stream: closed for good',
      'stream: session_revoked',
    ])
    expect(await open(page)).toBe('closed')
    expect(await page.evaluate('told.at(-1)')).toBe('socket: 1006 ')
    expect(await other.evaluate('told')).toEqual([])
  })

  it('has opened what a page of another origin cannot open, though the browser sends the cookies along', async () => {
    const page = await signIn('login')
    const target = origin.replace('http', 'ws')
    const connect = `new Promise((resolve) => {
      const socket = new WebSocket('${target}/live')
      socket.onopen = () => resolve('open')
      socket.onclose = () => resolve('refused')
    })`
    expect(await page.evaluate(connect)).toBe('open')
    const seen = new Promise<string>((resolve) => {
      server.prependOnceListener('upgrade', ({ headers }: IncomingMessage) =>
        resolve(`${headers.origin} ${/access_token/.test(headers.cookie ?? '')}`),
      )
    })
    await page.goto(sibling)
    expect(await page.evaluate(connect)).toBe('refused')
    expect(await seen).toBe(`${sibling} true`)
  })
})
