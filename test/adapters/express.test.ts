// Does Express with Lockjar in it behave, wherever its body parsers stand?
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { RequestHandler } from 'express'
import express from 'express'
import type { Auth } from 'lockjar'
import { requireRecentAuth, requireRole, requireUser, signedIn, toMiddleware } from 'lockjar/express'
import { toLightRequest } from 'lockjar/node'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { freePort } from '../support/demo.ts'
import { sendRaw } from '../support/raw-http.ts'
import type { Acts, Application } from './conformance.ts'
import { conformance } from './conformance.ts'

const parsers = [express.json({ limit: '1mb' }), express.urlencoded({ extended: true, limit: '1mb' })]

interface Order {
  readonly before?: readonly RequestHandler[]
  readonly after?: readonly RequestHandler[]
}

function serve(auth: Auth, acts: Acts, { before = [], after = [] }: Order): Application {
  const app = express()
  // A handler that throws is no news to the tests' output.
  app.set('env', 'test')
  const called: RequestHandler = (req, _res, next) => {
    acts.called(req.path)
    next()
  }
  app.post('/webhook', (_req, res) => void res.send('hooked'))
  for (const parser of before) app.use(parser)
  app.use(toMiddleware(auth))
  for (const parser of after) app.use(parser)
  app.get('/open', called, (req, res) => void res.json({ id: req.auth.user?.id ?? null }))
  app.post('/open', called, (_req, res) => void res.send('posted'))
  app.get('/me', requireUser, (req, res) => {
    acts.called('/me')
    res.json({ id: req.auth.user.id })
  })
  app.get('/edit', requireRole('editor'), called, (_req, res) => void res.send('edited'))
  app.post('/pay', requireRecentAuth('15m'), called, (_req, res) => void res.send('paid'))
  app.post('/echo', requireUser, called, (req, res) => void res.json(req.body))
  app.get('/cookie', called, (_req, res) => {
    res.cookie('theme', 'dark', { path: '' }).set('Cache-Control', 'public').send('')
  })
  app.get('/throws', () => {
    throw new Error('a mistake of the application')
  })
  app.get('/stream', requireUser, (_req, res) => void Readable.from(acts.chunks()).pipe(res))
  return { server: createServer(app) }
}

const thrown = /Error: a mistake of the application/
conformance('express', { thrown, serve: (auth, acts) => serve(auth, acts, { after: parsers }) })
conformance('express with bodies parsed before', {
  thrown,
  isParsedBefore: true,
  serve: (auth, acts) => serve(auth, acts, { before: parsers }),
})

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const CREDENTIALS = JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
const JSON_TYPE = [
  ['Content-Type', 'application/json'],
  ['Sec-Fetch-Site', 'same-origin'],
] as const

async function start(listener: (auth: Auth) => RequestListener) {
  const port = await freePort()
  const { auth } = await createTestAuth({ baseURL: `http://localhost:${port}` })
  const server = createServer(listener(auth))
  await once(server.listen(port, '127.0.0.1'), 'listening')
  closing.push(
    () => auth.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const { port: bound } = server.address() as AddressInfo
  const send = (
    method: string,
    path: string,
    headers: readonly (readonly [string, string])[] = [],
    body?: string,
  ) => sendRaw(bound, method, path, [['Host', `localhost:${port}`], ...headers], body)
  return { auth, send }
}

const CONFLICT = [['Cookie', 'access_token=a; access_token=b']] as const

describe('a body that was read before Lockjar had its turn', () => {
  const quiet: express.ErrorRequestHandler = (error, _req, res, _next) =>
    void res.status(500).send(error.message)

  it.each<[kept: string, parser: RequestHandler]>([
    ['as an object', express.json()],
    ['as bytes', express.raw({ type: '*/*' })],
    ['as text', express.text({ type: '*/*' })],
    [
      'as rawBody beside what was parsed',
      express.json({ verify: (req, _res, bytes) => Object.assign(req, { rawBody: bytes, body: undefined }) }),
    ],
  ])('and kept %s is taken from there', async (_kept, parser) => {
    const { send } = await start((auth) => express().use(parser, toMiddleware(auth)))
    expect((await send('POST', '/auth/register', JSON_TYPE, CREDENTIALS)).status).toBe(201)
  })

  it('and thrown away is a mistake, and told so', async () => {
    const { send } = await start((auth) => {
      const app = express()
      app.use((req, _res, next) => void req.resume().once('end', next))
      app.use(toMiddleware(auth))
      app.use(quiet)
      return app
    })
    const sent = await send('POST', '/auth/register', JSON_TYPE, CREDENTIALS)
    expect([sent.status, sent.text]).toEqual([
      500,
      expect.stringMatching(/^lockjar: the body .* put its middleware before/),
    ])
  })

  it('is where the CSRF token of a plain form is found', async () => {
    const port = await freePort()
    const { auth } = await createTestAuth({ baseURL: `http://localhost:${port}`, csrf: 'token' })
    const app = express().use(express.urlencoded(), toMiddleware(auth))
    app.post('/cart', (_req, res) => void res.send('posted'))
    const server = createServer(app)
    await once(server.listen(port, '127.0.0.1'), 'listening')
    closing.push(
      () => auth.close(),
      () => server.close(),
    )
    const host = ['Host', `localhost:${port}`] as const
    const { json, setCookies } = await sendRaw(port, 'GET', '/auth/csrf', [host])
    const headers = [
      host,
      ['Cookie', setCookies.map((line) => line.split(';')[0]).join('; ')],
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Sec-Fetch-Site', 'same-origin'],
      ['Connection', 'close'],
    ] as const
    const post = (body: string) => sendRaw(port, 'POST', '/cart', headers, body)
    expect((await post(`csrfmiddlewaretoken=${json?.['csrfToken']}`)).text).toBe('posted')
    expect((await post('csrfmiddlewaretoken=other')).status).toBe(403)
  })
})

it('a guard of one’s own that does not wait for authenticate lets nobody on', async () => {
  const { send } = await start((auth) => {
    const guard = (req: IncomingMessage, _res: unknown, next: () => void): void => {
      auth.requireUser(auth.authenticate(toLightRequest(req)) as never)
      next()
    }
    return express()
      .set('env', 'test')
      .use('/in', guard)
      .get('/in', (_req, res) => void res.send('in'))
  })
  const { status, text } = await send('GET', '/in')
  expect([status, text]).toEqual([500, expect.not.stringMatching(/^in$/)])
})

describe('the head of an answer is completed', () => {
  it.each<[how: string, write: (res: ServerResponse) => void]>([
    [
      'by writeHead with an object',
      (res) => res.writeHead(200, { Vary: 'Accept', 'Set-Cookie': 'theme=dark' }).end(),
    ],
    [
      'by writeHead with a reason',
      (res) => res.writeHead(200, 'Fine', { vary: 'Accept', 'set-cookie': ['theme=dark'] }).end(),
    ],
    [
      'by writeHead with a list',
      (res) => res.writeHead(200, ['Vary', 'Accept', 'Set-Cookie', 'theme=dark']).end(),
    ],
    [
      'by writeHead with a list, a value of which is a list',
      (res) => res.writeHead(200, ['X-Two', ['a', 'b'], 'Set-Cookie', 'theme=dark', 'Vary', 'Accept']).end(),
    ],
    [
      'by writeHead with pairs',
      (res) =>
        res
          .writeHead(200, [
            ['Vary', 'Accept'],
            ['Set-Cookie', ['theme=dark']],
          ] as never)
          .end(),
    ],
    [
      'a second time, where the first was no good',
      (res) => {
        expect(() => res.writeHead(200, { 'X-Bad': 'a\nb' })).toThrow()
        res.writeHead(200, { Vary: 'Accept', 'Set-Cookie': 'theme=dark' }).end()
      },
    ],
    ['by setHeader', (res) => res.setHeader('Vary', 'Accept').setHeader('Set-Cookie', 'theme=dark').end()],
    [
      'by a write',
      (res) => {
        res.setHeader('Vary', 'Accept').setHeader('Set-Cookie', 'theme=dark').write('x')
        res.end()
      },
    ],
    [
      'by flushHeaders',
      (res) => {
        res.setHeader('Vary', 'Accept').setHeader('Set-Cookie', 'theme=dark').flushHeaders()
        res.end()
      },
    ],
  ])('where it is written %s', async (_how, write) => {
    const { send } = await start((auth) => express().use(toMiddleware(auth), (_req, res) => write(res)))
    const { headers, setCookies } = await send('GET', '/', CONFLICT)
    expect(headers['vary']).toBe('Accept, Cookie, Origin')
    expect(setCookies).toEqual([
      'theme=dark',
      expect.stringMatching(/^access_token=;/),
      ...setCookies.slice(2),
    ])
    expect(headers['cache-control']).toBe('no-store')
  })

  it('also that of an error, and with the headers that a middleware before has set', async () => {
    const { send } = await start((auth) => {
      const app = express().set('env', 'test')
      app.use(
        (_req, res, next) => void next(res.setHeader('Strict-Transport-Security', 'max-age=1') && undefined),
      )
      app.use(toMiddleware(auth))
      app.get('/me', requireUser, (_req, res) => void res.send('in'))
      return app
    })
    for (const path of ['/nowhere', '/me', '/auth/me']) {
      const { headers } = await send('GET', path)
      expect([path, headers['strict-transport-security'], String(headers['vary'])]).toEqual([
        path,
        'max-age=1',
        expect.stringContaining('Origin'),
      ])
    }
  })
})

describe('a guard', () => {
  it('that stands before no middleware of Lockjar lets nobody through', async () => {
    const { send } = await start(() =>
      express()
        .set('env', 'test')
        .get('/me', requireUser, (_req, res) => void res.send('in')),
    )
    const { status, text } = await send('GET', '/me')
    expect([status, text.includes('app.use(toMiddleware(auth)) must come before')]).toEqual([500, true])
  })

  it('before a folder of files is not got past by another way to write their path', async () => {
    const { send } = await start((auth) =>
      express()
        .use(toMiddleware(auth))
        .use('/files', requireUser, express.static(import.meta.dirname)),
    )
    for (const path of [
      '/files/express.test.ts',
      '/%66iles/express.test.ts',
      '/files/%65xpress.test.ts',
      '//files/express.test.ts',
    ])
      expect([path, [401, 404].includes((await send('GET', path)).status)]).toEqual([path, true])
  })

  it('stands before a router below, whose handlers ask signedIn()', async () => {
    const { auth, send } = await start((auth) => {
      const router = express.Router()
      router.get('/id', (req, res) => void res.send(signedIn(req).user.id))
      const app = express()
        .set('env', 'test')
        .use(toMiddleware(auth))
        .use('/in', requireUser, router)
        .use('/out', router)
      return app
    })
    const sent = await send('POST', '/auth/register', JSON_TYPE, CREDENTIALS)
    const cookies = [['Cookie', sent.setCookies.map((line) => line.split(';')[0]).join('; ')]] as const
    const { id } = (sent.json as { user: { id: string } }).user
    expect(await auth.users.get(id)).toMatchObject({ id })
    expect((await send('GET', '/in/id', cookies)).text).toBe(id)
    expect((await send('GET', '/in/id')).status).toBe(401)
    expect((await send('GET', '/out/id')).text).toContain('no guard stands before the route')
  })

  it.each([() => requireRole(), () => requireRecentAuth('soon' as '1m')])(
    'that can let nobody through is refused when it is written: %s',
    (write) => {
      expect(write).toThrow(TypeError)
    },
  )
})

it('an application that is mounted below another has its routes there, where the browser sees them', async () => {
  const port = await freePort()
  const { auth } = await createTestAuth({ baseURL: `http://localhost:${port}`, basePath: '/api/auth' })
  const inner = express().use(toMiddleware(auth))
  inner.get('/open', (req, res) => void res.send(req.auth.status))
  const server = createServer(express().use('/api', inner))
  await once(server.listen(port, '127.0.0.1'), 'listening')
  closing.push(
    () => auth.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const get = (path: string) => sendRaw(port, 'GET', path, [['Host', `localhost:${port}`]])
  expect((await get('/api/auth/csrf')).status).toBe(200)
  expect((await get('/api/open')).text).toBe('anonymous')
  expect((await get('/auth/csrf')).status).toBe(404)
})

it('a server of plain (req, res) has it too: the middleware needs nothing of Express', async () => {
  const { send } = await start((auth) => {
    const lockjar = toMiddleware(auth)
    return (req, res) => lockjar(req, res, () => void res.end('open'))
  })
  expect((await send('GET', '/')).text).toBe('open')
  expect((await send('POST', '/auth/register', JSON_TYPE, CREDENTIALS)).status).toBe(201)
})
