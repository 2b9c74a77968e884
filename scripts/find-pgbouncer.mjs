// Where is a PgBouncer that the tests can start?
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const PLACES = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

/** The path, or `null`. A `LOCKJAR_PGBOUNCER` that does not exist is an error, not a reason to look elsewhere. */
export function findPgBouncer(env = process.env) {
  const named = env.LOCKJAR_PGBOUNCER
  if (named && !existsSync(named)) throw new Error(`LOCKJAR_PGBOUNCER names ${named}, which is not there`)
  if (named) return named
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), ...PLACES]
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path)) ?? null
}
