// How is a one-time token used up, once, in the transaction that writes its user?
import type { Expression } from 'kysely'
import { sql } from 'kysely'
import type {
  OneTimeTokenRecord,
  PendingRegistration,
  TokenPurpose,
} from '../../core/one-time-token/token.ts'
import { fitsUser } from '../../core/one-time-token/token.ts'
import { toKey } from '../../core/user/identifier.ts'
import type { UserRecord } from '../../core/user/user.ts'
import { toToken } from '../sql/one-time-token-rows.ts'
import { toProvedUserRow, toUser } from '../sql/user-rows.ts'
import type { Connection, Database } from './connection.ts'
import { unavailable, uniqueViolation } from './errors.ts'
import { takeTurns } from './locks.ts'
import { query } from './query.ts'

/** A token that its caller alone has used up, and whose it is; nobody else writes the user meanwhile. */
export interface Taken extends OneTimeTokenRecord {
  readonly user: UserRecord | null
  /** The profile is the claim of whoever registered. */
  readonly isClaim: boolean
  /** Milliseconds since 1970. */
  readonly present: number
}

/** What may be written where a token was. */
export interface Writes {
  /** Somebody may have taken the user name since. */
  freeProfile(
    pending: PendingRegistration,
    id: string,
  ): Promise<Pick<PendingRegistration, 'name' | 'username'>>
  /** Whether anybody but this user has the address. */
  isTaken(email: string, id: string): Promise<boolean>
  endTokens(subject: string): Promise<void>
  insert(user: UserRecord): Promise<UserRecord>
  /** What other links rest on has changed: they end. */
  update(user: UserRecord): Promise<UserRecord>
  /** Nothing but the proof of the address has changed. */
  prove(user: UserRecord): Promise<UserRecord>
}

/** `use` is called where the token is there and fits, in the transaction that has removed it. */
type Redeem = <T>(
  tokenHash: string,
  purpose: TokenPurpose,
  use: (taken: Taken, writes: Writes) => Promise<T | null>,
) => Promise<T | null>

/** Times that somebody else may take an address or a user name between a look and the write. */
const MOST_TRIES = 5

export function createRedemption(database: Database, now: Expression<number>): Redeem {
  return async (tokenHash, purpose, use) => {
    // Most tokens that are not there are found out without a transaction.
    const named = await database.first(
      query
        .selectFrom('lockjar_one_time_tokens')
        .selectAll()
        .where('token_hash', '=', tokenHash)
        .where('purpose', '=', purpose)
        .where('expires_at', '>', now),
    )
    if (!named) return null
    return untilFree(() =>
      database.transaction(async (connection) => {
        const taken = await take(connection, toToken(named), now)
        return taken && use(taken, writesOn(connection))
      }),
    )
  }
}

/**
 * In this order everywhere: the lock of the subject, the user, the tokens. So nobody waits for somebody who waits for them, and of two
 * links of one subject at once the second finds what the first has left. The one statement that uses a token up is the last:
 * whoever gets the row is the one.
 */
async function take(
  connection: Connection,
  { tokenHash, userId, emailKey }: OneTimeTokenRecord,
  now: Expression<number>,
): Promise<Taken | null> {
  await takeTurns(connection, 'links', userId ?? emailKey)
  const owner = query.selectFrom('lockjar_users').selectAll().forUpdate()
  const found = await connection.first(
    userId === null ? owner.where('email_key', '=', emailKey) : owner.where('id', '=', userId),
  )
  const row = await connection.first(
    query
      .deleteFrom('lockjar_one_time_tokens')
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', now)
      .returningAll()
      .returning(sql<number>`${now}`.as('present')),
  )
  if (!row) return null
  const token = toToken(row)
  const user = found && toUser(found)
  if (!fitsUser(token, user)) return null
  return { ...token, user, isClaim: found?.self_registered === 1, present: row.present }
}

function writesOn(connection: Connection): Writes {
  const holderOf = async (column: 'email_key' | 'username_key', key: string): Promise<string | null> => {
    const row = await connection.first(query.selectFrom('lockjar_users').select('id').where(column, '=', key))
    return row?.id ?? null
  }
  const isElsewhere = (holder: string | null, id: string): boolean => holder !== null && holder !== id
  const prove = async (user: UserRecord): Promise<UserRecord> => {
    const { id, ...row } = toProvedUserRow(user)
    await connection.run(query.updateTable('lockjar_users').set(row).where('id', '=', id))
    return user
  }
  const endTokens = async (subject: string): Promise<void> => {
    await connection.run(query.deleteFrom('lockjar_one_time_tokens').where('subject', '=', subject))
  }

  return {
    prove,
    endTokens,
    async freeProfile({ name, username }, id) {
      const holder = username === null ? null : await holderOf('username_key', toKey(username))
      return { name, username: isElsewhere(holder, id) ? null : username }
    },
    async isTaken(email, id) {
      return isElsewhere(await holderOf('email_key', toKey(email)), id)
    },
    async insert(user) {
      await connection.run(query.insertInto('lockjar_users').values(toProvedUserRow(user)))
      return user
    },
    async update(user) {
      await endTokens(user.id)
      return prove(user)
    },
  }
}

/**
 * The unique indexes decide who was first. Nothing is written where one refuses, the token is there as before, and the next try finds
 * who has the address or the name.
 */
async function untilFree<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (uniqueViolation(error) === null) throw error
      if (tries === MOST_TRIES) throw unavailable('Others are writing the same users.', error)
    }
  }
}
