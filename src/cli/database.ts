// Which database do the settings name, and is its schema the one that this version knows?
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseDatabase } from '../config/database.ts'
import { parseAddress } from '../drivers/postgres/url.ts'
import type { Io } from './io.ts'
import { Refusal } from './refusal.ts'

/** A database as commands need it, before an installation is opened on it. */
export interface Installation {
  /** As `createAuth` takes it. */
  readonly database: string
  /** For messages: it holds no password. */
  readonly name: string
  /** What to say where there is nothing of Lockjar. */
  readonly absence: string
  /** The migrations that it has yet to get; `null` where there is nothing of Lockjar, and nothing is made. */
  pending(): Promise<readonly string[] | null>
  /** Answers what was applied. */
  migrate(): Promise<readonly string[]>
  /** Whether its secret could only be found beside it, is not there, and something has been made with it. */
  lacksSecret(): Promise<boolean>
}

/** @throws {TypeError} for what names no database. @throws {Refusal} for one in memory. */
export function findInstallation(io: Pick<Io, 'cwd' | 'clock'>, database: string): Installation {
  const named = parseDatabase(database)
  return named.kind === 'postgres' ? onPostgres(named.url) : onSqlite(io, database, sqliteFile(io, database))
}

/** The file of `sqlite:PATH`. @throws as above, and for what is in no file. */
export function sqliteFile({ cwd }: Pick<Io, 'cwd'>, database: string): string {
  const named = parseDatabase(database)
  if (named.kind === 'sqlite' && named.path !== ':memory:') return resolve(cwd, named.path)
  throw new Refusal(
    'unavailable',
    'this is not a database in a file that stays: write sqlite:PATH, such as sqlite:./data/lockjar.db',
  )
}

function onSqlite({ clock }: Pick<Io, 'clock'>, database: string, file: string): Installation {
  const driver = () => import('../drivers/sqlite/schema-state.ts')
  return {
    database: `sqlite:${file}`,
    name: database,
    absence: `there is no database ${database} here`,
    pending: async () => (await driver()).readPendingMigrations(file),
    migrate: async () => (await driver()).migrateFile(file, clock.now()),
    lacksSecret: async () => !existsSync(`${file}.secret`) && (await driver()).hasHistory(file),
  }
}

function onPostgres(url: string): Installation {
  const driver = () => import('../drivers/postgres/schema-state.ts')
  const { place: name } = parseAddress(url)
  return {
    database: url,
    name,
    absence: `there is nothing of Lockjar in ${name}`,
    pending: async () => (await driver()).readPendingMigrations(url),
    migrate: async () => (await driver()).migrateDatabase(url),
    // Nothing is kept beside it: without a secret in the settings nothing opens.
    lacksSecret: async () => false,
  }
}

/**
 * A wrong folder must not look like an installation without users, and a command of a newer version must not migrate under a
 * server of an older one.
 */
export async function requireSchema({ name, absence, pending }: Installation): Promise<void> {
  const missing = await pending()
  if (missing === null) {
    throw new Refusal(
      'unavailable',
      `${absence}; name it with --database or LOCKJAR_DATABASE_URL, or make it with: lockjar migrate`,
    )
  }
  if (missing.length > 0) {
    throw new Refusal(
      'unavailable',
      `the schema of ${name} lacks ${missing.join(', ')}; bring it up to date with: lockjar migrate`,
    )
  }
}
