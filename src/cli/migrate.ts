// How is the database brought up to date on purpose, before the servers of a new version start?
import type { Command } from 'commander'
import type { CommonOptions } from './command.ts'
import { databaseOption, jsonOption, withExamples } from './command.ts'
import type { Installation } from './database.ts'
import { findInstallation } from './database.ts'
import type { Io } from './io.ts'
import { printJson } from './print.ts'
import { Refusal } from './refusal.ts'
import { readSettings } from './settings.ts'

interface Options extends CommonOptions {
  readonly check?: true
}

export function migrate(program: Command, io: Io): void {
  const command = program
    .command('migrate')
    .description('Bring the schema of the database up to date.')
    .option('--check', 'change nothing; exit 1 where something is pending')
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async ({ check, database, json }: Options) => {
      const { server } = readSettings(io, { LOCKJAR_DATABASE_URL: database })
      const installation = findInstallation(io, server.database)
      await (check ? checkSchema : applyAll)(io, installation, json === true)
    })
  withExamples(command, ['lockjar migrate', 'lockjar migrate --check && echo up to date'])
}

async function applyAll(io: Io, installation: Installation, json: boolean): Promise<void> {
  const applied = await installation.migrate()
  if (json) return printJson(io, { applied, pending: [] })
  const lines = applied.length === 0 ? ['up to date'] : applied.map((name) => `applied ${name}`)
  await io.stdout.write(`${lines.join('\n')}\n`)
}

async function checkSchema(io: Io, installation: Installation, json: boolean): Promise<void> {
  const pending = await installation.pending()
  if (pending === null) throw new Refusal('no', `${installation.absence}; make it with: lockjar migrate`)
  if (json) await printJson(io, { applied: [], pending })
  else
    await io.stdout.write(
      pending.length === 0 ? 'up to date\n' : pending.map((name) => `pending ${name}\n`).join(''),
    )
  if (pending.length > 0) throw new Refusal('no', `${pending.length} pending; apply with: lockjar migrate`)
}
