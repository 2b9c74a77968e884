// How does a command get at a running installation's accounts? By its settings, on its database, as the actor `cli`.
import { existsSync } from 'node:fs'
import type { Auth } from '../auth.ts'
import { requireSchema, sqliteFile } from './database.ts'
import type { Io } from './io.ts'
import { readSettings } from './settings.ts'

const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

export interface OpenOptions {
  /** As the command line names it. */
  readonly database?: string | undefined
  /** Make the database where there is none yet. */
  readonly create?: boolean
}

/**
 * Runs `work` with the installation and closes it whatever happens. What is done is in the audit log; what is wrong is thrown,
 * so nothing is logged beside.
 *
 * @throws {Refusal} where there is no database, or its schema is another version's.
 */
export async function withAuth<T>(
  io: Io,
  { database, create = false }: OpenOptions,
  work: (auth: Auth) => Promise<T>,
): Promise<T> {
  const { options, server } = readSettings(io, { LOCKJAR_DATABASE_URL: database })
  const file = sqliteFile(io, server.database)
  if (!create || existsSync(file)) await requireSchema(file, server.database)
  // Most of the start: help and refusals do without it.
  const { createAuth } = await import('../index.ts')
  const auth = await createAuth({ ...options, database: `sqlite:${file}`, logger: QUIET, actor: 'cli' })
  try {
    return await work(auth)
  } finally {
    await auth.close()
  }
}
