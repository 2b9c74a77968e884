// How does a server of `node:http` alone sign people in?
import { createServer } from 'node:http'
import { createAuth } from 'lockjar'
import { toNodeListener } from 'lockjar/node'

const port = Number(process.env['PORT'] ?? 3000)
const auth = await createAuth({ baseURL: `http://localhost:${port}` })

const routes: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  // Anybody: `user` may be null.
  'GET /': auth.protect((_request, { user }) => Response.json({ hello: user?.id ?? 'stranger' }), {
    anonymous: true,
  }),
  // Signed-in users only; then only some of them, and only with a fresh proof of the password.
  'GET /me': auth.protect((_request, { user }) => Response.json({ id: user.id, roles: user.roles })),
  'GET /edit': auth.protect(() => new Response('edited'), { roles: ['editor'] }),
  'POST /pay': auth.protect(() => new Response('paid'), { recentAuth: '15m' }),
}
const nothing = auth.protect(() => new Response('not found', { status: 404 }), { anonymous: true })

const server = createServer(
  toNodeListener(auth, (request) =>
    (routes[`${request.method} ${new URL(request.url).pathname}`] ?? nothing)(request),
  ),
)
server.listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))
