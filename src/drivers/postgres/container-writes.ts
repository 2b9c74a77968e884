// What is written where a container of session data begins, is used, goes over to another id, and ends?
import type { Compilable, Expression } from 'kysely'
import { sql } from 'kysely'
import type { ContainerRecord } from '../../core/session-data/container.ts'
import { entryBytes, TOMBSTONE_LIFETIME } from '../../core/session-data/container.ts'
import { toContainerRow } from '../sql/container-rows.ts'
import { query } from './query.ts'

/**
 * Milliseconds. Containers of sessions that ended longer ago were removed by earlier runs, or go with their own idle timeout: looking
 * at all that ended in a day would take long for the few that there are.
 */
const RECENTLY = 3_600_000

export function insertWith(container: ContainerRecord, key: string, json: string): Compilable<unknown> {
  return query
    .with('container', (db) => db.insertInto('lockjar_containers').values(toContainerRow(container)))
    .insertInto('lockjar_session_data')
    .values({ id_hash: container.idHash, key, json, bytes: entryBytes(key, json) })
}

export function put(idHash: string, key: string, json: string): Compilable<unknown> {
  const value = { json, bytes: entryBytes(key, json) }
  return query
    .insertInto('lockjar_session_data')
    .values({ id_hash: idHash, key, ...value })
    .onConflict((conflict) => conflict.columns(['id_hash', 'key']).doUpdateSet(value))
}

export function remove(idHash: string, key: string): Compilable<unknown> {
  return query.deleteFrom('lockjar_session_data').where('id_hash', '=', idHash).where('key', '=', key)
}

export function use(idHash: string, present: number, idleTimeout: number): Compilable<unknown> {
  return query
    .updateTable('lockjar_containers')
    .set({
      last_seen_at: present,
      idle_expires_at: sql<number>`greatest(idle_expires_at, ${present + idleTimeout})`,
    })
    .where('id_hash', '=', idHash)
}

/** One statement: the data is in one of the two, whoever looks. */
export function moveTo(container: ContainerRecord, from: string, present: number): Compilable<unknown> {
  return query
    .with('made', (db) => db.insertInto('lockjar_containers').values(toContainerRow(container)))
    .with('moved', (db) =>
      db.updateTable('lockjar_session_data').set({ id_hash: container.idHash }).where('id_hash', '=', from),
    )
    .updateTable('lockjar_containers')
    .set({ ended_at: present })
    .where('id_hash', '=', from)
}

/** Its data goes with it. */
export function bury(idHash: string, present: number): Compilable<unknown> {
  return query
    .with('gone', (db) => db.deleteFrom('lockjar_session_data').where('id_hash', '=', idHash))
    .updateTable('lockjar_containers')
    .set({ ended_at: present })
    .where('id_hash', '=', idHash)
}

/** What nobody can use any more, each by an index of its own. Those that somebody is at just now are passed over. */
export function pruneStatements(
  now: Expression<number>,
): readonly ((limit: number) => Compilable<unknown>)[] {
  const before = sql<number>`${now} - ${TOMBSTONE_LIFETIME}`
  const recently = sql<number>`${now} - ${TOMBSTONE_LIFETIME + RECENTLY}`
  const ended = query
    .selectFrom('lockjar_sessions')
    .select('id')
    .where((row) =>
      row.or([row.between('revoked_at', recently, before), row.between('idle_expires_at', recently, before)]),
    )
  const all = query.selectFrom('lockjar_containers').select('id_hash')
  return [
    all.where('ended_at', '<', before).orderBy('ended_at'),
    all.where('idle_expires_at', '<', before).orderBy('idle_expires_at'),
    all.where('session_id', 'in', ended),
  ].map((some) => (limit) => {
    const chosen = sql<string>`any (array(${some.limit(limit).forUpdate().skipLocked()}))`
    return query.deleteFrom('lockjar_containers').where('id_hash', '=', chosen)
  })
}
