// What does the server answer beside Lockjar's own routes? Two probes, and that there is nothing else.
import type { Auth } from '../auth.ts'
import { AuthError } from '../errors.ts'

export interface Probes {
  answer(request: Request): Promise<Response>
  /** From now on it is not ready. */
  stop(): void
}

const NOT_KEPT = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const METHODS = ['GET', 'HEAD']

export function createProbes(auth: Pick<Auth, 'ready' | 'respond'>): Probes {
  let stopping = false

  const requireReady = async (): Promise<void> => {
    if (stopping) throw new AuthError('unavailable', { detail: 'The server is stopping.', retryAfter: 1 })
    await auth.ready()
  }

  const answer = async ({ url, method }: Request): Promise<Response> => {
    const { pathname } = new URL(url)
    if (pathname !== '/healthz' && pathname !== '/readyz') throw new AuthError('not_found')
    if (!METHODS.includes(method)) throw new AuthError('method_not_allowed', { allow: METHODS })
    if (pathname === '/readyz') await requireReady()
    return Response.json({ status: 'ok' }, { headers: NOT_KEPT })
  }

  return {
    async answer(request) {
      try {
        return await answer(request)
      } catch (error) {
        const refusal = error instanceof AuthError ? error : new AuthError('unavailable', { retryAfter: 1 })
        return auth.respond(refusal, request)
      }
    },
    stop() {
      stopping = true
    },
  }
}
