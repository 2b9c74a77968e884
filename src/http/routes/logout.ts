// POST /auth/logout and /auth/logout-all: how does a user go?
import { logout, logoutAll } from '../../actions/logout.ts'
import type { Runtime } from '../../actions/runtime.ts'
import { verifyRefreshToken } from '../../core/refresh-token/verify.ts'
import { verifySessionToken } from '../../core/session-token/verify.ts'
import { AuthError } from '../../errors.ts'
import { PATHS } from '../../protocol.ts'
import { carriedSessions, headerToken } from '../credentials.ts'
import type { Facts } from '../facts.ts'
import { emptyBody } from '../schemas.ts'
import { admitCookies, requireSessionToken, requireUser, SIGNED_OUT, usesHeader } from './admission.ts'
import type { Call, Route } from './route.ts'
import { defineRoute } from './route.ts'
import { cleared, clearIfCookie, senderOf } from './signed-in.ts'

export const logoutRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.logout,
  operationId: 'logout',
  summary: 'End this session; also when already signed out',
  body: emptyBody,
  success: { status: 204, description: 'Signed out' },
  refusals: ['csrf_failed', 'unauthenticated', 'unavailable'],
  admit: admitCookies,
  async run(call) {
    const { runtime, policy, facts } = call
    if (usesHeader(call)) {
      await logoutByHeader(call)
      return { status: 204 }
    }
    const carried = await carriedSessions(facts, policy, runtime)
    await requireSessionToken(call, carried[0])
    // All of them: whichever of two refresh cookies was planted, the user's own session has ended.
    for (const sessionId of carried) await logout(runtime, sessionId, senderOf(call))
    return { status: 204, ...(namesSource(facts) && { setCookies: await cleared(call) }) }
  },
})

export const logoutAllRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.logoutAll,
  operationId: 'logoutAll',
  summary: 'End every session of the user',
  body: emptyBody,
  success: { status: 204, description: 'Signed out everywhere' },
  refusals: [...SIGNED_OUT, 'csrf_failed'],
  admit: admitCookies,
  async run(call) {
    const verdict = await requireUser(call)
    await logoutAll(call.runtime, verdict.claims.sub, { sender: senderOf(call) })
    return { status: 204, ...(await clearIfCookie(call, verdict)) }
  },
})

/**
 * A request without cookies and without a named source may be another site's form, to which the browser sends no
 * `SameSite` cookie but whose answer it would heed: it clears nothing.
 */
function namesSource({ carriesCookies, origin, secFetchSite }: Facts): boolean {
  return carriesCookies || origin !== null || secFetchSite !== null
}

/**
 * Any token of an API client ends its session, also one that has expired. One that names no session here is refused, lest a client
 * that sent the wrong one take itself for signed out.
 */
async function logoutByHeader(call: Call<unknown>): Promise<void> {
  const { runtime, facts } = call
  const token = headerToken(facts, runtime.config.authorizationScheme)
  const sessionId = token ? await sessionOf(token, runtime) : null
  if (sessionId === null)
    throw new AuthError('unauthenticated', { detail: 'The token names no session here.' })
  await logout(runtime, sessionId, senderOf(call))
}

async function sessionOf(token: string, { tokens, clock, ring }: Runtime): Promise<string | null> {
  const verdict = await tokens.verify(token, clock.now())
  if ('claims' in verdict) return verdict.claims.foreign ? null : verdict.claims.sid
  const claims =
    (await verifyRefreshToken(token, ring)) ?? (await verifySessionToken('session-token', token, ring))
  return claims?.sessionId ?? null
}
