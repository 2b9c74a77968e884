// How is session data kept in PostgreSQL?
import type { Expression } from 'kysely'
import { sql } from 'kysely'
import type { SessionRecord } from '../../core/session/session.ts'
import { sessionEnd } from '../../core/session/session.ts'
import type { ContainerRecord, ContainerState } from '../../core/session-data/container.ts'
import {
  containerState,
  mayComeAlong,
  overLimit,
  TOMBSTONE_LIFETIME,
} from '../../core/session-data/container.ts'
import type { Holder, SessionDataStore } from '../../ports/session-data-store.ts'
import { toSession } from '../sql/session-rows.ts'
import type { Connection, Database } from './connection.ts'
import { bury, insertWith, moveTo, pruneStatements, put, remove, use } from './container-writes.ts'
import type { Found } from './containers.ts'
import { findContainer, findWithEntries, findWithLoad, lockContainer } from './containers.ts'
import { query } from './query.ts'

/** Whoever changes a container holds its row first: of two at once the second finds what the first has left. */
export function createSessionDataStore(database: Database, now: Expression<number>): SessionDataStore {
  const held = <T>(
    idHash: string,
    work: (connection: Connection, found: Found | null) => Promise<T>,
  ): Promise<T> =>
    database.transaction(async (connection) => {
      await lockContainer(connection, idHash)
      return work(connection, await findContainer(connection, now, idHash))
    })

  return {
    async read(holder) {
      const found = await findWithEntries(database, now, holder.idHash)
      if (!found || stateOf(found, holder) !== 'open') return null
      const { entries, bound, container, present } = found
      return { entries, bound, lastSeenAt: container.lastSeenAt, now: present }
    },
    write({ key, json, idleTimeout, ...holder }) {
      const { idHash } = holder
      return database.transaction(async (connection) => {
        await lockContainer(connection, idHash)
        const found = await findWithLoad(connection, now, idHash, key)
        const state = stateOf(found, holder)
        if (!found || state !== 'open') return state === 'ended' ? state : 'absent'
        const over = json === null ? null : overLimit(found.others, key, json)
        if (over) return over
        await connection.run(json === null ? remove(idHash, key) : put(idHash, key, json))
        await connection.run(use(idHash, found.present, idleTimeout))
        return 'done'
      })
    },
    async begin({ idHash, sessionId, key, json, idleTimeout }) {
      const { bound, present } = await findSession(sessionId)
      if (sessionId !== null && (!bound || sessionEnd(bound, present))) return null
      await database.run(insertWith(newContainer(idHash, sessionId, present, idleTimeout), key, json))
      return { bound }
    },
    async touch({ idleTimeout, ...holder }) {
      const found = await findContainer(database, now, holder.idHash)
      if (found && stateOf(found, holder) === 'open')
        await database.run(use(holder.idHash, found.present, idleTimeout))
    },
    rotate({ to, ...holder }) {
      return held(holder.idHash, async (connection, found) => {
        const state = stateOf(found, holder)
        if (!found || state !== 'open') return state === 'ended' ? state : 'absent'
        await connection.run(moveTo({ ...found.container, idHash: to }, holder.idHash, found.present))
        return 'done'
      })
    },
    adopt({ from, to, sessionId, userId, idleTimeout }) {
      return held(from, async (connection, found) => {
        if (!found || found.container.endedAt !== null) return lateVerdict(found)
        const { container, bound, present } = found
        const kept = present < container.idleExpiresAt && mayComeAlong(container, bound, userId, present)
        const next = newContainer(to, sessionId, present, idleTimeout)
        await connection.run(kept ? moveTo(next, from, present) : bury(from, present))
        return kept ? 'done' : 'absent'
      })
    },
    end(idHash) {
      return held(idHash, async (connection, found) => {
        if (!found || found.container.endedAt !== null) return lateVerdict(found)
        await connection.run(bury(idHash, found.present))
        return 'done'
      })
    },
    async prune(limit) {
      let pruned = 0
      for (const removeSome of pruneStatements(now)) pruned += await database.run(removeSome(limit - pruned))
      return pruned
    },
  }

  /** And the present. */
  async function findSession(
    id: string | null,
  ): Promise<{ readonly bound: SessionRecord | null; readonly present: number }> {
    const present = sql<number>`${now}`.as('present')
    const found = await database.first(
      query.selectNoFrom([
        present,
        sql<string | null>`(
          select to_json(session) from lockjar_sessions as session where session.id = ${id}
        )`.as('bound'),
      ]),
    )
    if (!found) throw new Error('a select without a table answered no row')
    return { bound: found.bound === null ? null : toSession(JSON.parse(found.bound)), present: found.present }
  }
}

function stateOf(found: Found | null, { sessionId }: Holder): ContainerState {
  return found ? containerState(found.container, found.bound, sessionId, found.present) : 'absent'
}

/** For whoever comes late. */
function lateVerdict(found: Found | null): 'ended' | 'absent' {
  const endedAt = found?.container.endedAt ?? null
  return found && endedAt !== null && found.present - endedAt < TOMBSTONE_LIFETIME ? 'ended' : 'absent'
}

function newContainer(
  idHash: string,
  sessionId: string | null,
  present: number,
  idleTimeout: number,
): ContainerRecord {
  return {
    idHash,
    sessionId,
    createdAt: present,
    lastSeenAt: present,
    idleExpiresAt: present + idleTimeout,
    endedAt: null,
  }
}
