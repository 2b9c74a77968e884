// /auth/admin/users: how does a superuser find users, make them, and say what they may?
import { startPasswordReset } from '../../actions/forgot-password.ts'
import { inviteUser } from '../../actions/invite-user.ts'
import type { UserList } from '../../actions/list-users.ts'
import { listUsers } from '../../actions/list-users.ts'
import { disableUser, enableUser, getUser, setRoles } from '../../actions/users.ts'
import type { UserRecord } from '../../core/user/user.ts'
import { PATHS } from '../../protocol.ts'
import {
  managedUserAnswer,
  newUserBody,
  rolesBody,
  userPageAnswer,
  userSearchBody,
  usersQuery,
} from '../admin-schemas.ts'
import type { Answer } from '../response.ts'
import { emptyBody } from '../schemas.ts'
import { toManagedUser } from '../views.ts'
import { admitAll, admitCookies } from './admission.ts'
import type { Call, Route } from './route.ts'
import { defineRoute } from './route.ts'
import { NO_SUPERUSER, requireSuperuser } from './superuser.ts'

const USER = `${PATHS.adminUsers}/:id`

export const listUsersRoute: Route = defineRoute({
  method: 'GET',
  path: PATHS.adminUsers,
  operationId: 'listUsers',
  summary: 'Users, a page at a time, the newest first',
  body: usersQuery,
  success: { status: 200, description: 'A page', schema: userPageAnswer },
  refusals: [...NO_SUPERUSER, 'malformed', 'validation_failed'],
  admit: admitAll,
  run: (call) => answerPage(call, call.body),
})

/** A search is a part of somebody's address: it stands in a body, for URLs are kept in logs. */
export const searchUsersRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.adminUsersSearch,
  operationId: 'searchUsers',
  summary: 'Users by the beginning of their address or user name, or by id',
  body: userSearchBody,
  success: { status: 200, description: 'A page', schema: userPageAnswer },
  refusals: [...NO_SUPERUSER, 'csrf_failed'],
  admit: admitCookies,
  run: (call) => answerPage(call, call.body),
})

/** A password is never chosen for somebody else. */
export const createUserRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.adminUsers,
  operationId: 'createUser',
  summary: 'Make an account; a mail invites its owner to choose a password',
  body: newUserBody,
  success: { status: 201, description: 'Made', schema: managedUserAnswer },
  refusals: [...NO_SUPERUSER, 'csrf_failed', 'conflict'],
  admit: admitCookies,
  async run(call) {
    const { by } = await requireSuperuser(call)
    const { email, username, name, roles } = call.body
    return answerUser(await inviteUser(call.runtime, { email, username, name, roles }, by), 201)
  },
})

export const getUserRoute: Route = defineRoute({
  method: 'GET',
  path: USER,
  operationId: 'getUser',
  summary: 'One user',
  body: emptyBody,
  success: { status: 200, description: 'The user', schema: managedUserAnswer },
  refusals: [...NO_SUPERUSER, 'not_found'],
  admit: admitAll,
  async run(call) {
    const { by } = await requireSuperuser(call)
    const user = await getUser(call.runtime, idOf(call))
    await call.runtime.record('user.viewed', { user: user.id, ...by })
    return answerUser(user)
  },
})

export const disableUserRoute: Route = defineRoute({
  method: 'POST',
  path: `${USER}/disable`,
  operationId: 'disableUser',
  summary: 'Sign a user out everywhere and keep them out',
  body: emptyBody,
  success: { status: 200, description: 'Disabled', schema: managedUserAnswer },
  refusals: [...NO_SUPERUSER, 'csrf_failed', 'not_found', 'conflict'],
  admit: admitCookies,
  async run(call) {
    const { by } = await requireSuperuser(call)
    return answerUser(await disableUser(call.runtime, idOf(call), by))
  },
})

export const enableUserRoute: Route = defineRoute({
  method: 'POST',
  path: `${USER}/enable`,
  operationId: 'enableUser',
  summary: 'Let a user sign in again',
  body: emptyBody,
  success: { status: 200, description: 'Enabled', schema: managedUserAnswer },
  refusals: [...NO_SUPERUSER, 'csrf_failed', 'not_found'],
  admit: admitCookies,
  async run(call) {
    const { by } = await requireSuperuser(call)
    return answerUser(await enableUser(call.runtime, idOf(call), by))
  },
})

export const setRolesRoute: Route = defineRoute({
  method: 'POST',
  path: `${USER}/roles`,
  operationId: 'setRoles',
  summary: "Set a user's roles, in place of those they had",
  body: rolesBody,
  success: { status: 200, description: 'The user as changed', schema: managedUserAnswer },
  refusals: [...NO_SUPERUSER, 'csrf_failed', 'not_found', 'conflict'],
  admit: admitCookies,
  async run(call) {
    const { by } = await requireSuperuser(call)
    return answerUser(await setRoles(call.runtime, idOf(call), call.body.roles, by))
  },
})

export const resetUserRoute: Route = defineRoute({
  method: 'POST',
  path: `${USER}/reset`,
  operationId: 'resetUserPassword',
  summary: 'Mail a user a link to choose a new password; until it is used, nothing changes',
  body: emptyBody,
  success: { status: 202, description: 'The mail is on its way' },
  refusals: [...NO_SUPERUSER, 'csrf_failed', 'not_found'],
  admit: admitCookies,
  async run(call) {
    const { by } = await requireSuperuser(call)
    await startPasswordReset(call.runtime, idOf(call), by)
    return { status: 202 }
  },
})

export function idOf({ params }: Call<unknown>): string {
  return params['id'] ?? ''
}

async function answerPage(call: Call<unknown>, list: UserList): Promise<Answer> {
  const { by } = await requireSuperuser(call)
  const { users, next } = await listUsers(call.runtime, list)
  await call.runtime.record('users.listed', { ...by, details: { count: users.length } })
  return { status: 200, body: { users: users.map(toManagedUser), next } }
}

function answerUser(user: UserRecord, status = 200): Answer {
  return { status, body: { user: toManagedUser(user) } }
}
