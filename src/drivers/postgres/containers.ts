// What is there of a container of session data, at one instant?
import type { Expression, Selectable } from 'kysely'
import { sql } from 'kysely'
import type { SessionRecord } from '../../core/session/session.ts'
import type { ContainerRecord, Load } from '../../core/session-data/container.ts'
import type { DataEntry } from '../../ports/session-data-store.ts'
import { toContainer } from '../sql/container-rows.ts'
import type { ContainersTable } from '../sql/schema.ts'
import { toSession } from '../sql/session-rows.ts'
import type { Connection } from './connection.ts'
import { named, query } from './query.ts'

/** Read in one statement, so that nothing is between container and session. */
export interface Found {
  readonly container: ContainerRecord
  /** The session that it is bound to. */
  readonly bound: SessionRecord | null
  /** Milliseconds since 1970. */
  readonly present: number
}

/** Until the end of the transaction nobody else writes to it: what another statement reads then stays so. */
export async function lockContainer(connection: Connection, idHash: string): Promise<void> {
  await connection.run(
    query.selectFrom('lockjar_containers').select('id_hash').where('id_hash', '=', idHash).forUpdate(),
  )
}

export async function findContainer(
  connection: Connection,
  now: Expression<number>,
  idHash: string,
): Promise<Found | null> {
  const row = await connection.first(named('container', select(now, idHash)))
  return row && toFound(row)
}

/** One that goes over to another id meanwhile is there with all of its entries, or not at all. */
export async function findWithEntries(
  connection: Connection,
  now: Expression<number>,
  idHash: string,
): Promise<(Found & { readonly entries: readonly DataEntry[] }) | null> {
  const entries = sql<string>`(
    select coalesce(json_agg(json_build_array(key, json) order by key), '[]')
    from lockjar_session_data as entry where entry.id_hash = container.id_hash
  )`
  const found = select(now, idHash).select(entries.as('entries'))
  const row = await connection.first(named('container_entries', found))
  return row && { ...toFound(row), entries: JSON.parse(row.entries) }
}

/** With what it holds besides one key. */
export async function findWithLoad(
  connection: Connection,
  now: Expression<number>,
  idHash: string,
  key: string,
): Promise<(Found & { readonly others: Load }) | null> {
  const others = query
    .selectFrom('lockjar_session_data as entry')
    .select(({ fn }) => [fn.countAll<number>().as('keys'), fn.sum<number | null>('bytes').as('bytes')])
    .where('entry.id_hash', '=', idHash)
    .where('key', '!=', key)
  const row = await connection.first(
    select(now, idHash)
      .innerJoinLateral(others.as('others'), (join) => join.onTrue())
      .select(['others.keys', 'others.bytes']),
  )
  return row && { ...toFound(row), others: { keys: row.keys, bytes: row.bytes ?? 0 } }
}

function select(now: Expression<number>, idHash: string) {
  const bound = sql<string | null>`(
    select to_json(session) from lockjar_sessions as session where session.id = container.session_id
  )`
  return query
    .selectFrom('lockjar_containers as container')
    .selectAll('container')
    .select([bound.as('bound'), sql<number>`${now}`.as('present')])
    .where('container.id_hash', '=', idHash)
}

function toFound(
  row: Selectable<ContainersTable> & { readonly bound: string | null; readonly present: number },
): Found {
  const bound = row.bound === null ? null : toSession(JSON.parse(row.bound))
  return { container: toContainer(row), bound, present: row.present }
}
