// How are sessions kept in PostgreSQL?
import type { Compilable, Expression } from 'kysely'
import { generationFloor, globalFloors, sessionFloors, userFloors } from '../../core/revocation/floors.ts'
import { createSession, proveSession } from '../../core/session/session.ts'
import type { SessionStore } from '../../ports/session-store.ts'
import { toSession, toSessionRow } from '../sql/session-rows.ts'
import { readNow } from './clock.ts'
import type { Connection, Database } from './connection.ts'
import { takeTurns } from './locks.ts'
import { named, query } from './query.ts'
import { appendFloors } from './revocation-log.ts'
import type { OldSessions, RowAtNow } from './session-queries.ts'
import {
  confirmAll,
  endChosen,
  endOne,
  endTooMany,
  findSessions,
  listSessions,
  lockLive,
  removeOld,
  swapGeneration,
} from './session-queries.ts'

/** Removed together, for one after the other each by its index. */
const OLD: readonly OldSessions[] = ['idle_expires_at', 'revoked_at']

export function createSessionStore(database: Database, now: Expression<number>): SessionStore {
  const readAll = async (statement: Compilable<RowAtNow>) => {
    const rows = await database.all(statement)
    return {
      sessions: rows.flatMap(({ now: _now, ...row }) =>
        row.id === null ? [] : toSession({ ...row, id: row.id }),
      ),
      now: rows[0]?.now ?? Number.NaN,
    }
  }

  return {
    async create(session, replaces, most) {
      return database.transaction(async (connection) => {
        // Two sign-ins of one user would each count without the other.
        if (most !== undefined) await takeTurns(connection, 'sessions', session.userId)
        const at = await readNow(connection, now)
        const ended = await connection.all(endTooMany(session.userId, replaces, most, at))
        const idsOf = (reason: string) =>
          ended.flatMap((row) => (row.revoked_reason === reason ? row.id : []))
        const record = createSession(session, at)
        await connection.run(query.insertInto('lockjar_sessions').values(toSessionRow(record)))
        const floors = sessionFloors([...idsOf('replaced'), ...idsOf('too_many')], at)
        return { session: record, count: ended.length, floors: await appendFloors(connection, floors) }
      })
    },
    async find(id) {
      const { sessions, now: at } = await readAll(named('session', findSessions([id], now)))
      const [session] = sessions
      return session ? { session, now: at } : null
    },
    findAll: (ids) => readAll(named('sessions', findSessions(ids, now))),
    async swap(command) {
      const row = await database.first(named('swap', swapGeneration(command, now)))
      return row && toSession(row)
    },
    async prove(id, methods, move) {
      return database.transaction(async (connection) => {
        const row = await connection.first(lockLive(id, now))
        if (!row || (move && row.generation !== move.from)) return null
        const session = proveSession(toSession(row), methods, move, row.now)
        await connection.run(
          query.updateTable('lockjar_sessions').set(toSessionRow(session)).where('id', '=', id),
        )
        const floors = move ? generationFloor(id, move.to, row.now) : []
        return { session, floors: await appendFloors(connection, floors) }
      })
    },
    async confirm(confirmations, idleTimeout) {
      await database.run(named('confirm', confirmAll(confirmations, idleTimeout, now)))
    },
    list: (userId) => readAll(listSessions(userId, now)),
    async revoke(id, owner, reason) {
      return database.transaction(async (connection) => {
        const ended = await connection.first(endOne(id, owner, reason, now))
        if (!ended) return { count: 0, floors: [], userId: null }
        const floors = await appendFloors(connection, sessionFloors([id], ended.now))
        return { count: 1, floors, userId: ended.user_id }
      })
    },
    async revokeOthers(userId, keep, reason) {
      return database.transaction(async (connection) => {
        const at = await readNow(connection, now)
        const ended = await end(connection, endChosen({ owner: userId, keep }, reason, at))
        return { count: ended.length, floors: await appendFloors(connection, sessionFloors(ended, at)) }
      })
    },
    async revokeAll(userId, revision, reason) {
      return database.transaction(async (connection) => {
        const at = await readNow(connection, now)
        const ended = await end(connection, endChosen({ owner: userId }, reason, at))
        const floors = userFloors(userId, revision, ended, at)
        return { count: ended.length, floors: await appendFloors(connection, floors) }
      })
    },
    async revokeEveryone(limit, after, reason) {
      return database.transaction(async (connection) => {
        const at = await readNow(connection, now)
        const ended = await end(connection, endChosen({ first: limit, after: after ?? '' }, reason, at))
        const last = ended[limit - 1] ?? null
        const floors = globalFloors(last === null ? ended : [], at)
        return { count: ended.length, last, floors: await appendFloors(connection, floors) }
      })
    },
    async prune(limit) {
      let removed = 0
      for (const by of OLD) {
        if (removed < limit) removed += await database.run(removeOld(by, limit - removed, now))
      }
      return removed
    },
  }
}

/** In the order of their ids. */
async function end(
  connection: Connection,
  statement: Compilable<{ readonly id: string }>,
): Promise<readonly string[]> {
  return (await connection.all(statement)).map(({ id }) => id).toSorted()
}
