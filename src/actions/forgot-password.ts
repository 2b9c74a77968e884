// How does a user who has lost the password ask for a link to choose a new one?
import type { Sender } from '../core/audit/event.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import { consume, takeTurn } from './consume.ts'
import { issueLink, issueUserLink } from './links.ts'
import type { Runtime } from './runtime.ts'
import type { Doer } from './users.ts'
import { getUser } from './users.ts'

/**
 * The same steps whoever has the address, if anybody: one read, one token and one mail are written, and those of a stranger are
 * decoys. So are those of an owner whose last link is a few minutes old: it stays good, however often strangers ask, and they get no
 * flood of mails by it. A user without a password may have one by this.
 *
 * @throws {AuthError} `rate_limited`, `unavailable` where no mail can be sent.
 */
export async function forgotPassword(runtime: Runtime, email: string, sender: Sender): Promise<void> {
  const { store, config, mail, record } = runtime
  mail.requireOpen()
  const emailKey = toKey(email)
  const found = await store.users.findByEmail(emailKey)
  await consume(runtime, 'mail', { sender })
  const turn = await takeTurn(runtime, 'reset', { account: email, sender })
  const user = turn && found?.disabledAt === null ? found : undefined
  const purpose = user ? 'reset-password' : 'decoy'
  try {
    const link = await issueLink(runtime, purpose, { ...(user && { user }), emailKey }, config.links.reset)
    await mail.queue(user ? resetMail(user, link, sender) : null)
  } catch (error) {
    // No mail will come, so that the next one need not wait.
    await turn?.giveBack()
    throw error
  }
  void record('password.reset_requested', { user: user?.id ?? null, sender })
}

/**
 * The same for somebody else's account: its owner gets the link, and nobody else ever knows the password.
 *
 * @throws {AuthError} `not_found`, `forbidden` for an account that is disabled, `unavailable` where no mail can be sent.
 */
export async function startPasswordReset(runtime: Runtime, id: string, by: Doer): Promise<void> {
  const { config, mail, record } = runtime
  mail.requireOpen()
  const user = await getUser(runtime, id)
  if (user.disabledAt !== null) throw new AuthError('forbidden', { detail: 'The account is disabled.' })
  const link = await issueUserLink(runtime, 'reset-password', user, config.links.reset)
  await mail.queue(resetMail(user, link, null))
  await record('password.reset_requested', { user: id, ...by })
}

function resetMail(user: UserRecord, link: Awaited<ReturnType<typeof issueLink>>, sender: Sender | null) {
  return { kind: 'reset-password', to: user.email, user: user.id, name: user.name, sender, ...link } as const
}
