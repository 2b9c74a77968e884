// How does a command get at a running installation's accounts? By its settings, on its database, as the actor `cli`.
import type { Auth } from '../auth.ts'
import type { Installation } from './database.ts'
import { findInstallation, requireSchema } from './database.ts'
import type { Io } from './io.ts'
import { Refusal } from './refusal.ts'
import { readSettings } from './settings.ts'

const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

export interface OpenOptions {
  /** As the command line names it. */
  readonly database?: string | undefined
  /** Make the database where there is none yet. */
  readonly create?: boolean
  /** Also with a secret that has recorded nothing there: for commands that record nothing. */
  readonly anySecret?: boolean
}

/**
 * Runs `work` with the installation and closes it whatever happens. Mails that wait are left to the server: this process may not even know
 * how to send them. What is done is in the audit log; what is wrong is thrown,
 * so nothing is logged beside.
 *
 * @throws {Refusal} where there is no database, or its schema is another version's.
 */
export async function withAuth<T>(
  io: Io,
  { database, create = false, anySecret = false }: OpenOptions,
  work: (auth: Auth) => Promise<T>,
): Promise<T> {
  const { options, server } = readSettings(io, { LOCKJAR_DATABASE_URL: database })
  const installation = findInstallation(io, server.database)
  if (!create || (await installation.pending()) !== null) {
    await requireSchema(installation)
    if (!options.secret?.length && (await installation.lacksSecret())) throw wrongSecret(installation)
  }
  // Most of the start: help and refusals do without it.
  const { createAuth } = await import('../index.ts')
  const auth = await createAuth({
    ...options,
    database: installation.database,
    redis: server.redis,
    logger: QUIET,
    actor: 'cli',
    background: false,
  })
  try {
    if (!anySecret && !(await auth.audit.continues())) throw wrongSecret(installation)
    return await work(auth)
  } finally {
    await auth.close()
  }
}

/** A secret made anew here would be another than the servers', whose tokens, mails and audit log are all made with theirs. */
const wrongSecret = ({ name }: Installation): Refusal =>
  new Refusal(
    'unavailable',
    `the secret of ${name} is not here: set LOCKJAR_SECRET as its servers have it, or run this where their .env is`,
  )
