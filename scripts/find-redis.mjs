// Where is a Redis, or a Valkey, that the tests can start?
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['redis-server', 'valkey-server']
const PLACES = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

/** The path, or `null`. A `LOCKJAR_REDIS_SERVER` that does not exist is an error, not a reason to look elsewhere. */
export function findRedis(env = process.env) {
  const named = env.LOCKJAR_REDIS_SERVER
  if (named && !existsSync(named)) throw new Error(`LOCKJAR_REDIS_SERVER names ${named}, which is not there`)
  if (named) return named
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), ...PLACES]
  return (
    folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path)) ??
    null
  )
}
