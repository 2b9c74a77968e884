// How is a command line read, and how does it end?
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters, styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import { AuthError } from '../errors.ts'
import type { Io } from './io.ts'
import { hasColors, OutputClosed } from './io.ts'
import { EXIT, Refusal, Told } from './refusal.ts'

/** One group of commands, in one file. */
export type AddCommands = (program: Command, io: Io) => void

const EXIT_CODES = `
Exit codes:
  0  done, or the answer is yes
  1  the answer is no, or it could not be done
  2  the command line is wrong
  3  the settings cannot work, or the database is not to be had

Settings come from the environment and from .env in this folder; the environment
wins. What a command prints with --json stays the same from version to version.`

/** Resolves with the exit code; whatever goes wrong is one line on standard error. */
export async function run(groups: readonly AddCommands[], argv: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(groups, io).parseAsync(argv, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    const { exit, line } = explain(error)
    if (line !== null) await io.stderr.write(`lockjar: ${line}\n`).catch(() => {})
    return exit
  }
}

export function createProgram(groups: readonly AddCommands[], io: Io): Command {
  const program = new Command('lockjar')
    .description('Sign-in for web apps: runs the server, and looks after accounts and sessions.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print what a command does, with examples')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text).catch(() => {}),
      writeErr: (text) => void io.stderr.write(text).catch(() => {}),
      // What is wrong is said once, by `run`.
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stderr.columns,
      getOutHasColors: () => hasColors(io, io.stdout),
      getErrHasColors: () => hasColors(io, io.stderr),
    })
    .configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) })
    .addHelpText('after', EXIT_CODES)
  for (const addCommands of groups) addCommands(program, io)
  return program
}

/** The same two folders up from `src/cli` and from `dist/cli`. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** The exit code of what was thrown, and the line that says why; `null` where there is nothing to say. */
export function explain(error: unknown): { readonly exit: number; readonly line: string | null } {
  if (error instanceof Told) return { exit: error.exit, line: null }
  if (error instanceof OutputClosed) return { exit: EXIT.ok, line: null }
  if (error instanceof Refusal) return { exit: error.exit, line: toLine(error.message) }
  if (error instanceof CommanderError) return explainUsage(error)
  if (error instanceof AuthError) return explainAuth(error)
  // What a person configured is refused so; anything else that is thrown is a fault of ours, and its stack is wanted.
  if (error instanceof Error && error.message.startsWith('lockjar: '))
    return { exit: EXIT.unavailable, line: toLine(withCause(error).slice('lockjar: '.length)) }
  return { exit: EXIT.no, line: `unexpected: ${error instanceof Error ? error.stack : String(error)}` }
}

/** Help and version come here too, as commander ends. */
function explainUsage({ code, exitCode, message }: CommanderError): ReturnType<typeof explain> {
  if (exitCode === 0) return { exit: EXIT.ok, line: null }
  // No command was named, and help has been shown in place of a line.
  if (code === 'commander.help') return { exit: EXIT.usage, line: null }
  return { exit: EXIT.usage, line: toLine(message.replace(/^error: /, '')) }
}

function explainAuth(error: AuthError): ReturnType<typeof explain> {
  const { errors = [], detail } = error.facts
  const exit = error.code === 'unavailable' ? EXIT.unavailable : EXIT.no
  const reasons = errors.map(({ message }) => message).join(' ')
  return { exit, line: toLine(reasons === '' ? (detail ?? error.message) : reasons) }
}

const withCause = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message} (${cause.message})` : message

/** Whatever was typed or stored may hold sequences that a terminal obeys. */
function toLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\s+/gu, ' ').trim()
}
