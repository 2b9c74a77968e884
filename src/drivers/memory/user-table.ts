// What do the stores of users and of their one-time tokens have in common in memory?
import type { OneTimeTokenRecord } from '../../core/one-time-token/token.ts'
import { toKey } from '../../core/user/identifier.ts'
import type { UserRecord } from '../../core/user/user.ts'

export interface UserTable {
  readonly users: Map<string, UserRecord>
  /** Key -> id. */
  readonly keys: { readonly email: Map<string, string>; readonly username: Map<string, string> }
  /** Ids of those whose profile is the claim of whoever registered. */
  readonly claims: Set<string>
  /** By the hash. */
  readonly tokens: Map<string, OneTimeTokenRecord>
  /** Writes a whole user, under the keys as they are now. */
  put(user: UserRecord): UserRecord
  /** Of a user's id, or of a registration's address. */
  endTokens(subject: string): void
}

export const subjectOf = ({ userId, emailKey }: Pick<OneTimeTokenRecord, 'userId' | 'emailKey'>): string =>
  userId ?? emailKey

export function createUserTable(): UserTable {
  const users = new Map<string, UserRecord>()
  const keys = { email: new Map<string, string>(), username: new Map<string, string>() }
  const tokens = new Map<string, OneTimeTokenRecord>()
  return {
    users,
    keys,
    claims: new Set(),
    tokens,
    put(user) {
      for (const index of Object.values(keys)) {
        for (const [key, owner] of index) if (owner === user.id) index.delete(key)
      }
      keys.email.set(toKey(user.email), user.id)
      if (user.username !== null) keys.username.set(toKey(user.username), user.id)
      users.set(user.id, user)
      return user
    },
    endTokens(subject) {
      for (const [hash, token] of tokens) if (subjectOf(token) === subject) tokens.delete(hash)
    },
  }
}
