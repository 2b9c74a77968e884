// /auth/sessions: how do users see where they are signed in, and end what they do not know?
import { listSessions, revokeOtherSessions, revokeSession } from '../../actions/sessions.ts'
import { PATHS } from '../../protocol.ts'
import { emptyBody, sessionsAnswer } from '../schemas.ts'
import { toListedSession } from '../views.ts'
import { admitAll, admitCookies, requireUser, SIGNED_OUT } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { clearIfCookie, senderOf } from './signed-in.ts'

export const listSessionsRoute: Route = defineRoute({
  method: 'GET',
  path: PATHS.sessions,
  operationId: 'listSessions',
  summary: "The user's live sessions",
  body: emptyBody,
  success: { status: 200, description: 'The sessions, the current one marked', schema: sessionsAnswer },
  refusals: SIGNED_OUT,
  admit: admitAll,
  async run(call) {
    const { claims } = await requireUser(call)
    const sessions = await listSessions(call.runtime, claims.sub)
    return {
      status: 200,
      body: { sessions: sessions.map((session) => toListedSession(session, session.id === claims.sid)) },
    }
  },
})

export const revokeOthersRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.revokeOthers,
  operationId: 'revokeOtherSessions',
  summary: 'End every session of the user but this one',
  body: emptyBody,
  success: { status: 204, description: 'Revoked' },
  refusals: [...SIGNED_OUT, 'csrf_failed'],
  admit: admitCookies,
  async run(call) {
    const { claims } = await requireUser(call)
    await revokeOtherSessions(call.runtime, claims.sub, claims.sid, senderOf(call))
    return { status: 204 }
  },
})

export const revokeSessionRoute: Route = defineRoute({
  method: 'DELETE',
  path: `${PATHS.sessions}/:id`,
  operationId: 'revokeSession',
  summary: 'End one session of the user',
  body: emptyBody,
  success: { status: 204, description: "Revoked; one's own clears the cookies" },
  refusals: [...SIGNED_OUT, 'csrf_failed', 'not_found'],
  admit: admitCookies,
  async run(call) {
    const verdict = await requireUser(call)
    const { id = '' } = call.params
    await revokeSession(call.runtime, verdict.claims.sub, id, senderOf(call))
    return { status: 204, ...(id === verdict.claims.sid && (await clearIfCookie(call, verdict))) }
  },
})
