// How do Bun, Deno, workerd, or whatever else speaks `fetch`, get Lockjar's routes beside their own?
import type { Auth } from '../auth.ts'
import type { RequestInfo } from '../http/handler.ts'

/** As much of `Auth` as this needs. */
export type FetchAuth = Pick<Auth, 'handler' | 'owns'>

export type FetchHandler = (request: Request, info?: RequestInfo) => Promise<Response>

/**
 * Lockjar's routes, and everything else to `app`, whose routes `auth.protect` guards. `info.ip` is the sender's address, where
 * the platform says it.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 * import { toFetchHandler } from 'lockjar/fetch'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const app = auth.protect((_request, { user }) => Response.json({ hello: user.id }))
 * export const fetch = toFetchHandler(auth, app)
 * ```
 */
export function toFetchHandler(
  auth: FetchAuth,
  app: (request: Request, info?: RequestInfo) => Response | Promise<Response>,
): FetchHandler {
  return async (request, info) => (auth.owns(request.url) ? auth.handler(request, info) : app(request, info))
}
