// How does a Fastify application sign people in?
import Fastify from 'fastify'
import { createAuth } from 'lockjar'
import { type Guarded, requireRecentAuth, requireRole, requireUser, toPlugin } from 'lockjar/fastify'

const port = Number(process.env['PORT'] ?? 3000)
const auth = await createAuth({ baseURL: `http://localhost:${port}` })

const app = Fastify()
await app.register(toPlugin(auth))
app.get('/health', { config: { lockjar: false } }, async () => 'well') // for everybody, under any name

// Anybody: `user` may be null.
app.get('/', async ({ auth: { user } }) => ({ hello: user?.id ?? 'stranger' }))
// Signed-in users only; then only some of them, and only with a fresh proof of the password.
app.get('/me', { onRequest: requireUser }, async ({ auth: { user } }) => ({ id: user.id, roles: user.roles }))
app.get('/edit', { onRequest: requireRole('editor') }, async () => 'edited')
// A route that names its own types names `Guarded` behind them, or `user` may be null to TypeScript.
type OfNote = { Params: { id: string } }
app.get<OfNote, Guarded>('/notes/:id', { onRequest: requireUser }, async ({ auth: { user }, params }) => {
  return { note: params.id, by: user.id }
})
app.post('/pay', { onRequest: requireRecentAuth('15m') }, async () => 'paid')

await app.listen({ port, host: '127.0.0.1' })
console.log(`http://localhost:${port}`)
