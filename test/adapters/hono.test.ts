// Does Hono with Lockjar in it behave?
import { createServer } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import type { Auth } from 'lockjar'
import type { LockjarEnv } from 'lockjar/hono'
import { requireRecentAuth, requireRole, requireUser, toMiddleware, visitOf } from 'lockjar/hono'
import { toNodeListener } from 'lockjar/node'
import { describe, expect, it, vi } from 'vitest'
import { createTestAuth } from '../support/auth.ts'
import type { Acts, Application } from './conformance.ts'
import { conformance } from './conformance.ts'

// Hono tells the console of every error, and so would this suite.
vi.spyOn(console, 'error').mockImplementation(() => {})

/** A middleware that reads bodies before Lockjar has its turn. */
const parser: MiddlewareHandler = async ({ req }, next) => {
  if (/json/.test(req.header('content-type') ?? '')) await req.json().catch(() => {})
  else await req.text()
  await next()
}

function serve(auth: Auth, acts: Acts, before: readonly MiddlewareHandler[]): Application {
  const app = new Hono<LockjarEnv & { Bindings: { ip?: string } }>()
  const called =
    (route: string): MiddlewareHandler =>
    (_c, next) => {
      acts.called(route)
      return next()
    }
  app.post('/webhook', (c) => c.text('hooked'))
  for (const middleware of before) app.use(middleware)
  app.use(toMiddleware(auth, { ip: (c) => c.env.ip }))
  app.get('/open', called('/open'), (c) => c.json({ id: c.var.auth.user?.id ?? null }))
  app.post('/open', called('/open'), (c) => c.text('posted'))
  app.get('/me', requireUser, called('/me'), (c) => c.json({ id: c.var.auth.user.id }))
  app.get('/edit', requireRole('editor'), called('/edit'), (c) => c.text('edited'))
  app.post('/pay', requireRecentAuth('15m'), called('/pay'), (c) => c.text('paid'))
  app.post('/echo', requireUser, called('/echo'), async (c) => c.json(await c.req.json()))
  app.get('/cookie', called('/cookie'), () => {
    const headers = { 'set-cookie': 'theme=dark', 'cache-control': 'public' }
    return new Response('', { headers })
  })
  app.get('/throws', () => {
    throw new Error('a mistake of the application')
  })
  app.get('/stream', requireUser, (c) =>
    stream(c, async (out) => {
      for await (const chunk of acts.chunks()) await out.write(chunk)
    }),
  )
  // Node speaks no `fetch` to its clients: everything goes to the application under test.
  const all = {
    handler: async (request: Request, info?: object) => app.fetch(request, info),
    owns: () => true,
    config: auth.config,
  }
  return { server: createServer(toNodeListener(all, () => new Response(null, { status: 500 }))) }
}

conformance('hono', {
  thrown: /^Internal Server Error$/,
  serve: (auth, acts) => serve(auth, acts, []),
})
conformance('hono with bodies read before', {
  thrown: /^Internal Server Error$/,
  isParsedBefore: true,
  serve: (auth, acts) => serve(auth, acts, [parser]),
})

describe('the middleware', () => {
  const HEADERS = { host: 'localhost:3000' }
  const CONFLICT = { ...HEADERS, cookie: 'access_token=a; access_token=b' }
  const open = async () => {
    const { auth } = await createTestAuth({ baseURL: 'http://localhost:3000' })
    return new Hono().use(toMiddleware(auth))
  }

  it('completes an answer whose head cannot be changed, and leaves one alone that many requests share', async () => {
    const app = await open()
    const shared = new Response(null, { status: 204 })
    app.get('/fixed', () => Response.redirect('http://localhost:3000/elsewhere'))
    app.get('/shared', () => shared)
    const fixed = await app.request('/fixed', { headers: HEADERS })
    expect([fixed.status, fixed.headers.get('location'), fixed.headers.get('vary')]).toEqual([
      302,
      'http://localhost:3000/elsewhere',
      'Origin',
    ])
    const [first, second] = [
      await app.request('/shared', { headers: CONFLICT }),
      await app.request('/shared', { headers: HEADERS }),
    ]
    expect([first.headers.getSetCookie().length > 1, second.headers.getSetCookie()]).toEqual([true, []])
  })

  it('gives handlers what a visit gives, whose cookies the answer carries beside Hono’s own', async () => {
    const app = await open()
    app.get('/theme', async (c) => {
      visitOf(c).cookies.set('theme', 'dark')
      c.header('set-cookie', 'own=1')
      return c.text(await visitOf(c).csrfField())
    })
    const sent = await app.request('/theme', { headers: HEADERS })
    expect(sent.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual([
      'own',
      'csrftoken',
      'theme',
    ])
    expect(await sent.text()).toMatch(/^<input type="hidden"/)
  })

  it('that is missing lets nobody through a guard', async () => {
    const app = new Hono().get('/me', requireUser, (c) => c.text('in'))
    expect((await app.request('/me')).status).toBe(500)
  })
})
