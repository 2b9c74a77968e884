// /auth/admin/users/:id/sessions: how does a superuser see where a user is signed in, and end it?
import { endSession, listSessions } from '../../actions/sessions.ts'
import { endSessions, getUser } from '../../actions/users.ts'
import { PATHS } from '../../protocol.ts'
import { emptyBody, sessionsAnswer } from '../schemas.ts'
import { toListedSession } from '../views.ts'
import { idOf } from './admin-users.ts'
import { admitAll, admitCookies } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { clearIfCookie } from './signed-in.ts'
import { NO_SUPERUSER, requireSuperuser } from './superuser.ts'

const SESSIONS = `${PATHS.adminUsers}/:id/sessions`

export const listUserSessionsRoute: Route = defineRoute({
  method: 'GET',
  path: SESSIONS,
  operationId: 'listUserSessions',
  summary: "A user's live sessions",
  body: emptyBody,
  success: { status: 200, description: 'The sessions', schema: sessionsAnswer },
  refusals: [...NO_SUPERUSER, 'not_found'],
  admit: admitAll,
  async run(call) {
    const { by, verdict } = await requireSuperuser(call)
    const { id } = await getUser(call.runtime, idOf(call))
    const sessions = await listSessions(call.runtime, id)
    await call.runtime.record('user.viewed', { user: id, ...by, details: { sessions: sessions.length } })
    const { sid } = verdict.claims
    return {
      status: 200,
      body: { sessions: sessions.map((session) => toListedSession(session, session.id === sid)) },
    }
  },
})

export const endUserSessionRoute: Route = defineRoute({
  method: 'DELETE',
  path: `${SESSIONS}/:session`,
  operationId: 'endUserSession',
  summary: "End one of a user's sessions",
  body: emptyBody,
  success: { status: 204, description: "Ended; one's own clears the cookies" },
  refusals: [...NO_SUPERUSER, 'csrf_failed', 'not_found'],
  admit: admitCookies,
  async run(call) {
    const { by, verdict } = await requireSuperuser(call)
    const { session = '' } = call.params
    await endSession(call.runtime, session, by, idOf(call))
    const own = session === verdict.claims.sid
    return { status: 204, ...(own && (await clearIfCookie(call, verdict))) }
  },
})

export const endUserSessionsRoute: Route = defineRoute({
  method: 'DELETE',
  path: SESSIONS,
  operationId: 'endUserSessions',
  summary: 'Sign a user out everywhere',
  body: emptyBody,
  success: { status: 204, description: 'Signed out everywhere; oneself clears the cookies' },
  refusals: [...NO_SUPERUSER, 'csrf_failed', 'not_found'],
  admit: admitCookies,
  async run(call) {
    const { by, verdict } = await requireSuperuser(call)
    const id = idOf(call)
    await endSessions(call.runtime, id, by)
    return { status: 204, ...(id === verdict.claims.sub && (await clearIfCookie(call, verdict))) }
  },
})
