// What does a command see of the world around it? Handed in, so that a test can be the world.
import type { Environment } from '../config/env.ts'
import type { Clock } from '../ports/clock.ts'

export interface Output {
  /** Resolves when there is room for more. @throws {OutputClosed} when nobody reads any more. */
  write(text: string): Promise<void>
  readonly isTTY: boolean
  readonly columns: number
}

/** `process.stdin`, or a stream that stands for it. */
export interface Input extends NodeJS.ReadableStream {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

export interface Io {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  /** As the process was given it; `.env` is read by `settings.ts`, for the commands that need settings. */
  readonly env: Environment
  /** Where `.env` and relative paths are looked for. */
  readonly cwd: string
  readonly clock: Clock
  /** Calls `stop` at every signal to stop, in place of the end of the process, until the returned function is called. */
  onStop(stop: () => void): () => void
  /**
   * Calls `restart` at every SIGHUP that somebody sent, in place of the end of the process. Where its terminal was closed, which sends
   * the same signal, it calls what `onStop` was given. Windows has no such signal.
   */
  onRestart(restart: () => void): () => void
  /** Keeps the process alive, whatever else it waits for, until the returned function is called. */
  hold(): () => void
}

/** Whoever read the output has left, as `head` does: what is left to say is said to nobody. */
export class OutputClosed extends Error {}

/** A server goes on when nobody reads what it says. */
export function say({ stdout }: Pick<Io, 'stdout'>, line: string): void {
  stdout.write(`${line}\n`).catch(() => {})
}

/** Colours are for people at a terminal who did not ask for none (no-color.org). */
export function hasColors({ env }: Pick<Io, 'env'>, output: Output): boolean {
  return output.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
