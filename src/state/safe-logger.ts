// What stands between us and every logger? The masking of secrets and addresses.

import { toSafeFields } from '../core/log/fields.ts'
import { maskText } from '../core/log/mask.ts'
import type { Logger } from '../ports/logger.ts'

/** So that no logger, and no error of any library, can make a log of what is no log's business. */
export function createSafeLogger(logger: Logger): Logger {
  return {
    info: (fields, message) => logger.info(toSafeFields(fields), maskText(message)),
    warn: (fields, message) => logger.warn(toSafeFields(fields), maskText(message)),
    error: (fields, message) => logger.error(toSafeFields(fields), maskText(message)),
  }
}
