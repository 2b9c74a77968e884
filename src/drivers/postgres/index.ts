// What does the PostgreSQL driver offer?
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import { clockNow, databaseNow } from './clock.ts'
import { openDatabase } from './connection.ts'
import { prepareDatabase } from './open.ts'
import { openPool } from './open-pool.ts'
import type { Pool } from './pool.ts'
import { createStores } from './stores.ts'
import type { PostgresAddress } from './url.ts'
import { parseAddress } from './url.ts'
import type { Watch } from './watch.ts'
import { watchNotifications } from './watch.ts'

export type { Pool, PoolClient, PoolQuery, PoolResult, TypeParsers } from './pool.ts'

export interface PostgresOptions {
  /** Whose time judges ages: `database` (default), one for all nodes, or that of the clock that is given, for tests. */
  readonly time?: 'database' | 'clock'
  /** Whether hot statements are prepared by name. Default: as the URL says, else true. Off for poolers that do not know them. */
  readonly prepared?: boolean
}

/**
 * Opens a PostgreSQL database and brings its schema up to date. The application may keep its own tables in it; Lockjar's begin
 * with `lockjar_`. Needs the package `pg`, and PostgreSQL 13 or newer. `clock` drives what is done now and then. A pool in place of a
 * URL is used as it is, and stays open when the store is closed; other nodes' revocations are then heard of by polling alone.
 *
 * @throws {AuthError} `unavailable` where it cannot be reached, is a standby, or was migrated by a newer version.
 * @throws {TypeError} for a URL that cannot be read, and where `pg` is not installed.
 */
export async function openPostgres(
  database: string | Pool,
  clock: Clock,
  options: PostgresOptions = {},
): Promise<Store> {
  if (typeof database !== 'string') return openStore(database, 'of the pool', clock, options)
  const address = parseAddress(database)
  const { prepared, place } = address
  const pool = await openPool(address)
  try {
    const store = await openStore(pool, place, clock, { prepared, ...options })
    const watch = await openWatch(address, clock)
    return {
      ...store,
      revocations: { ...store.revocations, ...(watch && { watch: watch.watch }) },
      async close() {
        await Promise.all([watch?.close(), pool.end()])
      },
    }
  } catch (error) {
    await pool.end()
    throw error
  }
}

async function openWatch({ listenUrl }: PostgresAddress, clock: Clock): Promise<Watch | null> {
  if (listenUrl === null) return null
  // Without limits of the server's, none of which is for a connection that only waits.
  return watchNotifications(await openPool({ url: listenUrl, poolSize: 1, pooled: true }), clock)
}

async function openStore(pool: Pool, place: string, clock: Clock, options: PostgresOptions): Promise<Store> {
  const { time = 'database', prepared = true } = options
  const now = time === 'clock' ? clockNow(clock) : databaseNow
  await prepareDatabase(pool, place, now)
  return { ...createStores(openDatabase(pool, { prepared }), now), async close() {} }
}
