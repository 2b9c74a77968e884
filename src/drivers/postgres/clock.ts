// What time is it, as SQL? The database's time, which is one for all nodes.
import type { Expression, OperationNode } from 'kysely'
import { sql } from 'kysely'
import type { Clock } from '../../ports/clock.ts'
import type { Connection } from './connection.ts'
import { named, query } from './query.ts'

/** The same within one statement, so that an index can be used. */
export const databaseNow: Expression<number> = sql<number>`floor(extract(epoch from statement_timestamp()) * 1000)::bigint`

/** A clock of the caller's, read anew for each statement that is written with it. */
export function clockNow(clock: Pick<Clock, 'now'>): Expression<number> {
  return {
    expressionType: undefined,
    toOperationNode: (): OperationNode => sql<number>`${clock.now()}::bigint`.toOperationNode(),
  }
}

/** For rules that are written here and need the instant: the first statement of a transaction. */
export async function readNow(connection: Connection, now: Expression<number>): Promise<number> {
  const row = await connection.first(named('now', query.selectNoFrom(sql<number>`${now}`.as('now'))))
  if (!row) throw new Error('a select answered no row')
  return row.now
}
