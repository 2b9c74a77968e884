// How does the row of a user become a record, and back?
import type { Selectable } from 'kysely'
import { toKey } from '../../core/user/identifier.ts'
import type { UserRecord } from '../../core/user/user.ts'
import type { NewUser } from '../../ports/user-store.ts'
import type { UsersTable } from './schema.ts'

export function toUser(row: Selectable<UsersTable>): UserRecord {
  return {
    id: row.id,
    email: row.email,
    username: row.username,
    name: row.name,
    passwordHash: row.password_hash,
    roles: JSON.parse(row.roles) as string[],
    emailVerifiedAt: row.email_verified_at,
    disabledAt: row.disabled_at,
    revision: row.revision,
    createdAt: row.created_at,
    lastLoginAt: row.last_login_at,
  }
}

type TimeColumn = 'email_verified_at' | 'disabled_at' | 'created_at'
type Timed<Now> = Omit<Selectable<UsersTable>, TimeColumn> & Record<TimeColumn, number | Now | null>

/** `now` is a number, or an expression that the database evaluates. */
export function toNewUserRow<Now>(
  user: NewUser,
  now: Now,
): Timed<Now> & { readonly created_at: number | Now } {
  return {
    id: user.id,
    email: user.email,
    email_key: user.emailKey,
    username: user.username,
    username_key: user.usernameKey,
    name: user.name,
    password_hash: user.passwordHash,
    roles: JSON.stringify(user.roles),
    email_verified_at: user.emailVerified ? now : null,
    disabled_at: user.disabled ? now : null,
    revision: 0,
    created_at: user.createdAt ?? now,
    last_login_at: null,
    self_registered: user.selfRegistered ? 1 : 0,
  }
}

/** The address is proved now, so the profile is the owner's. */
export function toProvedUserRow(user: UserRecord): Selectable<UsersTable> {
  return {
    id: user.id,
    email: user.email,
    email_key: toKey(user.email),
    username: user.username,
    username_key: user.username === null ? null : toKey(user.username),
    name: user.name,
    password_hash: user.passwordHash,
    roles: JSON.stringify(user.roles),
    email_verified_at: user.emailVerifiedAt,
    disabled_at: user.disabledAt,
    revision: user.revision,
    created_at: user.createdAt,
    last_login_at: user.lastLoginAt,
    self_registered: 0,
  }
}
