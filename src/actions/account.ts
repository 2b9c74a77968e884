// How does a user see, change and delete their own account?
import type { AccessClaims } from '../core/access-token/claims.ts'
import type { Sender } from '../core/audit/event.ts'
import type { SessionRecord } from '../core/session/session.ts'
import { sessionEnd } from '../core/session/session.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import { checkPassword } from './check-password.ts'
import { taken } from './register.ts'
import type { Runtime } from './runtime.ts'
import { KEEP_SUPERUSER, notLast, refuseLast } from './users.ts'

export interface Account {
  readonly user: UserRecord
  readonly session: SessionRecord
}

/** @throws {AuthError} `session_revoked` where either is no more. */
export async function getAccount(
  { store }: Runtime,
  { sub, sid }: Pick<AccessClaims, 'sub' | 'sid'>,
): Promise<Account> {
  const [user, read] = await Promise.all([store.users.find(sub), store.sessions.find(sid)])
  if (!user || user.disabledAt !== null || !read || sessionEnd(read.session, read.now)) {
    throw new AuthError('session_revoked')
  }
  return { user, session: read.session }
}

/** Left out: unchanged. `null`: removed. */
export interface Profile {
  readonly name?: string | null
  readonly username?: string | null
}

/** @throws {AuthError} `conflict` where the user name is taken. */
export async function updateProfile(
  runtime: Runtime,
  claims: AccessClaims,
  { name, username }: Profile,
): Promise<Account> {
  const { session } = await getAccount(runtime, claims)
  const written = await runtime.store.users.updateProfile(claims.sub, {
    ...(name !== undefined && { name }),
    ...(username !== undefined && {
      username: username === null ? null : { text: username, key: toKey(username) },
    }),
  })
  if (!written) throw new AuthError('session_revoked')
  if (!written.ok) throw taken(written.taken)
  return { user: written.user, session }
}

/**
 * Sessions end first: whatever happens between the two writes, nobody is signed in to an account that is gone.
 *
 * @throws {AuthError} `invalid_credentials` for a wrong password, `conflict` for the last superuser.
 */
export async function deleteAccount(
  runtime: Runtime,
  claims: AccessClaims,
  password: string,
  sender: Sender,
): Promise<void> {
  const { store, revocations, record } = runtime
  const { user } = await getAccount(runtime, claims)
  if (!(await checkPassword(runtime, user, password, sender))) {
    void record('proof.failed', {
      user: user.id,
      session: claims.sid,
      sender,
      details: { door: 'delete' },
    })
    throw new AuthError('invalid_credentials')
  }
  // Hashing takes a while, in which the session may have ended.
  await refuseLast(runtime, (await getAccount(runtime, claims)).user)
  const ended = await store.sessions.revokeAll(user.id, user.revision, 'account_deleted')
  revocations.apply(ended.floors)
  notLast(await store.users.delete(user.id, KEEP_SUPERUSER))
  // Only once the user is no more: were the deletion to fail, they could not sign in to try again.
  const { floors } = await store.sessions.revokeAll(user.id, Number.POSITIVE_INFINITY, 'account_deleted')
  revocations.apply(floors)
  await record('user.deleted', { user: user.id, sender })
  await store.knownNetworks.forget(user.id)
}
