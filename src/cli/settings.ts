// Which settings hold here? Those of the environment, over those of `.env` in the working folder.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment, ServerOptions } from '../config/env.ts'
import { readEnvironment } from '../config/env.ts'
import type { AuthOptions } from '../config/options.ts'
import type { Io } from './io.ts'
import { Refusal } from './refusal.ts'

export interface Settings {
  readonly options: AuthOptions
  readonly server: ServerOptions
}

/**
 * `database` as the command line names it.
 *
 * @throws {TypeError} as `readEnvironment`. @throws {Refusal} where `.env` is there and cannot be read.
 */
export function readSettings(io: Pick<Io, 'env' | 'cwd'>, database?: string): Settings {
  const { options, server } = readEnvironment({ ...readEnvFile(io.cwd), ...io.env })
  return { options, server: database === undefined ? server : { ...server, database } }
}

function readEnvFile(folder: string): Environment {
  try {
    return parseEnv(readFileSync(join(folder, '.env'), 'utf8'))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    if (code === 'ENOENT') return {}
    throw new Refusal('unavailable', `.env cannot be read (${code})`, { cause })
  }
}
