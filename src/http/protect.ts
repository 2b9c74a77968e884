// How does an application's own handler get the signed-in user, with CSRF and CORS already dealt with?
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { preflightHeaders } from '../core/cors/cors.ts'
import type { Duration } from '../core/duration/duration.ts'
import { AuthError } from '../errors.ts'
import type { Authentication, RequestContext } from './authenticate-request.ts'
import { authenticateRequest, toAuthentication } from './authenticate-request.ts'
import type { RequestLike } from './facts.ts'
import { readFacts } from './facts.ts'
import { readFormToken } from './form-token.ts'
import { addHeaders, isPreflight } from './handler.ts'
import { createRequireRecentAuth, toMaxAge } from './recent-auth.ts'
import { toAuthError, toProblemResponse, toResponse, withCors } from './response.ts'
import type { Visit } from './visit.ts'
import { createVisit } from './visit.ts'

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

export type Authenticate = (request: RequestLike, options?: AuthenticateOptions) => Promise<Authentication>

export function createAuthenticate(runtime: Runtime, policy: CookiePolicy): Authenticate {
  return (request, options = {}) => identify(openContext(runtime, policy, request, options))
}

/** The same for a server that answers by itself: who sent the request, and what may be done for the browser. */
export type OpenVisit = (request: RequestLike, options?: AuthenticateOptions) => Promise<Visit>

export function createOpenVisit(runtime: Runtime, policy: CookiePolicy): OpenVisit {
  return async (request, options = {}) => {
    const context = openContext(runtime, policy, request, options)
    return createVisit(context, await identify(context))
  }
}

function openContext(
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

/** Never rejects for what the world did: a foreign host, or a revocation log that cannot be read, is a refusal. */
async function identify(context: RequestContext): Promise<Authentication> {
  try {
    const verdict = authenticateRequest(context)
    return toAuthentication(verdict instanceof Promise ? await verdict : verdict, context.runtime.config)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return toAuthentication({ status: 'refused', refusal: error }, context.runtime.config)
  }
}

/** What a protected handler knows. */
export type SignedIn = Authentication & { readonly status: 'authenticated' }
/** What an open handler knows: somebody, or nobody in particular. */
export type Visitor = Authentication & { readonly status: 'authenticated' | 'anonymous' }

/** `visit`: what the handler may do for the browser; whatever it does is answered, also where the handler throws. */
export type AppHandler<Who extends Authentication> = (
  request: Request,
  who: Who,
  visit: Visit<Who>,
) => Response | Promise<Response>

export interface ProtectOptions {
  /**
   * How long ago the user may have proved their password: `15m`. Longer ago is refused with `step_up_required`, and
   * `POST /auth/step-up` helps. Default: as long ago as the session began.
   */
  readonly recentAuth?: Duration
}

export interface Protect {
  (handler: AppHandler<SignedIn>, options?: ProtectOptions): (request: Request) => Promise<Response>
  (
    handler: AppHandler<Visitor>,
    options: { readonly anonymous: true },
  ): (request: Request) => Promise<Response>
}

type AnyOptions = ProtectOptions & { readonly anonymous?: boolean }

export function createProtect(runtime: Runtime, policy: CookiePolicy): Protect {
  const { config, logger } = runtime
  const requireRecentAuth = createRequireRecentAuth(runtime)

  const answer = async (
    request: Request,
    handler: AppHandler<never>,
    { anonymous = false, recentAuth }: AnyOptions,
  ): Promise<Response> => {
    const context = openContext(runtime, policy, request, {})
    const who = await identify(context)
    const open = who.status === 'authenticated' || (anonymous && who.status === 'anonymous')
    if (!open) {
      return toProblemResponse(who.refusal ?? new AuthError('unauthenticated'), config.authorizationScheme)
    }
    const visit = createVisit(context, who)
    const response = await settle(() => {
      if (recentAuth !== undefined) requireRecentAuth(who as SignedIn, recentAuth)
      return handler(request, who as never, visit as never)
    })
    return visit.apply(response)
  }

  /** What the handler throws is an answer too. */
  const settle = async (work: () => Response | Promise<Response>): Promise<Response> => {
    try {
      return await work()
    } catch (thrown) {
      const error = toAuthError(thrown)
      if (error.status >= 500)
        logger.error({ event: 'request.failed', code: error.code, error }, error.message)
      return toProblemResponse(error, config.authorizationScheme)
    }
  }

  return (handler: AppHandler<never>, options: AnyOptions = {}) => {
    if (options.recentAuth !== undefined) toMaxAge(options.recentAuth)
    return async (request: Request): Promise<Response> => {
      const origin = request.headers.get('origin')
      if (isPreflight(request))
        return addHeaders(toResponse({ status: 204 }), preflightHeaders(origin, config))
      return withCors(await settle(() => answer(request, handler, options)), origin, config)
    }
  }
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : (url.split('?')[0] ?? '/')
}
