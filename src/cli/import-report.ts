// What is told of the lines of an import that were refused?
import type { FileHandle } from 'node:fs/promises'
import { open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import Papa from 'papaparse'
import type { ImportResult } from '../users.ts'
import type { Io } from './io.ts'
import { Refusal } from './refusal.ts'

type Refused = Extract<ImportResult, { verdict: 'refused' }>

export interface Report {
  add(refused: readonly Refused[]): Promise<void>
  close(): Promise<void>
}

/** One entry for each thing that is wrong. Of hashes nothing. */
interface Entry {
  readonly line: number
  readonly column: string
  readonly code: string
  readonly reason: string
  readonly duplicate_of: number | null
  readonly email: string | null
}

const COLUMNS: (keyof Entry)[] = ['line', 'column', 'code', 'reason', 'duplicate_of', 'email']

/**
 * CSV where the name ends so, JSON lines otherwise. It holds addresses, so it is its owner's only.
 *
 * @param source the file that is read, which must not be overwritten
 * @throws {Refusal} where it cannot be written.
 */
export async function openReport({ cwd }: Pick<Io, 'cwd'>, name: string, source: string): Promise<Report> {
  const path = resolve(cwd, name)
  if (await isSameFile(path, resolve(cwd, source)))
    throw new Refusal('usage', 'the report would overwrite the file that is imported')
  const isCsv = /\.csv$/i.test(name)
  const file = await create(path)
  if (isCsv) await file.appendFile(`${COLUMNS.join(',')}\n`)
  return {
    async add(refused) {
      const entries = refused.flatMap(toEntries)
      if (entries.length > 0) await file.appendFile(isCsv ? toCsv(entries) : toJsonLines(entries))
    },
    close: () => file.close(),
  }
}

/** Also by another name. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path).catch(() => null)))
  return !!one && !!other && one.ino === other.ino && one.dev === other.dev
}

async function create(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'w', 0o600)
    await file.chmod(0o600)
    return file
  } catch (cause) {
    throw new Refusal('unavailable', `the report ${path} cannot be written`, { cause })
  }
}

function toEntries({ line, errors, email, duplicateOf }: Refused): readonly Entry[] {
  return errors.map(({ field, code, message }) => ({
    line,
    column: field,
    code,
    reason: message,
    duplicate_of: duplicateOf,
    email,
  }))
}

function toJsonLines(entries: readonly Entry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
}

/** An address may begin with `=`: a spreadsheet must not run it. */
function toCsv(entries: readonly Entry[]): string {
  const text = Papa.unparse([...entries], {
    columns: COLUMNS,
    header: false,
    newline: '\n',
    escapeFormulae: true,
  })
  return `${text}\n`
}
