// What becomes of a user whose link was used?
import type { UserRecord } from '../user/user.ts'
import type { PendingRegistration } from './token.ts'

/** The link was opened where the account was made, or asked for: all stays as it is, and the address is proved. */
export function withProvedEmail(user: UserRecord, now: number): UserRecord {
  return { ...user, emailVerifiedAt: user.emailVerifiedAt ?? now }
}

/**
 * Whoever owns the mailbox takes a new password. An address that nobody had proved may have been registered by somebody else
 * (pre-hijacking), so a profile that came with the registration, `isClaim`, does not survive.
 */
export function withNewPassword(
  user: UserRecord,
  passwordHash: string,
  isClaim: boolean,
  now: number,
): UserRecord {
  const dropsProfile = isClaim && user.emailVerifiedAt === null
  return {
    ...withProvedEmail(user, now),
    ...(dropsProfile && { name: null, username: null }),
    passwordHash,
    revision: user.revision + 1,
  }
}

/** The new address is proved by the link that came to it. */
export function withNewEmail(user: UserRecord, email: string, now: number): UserRecord {
  return { ...user, email, emailVerifiedAt: now, revision: user.revision + 1 }
}

/** Of a registration whose address nobody has: who comes to be, with the address proved and no profile yet. */
export function registered(id: string, email: string, passwordHash: string, now: number): UserRecord {
  return {
    id,
    email,
    username: null,
    name: null,
    passwordHash,
    roles: [],
    emailVerifiedAt: now,
    disabledAt: null,
    revision: 0,
    createdAt: now,
    lastLoginAt: null,
  }
}

/** What was registered with, where it holds; what was left out stays. */
export function withProfile(
  user: UserRecord,
  { name, username }: Pick<PendingRegistration, 'name' | 'username'>,
): UserRecord {
  return { ...user, name: name ?? user.name, username: username ?? user.username }
}
