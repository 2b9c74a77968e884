// What may others than its user do with an account: change roles, disable it, end its sessions?

import type { EventFacts } from '../core/audit/event.ts'
import type { Identifier } from '../core/user/identifier.ts'
import { toKey } from '../core/user/identifier.ts'
import { judgeRoles, SUPERUSER } from '../core/user/role.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { KeepOne } from '../ports/user-store.ts'
import { logoutAll } from './logout.ts'
import type { Runtime } from './runtime.ts'

/** Who acts on somebody else's account. */
export type Doer = Pick<EventFacts, 'actor' | 'sender'>

/** One who can undo it has to be left. */
export const KEEP_SUPERUSER: KeepOne = { keepOne: SUPERUSER }

/** @throws {AuthError} `not_found`. */
export async function getUser({ store }: Runtime, id: string): Promise<UserRecord> {
  return present(await store.users.find(id))
}

/** By the whole address or user name, in any case. */
export async function findUser({ store }: Runtime, by: Identifier): Promise<UserRecord | null> {
  return 'email' in by
    ? store.users.findByEmail(toKey(by.email))
    : store.users.findByUsername(toKey(by.username))
}

/**
 * Reaches open sessions at their next request: their tokens are below the user's floor, and the refresh that follows brings
 * the new roles. A refresh under way that has read the old ones mints a token of the old revision, which the floor refuses.
 *
 * @throws {AuthError} `not_found`, `validation_failed`, `conflict` for the last superuser.
 */
export async function setRoles(
  { store, revocations, record }: Runtime,
  id: string,
  roles: readonly string[],
  by: Doer,
): Promise<UserRecord> {
  const errors = judgeRoles(roles)
  if (errors.length > 0) throw new AuthError('validation_failed', { errors })
  const written = await store.users.setRoles(id, [...new Set(roles)], KEEP_SUPERUSER)
  const { user, floors } = present(notLast(written))
  revocations.apply(floors)
  await record('user.roles_changed', { user: id, ...by, details: { roles: user.roles.join(' ') } })
  return user
}

/**
 * Signs the user out everywhere and keeps them out. Sessions end before and after: were a write to fail, none is left that could
 * be used once the user is enabled again.
 *
 * @throws {AuthError} `not_found`, `conflict` for the last superuser, `forbidden` for oneself.
 */
export async function disableUser(runtime: Runtime, id: string, by: Doer): Promise<UserRecord> {
  const { store, record } = runtime
  if (by.actor === id) throw new AuthError('forbidden', { detail: 'Nobody disables the own account.' })
  const enabled = await getUser(runtime, id)
  await refuseLast(runtime, enabled)
  await revokeAll(runtime, enabled)
  const user = present(notLast(await store.users.setDisabled(id, true, KEEP_SUPERUSER)))
  await revokeAll(runtime, user)
  await record('user.disabled', { user: id, ...by })
  await store.knownNetworks.forget(id)
  return user
}

/** Lets the user sign in again; sessions that ended stay ended. @throws {AuthError} `not_found`. */
export async function enableUser(runtime: Runtime, id: string, by: Doer): Promise<UserRecord> {
  const { store, record } = runtime
  const disabled = await getUser(runtime, id)
  if (disabled.disabledAt !== null) await revokeAll(runtime, disabled)
  const user = present(notLast(await store.users.setDisabled(id, false)))
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

/**
 * Before anything of a superuser ends: whoever is refused keeps their sessions. Of two who go at once both may pass here; the
 * store's own command lets one of them go.
 *
 * @throws {AuthError} `conflict` where no other superuser is left.
 */
export async function refuseLast({ store }: Runtime, user: UserRecord): Promise<void> {
  if (user.disabledAt !== null || !user.roles.includes(SUPERUSER)) return
  const { users, next } = await store.users.list({
    role: SUPERUSER,
    disabled: false,
    verified: null,
    search: null,
    order: 'oldest',
    after: null,
    limit: 2,
  })
  if (next === null && users.length < 2) throw lastSuperuser()
}

/** @throws {AuthError} `conflict`. */
export function notLast<T>(written: T | 'last'): T {
  if (written !== 'last') return written
  throw lastSuperuser()
}

function lastSuperuser(): AuthError {
  return new AuthError('conflict', { detail: 'This is the last superuser; make another one first.' })
}

function present<T>(found: T | null): T {
  if (found) return found
  throw new AuthError('not_found', { detail: 'There is no such user.' })
}
