// How is it proved that an address is its user's, and whose account is it then?
import type { Sender } from '../core/audit/event.ts'
import { sha256 } from '../core/encoding/digest.ts'
import { equalSecret } from '../core/encoding/equal.ts'
import { createUuid } from '../core/encoding/uuid.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { OneTimeTokenRead } from '../ports/one-time-token-store.ts'
import { consume, rememberNetwork } from './consume.ts'
import type { LinkBrowser } from './links.ts'
import { findLink, issueUserLink, linkEnded } from './links.ts'
import { hashNewPassword } from './new-password.ts'
import { replacingSessions } from './reset-password.ts'
import type { Runtime } from './runtime.ts'

/** Sends the link to a user's present address; nothing for one that is proved already. The name may be a stranger's words. */
export async function requestVerification(runtime: Runtime, user: UserRecord, sender: Sender): Promise<void> {
  const { config, mail } = runtime
  mail.requireOpen()
  if (user.emailVerifiedAt !== null) return
  await consume(runtime, 'mail', { account: user.email, user: user.id, sender })
  const link = await issueUserLink(runtime, 'verify-email', user, config.links.verify)
  await mail.queue({ kind: 'verify-email', to: user.email, user: user.id, name: null, sender, ...link })
}

export interface Verification {
  readonly token: string
  /** Takes the place of the one that was registered with. */
  readonly newPassword: string | null
}

/**
 * Whoever opens the link owns the mailbox, but need not have made the account: somebody else may have registered the address
 * first, to be in once its owner is (pre-hijacking). Unless the browser is the one that registered, or holds a session of the user, it
 * takes a new password, and nothing of what was registered with survives.
 *
 * @throws {AuthError} `link_ended`; `new_password_needed`, with the link still good; `validation_failed`; `unavailable`.
 */
export async function verifyEmail(
  runtime: Runtime,
  { token, newPassword }: Verification,
  browser: LinkBrowser,
  sender: Sender,
): Promise<void> {
  const found = await findLink(runtime, token, ['register', 'verify-email'], sender)
  if (newPassword === null && !(await isTied(found, browser))) {
    throw new AuthError('new_password_needed', {
      errors: [{ field: 'newPassword', code: 'required', message: 'Choose a new password.' }],
    })
  }
  const hash = newPassword && (await hashNewPassword(runtime, newPassword, [emailOf(found)], sender))
  const user = await (found.token.pending
    ? completeRegistration(runtime, found, hash)
    : proveEmail(runtime, found, hash))
  if (found.user === null) await runtime.record('user.registered', { user: user.id, sender })
  await runtime.record('email.verified', { user: user.id, sender, details: { new_password: hash !== null } })
  await rememberNetwork(runtime, user.id, sender)
}

const emailOf = ({ token, user }: OneTimeTokenRead): string => token.pending?.email ?? user?.email ?? ''

/** Whether the browser is one that the account's password, or its choice, is known to have come from. */
async function isTied(
  { token, user }: OneTimeTokenRead,
  { userId, registration }: LinkBrowser,
): Promise<boolean> {
  if (!token.pending) return user !== null && user.id === userId
  return registration !== null && equalSecret(await sha256(registration), token.pending.browserHash)
}

/** An account that was there already, with its address unproved, is taken over: its sessions were somebody else's. */
function completeRegistration(
  runtime: Runtime,
  { token, user }: OneTimeTokenRead,
  passwordHash: string | null,
): Promise<UserRecord> {
  const { store, clock, random } = runtime
  const id = createUuid(clock.now(), random.bytes(10))
  const write = (): Promise<UserRecord | null> =>
    store.oneTimeTokens.completeRegistration(token.tokenHash, { id, passwordHash })
  return user ? replacingSessions(runtime, user, write) : endedUnless(write())
}

function proveEmail(
  runtime: Runtime,
  { token, user }: OneTimeTokenRead,
  passwordHash: string | null,
): Promise<UserRecord> {
  const write = (): Promise<UserRecord | null> =>
    runtime.store.oneTimeTokens.verifyEmail(token.tokenHash, passwordHash)
  return user && passwordHash !== null ? replacingSessions(runtime, user, write) : endedUnless(write())
}

async function endedUnless(writing: Promise<UserRecord | null>): Promise<UserRecord> {
  const user = await writing
  if (!user) throw linkEnded()
  return user
}
