// How does a user sign in with a password?
import type { Identifier } from '../core/user/identifier.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import { checkPassword } from './check-password.ts'
import type { Issued } from './issue-tokens.ts'
import type { Runtime } from './runtime.ts'
import type { SignInContext } from './start-session.ts'
import { startSession } from './start-session.ts'

/** @throws {AuthError} `invalid_credentials`, the same for every reason; `account_disabled` only after a right password. */
export async function login(
  runtime: Runtime,
  identifier: Identifier,
  password: string,
  context: SignInContext,
  source: string,
): Promise<Issued> {
  const user = await findUser(runtime, identifier)
  if (!(await checkPassword(runtime, user, password, source)) || !user)
    throw new AuthError('invalid_credentials')
  if (user.disabledAt !== null) throw new AuthError('account_disabled')
  return startSession(runtime, user, context, ['pwd'])
}

function findUser({ store }: Runtime, identifier: Identifier): Promise<UserRecord | null> {
  return 'email' in identifier
    ? store.users.findByEmail(toKey(identifier.email))
    : store.users.findByUsername(toKey(identifier.username))
}
