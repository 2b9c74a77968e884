// How do the users of another system come here, from a file?
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { ImportResult, ImportRow, ImportSummary } from '../users.ts'
import type { CommonOptions } from './command.ts'
import { databaseOption, jsonOption, whole, withExamples } from './command.ts'
import { createRecords } from './import-records.ts'
import type { Report } from './import-report.ts'
import { openReport } from './import-report.ts'
import type { ImportFormat } from './import-rows.ts'
import { openRows } from './import-rows.ts'
import type { Io } from './io.ts'
import { withAuth } from './open.ts'
import { printFacts, printJson } from './print.ts'
import { createProgress } from './progress.ts'
import { Refusal } from './refusal.ts'

const COLUMNS = `
Columns: email, username, name, password_hash, roles, active, email_verified,
created_at. Only email is needed. Whoever has the address already is left as
they are, so an import that broke off is completed by running it again.`

const MOST_LINES = 4_000_000_000
/** Refused lines that are shown; the report has all. */
const MOST_SHOWN = 20

interface Options extends CommonOptions {
  readonly format?: ImportFormat
  readonly dryRun?: true
  readonly report?: string
  readonly fromLine: number
}

export function importGroup(program: Command, io: Io): void {
  const group = program.command('import').description('Bring accounts from another system.')
  const command = group
    .command('users')
    .description(
      'Create the users of a CSV file with a header, or of JSON lines, with their password hashes.',
    )
    .argument('<file>', 'the file, or - for standard input')
    .addOption(
      new Option('--format <format>', 'by the name of the file if left out').choices(['csv', 'jsonl']),
    )
    .option('--dry-run', 'write nothing, and say what would become of each line')
    .option('--report <file>', 'write the refused lines there, with their addresses: .csv, or JSON lines')
    .addOption(
      new Option('--from-line <number>', 'pass over the lines before')
        .default(1)
        .argParser(whole(1, MOST_LINES)),
    )
    .addOption(databaseOption())
    .addOption(jsonOption())
    .addHelpText('after', COLUMNS)
    .action((file: string, options: Options) => importFile(io, file, options))
  withExamples(command, [
    'lockjar import users users.csv --dry-run --report refused.csv',
    'lockjar import users users.csv --report refused.csv',
    'psql -f users.sql --csv app | lockjar import users - --format csv',
  ])
}

async function importFile(io: Io, name: string, options: Options): Promise<void> {
  const format = options.format ?? formatOf(name)
  const input = await openInput(io, name)
  try {
    const records = createRecords(input.chunks)
    // A header that is none is told before anything is opened or written.
    const rows = await openRows(records, format)
    const report = options.report === undefined ? null : await openReport(io, options.report, name)
    const told = createTeller(io, report, input.size, () => records.bytes)
    const stop = listenForStop(io)
    try {
      const counts = await importRows(io, fromLine(rows, options.fromLine, stop.heard), told, options)
      await printSummary(io, options, { ...counts, lastLine: told.lastLine(), complete: !stop.heard() })
      if (stop.heard())
        throw new Refusal('interrupted', `stopped; go on with --from-line ${told.lastLine() + 1}`)
      if (counts.refused > 0) throw new Refusal('no', `refused: ${counts.refused}`)
    } finally {
      stop.end()
      told.close()
      await report?.close()
    }
  } finally {
    await input.close()
  }
}

function importRows(
  io: Io,
  rows: AsyncIterable<ImportRow>,
  { hear }: Teller,
  { database, dryRun }: Options,
): Promise<ImportSummary> {
  return withAuth(io, { database, create: !dryRun }, (auth) =>
    auth.users.import(rows, { dryRun, onResults: hear }),
  )
}

/** @throws {Refusal} where the name does not say. */
function formatOf(name: string): ImportFormat {
  if (/\.csv$/i.test(name)) return 'csv'
  if (/\.(?:jsonl|ndjson)$/i.test(name)) return 'jsonl'
  throw new Refusal(
    'usage',
    'the name of the file ends neither in .csv nor in .jsonl; say which with --format',
  )
}

interface Input {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Bytes; `null` where nobody knows. */
  readonly size: number | null
  close(): Promise<void>
}

async function openInput(io: Io, name: string): Promise<Input> {
  if (name === '-') return { chunks: toBytes(io.stdin), size: null, close: async () => {} }
  try {
    const file = await open(resolve(io.cwd, name))
    const { size } = await file.stat()
    const chunks = file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>
    return { chunks, size, close: () => file.close() }
  } catch (cause) {
    throw new Refusal('unavailable', `the file ${name} cannot be read`, { cause })
  }
}

async function* toBytes(stream: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

/** The header is read all the same. */
async function* fromLine(
  rows: AsyncIterable<ImportRow>,
  first: number,
  stopped: () => boolean,
): AsyncGenerator<ImportRow> {
  for await (const row of rows) {
    if (stopped()) return
    if (row.line >= first) yield row
  }
}

/** What was begun is finished and told of. */
function listenForStop(io: Io): { readonly heard: () => boolean; readonly end: () => void } {
  let heard = false
  const end = io.onStop(() => {
    heard = true
  })
  return { heard: () => heard, end }
}

interface Teller {
  hear(results: readonly ImportResult[]): Promise<void>
  lastLine(): number
  close(): void
}

function createTeller(io: Io, report: Report | null, size: number | null, bytes: () => number): Teller {
  const progress = createProgress(io, 'importing', size)
  let last = 0
  let lines = 0
  let shown = 0
  return {
    async hear(results) {
      const refused = results.filter((result) => result.verdict === 'refused')
      await report?.add(refused)
      last = results.at(-1)?.line ?? last
      lines += results.length
      for (const { line, errors } of refused) {
        if (shown++ >= MOST_SHOWN) break
        progress.close()
        const reasons = errors.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
        await io.stderr.write(`line ${line}: ${reasons.join(' ')}\n`)
      }
      progress.update(size === null ? lines : bytes())
    },
    lastLine: () => last,
    close() {
      progress.close()
      if (shown > MOST_SHOWN) void io.stderr.write('and more; --report FILE has them all\n').catch(() => {})
    },
  }
}

interface Summary extends ImportSummary {
  readonly lastLine: number
  readonly complete: boolean
}

function printSummary(io: Io, { json, dryRun }: Options, summary: Summary): Promise<void> {
  if (json) return printJson(io, { ...summary, dryRun: dryRun === true })
  const { created, exists, refused } = summary
  return printFacts(io, [
    [dryRun ? 'would be created' : 'created', String(created)],
    ['already there', String(exists)],
    ['refused', String(refused)],
  ])
}
