// How does a user sign in with a password?
import type { Identifier } from '../core/user/identifier.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import { tryPassword } from './check-password.ts'
import type { Issued } from './issue-tokens.ts'
import type { Runtime } from './runtime.ts'
import type { SignInContext } from './start-session.ts'
import { startSession } from './start-session.ts'

/**
 * @throws {AuthError} `invalid_credentials`, the same for every reason; `account_disabled` only after a right password; `rate_limited`.
 */
export async function login(
  runtime: Runtime,
  identifier: Identifier,
  password: string,
  context: SignInContext,
): Promise<Issued> {
  const user = await findUser(runtime, identifier)
  const account = 'email' in identifier ? identifier.email : identifier.username
  const tried = await tryPassword(runtime, user, password, context.sender, account)
  if (!tried.ok || !user) {
    refuse(runtime, user, context, 'invalid_credentials')
    throw new AuthError('invalid_credentials')
  }
  // Its password is whoever's who registered it; a reset proves the address.
  if (runtime.config.registration === 'verified' && user.emailVerifiedAt === null) {
    refuse(runtime, user, context, 'unverified')
    throw new AuthError('invalid_credentials')
  }
  if (user.disabledAt !== null) {
    refuse(runtime, user, context, 'account_disabled')
    throw new AuthError('account_disabled')
  }
  await tried.accept()
  return startSession(runtime, user, context, ['pwd'])
}

/** Nobody waits for it: what becomes of an attempt must not show in how long it took. */
function refuse(
  { record }: Runtime,
  user: UserRecord | null,
  { sender }: SignInContext,
  reason: 'invalid_credentials' | 'unverified' | 'account_disabled',
): void {
  void record('login.failed', { user: user?.id ?? null, sender, details: { reason } })
}

function findUser({ store }: Runtime, identifier: Identifier): Promise<UserRecord | null> {
  return 'email' in identifier
    ? store.users.findByEmail(toKey(identifier.email))
    : store.users.findByUsername(toKey(identifier.username))
}
