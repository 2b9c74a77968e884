// Does Fastify with Lockjar in it behave?
import { Readable } from 'node:stream'
import Fastify from 'fastify'
import type { Auth } from 'lockjar'
import { requireRecentAuth, requireRole, requireUser, signedIn, toPlugin } from 'lockjar/fastify'
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { Acts, Application } from './conformance.ts'
import { conformance } from './conformance.ts'

async function serve(auth: Auth, acts: Acts): Promise<Application> {
  const app = Fastify({ forceCloseConnections: true })
  await app.register(toPlugin(auth))
  app.addHook('preHandler', async ({ url, is404 }) => {
    if (!is404) acts.called(url)
  })
  app.post('/webhook', { config: { lockjar: false } }, async () => 'hooked')
  app.get('/open', async (request) => ({ id: request.auth.user?.id ?? null }))
  app.post('/open', async () => 'posted')
  app.get('/me', { onRequest: requireUser }, async (request) => ({ id: request.auth.user.id }))
  app.get('/edit', { onRequest: requireRole('editor') }, async () => 'edited')
  app.post('/pay', { onRequest: requireRecentAuth('15m') }, async () => 'paid')
  app.post('/echo', { onRequest: requireUser }, async (request) => request.body)
  app.get('/cookie', async (_request, reply) =>
    reply.header('set-cookie', 'theme=dark').header('cache-control', 'public').send(''),
  )
  app.get('/throws', async () => {
    throw new Error('a mistake of the application')
  })
  app.get('/stream', { onRequest: requireUser }, (_request, reply) =>
    reply.send(Readable.from(acts.chunks())),
  )
  await app.ready()
  return { server: app.server, close: () => app.close() }
}

conformance('fastify', { thrown: /"message":"a mistake of the application"/, serve })

const LOCAL = 'http://localhost:3000'
const HOST = { host: 'localhost:3000' }

async function open(options = {}) {
  const { auth } = await createTestAuth({ baseURL: LOCAL, ...options })
  const app = Fastify()
  await app.register(toPlugin(auth))
  const signUp = async () => {
    const sent = await app.inject({
      method: 'POST',
      url: '/auth/register',
      headers: { ...HOST, 'sec-fetch-site': 'same-origin' },
      payload: { email: 'ada@example.com', password: PASSWORD },
    })
    expect(sent.statusCode).toBe(201)
    const cookie = sent.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    return { headers: { ...HOST, cookie }, id: (sent.json() as { user: { id: string } }).user.id }
  }
  return { auth, app, signUp }
}

describe('the plugin', () => {
  it('is that of the instance that registers it, also for scopes that came before, and works with inject', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL })
    const app = Fastify()
    app.register(async (scope) => {
      scope.get('/early', async (request) => ({ id: request.auth.user?.id ?? null }))
    })
    await app.register(toPlugin(auth))
    expect(app.hasRequestDecorator('auth')).toBe(true)
    const foreign = { ...HOST, origin: 'https://evil.example' }
    app.post('/late', async () => 'in')
    expect((await app.inject({ method: 'POST', url: '/late', headers: foreign })).statusCode).toBe(403)
    const early = await app.inject({ url: '/early', headers: HOST })
    expect([early.statusCode, early.json()]).toEqual([200, { id: null }])
  })

  it('guards a whole scope by a hook', async () => {
    const { app, signUp } = await open()
    app.register(async (scope) => {
      scope.addHook('onRequest', requireUser)
      scope.get('/inside', (request) => signedIn(request).user.id)
    })
    app.get('/outside', (request) => signedIn(request).user.id)
    const { headers, id } = await signUp()
    expect((await app.inject({ url: '/inside', headers: HOST })).statusCode).toBe(401)
    expect((await app.inject({ url: '/inside', headers })).body).toBe(id)
    expect((await app.inject({ url: '/outside', headers: HOST })).statusCode).toBe(500)
  })

  it('leaves a route alone that says so, which then has no users', async () => {
    const { app } = await open()
    app.get('/health', { config: { lockjar: false } }, async () => 'well')
    app.get('/broken', { config: { lockjar: false } }, async (request) => request.auth.user)
    const health = await app.inject({ url: '/health', headers: { host: '10.0.0.7:3000' } })
    expect([health.statusCode, health.body]).toEqual([200, 'well'])
    const broken = await app.inject({ url: '/broken', headers: HOST })
    expect([broken.statusCode, broken.json()['message']]).toEqual([
      500,
      expect.stringMatching(/^lockjar: this route has no users/),
    ])
  })

  it('gives handlers what a visit gives: data, cookies and CSRF tokens, whose cookies the answer carries', async () => {
    const { app, signUp } = await open()
    app.get('/theme', async (request) => {
      request.visit.cookies.set('theme', 'dark')
      return request.visit.csrfField()
    })
    const { headers } = await signUp()
    const sent = await app.inject({ url: '/theme', headers })
    expect([sent.headers['set-cookie'], sent.body]).toEqual([
      expect.stringMatching(/^theme=dark; /),
      expect.stringMatching(/^<input type="hidden"/),
    ])
  })

  it('adds to what a route varies by', async () => {
    const { app } = await open()
    app.get('/', async (_request, reply) => reply.header('vary', 'Accept').send('x'))
    expect((await app.inject({ url: '/', headers: HOST })).headers['vary']).toBe('Accept, Origin')
  })

  it('lets the headers of other plugins stand on its own answers', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL })
    const app = Fastify()
    app.addHook(
      'onRequest',
      async (_request, reply) => void reply.header('strict-transport-security', 'max-age=1'),
    )
    await app.register(toPlugin(auth))
    app.get('/me', { onRequest: requireUser }, async () => 'in')
    for (const url of ['/auth/me', '/me']) {
      const { statusCode, headers } = await app.inject({ url, headers: HOST })
      expect([statusCode, headers['strict-transport-security']]).toEqual([401, 'max-age=1'])
    }
  })

  it('that is missing lets nobody through a guard', async () => {
    const app = Fastify()
    app.get('/me', { onRequest: requireUser }, async () => 'in')
    expect((await app.inject('/me')).statusCode).toBe(500)
  })
})
