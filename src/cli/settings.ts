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
 * `over`: what the command line says in place of variables.
 *
 * @throws {TypeError} as `readEnvironment`. @throws {Refusal} where `.env` is there and cannot be read.
 */
export function readSettings(io: Pick<Io, 'env' | 'cwd'>, over: Environment = {}): Settings {
  const said = Object.entries(over).filter(([, value]) => value !== undefined)
  return readEnvironment({ ...readEnvFile(io.cwd), ...io.env, ...Object.fromEntries(said) })
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
