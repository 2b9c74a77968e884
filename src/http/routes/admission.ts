// Who may come in at which kind of door, and what must they show?
import type { AuthErrorFacts, ErrorCode } from '../../errors.ts'
import { AuthError } from '../../errors.ts'
import type { ClaimsVerdict, RequestContext } from '../authenticate-request.ts'
import { authenticateRequest, hasCsrfToken } from '../authenticate-request.ts'
import { carriedSessions, headerToken } from '../credentials.ts'
import type { Authority } from '../guard.ts'
import { csrfRefusal, guard } from '../guard.ts'

/** Sign-in and registration set cookies, so they are guarded with or without a credential: login CSRF. */
const SIGN_IN: Authority = { ambient: true, onlyJson: true }

/** Whether a header of the configured scheme decides, so that no cookie is looked at. */
export function usesHeader({ facts, runtime }: RequestContext): boolean {
  return headerToken(facts, runtime.config.authorizationScheme) !== undefined
}

/** Refresh, logout and all that needs a user act on cookies unless a header decides. */
const actingOn = (context: RequestContext): Authority => ({ ambient: !usesHeader(context), onlyJson: false })

export const admitAll = (): void => {}

export function admitSignIn(context: RequestContext): void {
  refuseForeign(context, SIGN_IN)
}

export function admitCookies(context: RequestContext): void {
  refuseForeign(context, actingOn(context))
}

function refuseForeign({ facts, runtime }: RequestContext, authority: Authority): void {
  if (guard(facts, runtime.config, authority) === 'refused')
    throw csrfRefusal(facts, runtime.config, 'source')
}

/** `carried`: the sessions that the browser already has. A page may have got its token before the first, or without it. */
export async function requireSignInToken(
  context: RequestContext,
  [carried]: readonly string[],
): Promise<void> {
  const { facts, runtime } = context
  // A client that gets its tokens in the body gets no cookie, so nobody can be signed in to a stranger's account by it.
  if (facts.wantsTokens || guard(facts, runtime.config, SIGN_IN) !== 'token') return
  if ((carried !== undefined && (await hasCsrfToken(context, carried))) || (await hasCsrfToken(context, '')))
    return
  throw csrfRefusal(facts, runtime.config, 'token')
}

/** The same at the other doors that anybody may come to, with or without a session. */
export async function requirePublicToken(context: RequestContext): Promise<void> {
  if (usesHeader(context)) return
  await requireSignInToken(context, await carriedSessions(context.facts, context.policy, context.runtime))
}

export async function requireSessionToken(
  context: RequestContext,
  binding: string | undefined,
): Promise<void> {
  const { facts, runtime } = context
  if (guard(facts, runtime.config, actingOn(context)) !== 'token') return
  if (await hasCsrfToken(context, binding ?? '')) return
  throw csrfRefusal(facts, runtime.config, 'token')
}

/** What those hear who may not, at any door that needs a user. */
export const SIGNED_OUT: readonly ErrorCode[] = [
  'unauthenticated',
  'token_expired',
  'session_revoked',
  'cookie_conflict',
  'unavailable',
]

/** It says who somebody is, and our accounts and sessions are not its maker's to act on. */
const FOREIGN: AuthErrorFacts = {
  detail: 'This token was made by another service, so there is no session of it here; sign in here.',
}

export type SignedInVerdict = ClaimsVerdict & { readonly status: 'authenticated' }

/** @throws {AuthError} the refusal of anybody who is not signed in. */
export async function requireUser(context: RequestContext): Promise<SignedInVerdict> {
  const verdict = await authenticateRequest(context)
  if (verdict.status !== 'authenticated') throw verdict.refusal
  if (verdict.claims.foreign) throw new AuthError('unauthenticated', FOREIGN)
  return verdict
}
