// Does a framework with Lockjar in it behave, over real sockets? The same questions for every adapter.
import { once } from 'node:events'
import type { Server } from 'node:http'
import { request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createProbe } from 'node:net'
import type { Auth, RequestInfo } from 'lockjar'
import { toUpgradeListener } from 'lockjar/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { TestClock } from '../support/clock.ts'
import type { HeaderLines, Raw } from '../support/raw-http.ts'
import { open, sendBytes, sendRaw, until } from '../support/raw-http.ts'

/** What the application of every adapter does, by path. */
export interface Acts {
  /** Called by every handler of the application, before it answers. */
  called(path: string): void
  /** Two chunks, the second of which comes when the test says so. */
  chunks(): AsyncIterable<string>
}

/**
 * `GET /open` and `GET /me` answer `{ id }`, the second behind requireUser. `GET /edit` is for editors, `POST /pay` asks for a proof
 * within 15 minutes; both answer a text. `POST /open` is open and answers `posted`; `POST /echo` answers a signed-in user the JSON that was sent. `GET /cookie`
 * sets `theme=dark` and `Cache-Control: public`, `GET /throws` throws, `GET /stream` is for users and streams `chunks()`,
 * `POST /webhook` is none of Lockjar's concern and answers `hooked`.
 */
export interface Application {
  readonly server: Server
  close?(): Promise<void>
}

export interface Adapter {
  serve(auth: Auth, acts: Acts): Application | Promise<Application>
  /** What the framework answers where its handler throws. */
  readonly thrown: RegExp
  /** A parser of the application's reads every body first, within limits of its own. */
  readonly isParsedBefore?: boolean
}

const TRUSTED = 'http://localhost:5173'
const FOREIGN = 'https://evil.example'

export function conformance(name: string, { serve, thrown, isParsedBefore = false }: Adapter): void {
  describe(`${name}:`, () => {
    let auth: Auth
    let clock: TestClock
    let origin: string
    let port: number
    let application: Application
    let sockets: WebSocketServer
    let gate = Promise.withResolvers<void>()
    /** What was reached by the last request: paths of the application, or `lockjar`. */
    let reached: string[] = []

    beforeAll(async () => {
      port = await freePort()
      origin = `http://localhost:${port}`
      const made = await createTestAuth({ baseURL: origin, trustedOrigins: [TRUSTED] })
      clock = made.clock
      auth = {
        ...made.auth,
        handler: (request: Request, info?: RequestInfo) => {
          reached.push('lockjar')
          return made.auth.handler(request, info)
        },
      }
      application = await serve(auth, {
        called: (path) => reached.push(path),
        async *chunks() {
          yield 'first '
          await gate.promise
          yield 'second'
        },
      })
      const { server } = application
      sockets = new WebSocketServer({ noServer: true })
      server.on('upgrade', toUpgradeListener(auth, sockets))
      if (!server.listening) await once(server.listen(port, '127.0.0.1'), 'listening')
    })

    afterAll(async () => {
      for (const socket of sockets.clients) socket.terminate()
      application.server.closeAllConnections()
      await (application.close?.() ?? new Promise<void>((closed) => application.server.close(() => closed())))
      await auth.close()
    })

    const host = (): HeaderLines => [['Host', `localhost:${port}`]]
    const send = (method: string, path: string, headers: HeaderLines = [], body?: string): Promise<Raw> => {
      reached = []
      const hosted = headers.some(([header]) => header === 'Host') ? headers : [...host(), ...headers]
      return sendRaw(port, method, path, hosted, body)
    }
    const json: HeaderLines = [
      ['Content-Type', 'application/json'],
      ['Sec-Fetch-Site', 'same-origin'],
    ]
    const form: HeaderLines = [
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Sec-Fetch-Site', 'same-origin'],
    ]

    /** A new user, as the `Cookie` header of a browser that they are signed in with. */
    async function signUp(): Promise<{ cookie: string; cookies: HeaderLines; id: string; email: string }> {
      const email = `u${crypto.randomUUID()}@example.com`
      const sent = await send('POST', '/auth/register', json, JSON.stringify({ email, password: PASSWORD }))
      expect(sent.status).toBe(201)
      const cookie = jarOf(sent)
      const { id } = (sent.json as { user: { id: string } }).user
      return { cookie, cookies: [['Cookie', cookie]], id, email }
    }

    it('signs up, and knows the user at routes of its own', async () => {
      const { cookie, cookies, id } = await signUp()
      expect(cookie.split('; ')).toHaveLength(4)
      expect((await send('GET', '/auth/me', cookies)).json).toMatchObject({ user: { id } })
      expect((await send('GET', '/open', cookies)).json).toEqual({ id })
      expect((await send('GET', '/me', cookies)).json).toEqual({ id })
    })

    it('serves a visitor where the route is open, and refuses where it is not, before the handler', async () => {
      expect((await send('GET', '/open')).json).toEqual({ id: null })
      const refused = await send('GET', '/me')
      expect([refused.status, refused.json?.['code'], reached]).toEqual([401, 'unauthenticated', []])
      expect(refused.headers).toMatchObject({
        'content-type': 'application/problem+json; charset=utf-8',
        'www-authenticate': 'Bearer realm="lockjar"',
        'cache-control': 'no-store',
      })
      expect((await send('POST', '/echo', json, '{}')).status).toBe(401)
    })

    it('asks a browser whose token has ended to refresh, and serves it afterwards', async () => {
      const { cookie, cookies, id } = await signUp()
      clock.advance(601_000)
      expect((await send('GET', '/me', cookies)).json).toMatchObject({ code: 'token_expired' })
      const refreshed = await send('POST', '/auth/refresh', [['Cookie', cookie], ...json])
      expect(refreshed.status).toBe(200)
      expect((await send('GET', '/me', [['Cookie', jarOf(refreshed)]])).json).toEqual({ id })
    })

    describe('requests that other sites send', () => {
      it.each(['with the user’s cookies', 'without any'])(
        'do not reach a route that changes something, %s',
        async (which) => {
          const cookies = which === 'without any' ? [] : (await signUp()).cookies
          const refused = await send('POST', '/open', [...cookies, ['Origin', FOREIGN]], '')
          expect([refused.status, refused.json?.['code'], reached]).toEqual([403, 'csrf_failed', []])
          expect((await send('POST', '/open', [...cookies, ['Origin', origin]], '')).text).toBe('posted')
          expect((await send('POST', '/open', [...cookies, ['Origin', TRUSTED]], '')).text).toBe('posted')
        },
      )

      it('reach a webhook that is kept apart', async () => {
        const { cookies } = await signUp()
        const sent = await send('POST', '/webhook', [...cookies, ['Origin', FOREIGN]], '')
        expect([sent.status, sent.text]).toEqual([200, 'hooked'])
      })

      it.each([
        ['GET', '/me'],
        ['POST', '/echo'],
        ['DELETE', '/nowhere'],
      ])('ask beforehand, and only a trusted origin is told yes: %s %s', async (method, path) => {
        const ask = (from: string): Promise<Raw> =>
          send('OPTIONS', path, [
            ['Origin', from],
            ['Access-Control-Request-Method', method],
          ])
        const trusted = await ask(TRUSTED)
        expect([trusted.status, reached]).toEqual([204, []])
        expect(trusted.headers).toMatchObject({
          'access-control-allow-origin': TRUSTED,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': expect.stringContaining('DELETE'),
        })
        const foreign = await ask(FOREIGN)
        expect([foreign.status, foreign.headers['access-control-allow-origin']]).toEqual([204, undefined])
      })

      it.each(['/open', '/me', '/throws', '/nowhere', '/cookie', '/auth/me'])(
        'may read the answer of %s where they are trusted, and no cache hands it to another',
        async (path) => {
          const trusted = await send('GET', path, [['Origin', TRUSTED]])
          expect(trusted.headers).toMatchObject({
            'access-control-allow-origin': TRUSTED,
            'access-control-allow-credentials': 'true',
            vary: expect.stringContaining('Origin'),
          })
          for (const from of [[], [['Origin', FOREIGN]]] as const) {
            const { headers } = await send('GET', path, from)
            expect([headers['access-control-allow-origin'], String(headers['vary'])]).toEqual([
              undefined,
              expect.stringContaining('Origin'),
            ])
          }
        },
      )
    })

    it('lets roles in where a route is for them', async () => {
      const { cookie, cookies, id } = await signUp()
      expect((await send('GET', '/edit')).status).toBe(401)
      const refused = await send('GET', '/edit', cookies)
      expect([refused.status, refused.json?.['code'], reached]).toEqual([403, 'forbidden', []])
      await auth.users.setRoles(id, ['editor'])
      const refreshed = await send('POST', '/auth/refresh', [['Cookie', cookie], ...json])
      expect((await send('GET', '/edit', [['Cookie', jarOf(refreshed)]])).text).toBe('edited')
    })

    it('asks for the password again where a route does, and serves after it', async () => {
      const { cookie } = await signUp()
      const headers = (jar: string): HeaderLines => [['Cookie', jar], ...json]
      expect((await send('POST', '/pay', headers(cookie), '{}')).text).toBe('paid')
      clock.advance(15 * 60_000 + 1)
      const renewed = jarOf(await send('POST', '/auth/refresh', headers(cookie)))
      const refused = await send('POST', '/pay', headers(renewed), '{}')
      expect([refused.status, refused.json?.['code'], reached]).toEqual([403, 'step_up_required', []])
      const proof = await send(
        'POST',
        '/auth/step-up',
        headers(renewed),
        JSON.stringify({ password: PASSWORD }),
      )
      expect(proof.status).toBe(200)
      expect((await send('POST', '/pay', headers(jarOf(proof)), '{}')).text).toBe('paid')
    })

    describe('headers that come twice', () => {
      it('are one list where they are cookies', async () => {
        const { cookie, id } = await signUp()
        const lines = cookie.split('; ').map((pair): [string, string] => ['Cookie', pair])
        expect((await send('GET', '/me', lines)).json).toEqual({ id })
        expect((await send('GET', '/auth/me', lines)).status).toBe(200)
      })

      it('are none that counts where they are credentials, hosts or origins', async () => {
        const { cookie, cookies } = await signUp()
        const token = /access_token=([^;]+)/.exec(cookie)?.[1] ?? ''
        const bearer: readonly [string, string] = ['Authorization', `Bearer ${token}`]
        expect((await send('GET', '/me', [bearer])).status).toBe(200)
        expect((await send('GET', '/me', [bearer, ['Authorization', 'Bearer other']])).status).toBe(401)
        const origins: HeaderLines = [...cookies, ['Origin', origin], ['Origin', FOREIGN]]
        expect((await send('POST', '/open', origins, '')).status).toBe(403)
        const hosts: HeaderLines = [...host(), ['Host', 'evil.example'], ...cookies]
        expect([400, 421]).toContain((await send('GET', '/me', hosts)).status)
        expect(reached).toEqual([])
      })
    })

    it.each(['/open', '/me', '/nowhere', '/auth/me'])('does not answer %s for another host', async (path) => {
      const { cookies } = await signUp()
      expect((await send('GET', path, [['Host', 'evil.example'], ...cookies])).status).toBe(421)
      // Of an absolute target its own host counts (RFC 9112 section 3.2.2).
      const absolute = await send('GET', `http://evil.example${path}`, [...host(), ...cookies])
      expect([absolute.status, absolute.text.includes('"id"')]).toEqual([421, false])
    })

    it('answers requests that share a connection in turn, each as who sent it', async () => {
      const [ada, bob] = [await signUp(), await signUp()]
      const get = (path: string, cookie?: string): string =>
        `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`
      const all = [
        get('/me', ada.cookie),
        get('/open'),
        get('/auth/csrf', bob.cookie),
        get('/me'),
        get('/me', bob.cookie),
        get('/open', ada.cookie),
      ]
      const text = await sendBytes(
        port,
        all.join(''),
        (so) => so.split('HTTP/1.1 ').length > all.length && /"id":[^}]*\}[^{}]*$/.test(so),
      )
      expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))).toEqual([
        200, 200, 200, 401, 200, 200,
      ])
      expect([...text.matchAll(/"id":("[^"]*"|null)/g)].map(([, id = '']) => JSON.parse(id))).toEqual([
        ada.id,
        null,
        bob.id,
        ada.id,
      ])
    })

    it('lives on when senders go away in the middle of a body, and keeps nothing of them', async () => {
      const { cookie } = await signUp()
      for (const path of ['/auth/login', '/echo', '/open', '/nowhere']) {
        for (let round = 0; round < 5; round++) {
          const socket = await open(port)
          const head = `POST ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${cookie}\r\nSec-Fetch-Site: same-origin\r\n`
          socket.write(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"em`)
          await new Promise(setImmediate)
          socket.destroy()
        }
      }
      await until(async () => (await connectionsOf(application.server)) === 0)
      expect((await send('GET', '/open')).status).toBe(200)
    })

    it.each([
      '/me/',
      '//me',
      '/%6de',
      '/me%2F',
      '/x/../me',
      '/x/%2e%2e/me',
      '/./me',
      '/ME',
      '/me;x',
      '/me%00',
      '/auth/../me',
      '/auth/%2e%2e/me',
      '/auth/%2e%2e%2fme',
    ])('is not got past by another way to write a guarded path: %s', async (path) => {
      const { status, text } = await send('GET', path)
      expect([status, text.includes('"id"')]).toEqual([expect.any(Number), false])
      expect([400, 401, 404]).toContain(status)
      expect(reached).not.toContain('/me')
    })

    it.each([
      '/auth/me/',
      '//auth/me',
      '/auth//me',
      '/auth%2Fme',
      '/auth/%2e%2e/auth/me',
      '/x/../auth/me',
      '/x/%2e%2e/auth/me',
      '/%61uth/me',
      '/auth/%6de',
      '/auth/auth/me',
      '/AUTH/me',
      '/auth',
      '/auth/',
      '/auth?x',
      '/authx',
      '/auth/me?x=/auth/me',
      '/auth\\me',
    ])('sends %s to Lockjar or to the application, and never to both', async (path) => {
      const { cookies } = await signUp()
      const { status } = await send('GET', path, cookies)
      expect([200, 400, 404]).toContain(status)
      expect(reached.length).toBeLessThanOrEqual(1)
    })

    it('answers HEAD as GET without a body, and OPTIONS by itself', async () => {
      const { cookies } = await signUp()
      const mine = await send('HEAD', '/me', cookies)
      expect([mine.status, mine.text]).toEqual([200, ''])
      const refused = await send('HEAD', '/me')
      expect([refused.status, refused.text]).toEqual([401, ''])
      const own = await send('HEAD', '/auth/csrf')
      expect([own.status, own.text, own.headers['content-type']]).toEqual([
        200,
        '',
        'application/json; charset=utf-8',
      ])
      const options = await send('OPTIONS', '/auth/me')
      expect([options.status, options.headers['allow']]).toEqual([204, expect.stringContaining('PATCH')])
      expect((await send('OPTIONS', '/me')).status).toBeLessThan(500)
      expect(reached).not.toContain('/me')
    })

    it('leaves what a handler throws to the framework, and goes on', async () => {
      for (let round = 0; round < 2; round++) {
        const sent = await send('GET', '/throws')
        expect([sent.status, sent.text]).toEqual([500, expect.stringMatching(thrown)])
      }
    })

    describe('bodies', () => {
      it('of its own routes come through, and of Lockjar’s too, as JSON and as forms', async () => {
        const { cookies, email } = await signUp()
        const body = JSON.stringify({ a: ['grün 🌿', 1, null], b: { c: true } })
        expect((await send('POST', '/echo', [...cookies, ...json], body)).json).toEqual(JSON.parse(body))
        const login = { email, password: PASSWORD }
        expect((await send('POST', '/auth/login', json, JSON.stringify(login))).status).toBe(200)
        expect((await send('POST', '/auth/login', form, new URLSearchParams(login).toString())).status).toBe(
          200,
        )
      })

      it('that Lockjar refuses are refused whoever reads them first', async () => {
        const { email } = await signUp()
        const login = JSON.stringify({ email, password: PASSWORD })
        const post = async (headers: HeaderLines, body: string) =>
          (await send('POST', '/auth/login', headers, body)).status
        expect(await post(json, JSON.stringify({ email, password: PASSWORD, admin: true }))).toBe(422)
        expect(await post(json, '{"email":')).toBe(400)
        expect(
          await post(
            [
              ['Content-Type', 'text/plain'],
              ['Sec-Fetch-Site', 'same-origin'],
            ],
            login,
          ),
        ).toBe(415)
        expect([415, 400]).toContain(await post([...json, ['Content-Encoding', 'br']], login))
        expect(await post(form, `email=${email}&password=a&password=b`)).toBe(400)
        expect(await post(form, `email=${email}&password[x]=${PASSWORD}`)).toBe(422)
        expect(await post(form, `email=${email}&password[]=${PASSWORD}`)).toBe(422)
      })

      if (!isParsedBefore)
        it('of a megabyte are refused before they have all come, and the connection is closed', async () => {
          const headers: HeaderLines = [
            ...json,
            ['Content-Length', '1000000'],
            ['Expect', '100-continue'],
            ['Connection', 'keep-alive'],
          ]
          expect(await send('POST', '/auth/login', headers)).toMatchObject({
            status: 413,
            headers: { connection: 'close' },
          })
        })

      it('over 64 KiB are refused, however they are sent', async () => {
        const body = JSON.stringify({ email: 'a@example.com', password: 'x'.repeat(70_000) })
        expect((await send('POST', '/auth/login', json, body)).status).toBe(413)
        const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
        const head = `POST /auth/login HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
        expect(await sendBytes(port, head + chunk, (text) => text.includes('payload_too_large'))).toMatch(
          /^HTTP\/1\.1 413 /,
        )
        expect((await send('GET', '/open')).status).toBe(200)
      })
    })

    it('streams: what is written arrives while the rest is not there yet', async () => {
      const { cookies } = await signUp()
      gate = Promise.withResolvers()
      const headers = [...host(), ...cookies].flat()
      const outgoing = sendRequest({ host: '127.0.0.1', port, path: '/stream', headers, agent: false }).end()
      const [incoming] = await once(outgoing, 'response')
      const ended = once(incoming, 'end')
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (text === 'first ') gate.resolve()
      })
      await ended
      expect(text).toBe('first second')
    })

    it('keeps the application’s cookie beside its own, and what carries one from caches', async () => {
      const plain = await send('GET', '/cookie')
      expect([plain.setCookies, plain.headers['cache-control']]).toEqual([['theme=dark'], 'public'])
      const { setCookies, headers } = await send('GET', '/cookie', [
        ['Cookie', 'access_token=a; access_token=b'],
      ])
      expect(setCookies[0]).toBe('theme=dark')
      expect(setCookies.length).toBeGreaterThan(2)
      for (const line of setCookies.slice(1)) expect(line).toMatch(/^access_token=; Max-Age=0; /)
      expect(new Set(setCookies).size).toBe(setCookies.length)
      expect(headers['cache-control']).toBe('no-store')
      const refused = await send('GET', '/me', [['Cookie', 'access_token=a; access_token=b']])
      expect([refused.json?.['code'], refused.setCookies]).toEqual([
        'cookie_conflict',
        setCookies.slice(1).map((line) => line.replace('/cookie', '/me')),
      ])
    })

    it('takes the sender’s address from the socket, whatever X-Forwarded-For says', async () => {
      const { cookies } = await signUp()
      const { json: body } = await send('GET', '/auth/sessions', [
        ...cookies,
        ['X-Forwarded-For', '203.0.113.9'],
      ])
      expect((body as { sessions: { ip: string }[] } | null)?.sessions[0]?.ip).toBe('127.0.0.1')
    })

    describe('a WebSocket', () => {
      const live = (cookie: string, from: string): WebSocket =>
        new WebSocket(`ws://127.0.0.1:${port}/live`, {
          headers: { host: `localhost:${port}`, cookie },
          origin: from,
        })

      it('is told 4401 when its session is revoked', async () => {
        const { cookie } = await signUp()
        const socket = live(cookie, origin)
        await once(socket, 'open')
        const closed = once(socket, 'close')
        await send('POST', '/auth/logout', [['Cookie', cookie], ...json])
        const [code, reason] = await closed
        expect([code, String(reason)]).toEqual([4401, 'session_revoked'])
      })

      it.each([
        [FOREIGN, true, 403],
        ['', false, 401],
      ])('from "%s" with the user’s cookies: %s, is refused with %i', async (from, hasCookies, status) => {
        const { cookie } = await signUp()
        const socket = live(hasCookies ? cookie : '', from === '' ? origin : from)
        socket.on('error', () => {})
        const [, answer] = await once(socket, 'unexpected-response')
        expect(answer.statusCode).toBe(status)
      })
    })
  })
}

const jarOf = ({ setCookies }: Raw): string => setCookies.map((line) => line.split(';')[0]).join('; ')

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

async function freePort(): Promise<number> {
  const probe = createProbe().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
