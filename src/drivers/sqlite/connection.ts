// How does a compiled query run on `node:sqlite`, durably, and what becomes of its errors?
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
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
   * One whole command: all of it is written, or nothing. It runs without giving way, so no other work of this process comes
   * between its statements. Durable when the outermost one returns; one within another is a savepoint of it.
   */
  transaction<T>(command: () => T): T
  /** The same where one function cannot hold it all. Whoever opens a block ends it, once. */
  begin(): Block
  /** False once SQLite itself has ended the transaction, as it does on some errors (a full disk). */
  inTransaction(): boolean
  /** From now on every write is refused. */
  allowReadsOnly(): void
  /** Changes when another connection has committed. */
  dataVersion(): number
  close(): void
}

/** An open transaction, or a savepoint within one. */
export interface Block {
  commit(): void
  undo(): void
}

/** Milliseconds to wait for another process's write. Longer waits are answered with 503. */
const BUSY_TIMEOUT = 5000
/** Milliseconds where only reads are allowed: they wait for no write, only for the file to be put in order after a process died. */
const READ_TIMEOUT = 50
/**
 * Milliseconds between two tries for a lock. SQLite's own pauses grow to a tenth of a second, and a process that writes all the
 * time leaves gaps of microseconds: the others would hardly ever hit one. Nor does SQLite wait for a change of the journal's mode.
 */
const PAUSE = 1

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
  let patience = BUSY_TIMEOUT

  const all = <O>(query: Compilable<O>): O[] => {
    const { sql, parameters } = query.compile()
    return guarded(patience, () => prepare(sql).all(...(parameters as readonly SQLInputValue[])) as O[])
  }

  const begin = (): Block => {
    const [start, commit, undo] = db.isTransaction ? SAVEPOINT : TRANSACTION
    guarded(patience, () => db.exec(start))
    return {
      commit: () => guarded(0, () => db.exec(commit)),
      undo() {
        // SQLite ends the transaction by itself after some errors; then there is nothing to roll back.
        if (db.isTransaction) db.exec(undo)
      },
    }
  }

  return {
    all,
    first: (query) => all(query)[0] ?? null,
    run(query) {
      const { sql, parameters } = query.compile()
      return guarded(patience, () =>
        Number(prepare(sql).run(...(parameters as readonly SQLInputValue[])).changes),
      )
    },
    begin,
    transaction(command) {
      const block = begin()
      try {
        const result = command()
        block.commit()
        return result
      } catch (error) {
        block.undo()
        throw error
      }
    },
    inTransaction: () => db.isTransaction,
    allowReadsOnly() {
      db.exec('PRAGMA query_only = ON')
      patience = READ_TIMEOUT
    },
    dataVersion: () => guarded(patience, () => Number(dataVersion.get()?.data_version)),
    close() {
      if (db.isOpen) db.close()
    },
  }
}

const TRANSACTION = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'] as const
const SAVEPOINT = ['SAVEPOINT command', 'RELEASE command', 'ROLLBACK TO command; RELEASE command'] as const

function openFile(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') createPrivately(path)
    const db = new DatabaseSync(path, { timeout: 0 })
    waiting(BUSY_TIMEOUT, () => db.exec('PRAGMA journal_mode = WAL'))
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

/** `patience` in milliseconds: how long somebody else's lock is waited for. */
function guarded<T>(patience: number, work: () => T): T {
  try {
    return waiting(patience, work)
  } catch (error) {
    const code = sqliteCode(error)
    if (code === null || !UNAVAILABLE.has(code % 256)) throw error
    throw databaseUnavailable(error)
  }
}

export function databaseUnavailable(cause: unknown): AuthError {
  return new AuthError('unavailable', { detail: 'The database is not available.', retryAfter: 1, cause })
}

function waiting<T>(patience: number, work: () => T): T {
  const BUSY = 5
  for (const began = performance.now(); ; ) {
    try {
      return work()
    } catch (error) {
      const isBusy = (sqliteCode(error) ?? 0) % 256 === BUSY
      if (!isBusy || performance.now() - began >= patience) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE)
    }
  }
}
