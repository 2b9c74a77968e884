// How does a store leave a PostgreSQL database, and how does it come into one?
import type { Compilable, RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { CopiedTable } from '../sql/copied-tables.ts'
import { COPIED, COPIED_TABLES, columnsOf } from '../sql/copied-tables.ts'
import type { CopiedRow, CopyDatabase, CopySource, CopyTarget } from '../sql/copy.ts'
import { BATCH } from '../sql/copy.ts'
import { movedTo } from '../sql/migration-names.ts'
import { databaseNow } from './clock.ts'
import type { Connection } from './connection.ts'
import { openDatabase } from './connection.ts'
import { unavailable } from './errors.ts'
import { pendingMigrations } from './migrations.ts'
import { explained, prepareDatabase, requireServer } from './open.ts'
import { openPool } from './open-pool.ts'
import { query } from './query.ts'
import { parseAddress } from './url.ts'

/** Milliseconds for one statement: reading in order may begin with sorting everything. */
const PATIENCE = 600_000

/** @throws {TypeError} for a URL that cannot be read. */
export function postgresCopy(url: string): CopyDatabase {
  const { place } = parseAddress(url)
  return {
    place,
    asSource: (work) =>
      alone(url, async (connection) =>
        work({ ...readRows(connection), markMoved: (to) => mark(connection, to) }),
      ),
    async asTarget(work) {
      await migrateFirst(url)
      return alone(url, async (connection) => {
        await explained(place, () => requireEmpty(connection))
        return work({ ...readRows(connection), ...writeRows(connection) })
      })
    },
  }
}

const statement = <Row>(text: RawBuilder<Row>): Compilable<Row> => ({ compile: () => text.compile(query) })
const raw = <Row>(text: string): Compilable<Row> => statement(sql.raw<Row>(text))

async function migrateFirst(url: string): Promise<void> {
  const address = parseAddress(url)
  const pool = await openPool({ ...address, poolSize: 1 })
  try {
    await prepareDatabase(pool, address.place, databaseNow)
  } finally {
    await pool.end()
  }
}

/** No server uses the database, and none that starts now gets any further until `work` is done. Its writes are one transaction. */
async function alone<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const address = parseAddress(url)
  const pool = await openPool({ ...address, poolSize: 1 })
  try {
    const database = openDatabase(pool, { prepared: false, patience: PATIENCE })
    return await database.transaction(async (connection) => {
      await explained(address.place, async () => {
        for (const limit of ['statement_timeout', 'idle_in_transaction_session_timeout'])
          await connection.run(raw(`set local ${limit} = 0`))
        await requireServer(connection)
        await requireReady(connection)
        // Whoever starts reads first which migrations there are, and so waits; whoever has read them is seen afterwards.
        const tables = ['lockjar_migrations', ...COPIED_TABLES].join(', ')
        await connection.run(raw(`lock table ${tables} in access exclusive mode`))
        await requireNobody(connection)
      })
      return work(connection)
    })
  } finally {
    await pool.end()
  }
}

/** A server would go on, and what it acknowledges after the copy would be lost. Connections that have just been closed need a moment. */
async function requireNobody(connection: Connection): Promise<void> {
  const others = statement(
    sql<{ others: number }>`select count(*) as others from pg_stat_activity
      where datname = current_database() and application_name = 'lockjar' and pid <> pg_backend_pid()`,
  )
  for (let tries = 0; ; tries++) {
    const there = (await connection.first(others))?.others ?? 0
    if (there === 0) return
    if (tries === 20) throw unavailable('It is in use; stop every server that has it open.')
    // Statistics are those of the first look in a transaction.
    await connection.run(raw('select pg_stat_clear_snapshot(), pg_sleep(0.1)'))
  }
}

async function requireReady(connection: Connection): Promise<void> {
  const pending = await pendingMigrations(connection)
  if (pending.length > 0)
    throw unavailable(`Its schema lacks ${pending.join(', ')}; apply them with: lockjar migrate.`)
}

async function requireEmpty(connection: Connection): Promise<void> {
  for (const table of COPIED_TABLES) {
    if ((await connection.first(raw(`select 1 as there from ${table} limit 1`))) !== null)
      throw unavailable(`It is not empty: there are rows in ${table}.`)
  }
}

function readRows(connection: Connection): Omit<CopySource, 'markMoved'> {
  return {
    async count(table) {
      return (
        (await connection.first(raw<{ rows: number }>(`select count(*) as rows from ${table}`)))?.rows ?? 0
      )
    },
    async *rows(table) {
      const order = COPIED[table].key.join(', ')
      const select = `select ${columnsOf(table).join(', ')} from ${table} order by ${order}`
      await connection.run(raw(`declare lockjar_copy no scroll cursor for ${select}`))
      for (;;) {
        const batch = await connection.all(raw<CopiedRow>(`fetch ${BATCH} from lockjar_copy`))
        if (batch.length > 0) yield batch
        if (batch.length < BATCH) break
      }
      await connection.run(raw('close lockjar_copy'))
    },
    async lastAuditId() {
      const counter = query.selectFrom('lockjar_audit_counter').select('last_id')
      return (await connection.first(counter))?.last_id ?? 0
    },
  }
}

function writeRows(connection: Connection): Pick<CopyTarget, 'write' | 'finish'> {
  return {
    async write(table: CopiedTable, rows: readonly CopiedRow[]) {
      const columns = sql.raw(columnsOf(table).join(', '))
      const insert = sql`insert into ${sql.table(table)} (${columns})
        select ${columns} from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)})`
      await connection.run(statement(insert))
    },
    async finish(lastAuditId) {
      await connection.run(query.updateTable('lockjar_audit_counter').set({ last_id: lastAuditId }))
      await connection.run(
        raw(`select setval(pg_get_serial_sequence('lockjar_revocations', 'id'), coalesce(max(id), 0) + 1, false)
          from lockjar_revocations`),
      )
      // Plans are right from the first query on.
      for (const table of COPIED_TABLES) await connection.run(raw(`analyze ${table}`))
    },
  }
}

async function mark(connection: Connection, to: string): Promise<void> {
  await connection.run(
    query.insertInto('lockjar_migrations').values({ name: movedTo(to), applied_at: databaseNow }),
  )
}
