// How is session data kept in SQLite?
import type { SessionRecord } from '../../core/session/session.ts'
import { sessionEnd } from '../../core/session/session.ts'
import type { ContainerRecord } from '../../core/session-data/container.ts'
import {
  containerState,
  entryBytes,
  mayComeAlong,
  overLimit,
  TOMBSTONE_LIFETIME,
} from '../../core/session-data/container.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Holder, SessionDataStore } from '../../ports/session-data-store.ts'
import { toContainer, toContainerRow } from '../sql/container-rows.ts'
import { toSession } from '../sql/session-rows.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

/** A container and the row of the session that it is bound to, as they are at one instant. */
interface Found {
  readonly container: ContainerRecord | null
  readonly bound: SessionRecord | null
}

/**
 * Milliseconds. Containers of sessions that ended longer ago were removed by earlier runs, or go with their own idle timeout: looking
 * at all that ended in a day would hold up the writer.
 */
const RECENTLY = 3_600_000

export function createSessionDataStore(connection: Connection, clock: Pick<Clock, 'now'>): SessionDataStore {
  const findSession = (id: string | null): SessionRecord | null => {
    if (id === null) return null
    const row = connection.first(query.selectFrom('lockjar_sessions').selectAll().where('id', '=', id))
    return row && toSession(row)
  }
  const find = (idHash: string): Found => {
    const row = connection.first(
      query.selectFrom('lockjar_containers').selectAll().where('id_hash', '=', idHash),
    )
    const container = row && toContainer(row)
    return { container, bound: findSession(container?.sessionId ?? null) }
  }
  const stateOf = ({ container, bound }: Found, { sessionId }: Holder, now: number) =>
    containerState(container, bound, sessionId, now)

  const insert = (container: ContainerRecord): void => {
    connection.run(query.insertInto('lockjar_containers').values(toContainerRow(container)))
  }
  const use = (idHash: string, idleTimeout: number, now: number): void => {
    connection.run(
      query
        .updateTable('lockjar_containers')
        .set(({ fn, ref, val }) => ({
          last_seen_at: now,
          idle_expires_at: fn<number>('max', [ref('idle_expires_at'), val(now + idleTimeout)]),
        }))
        .where('id_hash', '=', idHash),
    )
  }
  /** Its data has gone over to another id, or goes with it. */
  const bury = (idHash: string, now: number): void => {
    connection.run(query.deleteFrom('lockjar_session_data').where('id_hash', '=', idHash))
    connection.run(
      query.updateTable('lockjar_containers').set({ ended_at: now }).where('id_hash', '=', idHash),
    )
  }
  const moveData = (from: string, to: string): void => {
    connection.run(query.updateTable('lockjar_session_data').set({ id_hash: to }).where('id_hash', '=', from))
  }
  const put = (idHash: string, key: string, json: string): void => {
    const value = { json, bytes: entryBytes(key, json) }
    connection.run(
      query
        .insertInto('lockjar_session_data')
        .values({ id_hash: idHash, key, ...value })
        .onConflict((conflict) => conflict.columns(['id_hash', 'key']).doUpdateSet(value)),
    )
  }
  const loadBeside = (idHash: string, key: string): { readonly keys: number; readonly bytes: number } => {
    const row = connection.first(
      query
        .selectFrom('lockjar_session_data')
        .select(({ fn }) => [fn.countAll<number>().as('keys'), fn.sum<number | null>('bytes').as('bytes')])
        .where('id_hash', '=', idHash)
        .where('key', '!=', key),
    )
    return { keys: row?.keys ?? 0, bytes: row?.bytes ?? 0 }
  }

  return {
    async read(holder) {
      const now = clock.now()
      const found = find(holder.idHash)
      if (!found.container || stateOf(found, holder, now) !== 'open') return null
      const rows = connection.all(
        query
          .selectFrom('lockjar_session_data')
          .select(['key', 'json'])
          .where('id_hash', '=', holder.idHash)
          .orderBy('key'),
      )
      const entries = rows.map(({ key, json }) => [key, json] as const)
      return { entries, bound: found.bound, lastSeenAt: found.container.lastSeenAt, now }
    },
    async write({ key, json, idleTimeout, ...holder }) {
      return connection.transaction(() => {
        const now = clock.now()
        const state = stateOf(find(holder.idHash), holder, now)
        if (state !== 'open') return state
        const over = json === null ? null : overLimit(loadBeside(holder.idHash, key), key, json)
        if (over) return over
        if (json !== null) put(holder.idHash, key, json)
        else {
          connection.run(
            query
              .deleteFrom('lockjar_session_data')
              .where('id_hash', '=', holder.idHash)
              .where('key', '=', key),
          )
        }
        use(holder.idHash, idleTimeout, now)
        return 'done'
      })
    },
    async begin({ idHash, sessionId, key, json, idleTimeout }) {
      return connection.transaction(() => {
        const now = clock.now()
        const bound = findSession(sessionId)
        if (sessionId !== null && (!bound || sessionEnd(bound, now))) return null
        insert(newContainer(idHash, sessionId, idleTimeout, now))
        put(idHash, key, json)
        return { bound }
      })
    },
    async touch({ idleTimeout, ...holder }) {
      connection.transaction(() => {
        const now = clock.now()
        if (stateOf(find(holder.idHash), holder, now) === 'open') use(holder.idHash, idleTimeout, now)
      })
    },
    async rotate({ to, ...holder }) {
      return connection.transaction(() => {
        const now = clock.now()
        const found = find(holder.idHash)
        const state = stateOf(found, holder, now)
        if (!found.container || state !== 'open') return state === 'ended' ? state : 'absent'
        insert({ ...found.container, idHash: to })
        moveData(holder.idHash, to)
        bury(holder.idHash, now)
        return 'done'
      })
    },
    async adopt({ from, to, sessionId, userId, idleTimeout }) {
      return connection.transaction(() => {
        const now = clock.now()
        const { container, bound } = find(from)
        if (!container) return 'absent'
        if (container.endedAt !== null) return lateVerdict(container.endedAt, now)
        const kept = now < container.idleExpiresAt && mayComeAlong(container, bound, userId, now)
        if (kept) {
          insert(newContainer(to, sessionId, idleTimeout, now))
          moveData(from, to)
        }
        bury(from, now)
        return kept ? 'done' : 'absent'
      })
    },
    async end(idHash) {
      return connection.transaction(() => {
        const now = clock.now()
        const { container } = find(idHash)
        if (!container) return 'absent'
        if (container.endedAt !== null) return lateVerdict(container.endedAt, now)
        bury(idHash, now)
        return 'done'
      })
    },
    async prune(limit) {
      return connection.transaction(() => {
        const before = clock.now() - TOMBSTONE_LIFETIME
        const all = query.selectFrom('lockjar_containers').select('id_hash')
        const ended = query
          .selectFrom('lockjar_sessions')
          .select('id')
          .where((row) =>
            row.or([
              row.between('revoked_at', before - RECENTLY, before),
              row.between('idle_expires_at', before - RECENTLY, before),
            ]),
          )
        // Each by an index of its own.
        const useless = [
          all.where('ended_at', '<', before),
          all.where('idle_expires_at', '<', before),
          all.where('session_id', 'in', ended),
        ]
        let pruned = 0
        for (const some of useless) {
          const these = some.limit(limit - pruned)
          pruned += connection.run(query.deleteFrom('lockjar_containers').where('id_hash', 'in', these))
        }
        return pruned
      })
    },
  }
}

/** For whoever comes late. */
const lateVerdict = (endedAt: number, now: number): 'ended' | 'absent' =>
  now - endedAt < TOMBSTONE_LIFETIME ? 'ended' : 'absent'

function newContainer(
  idHash: string,
  sessionId: string | null,
  idleTimeout: number,
  now: number,
): ContainerRecord {
  const idleExpiresAt = now + idleTimeout
  return { idHash, sessionId, createdAt: now, lastSeenAt: now, idleExpiresAt, endedAt: null }
}
