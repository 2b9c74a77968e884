// Does a real server speak HTTP as it should? Over real sockets.
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Auth } from 'lockjar'
import { toLightRequest, toNodeListener } from 'lockjar/node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'

let server: Server
let auth: Auth
let origin: string

beforeAll(async () => {
  server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  auth = (await createTestAuth({ baseURL: origin })).auth
  const app = auth.protect((request, { user }) => Response.json({ id: user?.id ?? null, url: request.url }), {
    anonymous: true,
  })
  server.on('request', toNodeListener(auth, app))
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await auth.close()
})

interface Raw {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
}

/** `node:http`'s client sends what it is told, twice if told so. */
function send(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[] = [],
  body?: string,
): Promise<Raw> {
  const { promise, resolve, reject } = Promise.withResolvers<Raw>()
  const { port } = new URL(origin)
  const raw = [['Host', `localhost:${port}`], ...headers].flat()
  const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers: raw }, (incoming) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () =>
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        text: Buffer.concat(chunks).toString(),
      }),
    )
    incoming.on('error', reject)
  })
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}

const json = [
  ['Content-Type', 'application/json'],
  ['Sec-Fetch-Site', 'same-origin'],
] as const

async function signUp(): Promise<string> {
  const email = `u${crypto.randomUUID()}@example.com`
  const { headers } = await send(
    'POST',
    '/auth/register',
    [...json, ['Content-Length', String(JSON.stringify({ email, password: PASSWORD }).length)]],
    JSON.stringify({ email, password: PASSWORD }),
  )
  return [headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';')[0])
    .join('; ')
}

describe('over a real socket', () => {
  it('each cookie has a line of its own, and they come back', async () => {
    const cookie = await signUp()
    expect(cookie.split('; ')).toHaveLength(4)
    expect((await send('GET', '/auth/me', [['Cookie', cookie]])).status).toBe(200)
    expect(JSON.parse((await send('GET', '/x?y=1', [['Cookie', cookie]])).text)).toEqual({
      id: expect.any(String),
      url: `${origin}/x?y=1`,
    })
  })

  it('cookies may come in several lines', async () => {
    const lines = (await signUp()).split('; ').map((pair): [string, string] => ['Cookie', pair])
    expect((await send('GET', '/auth/me', lines)).status).toBe(200)
  })

  it('two Authorization headers, hosts or origins are none that counts', async () => {
    const cookie = await signUp()
    const token = /access_token=([^;]+)/.exec(cookie)?.[1] ?? ''
    expect((await send('GET', '/auth/me', [['Authorization', `Bearer ${token}`]])).status).toBe(200)
    const twice = [
      ['Authorization', `Bearer ${token}`],
      ['Authorization', 'Bearer other'],
    ] as const
    expect((await send('GET', '/auth/me', twice)).status).toBe(401)
    const origins = [
      ['Cookie', cookie],
      ['Origin', origin],
      ['Origin', 'https://evil.example'],
    ] as const
    expect((await send('POST', '/auth/logout', origins)).status).toBe(403)
    expect([400, 421]).toContain(
      (
        await send('GET', '/auth/me', [
          ['Host', 'evil.example'],
          ['Cookie', cookie],
        ])
      ).status,
    )
  })

  it('HEAD has the headers of GET and no body', async () => {
    const sent = await send('HEAD', '/auth/csrf')
    expect([sent.status, sent.text, sent.headers['content-type']]).toEqual([
      200,
      '',
      'application/json; charset=utf-8',
    ])
  })

  it('a megabyte is refused before it has all come, and the connection is closed', async () => {
    const sent = await send(
      'POST',
      '/auth/login',
      [...json, ['Content-Length', '1000000'], ['Expect', '100-continue']],
      undefined,
    ).catch((error: Error) => error)
    expect(sent).toMatchObject({ status: 413, headers: { connection: 'close' } })
  }, 10_000)

  it('a sender that goes away in the middle of a body harms nobody', async () => {
    const { port } = new URL(origin)
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      `POST /auth/login HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"em`,
    )
    socket.destroy()
    await once(socket, 'close')
    expect((await send('GET', '/auth/csrf')).status).toBe(200)
  })

  it.each(['http://evil.example/auth/me', '*', '//evil.example/auth/me'])(
    'the request target %s does not choose the host',
    async (path) => {
      const sent = await send(path === '*' ? 'OPTIONS' : 'GET', path)
      expect([200, 400, 404, 421]).toContain(sent.status)
      expect(sent.text).not.toContain('http://evil')
    },
  )

  it('the absolute form of a request target is taken, and its host is the one that counts', async () => {
    const cookie = await signUp()
    expect((await send('GET', `${origin}/auth/me`, [['Cookie', cookie]])).status).toBe(200)
    expect((await send('GET', 'http://evil.example/auth/me', [['Cookie', cookie]])).status).toBe(421)
  })

  it('the sender’s address is the socket’s, whatever X-Forwarded-For says', async () => {
    const cookie = await signUp()
    const { text } = await send('GET', '/auth/sessions', [
      ['Cookie', cookie],
      ['X-Forwarded-For', '203.0.113.9'],
    ])
    expect((JSON.parse(text) as { sessions: { ip: string }[] }).sessions[0]?.ip).toBe('127.0.0.1')
  })
})

it('what an unprotected application throws is answered 500 and told to the operator, and the server goes on', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const broken = createServer(
    toNodeListener(auth, () => {
      throw new Error('a mistake of the application')
    }),
  )
  await once(broken.listen(0, '127.0.0.1'), 'listening')
  const { port } = broken.address() as AddressInfo
  for (let round = 1; round <= 2; round++) {
    const response = await fetch(`http://127.0.0.1:${port}/`)
    expect([response.status, await response.text()]).toEqual([500, ''])
    expect(told).toHaveBeenCalledTimes(round)
  }
  told.mockRestore()
  broken.close()
  broken.closeAllConnections()
})

it('A3: a plain node:http server authenticates without building a Request', async () => {
  const cookie = await signUp()
  const plain = createServer(async (incoming, outgoing) => {
    const { status } = await auth.authenticate(toLightRequest(incoming))
    outgoing.end(status)
  })
  await once(plain.listen(0, '127.0.0.1'), 'listening')
  const { port } = plain.address() as AddressInfo
  const host = new URL(origin).host
  expect(await askRaw(port, host, cookie)).toBe('authenticated')
  expect(await askRaw(port, host, '')).toBe('anonymous')
  expect(await askRaw(port, 'evil.example', cookie)).toBe('refused')
  plain.close()
  plain.closeAllConnections()
})

function askRaw(port: number, host: string, cookie: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = { host, ...(cookie && { cookie }) }
  httpRequest({ host: '127.0.0.1', port, headers }, (incoming) => {
    incoming.setEncoding('utf8').on('data', resolve)
  })
    .on('error', reject)
    .end()
  return promise
}

describe('a client that leaves before it is answered', () => {
  it('reads no stream, and the stream is told so: it lets go of what it holds', async () => {
    const cancelled = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const listener = createServer(
      toNodeListener(auth, async (request) => {
        const left = new Promise((gone) => request.signal.addEventListener('abort', gone))
        asked.resolve()
        await left
        return new Response(new ReadableStream({ cancel: () => cancelled.resolve() }))
      }),
    )
    await once(listener.listen(0, '127.0.0.1'), 'listening')
    const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1')
    socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await asked.promise
    socket.destroy()
    await cancelled.promise
    listener.close()
  })
})
