// How are sessions kept in SQLite?
import type { Compilable, ExpressionBuilder, ExpressionWrapper } from 'kysely'
import { sql } from 'kysely'
import { generationFloor, globalFloors, sessionFloors, userFloors } from '../../core/revocation/floors.ts'
import type { RevokedReason } from '../../core/session/session.ts'
import { createSession, proveSession } from '../../core/session/session.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IdleTimeout, Revocation, SessionStore } from '../../ports/session-store.ts'
import { toSession, toSessionRow } from '../sql/session-rows.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'
import type { LogWriter } from './revocation-log.ts'
import type { Tables } from './schema.ts'

const DAY = 86_400_000

/** Which sessions a command ends: all that fit every part that is given. */
interface Chosen {
  readonly ids?: readonly string[]
  readonly owner?: string
  readonly keep?: string
  readonly first?: { readonly most: number; readonly after: string | null }
}

export function createSessionStore(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
  log: LogWriter,
): SessionStore {
  const live = (now: number) =>
    query
      .selectFrom('lockjar_sessions')
      .selectAll()
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', now)
      .where('idle_expires_at', '>', now)

  /** By their ids, so that one who goes on from there passes over none twice. */
  const firstOf = (now: number, { most, after }: NonNullable<Chosen['first']>) =>
    live(now)
      .clearSelect()
      .select('id')
      .where('id', '>', after ?? '')
      .orderBy('id')
      .limit(most)

  /** Ends the chosen sessions that are live; says which they were. */
  const end = (now: number, reason: RevokedReason, chosen: Chosen): readonly string[] => {
    let statement = query
      .updateTable('lockjar_sessions')
      .set({ revoked_at: now, revoked_reason: reason })
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', now)
      .where('idle_expires_at', '>', now)
    if (chosen.ids !== undefined) statement = statement.where('id', 'in', chosen.ids)
    if (chosen.owner !== undefined) statement = statement.where('user_id', '=', chosen.owner)
    if (chosen.keep !== undefined) statement = statement.where('id', '!=', chosen.keep)
    if (chosen.first) statement = statement.where('id', 'in', firstOf(now, chosen.first))
    return connection.all(statement.returning('id')).map(({ id }) => id)
  }

  const endAndLog = (now: number, reason: RevokedReason, chosen: Chosen): Revocation => {
    const ended = chosen.ids?.length === 0 ? [] : end(now, reason, chosen)
    return { count: ended.length, floors: log.append(sessionFloors(ended, now)) }
  }

  /** Those that have to go so that one more is not too many, the one seen longest ago first. */
  const oldest = (userId: string, most: number | undefined, now: number): readonly string[] => {
    if (most === undefined) return []
    const own = live(now).clearSelect().select('id').where('user_id', '=', userId)
    const rows = connection.all(
      own
        .orderBy('last_seen_at', 'desc')
        .orderBy('id', 'desc')
        .limit(-1)
        .offset(most - 1),
    )
    return rows.map(({ id }) => id)
  }

  return {
    async create(session, replaces, most) {
      return connection.transaction(() => {
        const now = clock.now()
        const replaced = endAndLog(now, 'replaced', { ids: replaces })
        const tooMany = endAndLog(now, 'too_many', { ids: oldest(session.userId, most, now) })
        const record = createSession(session, now)
        connection.run(query.insertInto('lockjar_sessions').values(toSessionRow(record)))
        return {
          session: record,
          count: replaced.count + tooMany.count,
          floors: [...replaced.floors, ...tooMany.floors],
        }
      })
    },
    async find(id) {
      const row = connection.first(query.selectFrom('lockjar_sessions').selectAll().where('id', '=', id))
      return row && { session: toSession(row), now: clock.now() }
    },
    async findAll(ids) {
      // One parameter, and so one prepared statement, for any number of them.
      const asked = sql<string>`(select value from json_each(${JSON.stringify(ids)}))`
      const rows = connection.all(query.selectFrom('lockjar_sessions').selectAll().where('id', 'in', asked))
      return { sessions: rows.map(toSession), now: clock.now() }
    },
    async swap({ id, nonceHash, carriage, swap, idleTimeout }) {
      const now = clock.now()
      let statement = query
        .updateTable('lockjar_sessions')
        .set((row) => ({
          generation: swap.to,
          predecessor: swap.predecessor,
          confirmed_generation: row.fn<number>('max', [
            row.ref('confirmed_generation'),
            row.val(swap.confirmed),
          ]),
          rotated_at: now,
          last_seen_at: now,
          idle_expires_at: idleEnd(row, idleTimeout, now),
        }))
        .where('id', '=', id)
        .where('nonce_hash', '=', nonceHash)
        .where('carriage', '=', carriage)
        .where('generation', '=', swap.from)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', now)
        .where('idle_expires_at', '>', now)
      if (swap.settledFor > 0) {
        statement = statement.where(({ or, eb, not }) =>
          or([
            eb('predecessor', 'is', null),
            not(eb.between('rotated_at', now - swap.settledFor, now + swap.settledFor)),
          ]),
        )
      }
      if (swap.whileUnconfirmed) statement = statement.whereRef('confirmed_generation', '<', 'generation')
      const row = connection.first(statement.returningAll())
      return row && toSession(row)
    },
    async prove(id, methods, move) {
      return connection.transaction(() => {
        const now = clock.now()
        const row = connection.first(live(now).where('id', '=', id))
        if (!row || (move && row.generation !== move.from)) return null
        const session = proveSession(toSession(row), methods, move, now)
        connection.run(query.updateTable('lockjar_sessions').set(toSessionRow(session)).where('id', '=', id))
        return { session, floors: move ? log.append(generationFloor(id, move.to, now)) : [] }
      })
    },
    async confirm(confirmations, idleTimeout) {
      connection.transaction(() => {
        const now = clock.now()
        const seen = JSON.stringify(confirmations)
        connection.run(confirmAll(seen, now))
        if (idleTimeout) connection.run(extendAll(seen, idleTimeout, now))
      })
    },
    async list(userId) {
      const now = clock.now()
      const rows = connection.all(
        live(now).where('user_id', '=', userId).orderBy('last_seen_at', 'desc').orderBy('id', 'desc'),
      )
      return { sessions: rows.map(toSession), now }
    },
    async revoke(id, owner, reason) {
      return connection.transaction(() => {
        const ended = endAndLog(clock.now(), reason, { ids: [id], ...(owner !== null && { owner }) })
        const whose = query.selectFrom('lockjar_sessions').select('user_id').where('id', '=', id)
        return { ...ended, userId: ended.count > 0 ? (connection.first(whose)?.user_id ?? null) : null }
      })
    },
    async revokeOthers(userId, keep, reason) {
      return connection.transaction(() => endAndLog(clock.now(), reason, { owner: userId, keep }))
    },
    async revokeAll(userId, revision, reason) {
      return connection.transaction(() => {
        const now = clock.now()
        const ended = end(now, reason, { owner: userId })
        return { count: ended.length, floors: log.append(userFloors(userId, revision, ended, now)) }
      })
    },
    async revokeEveryone(limit, after, reason) {
      return connection.transaction(() => {
        const now = clock.now()
        const ended = end(now, reason, { first: { most: limit, after } }).toSorted()
        const last = ended[limit - 1] ?? null
        return {
          count: ended.length,
          last,
          floors: log.append(globalFloors(last === null ? ended : [], now)),
        }
      })
    },
    async prune(limit) {
      const before = clock.now() - DAY
      const ended = query
        .selectFrom('lockjar_sessions')
        .select('id')
        .where((row) => row.or([row('idle_expires_at', '<', before), row('revoked_at', '<', before)]))
        .limit(limit)
      return connection.run(query.deleteFrom('lockjar_sessions').where('id', 'in', ended))
    },
  }
}

/** When the session ends unless it is used again; the row says whether it is remembered. */
function idleEnd(
  { fn, ref, case: when }: ExpressionBuilder<Tables, 'lockjar_sessions'>,
  { plain, remembered }: IdleTimeout,
  now: number,
): ExpressionWrapper<Tables, 'lockjar_sessions', number> {
  const timeout = when()
    .when('remember', '=', 1)
    .then(now + remembered)
    .else(now + plain)
    .end()
  return fn<number>('min', [ref('expires_at'), timeout])
}

/** One statement for all of them: nobody waits long behind a thousand. `seen` is JSON, as the port has it. */
function confirmAll(seen: string, now: number): Compilable<unknown> {
  const newest = sql<{ id: string; generation: number }>`(
    select value ->> 'sessionId' as id, max(value ->> 'generation') as generation from json_each(${seen}) group by 1
  )`.as('seen')
  return query
    .updateTable('lockjar_sessions as session')
    .from(newest)
    .set(({ fn, val, ref }) => ({
      // A generation that the row does not have cannot have been seen: the row was restored from a backup.
      confirmed_generation: fn<number>('max', [
        ref('session.confirmed_generation'),
        fn<number>('min', [ref('seen.generation'), ref('session.generation')]),
      ]),
      last_seen_at: fn<number>('max', [ref('session.last_seen_at'), val(now)]),
    }))
    .whereRef('session.id', '=', 'seen.id')
}

/** Never shortens, and brings no session back that has ended. */
function extendAll(seen: string, idleTimeout: IdleTimeout, now: number): Compilable<unknown> {
  return query
    .updateTable('lockjar_sessions')
    .set((row) => ({
      idle_expires_at: row.fn<number>('max', [row.ref('idle_expires_at'), idleEnd(row, idleTimeout, now)]),
    }))
    .where('id', 'in', sql<string>`(select value ->> 'sessionId' from json_each(${seen}))`)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .where('idle_expires_at', '>', now)
}
