// How are one-time tokens kept in PostgreSQL?
import type { Compilable, Expression } from 'kysely'
import { sql } from 'kysely'
import {
  registered,
  withNewEmail,
  withNewPassword,
  withProfile,
  withProvedEmail,
} from '../../core/one-time-token/redeem.ts'
import { fitsUser } from '../../core/one-time-token/token.ts'
import type { NewOneTimeToken, OneTimeTokenStore } from '../../ports/one-time-token-store.ts'
import { toToken, toTokenRow } from '../sql/one-time-token-rows.ts'
import { toUser } from '../sql/user-rows.ts'
import type { Database } from './connection.ts'
import { takeTurns } from './locks.ts'
import { query } from './query.ts'
import { createRedemption } from './redemption.ts'

export function createOneTimeTokenStore(database: Database, now: Expression<number>): OneTimeTokenStore {
  const redeem = createRedemption(database, now)

  return {
    async issue(token) {
      await database.transaction(async (connection) => {
        await takeTurns(connection, 'links', token.userId ?? token.emailKey)
        await connection.run(replaceOldest(token, now))
      })
    },
    async find(tokenHash) {
      const row = await database.first(findWithOwner(tokenHash, now))
      if (!row) return null
      const token = toToken(row)
      const user = row.owner === null ? null : toUser(JSON.parse(row.owner))
      return fitsUser(token, user) ? { token, user } : null
    },
    completeRegistration(tokenHash, { id, passwordHash }) {
      return redeem(tokenHash, 'register', async ({ pending, user, isClaim, emailKey, present }, writes) => {
        if (!pending) return null
        const hash = passwordHash ?? pending.passwordHash
        const base = user
          ? withNewPassword(user, hash, isClaim, present)
          : registered(id, pending.email, hash, present)
        const complete =
          passwordHash === null ? withProfile(base, await writes.freeProfile(pending, base.id)) : base
        await writes.endTokens(emailKey)
        return user ? writes.update(complete) : writes.insert(complete)
      })
    },
    verifyEmail(tokenHash, passwordHash) {
      return redeem(tokenHash, 'verify-email', async ({ user, isClaim, present }, writes) => {
        if (!user) return null
        if (passwordHash !== null) return writes.update(withNewPassword(user, passwordHash, isClaim, present))
        return writes.prove(withProvedEmail(user, present))
      })
    },
    resetPassword(tokenHash, passwordHash) {
      return redeem(tokenHash, 'reset-password', async ({ user, isClaim, present }, writes) =>
        user ? writes.update(withNewPassword(user, passwordHash, isClaim, present)) : null,
      )
    },
    changeEmail(tokenHash) {
      return redeem(tokenHash, 'change-email', async ({ user, newEmail, present }, writes) => {
        if (!user || newEmail === null) return null
        if (await writes.isTaken(newEmail, user.id)) return { ok: false, taken: 'email' }
        return { ok: true, user: await writes.update(withNewEmail(user, newEmail, present)) }
      })
    },
    async prune(limit) {
      const expired = query
        .selectFrom('lockjar_one_time_tokens')
        .select('token_hash')
        .where('expires_at', '<=', now)
        .orderBy('expires_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
      const chosen = sql<string>`any (array(${expired}))`
      return database.run(query.deleteFrom('lockjar_one_time_tokens').where('token_hash', '=', chosen))
    },
  }
}

/** Those that somebody else is just removing are passed over: they go anyway. */
function replaceOldest(token: NewOneTimeToken, now: Expression<number>): Compilable<unknown> {
  const row = toTokenRow(token, 0)
  const older = query
    .selectFrom('lockjar_one_time_tokens')
    .select('token_hash')
    .where('subject', '=', row.subject)
    .where('purpose', '=', row.purpose)
    .orderBy('created_at', 'desc')
    .offset(token.most - 1)
    .forUpdate()
    .skipLocked()
  return query
    .with('gone', (db) =>
      db.deleteFrom('lockjar_one_time_tokens').where('token_hash', '=', sql<string>`any (array(${older}))`),
    )
    .insertInto('lockjar_one_time_tokens')
    .values({ ...row, created_at: now, expires_at: sql<number>`${now} + ${token.lifetime}` })
}

/** The token and its owner as they are at one instant. `owner` is the row as JSON. */
function findWithOwner(tokenHash: string, now: Expression<number>) {
  return query
    .selectFrom('lockjar_one_time_tokens as token')
    .selectAll('token')
    .select(
      sql<string | null>`coalesce(
        (select to_json(owner) from lockjar_users as owner where owner.id = token.user_id),
        (select to_json(owner) from lockjar_users as owner where owner.email_key = token.email_key and token.user_id is null)
      )`.as('owner'),
    )
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', now)
}
