// What may an application's handler do for the browser that it answers, besides knowing who it is?
import { CSRF_FIELD } from '../protocol.ts'
import type { Authentication, RequestContext } from './authenticate-request.ts'
import { asksVisitorForToken } from './authenticate-request.ts'
import { csrfBinding } from './credentials.ts'
import type { CsrfToken } from './csrf-token.ts'
import { csrfTokenFor, maskToken } from './csrf-token.ts'
import { addCookies, withHeaders } from './response.ts'
import type { VisitCookies } from './visit-cookies.ts'
import { createVisitCookies } from './visit-cookies.ts'
import type { VisitSession } from './visit-session.ts'
import { createVisitSession } from './visit-session.ts'

/**
 * One request of one browser. What a handler does with it is answered by `Set-Cookie` lines, which `auth.protect` adds to
 * the response; elsewhere `apply` does. A request that uses none of it costs nothing.
 */
export interface Visit<Who extends Authentication = Authentication> {
  /** Who sent the request, as `auth.authenticate` says. */
  readonly who: Who
  /** What is kept for this browser, signed in or not. `who.session` is the sign-in. */
  readonly session: VisitSession
  /** Cookies of the application's own. */
  readonly cookies: VisitCookies
  /** A CSRF token for the browser's session, masked: another text at each call. The answer sets its cookie where the browser has none that is good. */
  csrfToken(): Promise<string>
  /** The same as a hidden field of a plain form: `<input type="hidden" name="csrfmiddlewaretoken" value="…">`. */
  csrfField(): Promise<string>
  /** The `Set-Cookie` values that the answer must carry. Ask last: what is done afterwards is not among them. */
  setCookies(): Promise<readonly string[]>
  /** The response with those lines; what sets cookies and says nothing of caches is not kept by them. */
  apply(response: Response): Promise<Response>
}

/** Closures, so that a handler may take the parts apart: `(request, who, { cookies, csrfField }) => …`. */
export function createVisit<Who extends Authentication>(context: RequestContext, who: Who): Visit<Who> {
  const { runtime, policy, facts } = context
  let cookies: ReturnType<typeof createVisitCookies> | undefined
  let csrf: Promise<CsrfToken> | undefined
  let session: ReturnType<typeof createVisitSession> | undefined
  // Now, for the handler may have read the body before it sets anything: then there is nothing left to clone.
  if (who.status === 'anonymous' && asksVisitorForToken(context)) void context.formToken()

  const csrfToken = async (): Promise<string> => {
    csrf ??= findCsrfToken(context, who)
    return maskToken((await csrf).token, runtime)
  }
  const setCookies = async (): Promise<readonly string[]> => {
    const token = await csrf
    return [
      ...who.setCookies,
      ...(token && !token.held ? [policy.set('csrf', token.token)] : []),
      ...((await session?.setCookies()) ?? []),
      ...((await cookies?.setCookies()) ?? []),
    ]
  }

  return {
    who,
    get session() {
      session ??= createVisitSession(context, who)
      return session
    },
    get cookies() {
      cookies ??= createVisitCookies(runtime, facts.cookies)
      return cookies
    },
    csrfToken,
    // Base64url holds nothing that HTML would read.
    csrfField: async () => `<input type="hidden" name="${CSRF_FIELD}" value="${await csrfToken()}">`,
    setCookies,
    async apply(response) {
      const lines = await setCookies()
      return lines.length === 0 ? response : withHeaders(response, (headers) => addCookies(headers, lines))
    },
  }
}

/** For the session that the request acts for, or that the browser carries, or for a visitor without one. */
async function findCsrfToken(context: RequestContext, { session }: Authentication): Promise<CsrfToken> {
  const { facts, policy, runtime } = context
  const binding = session ? session.id : await csrfBinding(facts, policy, runtime)
  return csrfTokenFor(binding, facts, policy, runtime)
}
