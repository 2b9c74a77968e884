// How does an administrator make an account for somebody, who alone chooses its password?
import type { UserRecord } from '../core/user/user.ts'
import type { UserCreation } from './create-user.ts'
import { createUser } from './create-user.ts'
import { issueUserLink } from './links.ts'
import type { Runtime } from './runtime.ts'
import type { Doer } from './users.ts'

export type Invitation = Pick<UserCreation, 'email' | 'username' | 'name' | 'roles'>

/**
 * Where the mail cannot be queued once the account is there, the account stays, and a reset may be started for it.
 *
 * @throws {AuthError} as `createUser`, and `unavailable` where no mail can be sent.
 */
export async function inviteUser(runtime: Runtime, invited: Invitation, by: Doer): Promise<UserRecord> {
  const { config, mail } = runtime
  mail.requireOpen()
  const user = await createUser(runtime, invited, by)
  const link = await issueUserLink(runtime, 'reset-password', user, config.links.reset)
  await mail.queue({
    kind: 'invitation',
    to: user.email,
    user: user.id,
    name: user.name,
    sender: null,
    ...link,
  })
  return user
}
