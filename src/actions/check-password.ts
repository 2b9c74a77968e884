// Is this password the user's, at the same cost whether or not the user exists?
import type { UserRecord } from '../core/user/user.ts'
import type { Runtime } from './runtime.ts'

/** Rehashes a right password whose hash is weak; a hash that was replaced meanwhile is left alone. */
export async function checkPassword(
  { store, hasher, logger }: Runtime,
  user: UserRecord | null,
  password: string,
  source: string,
): Promise<boolean> {
  if (!user?.passwordHash) {
    await hasher.verifyAbsent(password, source)
    return false
  }
  const { ok, mustRehash } = await hasher.verify(password, user.passwordHash, source)
  if (ok && mustRehash) {
    await store.users.replaceHash(user.id, user.passwordHash, await hasher.hash(password, source))
    logger.info({ event: 'password.rehashed', user: user.id }, 'password hash brought up to date')
  }
  return ok
}
