// What do the runtimes serve that are handed their parts? The routes of the examples.
import type { Auth, PasswordHasher } from 'lockjar'
import type { FetchHandler } from 'lockjar/fetch'
import { toFetchHandler } from 'lockjar/fetch'

/** For these tests only: fast, and no password hash at all. */
export const plainHasher: PasswordHasher = {
  hash: async (password) => `$test$${password}`,
  verify: async (password, hash) => ({ ok: hash === `$test$${password}`, mustRehash: false }),
  verifyAbsent: async () => {},
  close: async () => {},
}

export function toApplication(auth: Auth): FetchHandler {
  const routes: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
    'GET /': auth.protect((_request, { user }) => Response.json({ hello: user?.id ?? 'stranger' }), {
      anonymous: true,
    }),
    'GET /me': auth.protect((_request, { user }) => Response.json({ id: user.id, roles: user.roles })),
    'GET /edit': auth.protect(() => new Response('edited'), { roles: ['editor'] }),
    'POST /pay': auth.protect(() => new Response('paid'), { recentAuth: '15m' }),
  }
  const nothing = auth.protect(() => new Response('not found', { status: 404 }), { anonymous: true })
  return toFetchHandler(auth, (request) =>
    (routes[`${request.method} ${new URL(request.url).pathname}`] ?? nothing)(request),
  )
}
