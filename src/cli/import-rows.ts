// How do the records of a file become rows of users, from CSV with a header or from JSON lines?
import Papa from 'papaparse'
import { nearest } from '../config/nearest.ts'
import { IMPORT_COLUMNS } from '../core/user/import-row.ts'
import type { ImportRow } from '../users.ts'
import type { FileRecord, Records } from './import-records.ts'
import { Refusal } from './refusal.ts'

export type ImportFormat = 'csv' | 'jsonl'

/** Reads the header, where there is one, at once. @throws {Refusal} where it names no columns, or others. */
export async function openRows(records: Records, format: ImportFormat): Promise<AsyncGenerator<ImportRow>> {
  if (format === 'jsonl') return readJsonLines(records)
  return readCsv(records, readHeader(await records.next(null)))
}

async function* readCsv(records: Records, { columns, delimiter }: Header): AsyncGenerator<ImportRow> {
  const byte = delimiter.charCodeAt(0)
  for (let record = await records.next(byte); record !== null; record = await records.next(byte)) {
    if ('problem' in record) yield refuse(record)
    else yield { line: record.line, ...readCells(record.text, columns, delimiter) }
  }
}

interface Header {
  readonly columns: readonly string[]
  readonly delimiter: string
}

function readHeader(record: FileRecord | null): Header {
  if (record === null) throw new Refusal('no', 'the file is empty; its first line names the columns')
  if ('problem' in record) throw new Refusal('no', `the first line: ${PROBLEMS[record.problem]}`)
  const { data, errors, meta } = Papa.parse<string[]>(record.text, {
    delimitersToGuess: [',', ';', '\t'],
    quoteChar: '"',
  })
  const [columns = []] = data
  const known: readonly string[] = IMPORT_COLUMNS
  const unknown = columns.find((column) => !known.includes(column))
  if (unknown !== undefined) throw new Refusal('no', `${unknownColumn(unknown)} ${THERE_ARE}`)
  if (errors.some(({ type }) => type === 'Quotes'))
    throw new Refusal('no', 'the first line: a quote is not closed')
  const twice = columns.find((column, at) => columns.indexOf(column) !== at)
  if (twice !== undefined) throw new Refusal('no', `the first line names the column ${twice} twice`)
  if (!columns.includes('email')) throw new Refusal('no', `there is no column email. ${THERE_ARE}`)
  return { columns, delimiter: meta.delimiter }
}

const THERE_ARE = `There are ${IMPORT_COLUMNS.join(', ')}.`
const LONGEST_NAME = 40

function unknownColumn(name: string): string {
  const meant = nearest(name, IMPORT_COLUMNS)
  const said = JSON.stringify(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name)
  return `unknown column ${said}${meant === null ? '.' : `; did you mean ${meant}?`}`
}

type Cells = Pick<Extract<ImportRow, { fields: unknown }>, 'fields'> | ReturnType<typeof problem>

function readCells(text: string, columns: readonly string[], delimiter: string): Cells {
  const { data } = Papa.parse<string[]>(text, { delimiter, newline: '\n', quoteChar: '"' })
  const cells = data.length === 1 ? (data[0] ?? []) : data.flat()
  if (cells.length !== columns.length)
    return problem('columns', `The line has ${cells.length} fields, the header ${columns.length}.`)
  return { fields: Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? ''])) }
}

async function* readJsonLines(records: Records): AsyncGenerator<ImportRow> {
  for (let record = await records.next(null); record !== null; record = await records.next(null)) {
    if ('problem' in record) yield refuse(record)
    else yield { line: record.line, ...readObject(record.text) }
  }
}

function readObject(text: string): Cells {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return problem('json', 'The line is not one JSON object.')
  const known: readonly string[] = IMPORT_COLUMNS
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) return problem('unknown', unknownColumn(unknown))
  return { fields: value as Readonly<Record<string, unknown>> }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const PROBLEMS: Readonly<Record<Extract<FileRecord, { problem: string }>['problem'], string>> = {
  too_long: 'The record has more than 64 KiB; perhaps a quote is not closed.',
  encoding: 'The text is not UTF-8.',
  quotes: 'A quote is not closed, or stands within a field that has none around it.',
}

function refuse({ line, problem: code }: Extract<FileRecord, { problem: string }>): ImportRow {
  return { line, ...problem(code, PROBLEMS[code]) }
}

function problem(code: string, message: string) {
  return { errors: [{ field: '', code, message }] }
}
