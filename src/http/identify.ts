// Who sends a request to the application, as far as its head says?
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import type { Pending } from '../core/pending/pending.ts'
import { AuthError } from '../errors.ts'
import type { Authentication, RequestContext } from './authenticate-request.ts'
import { authenticateRequest, refusedWith, toAuthentication } from './authenticate-request.ts'
import type { RequestLike } from './facts.ts'
import { readFacts } from './facts.ts'
import { readFormToken } from './form-token.ts'

export interface AuthenticateOptions {
  /**
   * The CSRF token of a form's field, where the body cannot be read here: the request is no `Request`, or it is multipart.
   * The field `csrfmiddlewaretoken` of a URL-encoded `Request` is found without it.
   */
  readonly csrfToken?: string
  /**
   * The request opens a WebSocket. Its handshake is a `GET`, which any site may have a browser send with the user's cookies: it is
   * judged as what it is over HTTP/2, a `CONNECT` (RFC 8441), and so by where it comes from. Default: whether it says
   * `Upgrade: websocket`, which some platforms keep to themselves.
   */
  readonly upgrade?: boolean
}

export function openContext(
  runtime: Runtime,
  policy: CookiePolicy,
  request: RequestLike,
  { csrfToken, upgrade = isHandshake(request) }: AuthenticateOptions,
): RequestContext {
  const { url, headers } = request
  const facts = readFacts(upgrade ? { method: 'CONNECT', url, headers } : request, runtime.config)
  let token: Promise<string | null> | undefined
  const formToken = (): Promise<string | null> => {
    token ??= readFormToken(request, csrfToken)
    return token
  }
  return { runtime, policy, facts, path: () => pathOf(url), formToken }
}

const isHandshake = ({ headers }: RequestLike): boolean =>
  headers.get('upgrade')?.toLowerCase() === 'websocket'

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : (url.split('?')[0] ?? '/')
}

/**
 * Without waiting where nothing has to be waited for, which is as a rule. Never rejects for what the world did: a foreign host, or
 * a revocation log that cannot be read, is a refusal.
 */
export function identify(context: RequestContext): Pending<Authentication> {
  const { config } = context.runtime
  try {
    const verdict = authenticateRequest(context)
    return verdict instanceof Promise
      ? verdict.then((later) => toAuthentication(later, config), refuse)
      : toAuthentication(verdict, config)
  } catch (error) {
    return refuse(error)
  }
}

function refuse(error: unknown): Authentication {
  if (error instanceof AuthError) return refusedWith(error)
  throw error
}
