// How does an answer hand a session to its owner, and take it back?
import type { Issued } from '../../actions/issue-tokens.ts'
import type { SignInContext } from '../../actions/start-session.ts'
import type { RequestContext } from '../authenticate-request.ts'
import { csrfTokenFor } from '../csrf-token.ts'
import type { Answer } from '../response.ts'
import { clearCookies, sessionCookies } from '../session-cookies.ts'
import { toSession } from '../views.ts'
import type { SignedInVerdict } from './admission.ts'
import type { Call } from './route.ts'

/** `replaces`: the sessions that the browser carried until now. */
export function signInContext(
  { facts, ip, body }: Call<{ readonly remember?: boolean | undefined }>,
  replaces: readonly string[],
): SignInContext {
  return {
    remember: body.remember ?? false,
    carriage: facts.wantsTokens ? 'header' : 'cookie',
    ip,
    userAgent: facts.userAgent,
    replaces,
  }
}

/** Whose hashing waits behind whose. */
export const sourceOf = ({ ip }: Call<unknown>): string => ip ?? ''

/** Tokens go into cookies, or into the body of a client that is no browser; never both, and never a browser's body. */
export async function answerIssued(
  { runtime, policy, facts }: RequestContext,
  issued: Issued,
  {
    status,
    body = {},
    inBody,
  }: { readonly status: number; readonly body?: object; readonly inBody: boolean },
): Promise<Answer> {
  const session = toSession(issued.session, true, issued.accessExpiresAt)
  if (inBody) {
    const { accessToken, refreshToken } = issued
    return { status, body: { ...body, session, accessToken, refreshToken } }
  }
  const csrf = await csrfTokenFor(issued.session.id, facts, policy, runtime)
  const setCookies = sessionCookies(policy, issued, csrf.token, runtime.clock.now())
  return { status, body: { ...body, session }, setCookies }
}

/** The browser's cookies are cleared with the session; an API client's header has none. */
export function clearIfCookie({ policy }: RequestContext, { credential }: SignedInVerdict): Partial<Answer> {
  return credential.kind === 'cookie' ? { setCookies: clearCookies(policy) } : {}
}
