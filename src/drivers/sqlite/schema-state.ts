// Is the schema of a file up to date? For whoever migrates on purpose, before anything else opens the file.
import { existsSync } from 'node:fs'
import { openConnection } from './connection.ts'
import { migrate, pendingMigrations } from './migrations.ts'
import { query } from './query.ts'

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

/** Whether anything has been recorded in a file whose schema is up to date. @throws {AuthError} as above. */
export function hasHistory(path: string): boolean {
  const connection = openConnection(path)
  try {
    connection.allowReadsOnly()
    return connection.first(query.selectFrom('lockjar_audit').select('id').limit(1)) !== null
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
