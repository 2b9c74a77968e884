// How do rows look on the wire?
import type { SessionRecord } from '../core/session/session.ts'
import type { UserRecord } from '../core/user/user.ts'
import type { ListedSession, ManagedUser, Session, User } from '../protocol.ts'

const toInstant = (milliseconds: number): string => new Date(milliseconds).toISOString()

export function toUser(record: UserRecord): User {
  return {
    id: record.id,
    email: record.email,
    username: record.username,
    name: record.name,
    roles: [...record.roles],
    emailVerified: record.emailVerifiedAt !== null,
    createdAt: toInstant(record.createdAt),
  }
}

/** Of the password only that there is one. */
export function toManagedUser(record: UserRecord): ManagedUser {
  const { disabledAt, lastLoginAt, passwordHash } = record
  return {
    ...toUser(record),
    disabledAt: disabledAt === null ? null : toInstant(disabledAt),
    lastLoginAt: lastLoginAt === null ? null : toInstant(lastLoginAt),
    hasPassword: passwordHash !== null,
  }
}

/** `accessExpiresAt` in milliseconds, of the access token at hand. */
export function toSession(record: SessionRecord, current: boolean, accessExpiresAt: number | null): Session {
  return {
    id: record.id,
    createdAt: toInstant(record.createdAt),
    expiresAt: toInstant(record.expiresAt),
    idleExpiresAt: toInstant(record.idleExpiresAt),
    accessExpiresAt: accessExpiresAt === null ? null : toInstant(accessExpiresAt),
    remember: record.remember,
    current,
  }
}

export function toListedSession(record: SessionRecord, current: boolean): ListedSession {
  return {
    ...toSession(record, current, null),
    lastSeenAt: toInstant(record.lastSeenAt),
    ip: record.ip,
    userAgent: record.userAgent,
  }
}
