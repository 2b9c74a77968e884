// How does a user sign out, here or everywhere?
import { AuthError } from '../errors.ts'
import type { Runtime } from './runtime.ts'

/** Ends the session if it is live; says whether it was. */
export async function logout({ store, revocations, logger }: Runtime, sessionId: string): Promise<boolean> {
  const { count, floors } = await store.sessions.revoke(sessionId, null, 'logout')
  revocations.apply(floors)
  if (count > 0) logger.info({ event: 'session.revoked', session: sessionId, reason: 'logout' }, 'signed out')
  return count > 0
}

/** Ends every session of the user. Their revision rises, so that no token issued before is accepted anywhere. */
export async function logoutAll({ store, revocations, logger }: Runtime, userId: string): Promise<void> {
  const revision = await store.users.raiseRevision(userId)
  if (revision === null) throw new AuthError('session_revoked')
  const { count, floors } = await store.sessions.revokeAll(userId, revision, 'logout_all')
  revocations.apply(floors)
  logger.info(
    { event: 'session.revoked_all', user: userId, count, reason: 'logout_all' },
    'signed out everywhere',
  )
}
