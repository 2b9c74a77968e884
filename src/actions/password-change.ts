// How does a user change their password, so that whoever else knew the old one is out?
import type { AccessClaims } from '../core/access-token/claims.ts'
import { AuthError } from '../errors.ts'
import { getAccount } from './account.ts'
import { checkPassword, sourceOf } from './check-password.ts'
import { rememberNetwork } from './consume.ts'
import type { Issued } from './issue-tokens.ts'
import { refuseWeakPassword } from './new-password.ts'
import type { Runtime } from './runtime.ts'
import type { SignInContext } from './start-session.ts'
import { startSession } from './start-session.ts'

export interface PasswordChange {
  readonly currentPassword: string
  readonly newPassword: string
}

/**
 * Every session of the user ends, this one too; the sender goes on in a new one. All others end before the password is written,
 * so that none outlives it where a later write fails; and all end after it, with those that were begun meanwhile.
 *
 * @throws {AuthError} `forbidden` from the other carriage, `invalid_credentials` for a wrong current password, `validation_failed` for a new one that may not be
 * used, `conflict` where the account was changed at the same time.
 */
export async function changePassword(
  runtime: Runtime,
  claims: AccessClaims,
  { currentPassword, newPassword }: PasswordChange,
  context: Omit<SignInContext, 'remember' | 'replaces'>,
): Promise<Issued> {
  const { config, store, hasher, revocations, record, mail } = runtime
  const { user, session } = await getAccount(runtime, claims)
  // A server may forward a browser's access token as a header; what the browser's session becomes never goes into a body.
  if (session.carriage !== context.carriage) {
    throw new AuthError('forbidden', { detail: 'Send this the way in which the session was begun.' })
  }
  if (!(await checkPassword(runtime, user, currentPassword, context.sender))) {
    void record('proof.failed', {
      user: user.id,
      session: session.id,
      sender: context.sender,
      details: { door: 'password-change' },
    })
    throw new AuthError('invalid_credentials', { detail: 'The current password is not right.' })
  }
  refuseWeakPassword(config, newPassword, [user.email, user.username, user.name], 'newPassword')
  const hash = await hasher.hash(newPassword, sourceOf(context.sender))
  // Hashing takes a while, in which the session may have ended.
  await getAccount(runtime, claims)
  const others = await store.sessions.revokeOthers(user.id, session.id, 'password_changed')
  revocations.apply(others.floors)
  const changed = await store.users.setPassword(user.id, user.revision, hash)
  if (!changed) throw new AuthError('conflict', { detail: 'The account has just been changed; try again.' })
  const { floors } = await store.sessions.revokeAll(user.id, changed.revision, 'password_changed')
  revocations.apply(floors)
  await revocations.catchUp()
  const { sender } = context
  await record('password.changed', { user: user.id, sender })
  // To the owner, should this have been somebody else.
  await mail.notify({ kind: 'password-changed', to: user.email, user: user.id, name: user.name, sender })
  // Whoever knew the old password may have been at home; the sender, who signs in anew, is.
  await store.knownNetworks.forget(user.id)
  await rememberNetwork(runtime, user.id, sender)
  return startSession(runtime, changed, { ...context, remember: session.remember, replaces: [session.id] }, [
    'pwd',
  ])
}
