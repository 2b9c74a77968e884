// What stands between us and every logger? The masking of secrets and addresses, and of what the logger itself throws.
import { toSafeFields } from '../core/log/fields.ts'
import { maskText } from '../core/log/mask.ts'
import type { LogFields, Logger } from '../ports/logger.ts'

type Level = keyof Logger

/**
 * So that no logger, and no error of any library, can make a log of what is no log's business; and so that no act fails, and no process ends,
 * because a line could not be written. A line that the logger did not take goes to `lastResort`; the first time, that is said there as an
 * error. One that is not taken there either is lost.
 */
export function createSafeLogger(logger: Logger, lastResort: Logger): Logger {
  let hasFailed = false

  const failed = (level: Level, fields: LogFields, message: string, error: unknown): void => {
    if (!hasFailed) {
      hasFailed = true
      const reason = error instanceof Error ? error : undefined
      attempt(
        lastResort,
        'error',
        { event: 'logger.failed', error: reason },
        'the logger failed',
        ignoreFailure,
      )
    }
    attempt(lastResort, level, fields, message, ignoreFailure)
  }

  const write =
    (level: Level) =>
    (fields: LogFields, message: string): void =>
      attempt(logger, level, fields, message, (error) => failed(level, fields, message, error))
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

/** Nobody is left to be told. */
const ignoreFailure = (): void => {}

/** A logger's type lets it be an async function: what that rejects with would end the process. */
function attempt(
  logger: Logger,
  level: Level,
  fields: LogFields,
  message: string,
  failed: (error: unknown) => void,
): void {
  try {
    const written: unknown = logger[level](toSafeFields(fields), maskText(message))
    if (written instanceof Promise) written.catch(failed)
  } catch (error) {
    failed(error)
  }
}
