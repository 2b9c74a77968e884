// Which tables are there in SQLite? The common ones, and one of its own.
import type { Tables as CommonTables } from '../sql/schema.ts'

export interface Tables extends CommonTables {
  /** SQLite's own: the highest id that a table with AUTOINCREMENT has given. */
  sqlite_sequence: { name: string; seq: number }
}
