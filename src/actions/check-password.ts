// Is this password the user's, at the same cost whether or not the user exists?
import type { Sender } from '../core/audit/event.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { Runtime } from './runtime.ts'

/**
 * The one door of every password check: sign-in, step-up, a change of password and deletion. So a budget of guesses can stand here.
 * Rehashes a right password whose hash is weak; a hash that was replaced meanwhile is left alone.
 */
export async function checkPassword(
  runtime: Runtime,
  user: UserRecord | null,
  password: string,
  sender: Sender,
): Promise<boolean> {
  const { hasher } = runtime
  const source = sourceOf(sender)
  if (!user?.passwordHash) {
    await hasher.verifyAbsent(password, source)
    return false
  }
  const { ok, mustRehash } = await hasher.verify(password, user.passwordHash, source)
  if (ok && mustRehash) await rehash(runtime, user.id, user.passwordHash, password, source)
  return ok
}

/** Whose hashing waits behind whose. */
export const sourceOf = ({ ip }: Sender): string => ip ?? ''

/** What can wait: a right password is not refused because there was no room to hash it anew. */
async function rehash(
  { store, hasher, record, logger }: Runtime,
  userId: string,
  from: string,
  password: string,
  source: string,
): Promise<void> {
  try {
    const replaced = await store.users.replaceHash(userId, from, await hasher.hash(password, source))
    if (replaced) await record('password.rehashed', { user: userId })
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    logger.warn(
      { event: 'password.rehash_failed', user: userId, code: error.code },
      'password hash not brought up to date',
    )
  }
}
