// Which world is a real process in?
import type { WriteStream } from 'node:tty'
import { isatty } from 'node:tty'
import { systemClock } from '../drivers/node/clock.ts'
import type { Io, Output } from './io.ts'
import { OutputClosed } from './io.ts'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Milliseconds; any that a timer can wait. */
const A_LONG_TIME = 2 ** 31 - 1

export function openProcess(): Io {
  const terminals = [0, 1, 2].filter((output) => isatty(output))
  const stops = new Set<() => void>()
  return {
    stdin: process.stdin,
    stdout: toOutput(process.stdout),
    stderr: toOutput(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    onStop(stop) {
      for (const signal of STOP_SIGNALS) process.on(signal, stop)
      stops.add(stop)
      return () => {
        for (const signal of STOP_SIGNALS) process.off(signal, stop)
        stops.delete(stop)
      }
    },
    onRestart(restart) {
      if (process.platform === 'win32') return () => {}
      const heard = (): void => {
        // What was a terminal and is none any more has been closed.
        if (terminals.some((output) => !isatty(output))) for (const stop of stops) stop()
        else restart()
      }
      process.on('SIGHUP', heard)
      return () => {
        process.off('SIGHUP', heard)
      }
    },
    hold() {
      const timer = setInterval(() => {}, A_LONG_TIME)
      return () => clearInterval(timer)
    },
  }
}

/** Milliseconds for what still keeps a process that is done. */
const LAST_GRACE = 5000

/** Ends with `code` once all is written; whatever holds on does not hold for ever. */
export function endProcess(code: number): void {
  process.exitCode = code
  setTimeout(() => process.exit(), LAST_GRACE).unref()
}

const WIDTH_OF_A_FILE = 80

function toOutput(stream: WriteStream): Output {
  // Without a listener a reader that leaves would end the process in the middle of its work.
  stream.on('error', () => {})
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(new OutputClosed()) : resolve()))
      }),
    isTTY: stream.isTTY === true,
    get columns() {
      // Some terminals say 0.
      return stream.columns || WIDTH_OF_A_FILE
    },
  }
}
