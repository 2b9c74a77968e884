// How does an account come to another address, so that both owners know and neither is taken in?
import type { AccessClaims } from '../core/access-token/claims.ts'
import type { Sender } from '../core/audit/event.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { Revocation } from '../ports/session-store.ts'
import { getAccount } from './account.ts'
import { checkPassword } from './check-password.ts'
import { consume } from './consume.ts'
import type { LinkBrowser } from './links.ts'
import { findLink, issueLink, linkEnded } from './links.ts'
import { taken } from './register.ts'
import type { Runtime } from './runtime.ts'

export interface EmailChange {
  readonly email: string
  readonly password: string
}

/**
 * The link goes to the new address, word of it to the present one. Where the new address has an owner, the same is done and the
 * owner is told instead: who asks does not learn of it.
 *
 * @throws {AuthError} `invalid_credentials` for a wrong password, `rate_limited`, `unavailable` where no mail can be sent.
 */
export async function requestEmailChange(
  runtime: Runtime,
  claims: AccessClaims,
  { email, password }: EmailChange,
  sender: Sender,
): Promise<void> {
  const { store, config, mail, record } = runtime
  mail.requireOpen()
  const { user } = await getAccount(runtime, claims)
  await requirePassword(runtime, user, password, claims.sid, sender)
  // Hashing takes a while, in which the session may have ended.
  await getAccount(runtime, claims)
  // Of the present address's owner, who hears of each; and of whoever has the new one.
  await consume(runtime, 'change', { account: user.id, user: user.id, sender })
  await consume(runtime, 'mail', { account: email, user: user.id, sender })
  const owner = await store.users.findByEmail(toKey(email))
  const isFree = owner === null || owner.id === user.id
  const { name } = user
  // First, for whoever is to be warned must not be left out because there was no room for one more mail.
  await mail.queue({ kind: 'email-change-requested', to: user.email, user: user.id, name, sender })
  // The same row for an address that is taken, of which nobody gets the token: it takes the place of the user's earlier link, too, so
  // that this one tells nothing.
  const tie = { user, emailKey: toKey(user.email), newEmail: email }
  const link = await issueLink(runtime, 'change-email', tie, config.links.changeEmail)
  await mail.queue(
    isFree
      ? { kind: 'confirm-email-change', to: email, user: user.id, name, sender, ...link }
      : { kind: 'already-registered', to: owner.email, user: owner.id, name: owner.name, sender },
  )
  await record('email.change_requested', { user: user.id, session: claims.sid, sender })
}

export interface EmailConfirmation {
  readonly token: string
  /** For a browser without a session of the user. */
  readonly password: string | null
}

/**
 * Who opens the link must also be the account's user, by a session or the password: otherwise somebody could have an address put to
 * an account of their own by its owner's careless click. Every other session ends, since the address is the way back in.
 *
 * @throws {AuthError} `link_ended`; `unauthenticated` and `invalid_credentials`, with the link still good; `conflict` where somebody
 * has the address by now; `unavailable`.
 */
export async function confirmEmailChange(
  runtime: Runtime,
  { token, password }: EmailConfirmation,
  browser: LinkBrowser,
  sender: Sender,
): Promise<void> {
  const { store, mail, record } = runtime
  const { token: found, user } = await findLink(runtime, token, ['change-email'], sender)
  if (!user) throw linkEnded()
  const keep = browser.userId === user.id ? browser.sessionId : null
  if (keep === null) await requireOwner(runtime, user, password, sender)
  await endOthers(runtime, user, keep)
  const changed = await store.oneTimeTokens.changeEmail(found.tokenHash)
  if (!changed) throw linkEnded()
  if (!changed.ok) throw taken('email')
  // Told before anything that can fail: it has happened.
  await record('email.changed', { user: user.id, session: keep, sender })
  await mail.notify({ kind: 'email-changed', to: user.email, user: user.id, name: user.name, sender })
  await endOthers(runtime, changed.user, keep)
  await runtime.revocations.catchUp()
}

async function requireOwner(
  runtime: Runtime,
  user: UserRecord,
  password: string | null,
  sender: Sender,
): Promise<void> {
  if (password !== null) return requirePassword(runtime, user, password, null, sender)
  throw new AuthError('unauthenticated', {
    detail: 'Sign in to the account that changes its address, or send its password.',
  })
}

async function requirePassword(
  runtime: Runtime,
  user: UserRecord,
  password: string,
  session: string | null,
  sender: Sender,
): Promise<void> {
  if (await checkPassword(runtime, user, password, sender)) return
  void runtime.record('proof.failed', { user: user.id, session, sender, details: { door: 'change-email' } })
  throw new AuthError('invalid_credentials', { detail: 'The password is not right.' })
}

async function endOthers(
  { store, revocations }: Runtime,
  user: UserRecord,
  keep: string | null,
): Promise<void> {
  const ended: Revocation = await (keep === null
    ? store.sessions.revokeAll(user.id, user.revision, 'email_changed')
    : store.sessions.revokeOthers(user.id, keep, 'email_changed'))
  revocations.apply(ended.floors)
}
