// POST /auth/refresh: how does a browser, or a client, renew its access token?
import { renewSession } from '../../actions/renew-session.ts'
import type { CookieKind } from '../../core/cookie/policy.ts'
import { AuthError } from '../../errors.ts'
import { PATHS } from '../../protocol.ts'
import type { RequestContext } from '../authenticate-request.ts'
import { conflictFacts } from '../authenticate-request.ts'
import { headerToken, renewableCookie, renewableToken } from '../credentials.ts'
import type { Answer } from '../response.ts'
import { emptyBody, refreshedAnswer } from '../schemas.ts'
import { admitCookies, requireSessionToken, usesHeader } from './admission.ts'
import type { Call, Route } from './route.ts'
import { defineRoute } from './route.ts'
import { answerIssued, cleared, senderOf } from './signed-in.ts'

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

/** An API client's token, as `Authorization: Bearer`. Its answer is a body, and only for such a client. */
async function refreshByHeader(context: Call<unknown>): Promise<Answer> {
  const { runtime, facts } = context
  const token = headerToken(facts, runtime.config.authorizationScheme)
  const renewable = token ? await renewableToken(token, runtime) : null
  if (!renewable || !facts.wantsTokens) throw new AuthError('unauthenticated')
  return answerIssued(context, await renewSession(runtime, renewable, 'header', senderOf(context)), {
    status: 200,
    inBody: true,
  })
}

async function refreshByCookie(context: Call<unknown>): Promise<Answer> {
  refuseConflict(context, 'hint')
  refuseConflict(context, 'session')
  const renewable = await renewableCookie(context)
  if (!renewable) throw new AuthError('unauthenticated')
  await requireSessionToken(context, renewable.claims.sessionId)
  try {
    return await answerIssued(
      context,
      await renewSession(context.runtime, renewable, 'cookie', senderOf(context)),
      {
        status: 200,
        inBody: false,
      },
    )
  } catch (error) {
    throw await clearAfterReuse(error, context)
  }
}

function refuseConflict(context: RequestContext, cookie: CookieKind): void {
  const { policy, facts } = context
  if (policy.read(cookie, facts.cookies).length > 1)
    throw new AuthError('cookie_conflict', conflictFacts(context, { kind: 'conflict', cookie }))
}

/** Only proven reuse clears cookies; a refresh that came too late sets and clears nothing. */
async function clearAfterReuse(error: unknown, context: RequestContext): Promise<unknown> {
  if (!(error instanceof AuthError) || error.facts.endsSession !== true) return error
  return new AuthError(error.code, { ...error.facts, setCookies: await cleared(context) })
}
