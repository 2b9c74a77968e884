// GET, PATCH and DELETE /auth/me: what may users see and do of their own account?

import type { Account } from '../../actions/account.ts'
import { deleteAccount, getAccount, updateProfile } from '../../actions/account.ts'
import type { AccessClaims } from '../../core/access-token/claims.ts'
import { PATHS } from '../../protocol.ts'
import type { RequestContext } from '../authenticate-request.ts'
import type { Answer } from '../response.ts'
import { accountAnswer, emptyBody, passwordBody, profileBody } from '../schemas.ts'
import { toSession, toUser } from '../views.ts'
import { admitAll, admitCookies, requireUser, SIGNED_OUT } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { clearIfCookie, senderOf } from './signed-in.ts'

export const getMeRoute: Route = defineRoute({
  method: 'GET',
  path: PATHS.me,
  operationId: 'getMe',
  summary: 'The signed-in user and this session',
  body: emptyBody,
  success: { status: 200, description: 'The user', schema: accountAnswer },
  refusals: SIGNED_OUT,
  admit: admitAll,
  async run(call) {
    const { claims } = await requireUser(call)
    return answerAccount(call, await getAccount(call.runtime, claims), claims)
  },
})

export const updateMeRoute: Route = defineRoute({
  method: 'PATCH',
  path: PATHS.me,
  operationId: 'updateMe',
  summary: 'Change the profile',
  body: profileBody,
  success: { status: 200, description: 'The user as changed', schema: accountAnswer },
  refusals: [...SIGNED_OUT, 'csrf_failed', 'conflict'],
  admit: admitCookies,
  async run(call) {
    const { claims } = await requireUser(call)
    const { name, username } = call.body
    const profile = { ...(name !== undefined && { name }), ...(username !== undefined && { username }) }
    return answerAccount(call, await updateProfile(call.runtime, claims, profile), claims)
  },
})

export const deleteMeRoute: Route = defineRoute({
  method: 'DELETE',
  path: PATHS.me,
  operationId: 'deleteMe',
  summary: 'Delete the account',
  body: passwordBody,
  success: { status: 204, description: 'Deleted, every session ended' },
  refusals: [...SIGNED_OUT, 'csrf_failed', 'invalid_credentials', 'rate_limited', 'conflict'],
  admit: admitCookies,
  async run(call) {
    const verdict = await requireUser(call)
    await deleteAccount(call.runtime, verdict.claims, call.body.password, senderOf(call))
    return { status: 204, ...(await clearIfCookie(call, verdict)) }
  },
})

function answerAccount(
  { runtime }: RequestContext,
  { user, session }: Account,
  { exp }: AccessClaims,
): Answer {
  const accessExpiresAt = runtime.config.strategy === 'opaque' ? null : exp * 1000
  return { status: 200, body: { user: toUser(user), session: toSession(session, true, accessExpiresAt) } }
}
