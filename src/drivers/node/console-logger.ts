// Where do events go when no logger was given? To standard error, one JSON object a line.
import type { LogFields, Logger } from '../../ports/logger.ts'

type Level = 'info' | 'warn' | 'error'

/** Quiet about what is normal: only warnings and errors are written. */
export const consoleLogger: Logger = {
  info: () => {},
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
}

function write(level: Level, { error, ...fields }: LogFields, message: string): void {
  const reason = error instanceof Error ? { error: error.message, stack: error.stack } : {}
  process.stderr.write(`${JSON.stringify({ level, ...fields, ...reason, message })}\n`)
}
