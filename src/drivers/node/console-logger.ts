// Where do events go when no logger was given? To standard error, one JSON object a line.
import type { LogFields, Logger } from '../../ports/logger.ts'
import type { LogLevel, LogStream } from './pino-logger.ts'
import { openPinoLogger } from './pino-logger.ts'

const LEVELS: readonly LogLevel[] = ['info', 'warn', 'error']

/** `level` and what is worse is written; the rest is passed over. */
export function createConsoleLogger(level: LogLevel, stream: LogStream): Logger {
  const write =
    (each: LogLevel) =>
    ({ error, ...fields }: LogFields, message: string): void => {
      if (LEVELS.indexOf(each) < LEVELS.indexOf(level)) return
      const reason = error instanceof Error ? { error: error.message, stack: error.stack } : { error }
      const time = new Date().toISOString()
      stream.write(`${JSON.stringify({ level: each, time, ...fields, ...reason, message })}\n`)
    }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

/** Quiet about what is normal: only warnings and errors are written. */
export const consoleLogger: Logger = createConsoleLogger('warn', process.stderr)

/**
 * For a server of its own: pino where it is installed, the built-in one of the same shape where not.
 */
export async function openLogger(level: LogLevel, stream: LogStream = process.stderr): Promise<Logger> {
  return (await openPinoLogger(level, stream)) ?? createConsoleLogger(level, stream)
}
