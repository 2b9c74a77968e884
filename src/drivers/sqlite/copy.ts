// How does a store leave a SQLite file, and how does it come into one?
import { existsSync } from 'node:fs'
import type { SQLInputValue } from 'node:sqlite'
import { DatabaseSync } from 'node:sqlite'
import { AuthError } from '../../errors.ts'
import type { CopiedTable } from '../sql/copied-tables.ts'
import { COPIED, COPIED_TABLES, columnsOf } from '../sql/copied-tables.ts'
import type { CopiedRow, CopyDatabase, CopySource, CopyTarget } from '../sql/copy.ts'
import { BATCH } from '../sql/copy.ts'
import { movedTo } from '../sql/migration-names.ts'
import { migrateFile, readPendingMigrations } from './schema-state.ts'

/** `now`: when the schema was made, and the file was left. */
export function sqliteCopy(path: string, now: number): CopyDatabase {
  const place = `sqlite:${path}`
  return {
    place,
    async asSource(work) {
      requireReady(path, place)
      return alone(path, place, (db) => work({ ...readRows(db), markMoved: async (to) => mark(db, to, now) }))
    },
    async asTarget(work) {
      migrateFile(path, now)
      return alone(path, place, (db) => {
        requireEmpty(db, place)
        return work({ ...readRows(db), ...writeRows(db) })
      })
    },
  }
}

function requireReady(path: string, place: string): void {
  if (!existsSync(path)) throw unavailable(`There is no database ${place}.`)
  const pending = readPendingMigrations(path) ?? []
  if (pending.length > 0)
    throw unavailable(`The schema of ${place} lacks ${pending.join(', ')}; apply them with: lockjar migrate.`)
}

function requireEmpty(db: DatabaseSync, place: string): void {
  const used = COPIED_TABLES.find((table) => db.prepare(`select 1 from ${table} limit 1`).get() !== undefined)
  if (used !== undefined) throw unavailable(`The database ${place} is not empty: there are rows in ${used}.`)
}

/** Nobody else has the file open, and nobody opens it until `work` is done. Its writes are one transaction. */
async function alone<T>(path: string, place: string, work: (db: DatabaseSync) => Promise<T>): Promise<T> {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // Before the first access: so SQLite finds out whether another connection is there, even one that does nothing.
    lock(db, place)
    db.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
    db.exec('BEGIN IMMEDIATE')
    const result = await work(db)
    db.exec('COMMIT')
    return result
  } finally {
    // What is not committed is rolled back.
    db.close()
  }
}

function lock(db: DatabaseSync, place: string): void {
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT')
  } catch (cause) {
    throw unavailable(`The database ${place} is in use; stop whatever has it open.`, cause)
  }
}

function readRows(db: DatabaseSync): Omit<CopySource, 'markMoved'> {
  return {
    async count(table) {
      return Number(db.prepare(`select count(*) as rows from ${table}`).get()?.['rows'])
    },
    async *rows(table) {
      const order = COPIED[table].key.join(', ')
      const statement = db.prepare(`select ${columnsOf(table).join(', ')} from ${table} order by ${order}`)
      let batch: CopiedRow[] = []
      for (const row of statement.iterate()) {
        batch.push(row as CopiedRow)
        if (batch.length < BATCH) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    },
    async lastAuditId() {
      const row = db.prepare("select seq from sqlite_sequence where name = 'lockjar_audit'").get()
      return Number(row?.['seq'] ?? 0)
    },
  }
}

function writeRows(db: DatabaseSync): Pick<CopyTarget, 'write' | 'finish'> {
  return {
    async write(table: CopiedTable, rows: readonly CopiedRow[]) {
      const columns = columnsOf(table)
      const places = columns.map(() => '?').join(', ')
      const statement = db.prepare(`insert into ${table} (${columns.join(', ')}) values (${places})`)
      for (const row of rows) statement.run(...(Object.values(row) as SQLInputValue[]))
    },
    async finish(lastAuditId) {
      // Rows that were inserted with their ids have made one already.
      const { changes } = db
        .prepare("update sqlite_sequence set seq = ? where name = 'lockjar_audit'")
        .run(lastAuditId)
      if (changes === 0 && lastAuditId > 0)
        db.prepare("insert into sqlite_sequence (name, seq) values ('lockjar_audit', ?)").run(lastAuditId)
      db.exec('ANALYZE')
    },
  }
}

function mark(db: DatabaseSync, to: string, now: number): void {
  db.prepare('insert into lockjar_migrations (name, applied_at) values (?, ?)').run(movedTo(to), now)
}

function unavailable(detail: string, cause?: unknown): AuthError {
  return new AuthError('unavailable', { detail, retryAfter: 1, cause })
}
