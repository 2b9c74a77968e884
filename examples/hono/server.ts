// How does a Hono application sign people in?
import { createServer } from 'node:http'
import { Hono } from 'hono'
import { createAuth } from 'lockjar'
import { requireRecentAuth, requireRole, requireUser, toMiddleware } from 'lockjar/hono'
import { toNodeListener } from 'lockjar/node'

const port = Number(process.env['PORT'] ?? 3000)
const auth = await createAuth({ baseURL: `http://localhost:${port}` })

const app = new Hono()
  .get('/health', (c) => c.text('well')) // before Lockjar: for everybody, under any name
  .use(toMiddleware(auth))
  // Anybody: `user` may be null.
  .get('/', (c) => c.json({ hello: c.var.auth.user?.id ?? 'stranger' }))
  // Signed-in users only; then only some of them, and only with a fresh proof of the password.
  .get('/me', requireUser, (c) => c.json({ id: c.var.auth.user.id, roles: c.var.auth.user.roles }))
  .get('/edit', requireRole('editor'), (c) => c.text('edited'))
  .post('/pay', requireRecentAuth('15m'), (c) => c.text('paid'))

// On Node. Elsewhere `app.fetch` is all there is to serve.
const server = createServer(toNodeListener(auth, (request) => app.fetch(request)))
server.listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))
