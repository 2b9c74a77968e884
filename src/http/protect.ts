// How does an application's own handler get the signed-in user, with CSRF and CORS already dealt with?
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { preflightHeaders } from '../core/cors/cors.ts'
import { AuthError } from '../errors.ts'
import type { Authentication } from './authenticate-request.ts'
import { authenticateRequest, toAuthentication } from './authenticate-request.ts'
import type { RequestLike } from './facts.ts'
import { readFacts } from './facts.ts'
import { readFormToken } from './form-token.ts'
import { addHeaders, isPreflight } from './handler.ts'
import { toAuthError, toProblemResponse, toResponse, withCookies, withCors } from './response.ts'

export interface AuthenticateOptions {
  /**
   * The CSRF token of a form's field, where the body cannot be read here: the request is no `Request`, or it is multipart.
   * The field `csrfmiddlewaretoken` of a URL-encoded `Request` is found without it.
   */
  readonly csrfToken?: string
}

export type Authenticate = (request: RequestLike, options?: AuthenticateOptions) => Promise<Authentication>

/** Never rejects for what the world did: a foreign host, or a revocation log that cannot be read, is a refusal. */
export function createAuthenticate(runtime: Runtime, policy: CookiePolicy): Authenticate {
  return async (request, { csrfToken } = {}) => {
    const facts = readFacts(request)
    const formToken = (): Promise<string | null> => readFormToken(request, csrfToken)
    const context = { runtime, policy, facts, path: pathOf(request.url), formToken }
    try {
      return toAuthentication(await authenticateRequest(context), runtime.config)
    } catch (error) {
      if (!(error instanceof AuthError)) throw error
      return toAuthentication({ status: 'refused', refusal: error }, runtime.config)
    }
  }
}

/** What a protected handler knows. */
export type SignedIn = Authentication & { readonly status: 'authenticated' }
/** What an open handler knows: somebody, or nobody in particular. */
export type Visitor = Authentication & { readonly status: 'authenticated' | 'anonymous' }

export type AppHandler<Who> = (request: Request, who: Who) => Response | Promise<Response>

export interface Protect {
  (handler: AppHandler<SignedIn>): (request: Request) => Promise<Response>
  (
    handler: AppHandler<Visitor>,
    options: { readonly anonymous: true },
  ): (request: Request) => Promise<Response>
}

export function createProtect(runtime: Runtime, policy: CookiePolicy): Protect {
  const { config, logger } = runtime
  const authenticate = createAuthenticate(runtime, policy)

  const answer = async (
    request: Request,
    handler: AppHandler<never>,
    anonymous: boolean,
  ): Promise<Response> => {
    const who = await authenticate(request)
    const open = who.status === 'authenticated' || (anonymous && who.status === 'anonymous')
    if (!open) {
      return toProblemResponse(who.refusal ?? new AuthError('unauthenticated'), config.authorizationScheme)
    }
    return withCookies(await handler(request, who as never), who.setCookies)
  }

  return (handler: AppHandler<never>, { anonymous = false }: { readonly anonymous?: boolean } = {}) =>
    async (request: Request): Promise<Response> => {
      const origin = request.headers.get('origin')
      if (isPreflight(request))
        return addHeaders(toResponse({ status: 204 }), preflightHeaders(origin, config))
      try {
        return withCors(await answer(request, handler, anonymous), origin, config)
      } catch (thrown) {
        const error = toAuthError(thrown)
        if (error.status >= 500)
          logger.error({ event: 'request.failed', code: error.code, error }, error.message)
        return withCors(toProblemResponse(error, config.authorizationScheme), origin, config)
      }
    }
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : (url.split('?')[0] ?? '/')
}
