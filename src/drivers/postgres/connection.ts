// How does a compiled query run on PostgreSQL, within bounds, and what becomes of the connection?
import type { Compilable } from 'kysely'
import { isConflict, leavesConnectionUsable, toAuthError, unavailable } from './errors.ts'
import type { Pool, PoolClient, PoolQuery, PoolResult, TypeParsers } from './pool.ts'
import { survivePartings } from './pool.ts'
import type { NamedQuery } from './query.ts'
import { toParameter } from './text.ts'

/** One client inside a transaction, or the pool outside one, where each statement is a transaction of its own. */
export interface Connection {
  all<Row>(statement: Compilable<Row>): Promise<readonly Row[]>
  first<Row>(statement: Compilable<Row>): Promise<Row | null>
  /** How many rows the statement changed. */
  run(statement: Compilable<unknown>): Promise<number>
}

export interface Database extends Connection {
  /**
   * READ COMMITTED: each statement sees what was committed before it began. All of `work` is written, or nothing. It runs a second
   * time where another's work stood in its way, so it does nothing but ask the connection it is given.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  /** How many connections have been lost. */
  losses(): number
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Whether named statements are prepared. False behind a pooler that does not know them. */
  readonly prepared?: boolean
  /** Milliseconds that anybody waits for one answer. */
  readonly patience?: number
}

/** More than the server's own limits, which tell what was wrong. */
const PATIENCE = 6000
/** Requests that may wait for a client. Whoever comes after that is told to come back. */
const MOST_WAITING = 1000

const BOOLEAN = 16
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700])

/** Whole numbers are numbers, for instants and counters stay far below 2^53; everything else stays text. */
const TYPES: TypeParsers = {
  getTypeParser(oid) {
    if (NUMBERS.has(oid)) return Number
    return oid === BOOLEAN ? (text) => text === 't' : (text) => text
  },
}

export function openDatabase(pool: Pool, options: DatabaseOptions = {}): Database {
  const { prepared = true, patience = PATIENCE } = options
  let lost = 0
  survivePartings(pool)
  // Of a client that nobody holds. The pool has dropped it; an error that nobody hears would end the process.
  pool.on('error', () => {
    lost++
  })

  /** Lends a client to `work`. One whose state is not known goes to nobody else. */
  const withClient = async <T>(work: (lent: Lent) => Promise<T>): Promise<T> => {
    if (pool.waitingCount >= MOST_WAITING) throw unavailable('Too much is waiting for the database.')
    const client = await pool.connect().catch((error) => {
      throw toAuthError(error)
    })
    const lent = lend(client, prepared, patience)
    try {
      return await work(lent)
    } finally {
      if (lent.isBroken()) lost++
      lent.giveBack()
    }
  }

  const inTransaction = <T>(work: (connection: Connection) => Promise<T>): Promise<T> =>
    withClient(async (lent) => {
      await lent.say('begin isolation level read committed')
      try {
        const result = await work(toConnection(lent.ask))
        // It answers ROLLBACK where a statement had failed and `work` went on regardless.
        const { command } = await lent.say('commit')
        if (command !== 'COMMIT') throw new Error('lockjar: a statement failed, so nothing was written')
        return result
      } catch (error) {
        await lent.undo()
        throw error
      }
    })

  return {
    ...toConnection((statement) => again(() => withClient(({ ask }) => ask(statement)))),
    transaction: (work) => again(() => inTransaction(work)),
    losses: () => lost,
    close: () => pool.end(),
  }
}

type Ask = (statement: Compilable<unknown>) => Promise<PoolResult>

/** A client as long as somebody has it. */
interface Lent {
  readonly ask: Ask
  say(text: string): Promise<PoolResult>
  /** Rolls back, as far as there is anybody to tell. */
  undo(): Promise<void>
  isBroken(): boolean
  giveBack(): void
}

function lend(client: PoolClient, prepared: boolean, patience: number): Lent {
  let broken = false
  // A client that nobody listens to ends the process with its error; the query under way rejects as well.
  const onError = (): void => {
    broken = true
  }
  client.on('error', onError)

  const send = async (query: PoolQuery): Promise<PoolResult> => {
    try {
      return await client.query({ ...query, query_timeout: patience })
    } catch (error) {
      broken ||= !leavesConnectionUsable(error)
      throw toAuthError(error)
    }
  }
  const say = (text: string): Promise<PoolResult> => send({ text, values: [] })

  return {
    say,
    ask(statement) {
      const { sql, parameters, name }: NamedQuery<unknown> = statement.compile()
      const isNamed = prepared && name !== undefined
      return send({ text: sql, values: parameters.map(toParameter), types: TYPES, ...(isNamed && { name }) })
    },
    async undo() {
      if (broken) return
      await say('rollback').catch(() => {
        broken = true
      })
    },
    isBroken: () => broken,
    giveBack() {
      client.removeListener('error', onError)
      client.release(broken)
    },
  }
}

function toConnection(ask: Ask): Connection {
  return {
    all: async <Row>(statement: Compilable<Row>) => (await ask(statement)).rows as readonly Row[],
    first: async <Row>(statement: Compilable<Row>) =>
      ((await ask(statement)).rows[0] as Row | undefined) ?? null,
    run: async (statement) => (await ask(statement)).rowCount ?? 0,
  }
}

/** Once more where somebody else was in the way: nothing was written, and they are done. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isConflict(error)) throw error
    return work()
  }
}
