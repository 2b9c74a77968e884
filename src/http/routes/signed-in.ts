// How does an answer hand a session to its owner, and take it back?
import type { Issued } from '../../actions/issue-tokens.ts'
import type { SignInContext } from '../../actions/start-session.ts'
import type { Sender } from '../../core/audit/event.ts'
import type { ForPages } from '../../core/secret/token.ts'
import type { RequestContext } from '../authenticate-request.ts'
import { csrfTokenFor } from '../csrf-token.ts'
import { carriedData, endedData } from '../data-cookie.ts'
import type { Answer } from '../response.ts'
import { clearCookies, sessionCookies } from '../session-cookies.ts'
import { toSession } from '../views.ts'
import type { SignedInVerdict } from './admission.ts'
import type { Call } from './route.ts'

/** `replaces`: the sessions that the browser carried until now. */
export function signInContext(
  call: Call<{ readonly remember?: boolean | undefined }>,
  replaces: readonly string[],
): SignInContext {
  const { facts, body } = call
  return {
    remember: body.remember ?? false,
    carriage: facts.wantsTokens ? 'header' : 'cookie',
    sender: senderOf(call),
    replaces,
  }
}

export const senderOf = ({ ip, facts, signal, onQuotas }: Call<unknown>): Sender => ({
  ip,
  userAgent: facts.userAgent,
  signal,
  onQuotas,
})

export interface IssuedAnswer<B extends object> {
  readonly status: number
  /** What stands beside the session, for whoever it is. */
  readonly body?: B & ForPages<B>
  readonly inBody: boolean
}

/** Tokens go into cookies, or into the body of a client that is no browser; never both, and never a browser's body. */
export async function answerIssued<B extends object>(
  { runtime, policy, facts }: RequestContext,
  issued: Issued,
  { status, body, inBody }: IssuedAnswer<B>,
): Promise<Answer> {
  const { credentials } = issued
  const accessExpiresAt = credentials.strategy === 'opaque' ? null : credentials.accessExpiresAt
  const session = toSession(issued.session, true, accessExpiresAt)
  if (inBody) return { status, body: { ...body, session, ...tokensOf(credentials) } }
  const csrf = await csrfTokenFor(issued.session.id, facts, policy, runtime)
  const setCookies = sessionCookies(policy, issued, csrf.token, facts.cookies, runtime.clock.now())
  return forPage({ status, body: { ...body, session }, setCookies })
}

/** What a browser is answered: the compiler lets no token into it. */
export function forPage<B extends object>(
  answer: Omit<Answer, 'body'> & { readonly body: B & ForPages<B> },
): Answer {
  return answer
}

/** An opaque one is an access token as well (RFC 6749 section 1.4), so that a client need not know the strategy. */
function tokensOf(credentials: Issued['credentials']): object {
  if (credentials.strategy === 'opaque') return { accessToken: credentials.sessionToken }
  const { accessToken, refreshToken } = credentials
  return { accessToken, ...(refreshToken !== null && { refreshToken }) }
}

/** The same for a session that has just begun: what was kept for the browser's visitor comes along. */
export async function answerSignedIn<B extends object>(
  context: RequestContext,
  issued: Issued,
  options: IssuedAnswer<B>,
): Promise<Answer> {
  const answer = await answerIssued(context, issued, options)
  if (options.inBody) return answer
  const data = await carriedData(context, issued.session)
  return { ...answer, setCookies: [...(answer.setCookies ?? []), ...data] }
}

/** The browser's cookies are cleared with the session; an API client's header has none. */
export async function clearIfCookie(
  context: RequestContext,
  { credential }: SignedInVerdict,
): Promise<Partial<Answer>> {
  return credential.kind === 'cookie' ? { setCookies: await cleared(context) } : {}
}

/** Ends what was kept for the browser; answers the lines that rid it of the session's cookies. */
export async function cleared(context: RequestContext): Promise<readonly string[]> {
  const { runtime, policy, facts } = context
  const data = await endedData(context)
  return [...clearCookies(policy, runtime.config.strategy, facts.cookies), ...data]
}
