// Which tables are there in PostgreSQL? The common ones, with what this driver adds.
import type { Generated } from 'kysely'
import type { RevocationsTable as CommonRevocationsTable, Tables as CommonTables } from '../sql/schema.ts'

export interface Tables extends CommonTables {
  lockjar_revocations: RevocationsTable
  lockjar_audit_counter: AuditCounterTable
}

export interface RevocationsTable extends CommonRevocationsTable {
  /** The transaction that wrote the line, as text. By it a reader knows what it has not seen yet. */
  xact: Generated<string>
}

/** One row, with id 1. Whoever appends to the audit log updates it first, which makes the others wait. */
export interface AuditCounterTable {
  id: number
  /** The highest id that was ever given. */
  last_id: number
}
