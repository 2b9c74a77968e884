// How do mails wait in PostgreSQL?
import type { Expression } from 'kysely'
import { sql } from 'kysely'
import type { NewOutboxRow, Outbox } from '../../ports/outbox.ts'
import type { Database } from './connection.ts'
import { query } from './query.ts'

const HOUR = 3_600_000
/**
 * Where there is much room, so large a part of it may be filled without counting again: to count thousands of rows for each mail would
 * cost more than the mail. The less room, the more often is counted, and of the last few each. The nodes do not know of each other's
 * parts, so that 16 nodes at once may overfill the outbox by a quarter, 1 node by nothing.
 */
const UNCOUNTED_PART = 1 / 64

export function createOutbox(database: Database, now: Expression<number>): Outbox {
  /** Rows that may be added before the next count. */
  let uncounted = 0

  const due = () => query.selectFrom('lockjar_outbox').select('id').where('due_at', '<=', now)
  const insert = ({ id, sealed, endsAt }: NewOutboxRow) =>
    query
      .insertInto('lockjar_outbox')
      .values({ id, sealed, created_at: now, ends_at: endsAt, due_at: now, claim: 0 })
  const insertCounted = ({ id, sealed, endsAt }: NewOutboxRow, most: number) =>
    query.selectNoFrom(sql<number>`lockjar_add_mail(${id}, ${sealed}, ${now}, ${endsAt}, ${most})`.as('room'))

  return {
    async add(row, most) {
      if (uncounted > 0) {
        uncounted--
        await database.run(insert(row))
        return true
      }
      const { room } = (await database.first(insertCounted(row, most))) ?? { room: 0 }
      uncounted = Math.floor(room * UNCOUNTED_PART)
      return room > 0
    },
    async isDue() {
      // Ordered, or rows that are leased would be read, one after the other, until one is due.
      return (await database.first(due().orderBy('due_at').limit(1))) !== null
    },
    async claim(limit, lease) {
      // Whoever claims at the same time passes over these rows, and does not wait for them.
      const free = due()
        .select('due_at')
        .orderBy('due_at')
        .orderBy('id')
        .limit(limit)
        .forUpdate()
        .skipLocked()
      const rows = await database.all(
        query
          .with('free', () => free)
          .updateTable('lockjar_outbox as row')
          .from('free')
          .set((is) => ({ due_at: sql`${now} + ${lease}`, claim: is('claim', '+', 1) }))
          .whereRef('row.id', '=', 'free.id')
          .returning(['row.id', 'sealed', 'created_at', 'ends_at', 'claim', 'free.due_at as was_due'])
          .returning(sql<number>`${now}`.as('now')),
      )
      return rows
        .toSorted((one, other) => one.was_due - other.was_due || (one.id < other.id ? -1 : 1))
        .map(({ id, sealed, created_at, ends_at, claim, now }) => {
          return { id, sealed, createdAt: created_at, endsAt: ends_at, now, claim }
        })
    },
    async remove({ id, claim }) {
      const statement = query.deleteFrom('lockjar_outbox').where('id', '=', id).where('claim', '=', claim)
      return (await database.run(statement)) > 0
    },
    async postpone({ id, claim }, wait) {
      const statement = query
        .updateTable('lockjar_outbox')
        .set({ due_at: sql`${now} + ${wait}` })
        .where('id', '=', id)
        .where('claim', '=', claim)
      return (await database.run(statement)) > 0
    },
    async prune(limit) {
      const old = query
        .selectFrom('lockjar_outbox')
        .select('id')
        .where('ends_at', '<=', sql<number>`${now} - ${HOUR}`)
        .orderBy('ends_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
      return database.run(
        query.deleteFrom('lockjar_outbox').where('id', '=', sql<string>`any (array(${old}))`),
      )
    },
  }
}
