// POST /auth/refresh: how does a browser, or a client, renew its access token?
import { refresh } from '../../actions/refresh.ts'
import { verifyRefreshToken } from '../../core/refresh-token/verify.ts'
import { AuthError } from '../../errors.ts'
import { PATHS } from '../../protocol.ts'
import type { RequestContext } from '../authenticate-request.ts'
import { conflictFacts } from '../authenticate-request.ts'
import { headerToken, hintedSession, refreshClaims } from '../credentials.ts'
import type { Answer } from '../response.ts'
import { emptyBody, refreshedAnswer } from '../schemas.ts'
import { clearCookies } from '../session-cookies.ts'
import { admitCookies, requireSessionToken, usesHeader } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { answerIssued } from './signed-in.ts'

export const refreshRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.refresh,
  operationId: 'refresh',
  summary: 'Renew the access token; the refresh token is rotated',
  body: emptyBody,
  success: { status: 200, description: 'Renewed', schema: refreshedAnswer },
  refusals: [
    'csrf_failed',
    'unauthenticated',
    'session_revoked',
    'cookie_conflict',
    'cookie_too_large',
    'unavailable',
  ],
  admit: admitCookies,
  run: (call) => (usesHeader(call) ? refreshByHeader(call) : refreshByCookie(call)),
})

/** An API client's refresh token, as `Authorization: Bearer`. Its answer is a body, and only for such a client. */
async function refreshByHeader(context: RequestContext): Promise<Answer> {
  const { runtime, facts } = context
  const token = headerToken(facts, runtime.config.authorizationScheme)
  const claims = token ? await verifyRefreshToken(token, runtime.ring) : null
  if (!claims || !facts.wantsTokens) throw new AuthError('unauthenticated')
  return answerIssued(context, await refresh(runtime, claims, 'header'), { status: 200, inBody: true })
}

/**
 * The refresh cookie's path keeps it from being locked to the host, so a sibling sub-domain could plant one of its own.
 * The hint cookie is locked: only a refresh cookie of the session that it names counts.
 */
async function refreshByCookie(context: RequestContext): Promise<Answer> {
  const { runtime, policy, facts } = context
  if (policy.read('hint', facts.cookies).length > 1) {
    throw new AuthError('cookie_conflict', conflictFacts(context, { kind: 'conflict', cookie: 'hint' }))
  }
  const hinted = hintedSession(facts, policy)
  const [claims] = hinted === null ? [] : await refreshClaims(facts, policy, runtime, hinted)
  if (!claims) throw new AuthError('unauthenticated')
  await requireSessionToken(context, claims.sessionId)
  try {
    return await answerIssued(context, await refresh(runtime, claims, 'cookie'), {
      status: 200,
      inBody: false,
    })
  } catch (error) {
    throw clearAfterReuse(error, context)
  }
}

/** Only proven reuse clears cookies; a refresh that came too late sets and clears nothing. */
function clearAfterReuse(error: unknown, { policy }: RequestContext): unknown {
  if (!(error instanceof AuthError) || error.facts.endsSession !== true) return error
  return new AuthError(error.code, { ...error.facts, setCookies: clearCookies(policy) })
}
