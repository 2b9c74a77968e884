// How does an application's own handler get the signed-in user, with CSRF and CORS already dealt with?
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import type { Visitor } from './admit.ts'
import { createAdmit } from './admit.ts'
import type { Authentication } from './authenticate-request.ts'
import type { RequestLike } from './facts.ts'
import type { AuthenticateOptions } from './identify.ts'
import { identify, openContext } from './identify.ts'
import { answerRefusalTo } from './refusal.ts'
import type { Requirement } from './requirement.ts'
import { toRequirement } from './requirement.ts'
import { toAuthError, withCors } from './response.ts'
import type { Visit } from './visit.ts'
import { createVisit } from './visit.ts'

export type Authenticate = (request: RequestLike, options?: AuthenticateOptions) => Promise<Authentication>

export function createAuthenticate(runtime: Runtime, policy: CookiePolicy): Authenticate {
  return async (request, options = {}) => identify(openContext(runtime, policy, request, options))
}

/** The same for a server that answers by itself: who sent the request, and what may be done for the browser. */
export type OpenVisit = (request: RequestLike, options?: AuthenticateOptions) => Promise<Visit>

export function createOpenVisit(runtime: Runtime, policy: CookiePolicy): OpenVisit {
  return async (request, options = {}) => {
    const context = openContext(runtime, policy, request, options)
    return createVisit(context, await identify(context))
  }
}

/** What a protected handler knows. */
export type SignedIn = Authentication & { readonly status: 'authenticated' }

/** `visit`: what the handler may do for the browser; whatever it does is answered, also where the handler throws. */
export type AppHandler<Who extends Authentication> = (
  request: Request,
  who: Who,
  visit: Visit<Who>,
) => Response | Promise<Response>

/** What the route asks of the user besides being signed in. */
export interface ProtectOptions extends Requirement {}

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
  const admit = createAdmit(runtime, policy)

  const answer = async (
    request: Request,
    handler: AppHandler<never>,
    { anonymous = false, ...requirement }: AnyOptions,
  ): Promise<Response> => {
    const admission = await admit(request)
    if (admission.answer) return admission.answer
    // Now, for the handler may read the body, and with it the CSRF token of what it sets afterwards.
    const { who, visit } = admission
    const refusal = anonymous ? null : admission.refuse(requirement)
    return admission.finish(
      refusal ?? (await settle(request, () => handler(request, who as never, visit as never))),
    )
  }

  /** What the handler throws is an answer too. */
  const settle = async (request: Request, work: () => Response | Promise<Response>): Promise<Response> => {
    try {
      return await work()
    } catch (thrown) {
      return explain(request, thrown)
    }
  }

  const explain = (request: Request, thrown: unknown): Response => {
    const error = toAuthError(thrown)
    if (error.status >= 500) logger.error({ event: 'request.failed', code: error.code, error }, error.message)
    return answerRefusalTo(request, error, config, policy)
  }

  return (handler: AppHandler<never>, options: AnyOptions = {}) => {
    toRequirement(options)
    return async (request: Request): Promise<Response> => {
      try {
        return await answer(request, handler, options)
      } catch (thrown) {
        return withCors(explain(request, thrown), request.headers.get('origin'), config)
      }
    }
  }
}
