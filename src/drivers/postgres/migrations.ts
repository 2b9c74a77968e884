// How does the schema in PostgreSQL come to be, and change, by itself?
import type { Compilable, Expression } from 'kysely'
import { sql } from 'kysely'
import { explainUnknown } from '../sql/migration-names.ts'
import { AUDIT_STATEMENTS } from './audit-migration.ts'
import type { Connection, Database } from './connection.ts'
import { unavailable } from './errors.ts'
import { FUNCTION_STATEMENTS } from './functions-migration.ts'
import { query } from './query.ts'
import { TABLE_STATEMENTS } from './tables-migration.ts'
import { USERS_BY_ROLE_STATEMENTS } from './users-by-role-migration.ts'

export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
}

/** In order, never edited once released. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: '0001_tables',
    statements: [...TABLE_STATEMENTS, ...USERS_BY_ROLE_STATEMENTS, ...AUDIT_STATEMENTS],
  },
  { name: '0002_functions', statements: FUNCTION_STATEMENTS },
]

/** Of the advisory lock: any number that no other part of Lockjar uses. */
const LOCK = 0x6c6f_636b

/**
 * Each function that is made (`set search_path from current`) finds its tables in the schema in which it was made, whatever path its
 * caller has set; and never in a caller's temporary tables, which come first where they are not named.
 */
const PIN_PATH = "select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)"

const statement = <Row>(text: string): Compilable<Row> => ({
  compile: () => sql.raw<Row>(text).compile(query),
})

/**
 * Safe when several processes start at once: one takes the lock, the others wait and find nothing to do. All of it is one
 * transaction, so whoever is cut off half way leaves the schema as it was. Answers the names of those that were applied.
 */
export async function migrate(database: Database, now: Expression<number>): Promise<readonly string[]> {
  // At most starts there is nothing to do, and nobody has to wait for that.
  if ((await pendingMigrations(database)).length === 0) return []
  return database.transaction(async (connection) => {
    // To build an index on many rows takes as long as it takes.
    await connection.run(statement('set local statement_timeout = 0'))
    await connection.run(statement('set local lock_timeout = 0'))
    await connection.run(statement(`select pg_advisory_xact_lock(${LOCK})`))
    await connection.run(
      statement(
        'create table if not exists lockjar_migrations (name text primary key, applied_at bigint not null)',
      ),
    )
    const pending = await pendingMigrations(connection)
    await connection.run(statement(PIN_PATH))
    for (const { name, statements } of MIGRATIONS) {
      if (!pending.includes(name)) continue
      for (const text of statements) await connection.run(statement(text))
      await connection.run(query.insertInto('lockjar_migrations').values({ name, applied_at: now }))
    }
    return pending
  })
}

/** In order. @throws {AuthError} `unavailable` for a schema that a newer version made. */
export async function pendingMigrations(connection: Connection): Promise<readonly string[]> {
  const applied = await readApplied(connection)
  refuseUnknown(applied)
  return MIGRATIONS.map(({ name }) => name).filter((name) => !applied.has(name))
}

async function readApplied(connection: Connection): Promise<ReadonlySet<string>> {
  const found = statement<{ known: boolean }>("select to_regclass('lockjar_migrations') is not null as known")
  if (!(await connection.first(found))?.known) return new Set()
  const rows = await connection.all(query.selectFrom('lockjar_migrations').select('name'))
  return new Set(rows.map(({ name }) => name))
}

function refuseUnknown(applied: ReadonlySet<string>): void {
  const reason = explainUnknown(
    applied,
    MIGRATIONS.map(({ name }) => name),
  )
  if (reason !== null) throw unavailable(reason)
}
