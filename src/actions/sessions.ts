// Which sessions has a user, and how does the user end one?
import type { Sender } from '../core/audit/event.ts'
import type { SessionRecord } from '../core/session/session.ts'
import { AuthError } from '../errors.ts'
import type { Runtime } from './runtime.ts'

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
  await record('session.revoked_others', { session: keep, user: userId, sender, details: { count } })
}
