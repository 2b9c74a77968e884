// How are one-time tokens kept in SQLite?
import {
  registered,
  withNewEmail,
  withNewPassword,
  withProfile,
  withProvedEmail,
} from '../../core/one-time-token/redeem.ts'
import type {
  OneTimeTokenRecord,
  PendingRegistration,
  TokenPurpose,
} from '../../core/one-time-token/token.ts'
import { fitsUser } from '../../core/one-time-token/token.ts'
import { toKey } from '../../core/user/identifier.ts'
import type { UserRecord } from '../../core/user/user.ts'
import type { Clock } from '../../ports/clock.ts'
import type { OneTimeTokenStore } from '../../ports/one-time-token-store.ts'
import { toToken, toTokenRow } from '../sql/one-time-token-rows.ts'
import { toProvedUserRow, toUser } from '../sql/user-rows.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

/** A user, and whether the profile is the claim of whoever registered. */
interface Found {
  readonly user: UserRecord | null
  readonly isClaim: boolean
}

export function createOneTimeTokenStore(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
): OneTimeTokenStore {
  const findUser = (column: 'id' | 'email_key' | 'username_key', value: string): Found => {
    const row = connection.first(query.selectFrom('lockjar_users').selectAll().where(column, '=', value))
    return { user: row && toUser(row), isClaim: row?.self_registered === 1 }
  }
  const ownerOf = ({ userId, emailKey }: OneTimeTokenRecord): Found =>
    userId === null ? findUser('email_key', emailKey) : findUser('id', userId)

  /** The one statement that uses a token up: whoever gets the row is the one. */
  const take = (tokenHash: string, purpose: TokenPurpose): (OneTimeTokenRecord & Found) | null => {
    const row = connection.first(
      query
        .deleteFrom('lockjar_one_time_tokens')
        .where('token_hash', '=', tokenHash)
        .where('purpose', '=', purpose)
        .where('expires_at', '>', clock.now())
        .returningAll(),
    )
    const token = row && toToken(row)
    const owner = token && ownerOf(token)
    return token && owner && fitsUser(token, owner.user) ? { ...token, ...owner } : null
  }
  const endTokens = (subject: string): void => {
    connection.run(query.deleteFrom('lockjar_one_time_tokens').where('subject', '=', subject))
  }
  const write = (user: UserRecord): UserRecord => {
    const { id, ...row } = toProvedUserRow(user)
    connection.run(query.updateTable('lockjar_users').set(row).where('id', '=', id))
    return user
  }
  const update = (user: UserRecord): UserRecord => {
    endTokens(user.id)
    return write(user)
  }

  const insert = (user: UserRecord): UserRecord => {
    connection.run(query.insertInto('lockjar_users').values(toProvedUserRow(user)))
    return user
  }
  /** Somebody may have taken the user name since. */
  const freeProfile = ({ name, username }: PendingRegistration, id: string) => {
    const holder = username === null ? null : findUser('username_key', toKey(username)).user
    return { name, username: holder && holder.id !== id ? null : username }
  }

  return {
    async issue(token) {
      connection.transaction(() => {
        const row = toTokenRow(token, clock.now())
        const older = query
          .selectFrom('lockjar_one_time_tokens')
          .select('token_hash')
          .where('subject', '=', row.subject)
          .where('purpose', '=', row.purpose)
          .orderBy('created_at', 'desc')
          .limit(-1)
          .offset(token.most - 1)
        connection.run(query.deleteFrom('lockjar_one_time_tokens').where('token_hash', 'in', older))
        connection.run(query.insertInto('lockjar_one_time_tokens').values(row))
      })
    },
    async find(tokenHash) {
      const row = connection.first(
        query
          .selectFrom('lockjar_one_time_tokens')
          .selectAll()
          .where('token_hash', '=', tokenHash)
          .where('expires_at', '>', clock.now()),
      )
      const token = row && toToken(row)
      if (!token) return null
      const { user } = ownerOf(token)
      return fitsUser(token, user) ? { token, user } : null
    },
    async completeRegistration(tokenHash, { id, passwordHash }) {
      return connection.transaction(() => {
        const taken = take(tokenHash, 'register')
        if (!taken?.pending) return null
        const { pending, user, isClaim, emailKey } = taken
        const hash = passwordHash ?? pending.passwordHash
        const now = clock.now()
        const base = user
          ? withNewPassword(user, hash, isClaim, now)
          : registered(id, pending.email, hash, now)
        const complete = passwordHash === null ? withProfile(base, freeProfile(pending, base.id)) : base
        endTokens(emailKey)
        return user ? update(complete) : insert(complete)
      })
    },
    async verifyEmail(tokenHash, passwordHash) {
      return connection.transaction(() => {
        const taken = take(tokenHash, 'verify-email')
        if (!taken?.user) return null
        const { user, isClaim } = taken
        const now = clock.now()
        if (passwordHash !== null) return update(withNewPassword(user, passwordHash, isClaim, now))
        return write(withProvedEmail(user, now))
      })
    },
    async resetPassword(tokenHash, passwordHash) {
      return connection.transaction(() => {
        const taken = take(tokenHash, 'reset-password')
        return taken?.user
          ? update(withNewPassword(taken.user, passwordHash, taken.isClaim, clock.now()))
          : null
      })
    },
    async changeEmail(tokenHash) {
      return connection.transaction(() => {
        const taken = take(tokenHash, 'change-email')
        if (!taken?.user || taken.newEmail === null) return null
        const holder = findUser('email_key', toKey(taken.newEmail)).user
        if (holder && holder.id !== taken.user.id) return { ok: false, taken: 'email' }
        return { ok: true, user: update(withNewEmail(taken.user, taken.newEmail, clock.now())) }
      })
    },
    async prune(limit) {
      const expired = query
        .selectFrom('lockjar_one_time_tokens')
        .select('token_hash')
        .where('expires_at', '<=', clock.now())
        .limit(limit)
      return connection.run(query.deleteFrom('lockjar_one_time_tokens').where('token_hash', 'in', expired))
    },
  }
}
