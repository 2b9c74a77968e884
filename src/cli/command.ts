// What do commands have in common? Options of one name and meaning, examples in their help, numbers within bounds.
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'

/** What `--json` and `--database` give, where a command takes them. */
export interface CommonOptions {
  readonly json?: true
  readonly database?: string
}

/** @example `withExamples(command, ['lockjar users list', 'lockjar users list --search ada'])` */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const [one] = examples
  const title = examples.length === 1 && one ? 'Example:' : 'Examples:'
  return command.addHelpText('after', ['', title, ...examples.map((line) => `  $ ${line}`)].join('\n'))
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON, for programs')
}

export function databaseOption(): Option {
  return new Option('--database <url>', 'sqlite:PATH or postgres://…, in place of LOCKJAR_DATABASE_URL')
}

/** For `.argParser`: a whole number within bounds. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= low && value <= high) return value
    throw new InvalidArgumentError(`Write a whole number from ${low} to ${high}.`)
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/** For `.argParser`: milliseconds within bounds, written with a unit. */
export function milliseconds(low: number, high: number): (text: string) => number {
  return (text) => {
    const [, amount, unit] = /^(\d{1,9})(ms|s|m)$/.exec(text) ?? []
    const value = amount && unit ? Number(amount) * (UNITS[unit] ?? Number.NaN) : Number.NaN
    if (value >= low && value <= high) return value
    throw new InvalidArgumentError(`Write a time such as 500ms, 10s or 2m, from ${low} to ${high} ms.`)
  }
}
