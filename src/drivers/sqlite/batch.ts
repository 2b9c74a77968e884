// How do many commands become one durable commit, each for itself all or nothing?
import type { Block, Connection } from './connection.ts'
import { databaseUnavailable } from './connection.ts'

/** What became of one command. */
export type Outcome<T> =
  | { readonly value: T }
  /** `begun` is false where the file could not be had at all, as long as one may wait for it. */
  | { readonly error: unknown; readonly begun?: false }

/**
 * Runs `commands` in order in one transaction, each within a savepoint: one that fails leaves no trace and does not touch
 * the others. Answers once all is durable. If SQLite ends the transaction (a full disk), none of them was written.
 */
export async function runBatch<T>(
  connection: Connection,
  commands: readonly (() => Promise<T>)[],
): Promise<readonly Outcome<T>[]> {
  let batch: Block
  try {
    batch = connection.begin()
  } catch (error) {
    return commands.map(() => ({ error, begun: false }))
  }
  try {
    const outcomes: Outcome<T>[] = []
    for (const command of commands) outcomes.push(await runOne(connection, command))
    batch.commit()
    return outcomes
  } catch (error) {
    return undone(batch, commands, error)
  }
}

function undone<T>(batch: Block, commands: readonly unknown[], error: unknown): readonly Outcome<T>[] {
  try {
    batch.undo()
    return commands.map(() => ({ error }))
  } catch (cause) {
    return commands.map(() => ({ error: cause }))
  }
}

/** @throws {AuthError} `unavailable` where the whole transaction is gone, and with it what went before. */
async function runOne<T>(connection: Connection, command: () => Promise<T>): Promise<Outcome<T>> {
  const savepoint = connection.begin()
  let outcome: Outcome<T>
  try {
    outcome = { value: await settled(command()) }
    savepoint.commit()
  } catch (error) {
    outcome = { error }
  }
  if (!connection.inTransaction()) throw databaseUnavailable('error' in outcome ? outcome.error : undefined)
  if ('error' in outcome) savepoint.undo()
  return outcome
}

const WAITING = Symbol()

/** A transaction is never held while somebody waits: the body of a command is synchronous, and its promise settled. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  const first = await Promise.race([promise, Promise.resolve<typeof WAITING>(WAITING)])
  if (first !== WAITING) return first
  promise.catch(() => {})
  throw new TypeError('lockjar: the body of a SQLite command must not wait')
}
