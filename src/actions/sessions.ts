// Which sessions has a user, and how does one end, or all of them?
import type { Sender } from '../core/audit/event.ts'
import type { SessionRecord } from '../core/session/session.ts'
import { AuthError } from '../errors.ts'
import type { Runtime } from './runtime.ts'
import type { Doer } from './users.ts'

export async function listSessions({ store }: Runtime, userId: string): Promise<readonly SessionRecord[]> {
  return (await store.sessions.list(userId)).sessions
}

/** @throws {AuthError} `not_found`, the same for a session that ended and for another user's. */
export async function revokeSession(
  { store, revocations, record }: Runtime,
  userId: string,
  sessionId: string,
  sender: Sender,
): Promise<void> {
  const { count, floors } = await store.sessions.revoke(sessionId, userId, 'revoked_by_user')
  if (count === 0) throw new AuthError('not_found', { detail: 'There is no such session.' })
  revocations.apply(floors)
  await record('session.revoked', {
    session: sessionId,
    user: userId,
    sender,
    details: { reason: 'revoked_by_user' },
  })
}

export async function revokeOtherSessions(
  { store, revocations, record }: Runtime,
  userId: string,
  keep: string,
  sender: Sender,
): Promise<void> {
  const { count, floors } = await store.sessions.revokeOthers(userId, keep, 'revoked_by_user')
  revocations.apply(floors)
  // Nothing ended, so nothing has happened: else whoever is signed in could fill the audit log with it.
  if (count > 0)
    await record('session.revoked_others', { session: keep, user: userId, sender, details: { count } })
}

/** Whoever's it is. @throws {AuthError} `not_found`, the same for a session that ended. */
export async function endSession(
  { store, revocations, record }: Runtime,
  sessionId: string,
  by: Doer,
  owner: string | null = null,
): Promise<void> {
  const reason = 'revoked_by_admin'
  const { count, floors, userId } = await store.sessions.revoke(sessionId, owner, reason)
  if (count === 0) throw new AuthError('not_found', { detail: 'There is no such session, or it has ended.' })
  revocations.apply(floors)
  await record('session.revoked', { session: sessionId, user: userId, ...by, details: { reason } })
}

/** Sessions that end in one command: between two of them others write. */
const BATCH = 10_000

/**
 * Ends every session of everybody, and lets no token that was issued before be accepted anywhere. Answers how many rows were
 * live; `told` hears of them as it goes on.
 */
export async function revokeEveryone(
  { store, revocations, record }: Runtime,
  by: Doer,
  told: (ended: number) => void,
): Promise<number> {
  const reason = 'revoked_everyone'
  let ended = 0
  let after: string | null = null
  do {
    const { count, floors, last } = await store.sessions.revokeEveryone(BATCH, after, reason)
    revocations.apply(floors)
    ended += count
    told(ended)
    after = last
  } while (after !== null)
  await record('session.revoked_everyone', { ...by, details: { count: ended, reason } })
  return ended
}
