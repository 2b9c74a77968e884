// Which database do the settings name, and is its schema the one that this version knows?
import { resolve } from 'node:path'
import type { Io } from './io.ts'
import { Refusal } from './refusal.ts'

/** The file of `sqlite:PATH`, as `createAuth` reads it. */
export function sqliteFile({ cwd }: Pick<Io, 'cwd'>, database: string): string {
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(database)?.[1]
  if (path && path !== ':memory:') return resolve(cwd, path)
  throw new Refusal(
    'unavailable',
    `${JSON.stringify(database)} is not a database in a file: write sqlite:PATH, such as sqlite:./data/lockjar.db`,
  )
}

/**
 * A wrong folder must not look like an installation without users, and a command of a newer version must not migrate under a
 * server of an older one.
 */
export async function requireSchema(file: string, database: string): Promise<void> {
  const { readPendingMigrations } = await import('../drivers/sqlite/schema-state.ts')
  const pending = readPendingMigrations(file)
  if (pending === null) {
    throw new Refusal(
      'unavailable',
      `there is no database ${database} here; name it with --database or LOCKJAR_DATABASE_URL, or make it with: lockjar migrate`,
    )
  }
  if (pending.length > 0) {
    throw new Refusal(
      'unavailable',
      `the schema of ${database} lacks ${pending.join(', ')}; bring it up to date with: lockjar migrate`,
    )
  }
}
