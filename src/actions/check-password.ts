// Is this password the user's, at the same cost whether or not the user exists?
import type { Sender } from '../core/audit/event.ts'
import { networkOf } from '../core/network/network.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { PasswordVerdict } from '../ports/password-hasher.ts'
import { consume, rememberNetwork } from './consume.ts'
import type { Runtime } from './runtime.ts'

/** A password that was looked at. */
export interface TriedPassword {
  readonly ok: boolean
  /**
   * To be called once a right one lets its user in: the try does not count, the network is known. Of one that lets nobody in
   * nothing may show.
   */
  accept(): Promise<void>
}

/** For a user who is signed in: whoever has the right password is let in. @throws {AuthError} `rate_limited`. */
export async function checkPassword(
  runtime: Runtime,
  user: UserRecord,
  password: string,
  sender: Sender,
): Promise<boolean> {
  const tried = await tryPassword(runtime, user, password, sender, user.email)
  if (tried.ok) await tried.accept()
  return tried.ok
}

/**
 * The one door of every password check: sign-in, step-up, a change of password and deletion; one budget of tries for all of them.
 * A try is counted before the hash is computed. `account` is what was typed at a sign-in; a signed-in user's is their address.
 * What is accepted is rehashed where its hash is weak; a hash that was replaced meanwhile is left alone.
 *
 * @throws {AuthError} `rate_limited`, the same whether or not the user exists.
 */
export async function tryPassword(
  runtime: Runtime,
  user: UserRecord | null,
  password: string,
  sender: Sender,
  account: string,
): Promise<TriedPassword> {
  const taken = await consume(runtime, 'password', { account, user: user?.id ?? null, sender })
  const verdict = await verify(runtime, user, password, sender).catch(async (error: unknown) => {
    // Nobody has looked at the password, so nothing was tried.
    await taken.giveBack()
    throw error
  })
  return {
    ok: verdict.ok && Boolean(user?.passwordHash),
    async accept() {
      if (!user?.passwordHash || !verdict.ok) return
      await Promise.all([taken.succeed(), rememberNetwork(runtime, user.id, sender)])
      if (verdict.mustRehash) await rehash(runtime, user.id, user.passwordHash, password, sourceOf(sender))
    },
  }
}

async function verify(
  { hasher }: Runtime,
  user: UserRecord | null,
  password: string,
  sender: Sender,
): Promise<PasswordVerdict> {
  const source = sourceOf(sender)
  if (user?.passwordHash) return hasher.verify(password, user.passwordHash, source, sender.signal)
  await hasher.verifyAbsent(password, source, sender.signal)
  return { ok: false, mustRehash: false }
}

/** Whose hashing waits behind whose. */
export const sourceOf = ({ ip }: Sender): string => networkOf(ip)

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
