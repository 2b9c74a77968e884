// Do handshakes and open connections behave over real sockets?
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, request as sendRequest } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { refuseUpgrade, toLightRequest, toNodeListener } from 'lockjar/node'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { freePort } from '../support/demo.ts'

const ADA = { email: 'ada@example.com', password: PASSWORD }

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A real server on a real port, with a stream of events at `/stream`, and Ada signed in. */
async function serve() {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const { auth, clock } = await createTestAuth({ baseURL: origin })
  const stream = auth.protect((_request, who) => {
    let release = (): void => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = (text: string): void => controller.enqueue(new TextEncoder().encode(text))
        send(': hello\n\n')
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
  })
  const server = createServer(toNodeListener(auth, stream))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  closing.push(
    () => auth.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const browser = new TestBrowser(auth.handler, origin)
  await browser.post('/auth/register', ADA)
  return { auth, clock, server, port, origin, browser }
}

type Served = Awaited<ReturnType<typeof serve>>

/** One GET over a socket of its own, kept open. */
async function get({ port, browser }: Served, path: string): Promise<IncomingMessage> {
  const request = sendRequest({
    port,
    host: '127.0.0.1',
    path,
    agent: false,
    headers: { host: `localhost:${port}`, cookie: browser.cookieHeader(path) },
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.setEncoding('utf8')
  return response
}

describe('a stream of events', () => {
  it('ends with its reason when the session does', async () => {
    const served = await serve()
    const response = await get(served, '/stream')
    expect(response.statusCode).toBe(200)
    const chunks: string[] = []
    response.on('data', (chunk: string) => chunks.push(chunk))
    await once(response, 'data')
    await served.browser.post('/auth/logout')
    await once(response, 'end')
    expect(chunks.join('')).toBe(': hello\n\nevent: end\ndata: session_revoked\n\n')
  })

  it('that the page closes is let go of, so that it counts no more', async () => {
    const served = await serve()
    for (let n = 0; n < 120; n++) {
      const response = await get(served, '/stream')
      expect(response.statusCode).toBe(200)
      response.destroy()
      // The server hears of it when its socket does.
      while ((await connectionsOf(served)) > 0) await new Promise(setImmediate)
    }
  })
})

const connectionsOf = ({ server }: Served): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

describe('a handshake that is refused', () => {
  async function handshake({ port }: Served, headers: readonly string[]): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    const lines = [
      'GET /live HTTP/1.1',
      `Host: localhost:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    ]
    socket.setEncoding('utf8').write(`${lines.join('\r\n')}\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += chunk
    return text
  }

  function refuseAll({ auth, server }: Served): void {
    server.on('upgrade', async (incoming: IncomingMessage, socket: Duplex) => {
      const request = toLightRequest(incoming)
      const who = await auth.authenticate(request)
      if (who.status === 'authenticated') socket.end('in\r\n')
      else await refuseUpgrade(socket, auth.respond(who.refusal, request))
    })
  }

  it('is answered with a whole problem document, and the socket is closed', async () => {
    const served = await serve()
    refuseAll(served)
    const text = await handshake(served, [`Origin: ${served.origin}`])
    const [head = '', body = ''] = text.split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
    expect(head).toMatch(/^content-type: application\/problem\+json; charset=utf-8\r$/m)
    expect(head).toMatch(/^www-authenticate: Bearer realm="lockjar"\r$/m)
    expect(head).toMatch(/^connection: close$/m)
    expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`)
    expect(JSON.parse(body)).toMatchObject({ status: 401, code: 'unauthenticated' })
  })

  it('comes from another site with the user’s cookies, and is told so', async () => {
    const served = await serve()
    refuseAll(served)
    const cookie = `Cookie: ${served.browser.cookieHeader('/live')}`
    const foreign = await handshake(served, [cookie, 'Origin: https://evil.example'])
    expect(foreign).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(foreign).toContain('csrf_failed')
    expect(await handshake(served, [cookie, `Origin: ${served.origin}`])).toBe('in\r\n')
  })

  it('carries the cookies that the refusal clears, each in a line of its own', async () => {
    const served = await serve()
    refuseAll(served)
    const cookie = 'Cookie: access_token=a; access_token=b'
    const text = await handshake(served, [cookie, `Origin: ${served.origin}`])
    expect(text.match(/^set-cookie: access_token=; Max-Age=0; /gm)?.length).toBeGreaterThan(1)
  })

  it('may go away while it is refused', async () => {
    const served = await serve()
    const { promise, resolve } = Promise.withResolvers<Duplex>()
    served.server.on('upgrade', async (_incoming: IncomingMessage, socket: Duplex) => {
      socket.destroy(new Error('gone'))
      await refuseUpgrade(socket, Response.json({}))
      resolve(socket)
    })
    expect(await handshake(served, [])).toBe('')
    expect((await promise).destroyed).toBe(true)
  })
})
