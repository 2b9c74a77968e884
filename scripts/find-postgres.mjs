// Where is a PostgreSQL that the tests can start?
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Debian's folder of versions, which is not on the path; then the path; then Homebrew's. */
const VERSIONS = '/usr/lib/postgresql'
const PLACES = ['/usr/local/pgsql/bin', '/opt/homebrew/opt/postgresql/bin', '/usr/local/opt/postgresql/bin']

/**
 * The folder of `initdb` and `postgres`, or `null`. A `LOCKJAR_POSTGRES_BIN` without them is an error, not a reason to look
 * elsewhere.
 */
export function findPostgres(env = process.env) {
  const named = env.LOCKJAR_POSTGRES_BIN
  if (named && !isComplete(named)) throw new Error(`LOCKJAR_POSTGRES_BIN names ${named}, which has no initdb`)
  if (named) return named
  const onPath = (env.PATH ?? '').split(':').filter(Boolean)
  return [...ofDebian(), ...onPath, ...PLACES].find(isComplete) ?? null
}

const isComplete = (folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)))

/** The newest first. */
function ofDebian() {
  if (!existsSync(VERSIONS)) return []
  const versions = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(VERSIONS, version, 'bin'))
}
