// Which functions does the database have, so that what must be judged under a lock costs one round trip?
import { KNOWN_NETWORKS_FUNCTIONS } from './known-networks-functions.ts'
import { OUTBOX_FUNCTIONS } from './outbox-functions.ts'
import { RATE_LIMIT_FUNCTIONS } from './rate-limit-functions.ts'

/**
 * Each function finds its tables in the schema in which it was made, whatever path its caller has set, and never in a caller's
 * temporary tables, which without being named last would come first.
 *
 * A later migration that replaces a function repeats this and all of its settings, and keeps its name and its parameters, since nodes
 * of the version before still call it while others start; what needs other parameters gets another name.
 */
const PIN_PATH = "select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)"

export const FUNCTION_STATEMENTS: readonly string[] = [
  PIN_PATH,
  ...RATE_LIMIT_FUNCTIONS,
  ...KNOWN_NETWORKS_FUNCTIONS,
  ...OUTBOX_FUNCTIONS,
]
