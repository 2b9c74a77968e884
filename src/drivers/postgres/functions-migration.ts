// Which functions does the database have, so that what must be judged under a lock costs one round trip?
import { KNOWN_NETWORKS_FUNCTIONS } from './known-networks-functions.ts'
import { OUTBOX_FUNCTIONS } from './outbox-functions.ts'
import { RATE_LIMIT_FUNCTIONS } from './rate-limit-functions.ts'

/**
 * A later migration that replaces a function repeats all of its settings, and keeps its name and its parameters, since nodes of the
 * version before still call it while others start; what needs other parameters gets another name.
 */
export const FUNCTION_STATEMENTS: readonly string[] = [
  ...RATE_LIMIT_FUNCTIONS,
  ...KNOWN_NETWORKS_FUNCTIONS,
  ...OUTBOX_FUNCTIONS,
]
