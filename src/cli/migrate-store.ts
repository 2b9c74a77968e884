// How does everything move from one database to another, with everybody staying signed in?
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { parseDatabase } from '../config/database.ts'
import type { CopiedCount, CopyDatabase } from '../drivers/sql/copy.ts'
import { jsonOption, withExamples } from './command.ts'
import { sqliteFile } from './database.ts'
import type { Io } from './io.ts'
import { printFacts, printJson } from './print.ts'
import { createProgress } from './progress.ts'
import { Refusal } from './refusal.ts'

interface Options {
  readonly from: string
  readonly to: string
  readonly keep?: true
  readonly json?: true
}

const ABOUT = `
Stop every server of the old database first. Users, sessions, session data, the
audit log, waiting mails and limits are written in one transaction, read back
and compared; where anything differs, or the command is stopped, the new one
stays empty. Then the old one is marked, and no server starts on it any more.
The new servers need the same LOCKJAR_SECRET: with it everybody stays signed in.`

export function migrateStore(program: Command, io: Io): void {
  const command = program
    .command('migrate-store')
    .description('Move everything to another database; people stay signed in.')
    .requiredOption('--from <url>', 'the old database: sqlite:PATH or postgres://…')
    .requiredOption('--to <url>', 'the new one, without rows of Lockjar')
    .option('--keep', 'do not mark the old one: a copy, to try out')
    .addOption(jsonOption())
    .addHelpText('after', ABOUT)
    .action((options: Options) => move(io, options))
  withExamples(command, ['lockjar migrate-store --from sqlite:./data/lockjar.db --to postgres://db/app'])
}

async function move(io: Io, { from, to, keep, json }: Options): Promise<void> {
  if (from === to) throw new Refusal('usage', '--from and --to are one database')
  const [source, target] = [await open(io, from), await open(io, to)]
  const { CopyFailed, moveStore } = await import('../drivers/sql/copy.ts')
  let progress: ReturnType<typeof createProgress> | undefined
  try {
    const copied = await moveStore(source, target, keep === true, ({ done, total }) => {
      progress ??= createProgress(io, 'moving', total)
      progress.update(done)
    })
    progress?.close()
    await print(io, copied, { from: source.place, to: target.place, marked: keep !== true }, json === true)
    await tellOfSecret(io, from)
  } catch (error) {
    if (!(error instanceof CopyFailed)) throw error
    throw new Refusal('no', `${error.message}; nothing was moved`, { cause: error })
  } finally {
    progress?.close()
  }
}

async function open(io: Io, url: string): Promise<CopyDatabase> {
  if (parseDatabase(url).kind === 'postgres') {
    const { postgresCopy } = await import('../drivers/postgres/copy.ts')
    return postgresCopy(url)
  }
  const { sqliteCopy } = await import('../drivers/sqlite/copy.ts')
  return sqliteCopy(sqliteFile(io, url), io.clock.now())
}

interface Outcome {
  readonly from: string
  readonly to: string
  readonly marked: boolean
}

function print(io: Io, copied: readonly CopiedCount[], outcome: Outcome, json: boolean): Promise<void> {
  if (json) {
    const rows = Object.fromEntries(copied.map(({ table, rows }) => [table, rows]))
    return printJson(io, { ...outcome, rows })
  }
  const facts = copied
    .filter(({ rows }) => rows > 0)
    .map(({ table, rows }) => [table, `${rows} copied and compared`] as const)
  return printFacts(io, [
    ...facts,
    ['old database', outcome.marked ? `no server starts on it any more: ${outcome.from}` : outcome.from],
    ['new database', outcome.to],
  ])
}

/** One that was made for development stays where it is, and without it nobody stays signed in. */
async function tellOfSecret(io: Io, from: string): Promise<void> {
  if (!from.startsWith('sqlite:')) return
  const file = `${sqliteFile(io, from)}.secret`
  if (existsSync(file)) await io.stderr.write(`lockjar: set LOCKJAR_SECRET to what is in ${file}\n`)
}
