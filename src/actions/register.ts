// How does a new user come to be?

import type { Sender } from '../core/audit/event.ts'
import { createUuid } from '../core/encoding/uuid.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import { sourceOf } from './check-password.ts'
import { consume } from './consume.ts'
import type { Issued } from './issue-tokens.ts'
import { refuseWeakPassword } from './new-password.ts'
import type { Runtime } from './runtime.ts'
import type { SignInContext } from './start-session.ts'
import { startSession } from './start-session.ts'
import { requestVerification } from './verify-email.ts'

export interface Registration {
  readonly email: string
  readonly password: string
  readonly username: string | null
  readonly name: string | null
}

/** @throws {AuthError} `forbidden` where registration is closed, `validation_failed`, `rate_limited`, `conflict`, `unavailable`. */
export async function register(
  runtime: Runtime,
  { email, password, username, name }: Registration,
  context: SignInContext,
): Promise<Issued> {
  const { config, store, hasher, clock, random } = runtime
  if (config.registration === 'closed') {
    throw new AuthError('forbidden', { detail: 'Registration is closed.' })
  }
  refuseWeakPassword(config, password, [email, username, name], 'password')
  await consume(runtime, 'register', { sender: context.sender })

  const emailKey = toKey(email)
  const usernameKey = username === null ? null : toKey(username)
  // Asked before the costly hash; the unique index decides in the end.
  if (await store.users.findByEmail(emailKey)) throw taken('email')
  if (usernameKey !== null && (await store.users.findByUsername(usernameKey))) throw taken('username')

  const passwordHash = await hasher.hash(password, sourceOf(context.sender), context.sender.signal)
  const id = createUuid(clock.now(), random.bytes(10))
  const written = await store.users.create({
    id,
    email,
    emailKey,
    username,
    usernameKey,
    name,
    passwordHash,
    roles: [],
    selfRegistered: true,
  })
  if (!written.ok) throw taken(written.taken)
  await runtime.record('user.registered', { user: id, sender: context.sender })
  await offerVerification(runtime, written.user, context.sender)
  return startSession(runtime, written.user, context, ['pwd'])
}

/** They may ask for it again: an account that was made is not refused for want of a mail. */
async function offerVerification(runtime: Runtime, user: UserRecord, sender: Sender): Promise<void> {
  try {
    await requestVerification(runtime, user, sender)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
  }
}

/** Registration that is open tells who has an account; `docs/threat-model.md` says so. */
export function taken(field: 'email' | 'username'): AuthError {
  const message =
    field === 'email' ? 'An account with this address exists already.' : 'This user name is taken.'
  return new AuthError('conflict', { detail: message, errors: [{ field, code: 'taken', message }] })
}
