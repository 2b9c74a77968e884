// What may the application itself do with an account: change roles, disable it, end its sessions?

import type { EventFacts } from '../core/audit/event.ts'
import type { UserRecord } from '../core/user/user.ts'
import type { FieldError } from '../errors.ts'
import { AuthError } from '../errors.ts'
import { logoutAll } from './logout.ts'
import type { Runtime } from './runtime.ts'

/** Who acts on somebody else's account. */
export type Doer = Pick<EventFacts, 'actor' | 'sender'>

/** They travel in every access token, so they are few and short. */
const ROLE = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/
const MOST_ROLES = 32

/** @throws {AuthError} `not_found`. */
export async function getUser({ store }: Runtime, id: string): Promise<UserRecord> {
  return present(await store.users.find(id))
}

/**
 * Reaches open sessions at their next request: their tokens are below the user's floor, and the refresh that follows brings
 * the new roles. A refresh under way that has read the old ones mints a token of the old revision, which the floor refuses.
 *
 * @throws {AuthError} `not_found`, `validation_failed`.
 */
export async function setRoles(
  { store, revocations, record }: Runtime,
  id: string,
  roles: readonly string[],
  by: Doer,
): Promise<UserRecord> {
  const errors = judgeRoles(roles)
  if (errors.length > 0) throw new AuthError('validation_failed', { errors })
  const { user, floors } = present(await store.users.setRoles(id, [...new Set(roles)]))
  revocations.apply(floors)
  await record('user.roles_changed', { user: id, ...by, details: { roles: user.roles.join(' ') } })
  return user
}

/**
 * Signs the user out everywhere and keeps them out. Sessions end before and after: were a write to fail, none is left that could
 * be used once the user is enabled again.
 *
 * @throws {AuthError} `not_found`.
 */
export async function disableUser(runtime: Runtime, id: string, by: Doer): Promise<UserRecord> {
  const { store, record } = runtime
  await revokeAll(runtime, await getUser(runtime, id))
  const user = present(await store.users.setDisabled(id, true))
  await revokeAll(runtime, user)
  await record('user.disabled', { user: id, ...by })
  return user
}

/** Lets the user sign in again; sessions that ended stay ended. @throws {AuthError} `not_found`. */
export async function enableUser(runtime: Runtime, id: string, by: Doer): Promise<UserRecord> {
  const { store, record } = runtime
  const disabled = await getUser(runtime, id)
  if (disabled.disabledAt !== null) await revokeAll(runtime, disabled)
  const user = present(await store.users.setDisabled(id, false))
  await record('user.enabled', { user: id, ...by })
  return user
}

async function revokeAll({ store, revocations }: Runtime, user: UserRecord): Promise<void> {
  const { floors } = await store.sessions.revokeAll(user.id, user.revision, 'account_disabled')
  revocations.apply(floors)
}

/** @throws {AuthError} `not_found`. */
export async function endSessions(runtime: Runtime, id: string, by: Doer): Promise<void> {
  await getUser(runtime, id)
  await logoutAll(runtime, id, by)
}

function present<T>(found: T | null): T {
  if (found) return found
  throw new AuthError('not_found', { detail: 'There is no such user.' })
}

function judgeRoles(roles: readonly string[]): readonly FieldError[] {
  if (roles.length > MOST_ROLES)
    return [{ field: 'roles', code: 'invalid', message: `A user may have ${MOST_ROLES} roles.` }]
  return roles
    .filter((role) => !ROLE.test(role))
    .map(() => ({
      field: 'roles',
      code: 'invalid',
      message: 'A role is 1 to 64 letters, digits, dots, colons, hyphens or underscores.',
    }))
}
