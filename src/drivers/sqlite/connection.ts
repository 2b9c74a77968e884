// How does a compiled query run on `node:sqlite`, durably, and what becomes of its errors?
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Compilable } from 'kysely'
import { AuthError } from '../../errors.ts'

export interface Connection {
  /** Every row of one statement. */
  all<O>(query: Compilable<O>): O[]
  first<O>(query: Compilable<O>): O | null
  /** How many rows one statement changed. */
  run(query: Compilable<unknown>): number
  /**
   * One whole command in one durable transaction. It runs without giving way, so no other work of this process comes
   * between its statements.
   */
  transaction<T>(command: () => T): T
  /** Changes when another connection has committed. */
  dataVersion(): number
  close(): void
}

/** Milliseconds to wait for another process's write. Longer waits are answered with 503. */
const BUSY_TIMEOUT = 5000

/**
 * Primary result codes that say the database cannot be used now: BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT,
 * FULL, CANTOPEN, PROTOCOL, NOTADB.
 */
const UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26])

export function openConnection(path: string): Connection {
  const db = openFile(path)
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known) return known
    const statement = db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const dataVersion = db.prepare('PRAGMA data_version')

  const all = <O>(query: Compilable<O>): O[] =>
    guarded(() => {
      const { sql, parameters } = query.compile()
      return prepare(sql).all(...(parameters as readonly SQLInputValue[])) as O[]
    })

  return {
    all,
    first: (query) => all(query)[0] ?? null,
    run: (query) =>
      guarded(() => {
        const { sql, parameters } = query.compile()
        return Number(prepare(sql).run(...(parameters as readonly SQLInputValue[])).changes)
      }),
    transaction: (command) =>
      guarded(() => {
        db.exec('BEGIN IMMEDIATE')
        try {
          const result = command()
          db.exec('COMMIT')
          return result
        } catch (error) {
          // SQLite ends the transaction by itself after some errors (a full disk); then there is nothing to roll back.
          if (db.isTransaction) db.exec('ROLLBACK')
          throw error
        }
      }),
    dataVersion: () => guarded(() => Number(dataVersion.get()?.data_version)),
    close: () => db.close(),
  }
}

function openFile(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') createPrivately(path)
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT })
    switchToWal(db)
    // FULL: a revoked session that comes back after a power loss would be a security fault.
    db.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
    return db
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AuthError('unavailable', {
      detail: `The database ${path} cannot be opened: ${reason}`,
      retryAfter: 1,
      cause,
    })
  }
}

/** It holds password hashes and addresses: for its owner only, and SQLite gives the files beside it the same mode. */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}

/** SQLite does not wait for another process that changes the mode at the same instant, whatever the timeout says. */
function switchToWal(db: DatabaseSync): void {
  const BUSY = 5
  const PAUSE = 20
  const asleep = new Int32Array(new SharedArrayBuffer(4))
  for (let waited = 0; ; waited += PAUSE) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if ((sqliteCode(error) ?? 0) % 256 !== BUSY || waited >= BUSY_TIMEOUT) throw error
      Atomics.wait(asleep, 0, 0, PAUSE)
    }
  }
}

/** The name of the column that a unique index refused, or `null` for any other error. */
export function uniqueViolation(error: unknown): string | null {
  const UNIQUE = 2067
  if (sqliteCode(error) !== UNIQUE || !(error instanceof Error)) return null
  return /UNIQUE constraint failed: \w+\.(\w+)/.exec(error.message)?.[1] ?? null
}

function sqliteCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : null
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = sqliteCode(error)
    if (code === null || !UNAVAILABLE.has(code % 256)) throw error
    throw new AuthError('unavailable', {
      detail: 'The database is not available.',
      retryAfter: 1,
      cause: error,
    })
  }
}
