// How is data printed: for programs as JSON, for people as a table?
import { styleText } from 'node:util'
import type { Io } from './io.ts'
import { hasColors } from './io.ts'

/** One value on one line; a list is printed as one such line for each. */
export function printJson({ stdout }: Pick<Io, 'stdout'>, value: unknown): Promise<void> {
  return stdout.write(`${JSON.stringify(value)}\n`)
}

type Style = Parameters<typeof styleText>[0]

/** `text` in a style, where the terminal at standard output shows one. */
export function styled(io: Pick<Io, 'stdout' | 'env'>, style: Style, text: string): string {
  return hasColors(io, io.stdout) ? styleText(style, text, { validateStream: false }) : text
}

/** Controls, and marks that turn the direction of what follows: text that others chose must not write on the operator's terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/** Text that a person reads, with what a terminal would obey written out. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

const GAP = 2
const NARROWEST = 8

export interface Table {
  /** As wide as the rows of the first call need; on a terminal the widest columns are cut until a row fits on a line. */
  add(rows: readonly (readonly string[])[]): Promise<void>
}

/** Grows as rows come. The header is shown with the first. */
export function createTable(io: Pick<Io, 'stdout' | 'env'>, header: readonly string[]): Table {
  const { stdout } = io
  let widths: readonly number[] | undefined
  return {
    async add(rows) {
      if (rows.length === 0) return
      const cells = rows.map((row) => row.map(printable))
      const lines: string[] = []
      if (!widths) {
        widths = narrow(
          widestOf([header, ...cells]),
          stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY,
        )
        lines.push(styled(io, 'bold', toLine(header, widths, stdout.isTTY)))
      }
      for (const row of cells) lines.push(toLine(row, widths, stdout.isTTY))
      await stdout.write(lines.map((line) => `${line}\n`).join(''))
    },
  }
}

const widestOf = (rows: readonly (readonly string[])[]): readonly number[] =>
  (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))))

function toLine(row: readonly string[], widths: readonly number[], cut: boolean): string {
  return row
    .map((cell, at) => pad(cell, widths[at] ?? 0, cut))
    .join(' '.repeat(GAP))
    .trimEnd()
}

/** Names and values, one a line. */
export async function printFacts(
  io: Pick<Io, 'stdout' | 'env'>,
  facts: readonly (readonly [name: string, value: string])[],
): Promise<void> {
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, value]) => `${styled(io, 'bold', name.padEnd(width))}  ${printable(value)}`)
  await io.stdout.write(`${lines.join('\n')}\n`)
}

/** Milliseconds since 1970 or ISO 8601, to the minute. */
export function toMinute(at: string | number | null): string {
  return at === null ? '-' : `${new Date(at).toISOString().slice(0, 16)}Z`
}

const AGES: readonly (readonly [milliseconds: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
]

/** How long ago an instant in ISO 8601 was, in its largest unit. */
export function toAge(at: string, now: number): string {
  const age = now - Date.parse(at)
  const [length, unit] = AGES.find(([milliseconds]) => age >= milliseconds) ?? []
  return length && unit ? `${Math.floor(age / length)}${unit} ago` : 'now'
}

const widthOf = (text: string): number => [...text].length

function pad(text: string, width: number, cut: boolean): string {
  const missing = width - widthOf(text)
  if (missing >= 0 || !cut) return text + ' '.repeat(Math.max(0, missing))
  return `${[...text].slice(0, width - 1).join('')}…`
}

/** The first column stays whole: it is the id, to be copied into the next command. */
function narrow(widths: readonly number[], columns: number): readonly number[] {
  const [first = 0, ...rest] = widths
  const total = (): number => rest.reduce((sum, width) => sum + width + GAP, first)
  while (total() > columns) {
    const widest = rest.indexOf(Math.max(...rest))
    const width = rest[widest] ?? 0
    if (width <= NARROWEST) break
    rest[widest] = width - 1
  }
  return [first, ...rest]
}
