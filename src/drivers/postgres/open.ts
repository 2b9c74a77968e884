// Is this a server on which Lockjar can run, and is its schema up to date?
import type { Compilable, Expression } from 'kysely'
import { sql } from 'kysely'
import { AuthError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { openDatabase } from './connection.ts'
import { unavailable } from './errors.ts'
import { migrate } from './migrations.ts'
import type { Pool } from './pool.ts'
import { query } from './query.ts'

/** PostgreSQL 13, the first whose transaction ids are never given twice (`xid8`). */
const OLDEST = 130_000
/** Milliseconds. Another node may be at it, and an index on many rows takes long. */
const MIGRATION_PATIENCE = 600_000

interface ServerFacts {
  readonly version: number
  readonly standby: boolean
}

const FACTS: Compilable<ServerFacts> = {
  compile: () =>
    sql<ServerFacts>`select current_setting('server_version_num')::int as version, pg_is_in_recovery() as standby`.compile(
      query,
    ),
}

/** Answers what was applied. @throws {AuthError} `unavailable`, and says of which database and why. */
export async function prepareDatabase(
  pool: Pool,
  place: string,
  now: Expression<number>,
): Promise<readonly string[]> {
  const database = openDatabase(pool, { prepared: false, patience: MIGRATION_PATIENCE })
  return explained(place, async () => {
    await requireServer(database)
    return migrate(database, now)
  })
}

export async function requireServer(connection: Connection): Promise<void> {
  const facts = await connection.first(FACTS)
  if (!facts || facts.version < OLDEST) throw unavailable('It is older than PostgreSQL 13.')
  if (facts.standby) throw unavailable('It is a standby; only the primary will do.')
}

/** Whoever starts a server is told more than whoever sends it a request. */
export async function explained<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'unavailable') throw error
    const reason = error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message
    throw unavailable(`The database ${place} cannot be opened: ${reason}`, error.cause)
  }
}
