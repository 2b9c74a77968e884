// How are the networks that a user has come from kept in PostgreSQL?
import type { Expression } from 'kysely'
import { sql } from 'kysely'
import { KNOWN_FOR, MOST_KNOWN } from '../../core/rate-limit/known-network.ts'
import type { KnownNetworks } from '../../ports/known-networks.ts'
import type { Database } from './connection.ts'
import { named, query } from './query.ts'

export function createKnownNetworks(database: Database, now: Expression<number>): KnownNetworks {
  const table = () => query.selectFrom('lockjar_known_networks')
  const remove = () => query.deleteFrom('lockjar_known_networks')
  const horizon = () => sql<number>`${now} - ${KNOWN_FOR}`

  return {
    async knows(userId, networkHash) {
      const found = table()
        .select('seen_at')
        .where('user_id', '=', userId)
        .where('network_hash', '=', networkHash)
        .where('seen_at', '>', horizon())
      return (await database.first(named('knows', found))) !== null
    },
    async remember(userId, networkHash) {
      const remember = sql`lockjar_remember_network(${userId}, ${networkHash}, ${now}, ${MOST_KNOWN})`
      await database.all(named('remember', query.selectNoFrom(remember.as('remembered'))))
    },
    async forget(userId) {
      await database.run(remove().where('user_id', '=', userId))
    },
    async prune(limit) {
      const old = table()
        .select(sql`ctid`.as('row'))
        .where('seen_at', '<=', horizon())
        .orderBy('seen_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
      return database.run(remove().where(sql`ctid`, '=', sql`any (array(${old}))`))
    },
  }
}
