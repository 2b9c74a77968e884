// How is the revocation log kept in PostgreSQL, so that no reader misses a line, whenever its transaction commits?
import type { Compilable, Expression } from 'kysely'
import { sql } from 'kysely'
import type { Floor } from '../../core/revocation/floors.ts'
import type { LogCursor, RevocationLog } from '../../ports/revocation-log.ts'
import { toFloor, toFloorRow } from '../sql/floor-rows.ts'
import type { Connection, Database } from './connection.ts'
import { unavailable } from './errors.ts'
import { named, query } from './query.ts'
import { toJson } from './text.ts'

const DAY = 86_400_000
/** Rows that one statement removes, so that none takes long, and statements that one call makes. */
const BATCH = 1000
const MOST_BATCHES = 100

/**
 * What a reader has seen: everything that its snapshot shows. Lines have numbers too, but a lower one may be committed after a higher
 * one; a snapshot knows which transactions were still under way.
 */
interface Cursor {
  /** Which server, on which timeline, since when: of another one the transaction ids mean something else. */
  readonly server: string
  readonly snapshot: string
  /** A lost connection may be the sign of a server that began anew, perhaps with ids it had given before. */
  readonly losses: number
}

interface LineOrNone {
  /** `null` on a standby. */
  readonly server: string | null
  readonly snapshot: string
  /** `null` where there is nothing to read. */
  readonly scope: string | null
  readonly floor: number | null
  readonly expires_at: number
}

export function createRevocationLog(database: Database, now: Expression<number>): RevocationLog {
  return {
    async read(after) {
      const losses = database.losses()
      const rows = await database.all(named('revocations', lines(toSeen(after, losses), now)))
      const [first] = rows
      // Told by no error of the server's: a standby answers, with what it knew a while ago.
      if (!first?.server)
        throw unavailable('The database is a standby; only the primary knows every revocation.')
      const cursor: Cursor = { server: first.server, snapshot: first.snapshot, losses }
      return {
        floors: rows.flatMap(({ scope, floor, expires_at }) =>
          scope === null ? [] : toFloor({ scope, floor, expires_at }),
        ),
        cursor: JSON.stringify(cursor),
      }
    },
    async prune() {
      for (let batch = 0; batch < MOST_BATCHES; batch++) {
        if ((await database.run(removeExpired(now))) < BATCH) return
      }
    },
  }
}

/** For the commands that revoke: in their own transaction. Whoever listens hears of it once that is committed. */
export async function appendFloors(
  connection: Connection,
  floors: readonly Floor[],
): Promise<readonly Floor[]> {
  if (floors.length === 0) return floors
  const rows = toJson(floors.map(toFloorRow))
  const insert = sql`
    insert into lockjar_revocations (scope, floor, expires_at)
    select scope, floor, expires_at
    from json_to_recordset(${rows}::json) as line (scope text, floor bigint, expires_at bigint)`
  await connection.run(named('revoke', { compile: () => insert.compile(query) }))
  return floors
}

function toSeen(after: LogCursor, losses: number): Pick<Cursor, 'server' | 'snapshot'> | null {
  if (after === null) return null
  const cursor = JSON.parse(after) as Cursor
  return cursor.losses === losses ? cursor : null
}

/**
 * One statement, and so one snapshot: what it shows is what is read. A cursor of another server, or one that is ahead of this one,
 * says nothing, and everything is read again. The first condition is for the index, the second for those that the earlier snapshot
 * showed already, while some older transaction was still under way.
 */
function lines(
  seen: Pick<Cursor, 'server' | 'snapshot'> | null,
  now: Expression<number>,
): Compilable<LineOrNone> {
  const text = sql<LineOrNone>`
    with present as materialized (
      select pg_current_snapshot() as snapshot, case when pg_is_in_recovery() then null else
        (select system_identifier from pg_control_system())
          || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
          || '/' || extract(epoch from pg_postmaster_start_time()) end as server
    ), seen as materialized (
      select server, snapshot, case
        when server = ${seen?.server ?? null} and pg_snapshot_xmin(snapshot) >= pg_snapshot_xmin(before) then before
      end as before
      from present, (select cast(${seen?.snapshot ?? null} as pg_snapshot) as before) as given
    )
    select seen.server, cast(seen.snapshot as text) as snapshot, line.scope, line.floor, line.expires_at
    from seen left join lockjar_revocations as line
      on line.xact >= coalesce(pg_snapshot_xmin(seen.before), '0'::xid8)
      and pg_visible_in_snapshot(line.xact, seen.before) is not true
      and line.expires_at > ${now}
    order by line.id`
  return { compile: () => text.compile(query) }
}

/** A day later than need be: a clock that was set forward for a while must not forget anything. */
function removeExpired(now: Expression<number>): Compilable<unknown> {
  const expired = query
    .selectFrom('lockjar_revocations')
    .select('id')
    .where('expires_at', '<=', sql<number>`${now} - ${sql.lit(DAY)}`)
    .orderBy('expires_at')
    .limit(BATCH)
    .forUpdate()
    .skipLocked()
  return query.deleteFrom('lockjar_revocations').where('id', 'in', expired)
}
