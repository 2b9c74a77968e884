// Is the schema of a file up to date? For whoever migrates on purpose, before anything else opens the file.
import { existsSync } from 'node:fs'
import { openConnection } from './connection.ts'
import { migrate, pendingMigrations } from './migrations.ts'

/**
 * The migrations that the file has yet to get, in order; `null` where there is no such file, and none is made.
 *
 * @throws {AuthError} `unavailable` where it cannot be opened, or a newer version has migrated it.
 */
export function readPendingMigrations(path: string): readonly string[] | null {
  if (!existsSync(path)) return null
  const connection = openConnection(path)
  try {
    connection.allowReadsOnly()
    return pendingMigrations(connection)
  } finally {
    connection.close()
  }
}

/** Makes the file if it is not there. Answers what was applied. @throws {AuthError} as above. */
export function migrateFile(path: string, now: number): readonly string[] {
  const connection = openConnection(path)
  try {
    return migrate(connection, now)
  } finally {
    connection.close()
  }
}
