// How does the owner of a mailbox choose a new password, so that whoever else was in is out?
import type { Sender } from '../core/audit/event.ts'
import type { UserRecord } from '../core/user/user.ts'
import { forgiveTries } from './consume.ts'
import { findLink, linkEnded } from './links.ts'
import { hashNewPassword } from './new-password.ts'
import type { Runtime } from './runtime.ts'

export interface PasswordReset {
  readonly token: string
  readonly newPassword: string
}

/**
 * Every session of the user ends and none begins. The token is used up last, so that a password that may not be used costs nobody
 * their link; of many who use one at once, exactly one has set the password.
 *
 * @throws {AuthError} `link_ended`, `validation_failed` for a password that may not be used, `rate_limited`, `unavailable`.
 */
export async function resetPassword(
  runtime: Runtime,
  { token, newPassword }: PasswordReset,
  sender: Sender,
): Promise<void> {
  const { store, mail, record } = runtime
  const { token: found, user } = await findLink(runtime, token, ['reset-password'], sender)
  if (!user) throw linkEnded()
  const hash = await hashNewPassword(runtime, newPassword, [user.email, user.username, user.name], sender)
  const write = () => store.oneTimeTokens.resetPassword(found.tokenHash, hash)
  const changed = await replacingSessions(runtime, user, write, async ({ email, id, name }) => {
    await record('password.reset', { user: id, sender })
    await mail.notify({ kind: 'password-reset', to: email, user: id, name, sender })
  })
  await forgiveTries(runtime, changed, sender)
}

/**
 * Sessions end before the user is written, so that none outlives it where a later write fails; and after it, with those that were
 * begun meanwhile. `told`: what has happened, before anything else that can fail.
 *
 * @throws {AuthError} `link_ended` where `write` answers that somebody else used the link.
 */
export async function replacingSessions(
  { store, revocations }: Runtime,
  user: UserRecord,
  write: () => Promise<UserRecord | null>,
  told: (changed: UserRecord) => Promise<void> = async () => {},
): Promise<UserRecord> {
  const before = await store.sessions.revokeAll(user.id, user.revision, 'password_changed')
  revocations.apply(before.floors)
  const changed = await write()
  if (!changed) throw linkEnded()
  await told(changed)
  const after = await store.sessions.revokeAll(user.id, changed.revision, 'password_changed')
  revocations.apply(after.floors)
  await revocations.catchUp()
  // Somebody else may have been at home with the old one.
  await store.knownNetworks.forget(user.id)
  return changed
}
