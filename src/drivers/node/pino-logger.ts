// Where do logs go by pino, where it is installed?
import type { Logger } from '../../ports/logger.ts'

/** What pino needs of a stream. */
export interface LogStream {
  write(line: string): unknown
}

export type LogLevel = 'info' | 'warn' | 'error'

/**
 * One JSON object a line, in the shape of the built-in logger: level, time, the fields, message. Lines are written at once, so that none
 * is lost with the process. `null`: pino is not installed.
 */
export async function openPinoLogger(level: LogLevel, stream: LogStream): Promise<Logger | null> {
  const pino = await importPino()
  if (!pino) return null
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}

async function importPino(): Promise<typeof import('pino').pino | null> {
  try {
    return (await import('pino')).pino
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null
    throw error
  }
}
