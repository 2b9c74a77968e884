// Does TypeScript know the user behind a guard, and only there, without casts and without the framework's own copy of anything?
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** Every line without a comment compiles; every other one is an error. */
const APPLICATIONS: Readonly<Record<string, string>> = {
  express: `
import express, { type Request, type RequestHandler } from 'express'
import type { Auth } from 'lockjar'
import { requireRecentAuth, requireRole, requireUser, signedIn, toMiddleware } from 'lockjar/express'

declare const auth: Auth
declare const untyped: RequestHandler
const app = express()
app.use(toMiddleware(auth))
app.use(express.json())
app.get('/open/:id', (req, res) => {
  const id: string | undefined = req.auth.user?.id
  const own: string = req.params.id
  res.json([id, own])
  // @ts-expect-error: there may be nobody
  req.auth.user.id
})
app.get('/me/:id', requireUser, (req, res) => {
  const id: string = req.auth.user.id
  const own: string = req.params.id
  const roles: readonly string[] = req.auth.user.roles
  res.json([id, own, roles, req.auth.session.authTime])
  // @ts-expect-error: no such parameter
  req.params.other
})
app.post('/pay', express.json(), requireUser, requireRole('editor'), requireRecentAuth('15m'), async (req, res) => {
  res.json([req.auth.user.id, req.body])
})
const router = express.Router()
router.route('/x').get(requireUser, (req, res) => void res.send(req.auth.user.id))
app.use('/router', requireUser, router)
const apart: RequestHandler = (req, res) => {
  res.send(signedIn(req).user.id)
  // @ts-expect-error: no guard is seen from here
  req.auth.user.id
}
app.get('/apart', requireUser, untyped, apart)
app.get('/list', [requireUser, untyped], (req: Request) => signedIn(req).user.id)
// @ts-expect-error: no duration
requireRecentAuth('soon')
app.use((error: Error, req: Request, _res: express.Response, next: express.NextFunction) => {
  console.log(req.auth.user?.id)
  next(error)
})
`,
  fastify: `
import Fastify from 'fastify'
import type { Auth } from 'lockjar'
import { type Guarded, requireRecentAuth, requireRole, requireUser, signedIn, toPlugin } from 'lockjar/fastify'

declare const auth: Auth
const app = Fastify({ logger: true })
await app.register(toPlugin(auth))
app.get('/open', (request) => {
  const id: string | undefined = request.auth.user?.id
  // @ts-expect-error: there may be nobody
  request.auth.user.id
  return id
})
app.get('/me', { onRequest: requireUser }, async (request) => {
  const id: string = request.auth.user.id
  await request.visit.session.set('seen', id)
  return [id, request.auth.session.id]
})
app.get<{ Params: { id: string } }, Guarded>('/me/:id', { onRequest: [requireUser, requireRole('x')] }, async (request) => {
  const own: string = request.params.id
  return own + request.auth.user.id
})
app.route({
  method: 'POST',
  url: '/pay',
  onRequest: requireRecentAuth('15m'),
  schema: { body: { type: 'object' } },
  handler: (request) => request.auth.user.id,
})
app.post('/hook', { config: { lockjar: false } }, async () => 'hooked')
// @ts-expect-error: it can be switched off, not on
app.post('/hooks', { config: { lockjar: true } }, async () => 'hooked')
await app.register(async (scope) => {
  scope.addHook('onRequest', requireUser)
  scope.get('/inside', (request) => {
    // @ts-expect-error: no guard is seen from here
    request.auth.user.id
    return signedIn(request).user.id
  })
})
`,
  hono: `
import { Hono } from 'hono'
import type { Auth } from 'lockjar'
import { type LockjarEnv, requireRecentAuth, requireRole, requireUser, toMiddleware, visitOf } from 'lockjar/hono'

declare const auth: Auth
const app = new Hono().use(toMiddleware(auth))
app.get('/open/:id', async (c) => {
  // @ts-expect-error: there may be nobody
  c.var.auth.user.id
  const own: string = c.req.param('id')
  await visitOf(c).session.set('seen', own)
  return c.json([c.var.auth.user?.id, own])
})
app.get('/me', requireUser, (c) => {
  const id: string = c.var.auth.user.id
  return c.json([id, c.get('auth').session.id])
})
app.post('/pay', requireRole('editor'), requireRecentAuth('15m'), (c) => c.text(c.var.auth.user.id))
const apart = new Hono<LockjarEnv>()
apart.get('/open', (c) => c.text(c.var.auth.user?.id ?? ''))
app.route('/apart', apart.get('/in', requireUser, (c) => c.text(c.var.auth.user.id)))
`,
  fetch: `
import type { Auth } from 'lockjar'
import { toFetchHandler } from 'lockjar/fetch'

declare const auth: Auth
const me = auth.protect((_request, { user }) => new Response(user.id))
const open = auth.protect((_request, { user }) => {
  // @ts-expect-error: there may be nobody
  user.id
  return new Response(user?.id)
}, { anonymous: true })
const inside = auth.protect((_request, who) => new Response(auth.requireUser(who).user.id), { anonymous: true })
const edit = auth.protect(() => new Response('edited'), { roles: ['editor'], recentAuth: '15m' })
export default { fetch: toFetchHandler(auth, (request) => [me, open, inside, edit][0]?.(request) ?? new Response()) }
`,
}

it('the user is known behind a guard, and may be nobody elsewhere', () => {
  const folder = join(ROOT, 'node_modules/.cache/adapter-types')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, code] of Object.entries(APPLICATIONS))
    writeFileSync(join(folder, `${name}.ts`), `export {}\n${code}`)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: { noEmit: true, noUnusedLocals: false },
    include: ['./*.ts', '../../../src/**/*.d.ts'],
    exclude: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { stdout, status } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
    { cwd: folder, encoding: 'utf8' },
  )
  expect([stdout, status]).toEqual(['', 0])
})
