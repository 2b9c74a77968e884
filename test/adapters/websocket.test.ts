// Does a WebSocket of `ws` close when its session ends, and is no other site's let in?
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Auth } from 'lockjar'
import { createAuth } from 'lockjar'
import { refuseUpgrade, toLightRequest, toNodeListener } from 'lockjar/node'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createTestClock } from '../support/clock.ts'
import { freePort } from '../support/demo.ts'

const ADA = { email: 'ada@example.com', password: PASSWORD }

const folder = mkdtempSync(join(tmpdir(), 'lockjar-websocket-'))
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

/** As the guide has it; what was heard, and what would have been without the look at `readyState`. */
function serveSockets(server: Server, auth: Auth) {
  const heard: string[] = []
  const arrived: string[] = []
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', async (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const request = toLightRequest(incoming)
    const who = await auth.authenticate(request, { upgrade: true })
    if (who.status !== 'authenticated') return refuseUpgrade(socket, auth.respond(who.refusal, request))
    sockets.handleUpgrade(incoming, socket, head, (connection) => {
      connection.on('error', () => connection.terminate())
      connection.on('close', auth.connections.add(who, connection))
      connection.on('message', (data) => {
        arrived.push(String(data))
        if (connection.readyState !== connection.OPEN) return
        heard.push(String(data))
        connection.send(`${who.user.id}: ${data}`)
      })
    })
  })
  closing.push(() => {
    for (const client of sockets.clients) client.terminate()
  })
  return { heard, arrived }
}

/** Two servers on one SQLite file; the WebSockets are the first one's. */
async function start() {
  const clock = createTestClock()
  const file = join(folder, `${files++}.db`)
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const logger = { info: () => {}, warn: () => {}, error: () => {} }
  const open = async () => {
    const auth = await createAuth({
      baseURL: origin,
      secret: SECRET,
      argon2: { memory: 64, passes: 1 },
      database: openSqlite(file, clock),
      clock,
      logger,
    })
    closing.push(() => auth.close())
    return auth
  }
  const [here, there] = [await open(), await open()]
  const server = createServer(toNodeListener(here, () => new Response('hello')))
  const { heard, arrived } = serveSockets(server, here)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const browser = new TestBrowser(here.handler, origin)
  await browser.post('/auth/register', ADA)
  const connect = (jar = browser, from = origin) =>
    new WebSocket(`ws://127.0.0.1:${port}/live`, {
      headers: { host: `localhost:${port}`, cookie: jar.cookieHeader('/live') },
      origin: from,
    })
  return { here, there, clock, origin, browser, connect, heard, arrived }
}

async function closeOf(socket: WebSocket): Promise<readonly [number, string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, String(reason)]
}

describe('a WebSocket', () => {
  it('is served, and told 4401 session_revoked when its user signs out', async () => {
    const { browser, connect } = await start()
    const socket = connect()
    await once(socket, 'open')
    socket.send('hello')
    const [answer] = (await once(socket, 'message')) as [Buffer]
    expect(String(answer)).toMatch(/: hello$/)
    const closed = closeOf(socket)
    await browser.post('/auth/logout')
    expect(await closed).toEqual([4401, 'session_revoked'])
  })

  it('is told so when its session is revoked in another process on the same database', async () => {
    const { there, clock, origin, browser, connect } = await start()
    const socket = connect()
    await once(socket, 'open')
    const closed = closeOf(socket)
    const elsewhere = new TestBrowser(there.handler, origin)
    await elsewhere.post('/auth/login', { identifier: ADA.email, password: PASSWORD })
    const { body } = await browser.get('/auth/me')
    const { id } = body['session'] as { id: string }
    expect((await elsewhere.send('DELETE', `/auth/sessions/${id}`)).status).toBe(204)
    clock.advance(1000)
    expect(await closed).toEqual([4401, 'session_revoked'])
  })

  it('is told 4401 token_expired when roles change, and connects anew after a refresh', async () => {
    const { here, browser, connect } = await start()
    const socket = connect()
    await once(socket, 'open')
    const closed = closeOf(socket)
    const { id } = (await browser.get('/auth/me')).body['user'] as { id: string }
    await here.users.setRoles(id, ['editor'])
    expect(await closed).toEqual([4401, 'token_expired'])
    await browser.post('/auth/refresh')
    const again = connect()
    await once(again, 'open')
    again.terminate()
  })

  it('is closed right after the handshake where its session ended during it', async () => {
    const { here, browser, connect } = await start()
    const authenticate = here.authenticate
    Object.assign(here, {
      authenticate: async (...args: Parameters<typeof authenticate>) => {
        const who = await authenticate(...args)
        await browser.copy().post('/auth/logout')
        return who
      },
    })
    expect(await closeOf(connect())).toEqual([4401, 'session_revoked'])
  })

  it('that does not listen is not listened to either, once its session has ended', async () => {
    const { browser, connect, heard, arrived } = await start()
    const socket = connect()
    await once(socket, 'open')
    socket.pause()
    await browser.post('/auth/logout')
    socket.send('transfer everything')
    while (arrived.length === 0) await new Promise(setImmediate)
    expect([arrived, heard]).toEqual([['transfer everything'], []])
    socket.terminate()
  })

  it('may be one of 100 of its session; the next is told 1013', async () => {
    const { connect } = await start()
    const sockets = Array.from({ length: 100 }, () => connect())
    await Promise.all(sockets.map((socket) => once(socket, 'open')))
    expect(await closeOf(connect())).toEqual([1013, 'unavailable'])
    for (const socket of sockets) socket.terminate()
  })

  it('is told 1001 when the server closes', async () => {
    const { here, connect } = await start()
    const socket = connect()
    await once(socket, 'open')
    const closed = closeOf(socket)
    closing.splice(0, 1)
    await here.close()
    expect(await closed).toEqual([1001, 'unavailable'])
  })
})

describe('a handshake', () => {
  it.each([
    ['https://evil.example', true, 403],
    ['http://localhost:1', true, 403],
    ['null', true, 403],
    ['', false, 401],
  ])('from %j, with the user’s cookies: %s, is refused with %i', async (from, withCookies, status) => {
    const { here, origin, browser, connect } = await start()
    const jar = withCookies ? browser : new TestBrowser(here.handler, origin)
    const [, response] = (await once(connect(jar, from || origin), 'unexpected-response')) as [
      unknown,
      IncomingMessage,
    ]
    expect(response.statusCode).toBe(status)
    expect(response.headers['content-type']).toContain('application/problem+json')
    response.destroy()
  })
})
