// What is a one-time token, and whom does it still fit? The secret of a link in a mail, of which the store keeps the hash.
import { toKey } from '../user/identifier.ts'
import type { UserRecord } from '../user/user.ts'

/** 256 bits: nobody guesses one, so a store may be asked by its hash alone. */
export const ONE_TIME_TOKEN_BYTES = 32
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/** Whether it can be one: anything else costs no read. */
export function looksLikeOneTimeToken(text: string): boolean {
  return TOKEN.test(text)
}

export type LinkPurpose = 'register' | 'verify-email' | 'reset-password' | 'change-email'

/** `decoy`: written where there is nothing to issue, so that nobody can tell by the time it took; nobody was given it. */
export type TokenPurpose = LinkPurpose | 'decoy'

/** What somebody has registered with, kept apart from the users until the address is proved. */
export interface PendingRegistration {
  readonly email: string
  readonly passwordHash: string
  readonly username: string | null
  readonly name: string | null
  /** SHA-256 of the secret in the registration cookie of the browser that sent it. */
  readonly browserHash: string
}

/** Instants in milliseconds since 1970 by the store's clock. */
export interface OneTimeTokenRecord {
  readonly tokenHash: string
  readonly purpose: TokenPurpose
  /** `null` for a registration, which is nobody's yet. */
  readonly userId: string | null
  /** The address that it was sent about: of a registration the new one, else the user's as it was. */
  readonly emailKey: string
  /** Of a change: the address to which it was sent. */
  readonly newEmail: string | null
  readonly pending: PendingRegistration | null
  readonly createdAt: number
  readonly expiresAt: number
}

/**
 * A link ends with what it rests on: the user's address, and an account that is not disabled. A new password, disabling and
 * deletion remove a user's tokens. `user`: whoever the token is of; for a registration, who has the address by now.
 */
export function fitsUser(
  { purpose, emailKey }: Pick<OneTimeTokenRecord, 'purpose' | 'emailKey'>,
  user: UserRecord | null,
): boolean {
  if (purpose === 'decoy') return false
  if (!user) return purpose === 'register'
  if (user.disabledAt !== null || toKey(user.email) !== emailKey) return false
  const provesOnly = purpose === 'register' || purpose === 'verify-email'
  return !provesOnly || user.emailVerifiedAt === null
}
