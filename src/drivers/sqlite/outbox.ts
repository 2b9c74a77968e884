// How do mails wait in SQLite?
import type { Clock } from '../../ports/clock.ts'
import type { Outbox } from '../../ports/outbox.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

const HOUR = 3_600_000

export function createOutbox(connection: Connection, clock: Pick<Clock, 'now'>): Outbox {
  const due = () => query.selectFrom('lockjar_outbox').select('id').where('due_at', '<=', clock.now())

  return {
    async add({ id, sealed, endsAt }, most) {
      const now = clock.now()
      return connection.transaction(() => {
        const last = query.selectFrom('lockjar_outbox').select('id').limit(1)
        if (connection.first(last.offset(most - 1))) return false
        connection.run(
          query
            .insertInto('lockjar_outbox')
            .values({ id, sealed, created_at: now, ends_at: endsAt, due_at: now, claim: 0 }),
        )
        return true
      })
    },
    async isDue() {
      return connection.first(due().limit(1)) !== null
    },
    async claim(limit, lease) {
      const now = clock.now()
      return connection.transaction(() => {
        const rows = connection.all(
          due()
            .select(['sealed', 'created_at', 'ends_at', 'claim'])
            .orderBy('due_at')
            .orderBy('id')
            .limit(limit),
        )
        const ids = rows.map(({ id }) => id)
        connection.run(
          query
            .updateTable('lockjar_outbox')
            .set((row) => ({ due_at: now + lease, claim: row('claim', '+', 1) }))
            .where('id', 'in', ids),
        )
        return rows.map(({ id, sealed, created_at, ends_at, claim }) => {
          return { id, sealed, createdAt: created_at, endsAt: ends_at, now, claim: claim + 1 }
        })
      })
    },
    async remove({ id, claim }) {
      return (
        connection.run(query.deleteFrom('lockjar_outbox').where('id', '=', id).where('claim', '=', claim)) > 0
      )
    },
    async postpone({ id, claim }, wait) {
      const statement = query
        .updateTable('lockjar_outbox')
        .set({ due_at: clock.now() + wait })
        .where('id', '=', id)
        .where('claim', '=', claim)
      return connection.run(statement) > 0
    },
    async prune(limit) {
      const old = query
        .selectFrom('lockjar_outbox')
        .select('id')
        .where('ends_at', '<=', clock.now() - HOUR)
        .limit(limit)
      return connection.run(query.deleteFrom('lockjar_outbox').where('id', 'in', old))
    },
  }
}
