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

/** On a terminal the widest columns are cut until a row fits on a line; a pipe gets all. */
export async function printTable(
  io: Pick<Io, 'stdout' | 'env'>,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const cells = rows.map((row) => row.map(printable))
  const widths = narrow(
    header.map((title, at) => Math.max(...[title, ...cells.map((row) => row[at] ?? '')].map(widthOf))),
    io.stdout.isTTY ? io.stdout.columns : Number.POSITIVE_INFINITY,
  )
  const toLine = (row: readonly string[]): string =>
    row
      .map((cell, at) => pad(cell, widths[at] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd()
  const lines = [styled(io, 'bold', toLine(header)), ...cells.map(toLine)]
  await io.stdout.write(`${lines.join('\n')}\n`)
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

const widthOf = (text: string): number => [...text].length

function pad(text: string, width: number): string {
  const length = widthOf(text)
  return length <= width ? text + ' '.repeat(width - length) : `${[...text].slice(0, width - 1).join('')}…`
}

function narrow(widths: readonly number[], columns: number): readonly number[] {
  const fitting = [...widths]
  const total = (): number => fitting.reduce((sum, width) => sum + width + GAP, -GAP)
  while (total() > columns) {
    const widest = fitting.indexOf(Math.max(...fitting))
    if ((fitting[widest] ?? 0) <= NARROWEST) break
    fitting[widest] = (fitting[widest] ?? 0) - 1
  }
  return fitting
}
