// How does a server that speaks `fetch` sign people in?
import { createAuth } from 'lockjar'
import { toFetchHandler } from 'lockjar/fetch'

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

const fetch = toFetchHandler(auth, (request) =>
  (routes[`${request.method} ${new URL(request.url).pathname}`] ?? nothing)(request),
)

// Bun serves what a module exports.
export default { port, hostname: '127.0.0.1', fetch }
