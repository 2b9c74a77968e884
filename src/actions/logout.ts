// How does a user sign out, here or everywhere?
import type { EventFacts, Sender } from '../core/audit/event.ts'
import { sessionFloors } from '../core/revocation/floors.ts'
import { AuthError } from '../errors.ts'
import type { Runtime } from './runtime.ts'

/** Ends the session if it is live; says whether it was. Either way this node accepts nothing of it from now on. */
export async function logout(
  { store, revocations, record, clock }: Runtime,
  sessionId: string,
  sender: Sender,
): Promise<boolean> {
  const { count, floors, userId } = await store.sessions.revoke(sessionId, null, 'logout')
  // Ended elsewhere a moment ago, and this node may not have read so: it must not accept what it calls signed out.
  revocations.apply(count > 0 ? floors : sessionFloors([sessionId], clock.now()))
  if (count > 0)
    await record('session.revoked', {
      session: sessionId,
      user: userId,
      sender,
      details: { reason: 'logout' },
    })
  return count > 0
}

/**
 * Ends every session of the user. Their revision rises, so that no token issued before is accepted anywhere. A refresh under way
 * may mint one of the new revision for a session that another node ended a moment ago: so its floor is read, too.
 */
export async function logoutAll(
  { store, revocations, record }: Runtime,
  userId: string,
  by: Pick<EventFacts, 'actor' | 'sender'>,
): Promise<void> {
  const revision = await store.users.raiseRevision(userId)
  if (revision === null) throw new AuthError('session_revoked')
  const { count, floors } = await store.sessions.revokeAll(userId, revision, 'logout_all')
  revocations.apply(floors)
  await revocations.catchUp()
  // What somebody else does is told in any case, and by them it is awaited: the revision has risen.
  if (count > 0 || by.actor)
    await record('session.revoked_all', { user: userId, ...by, details: { count, reason: 'logout_all' } })
}
