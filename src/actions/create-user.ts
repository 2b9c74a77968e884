// How does somebody other than the user make an account?
import { createUuid } from '../core/encoding/uuid.ts'
import { parseStored } from '../core/password/stored.ts'
import { judgeUserFields } from '../core/user/fields.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import { refuseWeakPassword } from './new-password.ts'
import { taken } from './register.ts'
import type { Runtime } from './runtime.ts'
import type { Doer } from './users.ts'

export interface UserCreation {
  readonly email: string
  readonly username?: string | null | undefined
  readonly name?: string | null | undefined
  /** Neither of the two: the user has no password until a reset mail is answered. */
  readonly password?: string | undefined
  /** As another system kept it, in any of the forms that are verified at sign-in. */
  readonly passwordHash?: string | undefined
  readonly roles?: readonly string[] | undefined
  /** Whether the address is known to be theirs. Default: no. */
  readonly emailVerified?: boolean | undefined
}

/** Whatever `registration` says. Nobody is signed in by it. @throws {AuthError} `validation_failed`, `conflict`, `unavailable`. */
export async function createUser(
  runtime: Runtime,
  { password, passwordHash, ...input }: UserCreation,
  by: Doer,
): Promise<UserRecord> {
  const { store, clock, random, record } = runtime
  const { email, username = null, roles = [], emailVerified = false } = input
  const name = input.name?.trim() ?? null
  const errors = judgeUserFields({ email, username, name, roles })
  if (errors.length > 0) throw new AuthError('validation_failed', { errors })
  if (password !== undefined && passwordHash !== undefined)
    throw refused('passwordHash', 'Give a password or its hash, not both.')

  const usernameKey = username === null ? null : toKey(username)
  const id = createUuid(clock.now(), random.bytes(10))
  const written = await store.users.create({
    id,
    email,
    emailKey: toKey(email),
    username,
    usernameKey,
    name,
    passwordHash:
      password === undefined
        ? toStored(passwordHash)
        : await hashNew(runtime, password, [email, username, name]),
    roles: [...new Set(roles)],
    emailVerified,
  })
  if (!written.ok) throw taken(written.taken)
  await record('user.created', { user: id, ...by, details: { roles: written.user.roles.join(' ') } })
  return written.user
}

function hashNew(
  { config, hasher }: Runtime,
  password: string,
  personal: readonly (string | null)[],
): Promise<string> {
  refuseWeakPassword(config, password, personal, 'password')
  return hasher.hash(password, '')
}

function toStored(hash: string | undefined): string | null {
  if (hash === undefined) return null
  if (parseStored(hash)) return hash
  throw refused('passwordHash', 'This is no password hash of a form that is known.')
}

function refused(field: string, message: string): AuthError {
  return new AuthError('validation_failed', { errors: [{ field, code: 'invalid', message }] })
}
