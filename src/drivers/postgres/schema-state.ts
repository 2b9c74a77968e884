// Is the schema of a database up to date? For whoever migrates on purpose, before anything else opens it.
import { databaseNow } from './clock.ts'
import type { Database } from './connection.ts'
import { openDatabase } from './connection.ts'
import { MIGRATIONS, pendingMigrations } from './migrations.ts'
import { explained, prepareDatabase, requireServer } from './open.ts'
import { openPool } from './open-pool.ts'
import { query } from './query.ts'
import { parseAddress } from './url.ts'

/**
 * The migrations that the database has yet to get, in order; `null` where nothing of Lockjar is in it. Changes nothing.
 *
 * @throws {AuthError} `unavailable` where it cannot be reached, or a newer version has migrated it.
 */
export function readPendingMigrations(url: string): Promise<readonly string[] | null> {
  return withDatabase(url, async (database) => {
    await requireServer(database)
    const pending = await pendingMigrations(database)
    return pending.length === MIGRATIONS.length ? null : pending
  })
}

/** Whether anything has been recorded in a database whose schema is up to date. @throws {AuthError} as above. */
export function hasHistory(url: string): Promise<boolean> {
  return withDatabase(
    url,
    async (database) =>
      (await database.first(query.selectFrom('lockjar_audit').select('id').limit(1))) !== null,
  )
}

/** Answers what was applied. @throws {AuthError} as above. */
export async function migrateDatabase(url: string): Promise<readonly string[]> {
  const address = parseAddress(url)
  const pool = await openPool(address)
  try {
    return await prepareDatabase(pool, address.place, databaseNow)
  } finally {
    await pool.end()
  }
}

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const address = parseAddress(url)
  const database = openDatabase(await openPool(address), { prepared: false })
  try {
    return await explained(address.place, () => work(database))
  } finally {
    await database.close()
  }
}
