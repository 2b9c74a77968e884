// How are the networks that a user has come from kept in SQLite?
import { KNOWN_FOR, MOST_KNOWN } from '../../core/rate-limit/known-network.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KnownNetworks } from '../../ports/known-networks.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

export function createKnownNetworks(connection: Connection, clock: Pick<Clock, 'now'>): KnownNetworks {
  const table = () => query.selectFrom('lockjar_known_networks')
  const remove = () => query.deleteFrom('lockjar_known_networks')

  return {
    async knows(userId, networkHash) {
      const row = connection.first(
        table()
          .select('seen_at')
          .where('user_id', '=', userId)
          .where('network_hash', '=', networkHash)
          .where('seen_at', '>', clock.now() - KNOWN_FOR),
      )
      return row !== null
    },
    async remember(userId, networkHash) {
      const row = { user_id: userId, network_hash: networkHash, seen_at: clock.now() }
      connection.transaction(() => {
        connection.run(
          query
            .insertInto('lockjar_known_networks')
            .values(row)
            .onConflict((conflict) =>
              conflict.columns(['user_id', 'network_hash']).doUpdateSet({ seen_at: row.seen_at }),
            ),
        )
        const kept = table()
          .select('network_hash')
          .where('user_id', '=', userId)
          .orderBy('seen_at', 'desc')
          .orderBy('network_hash')
          .limit(MOST_KNOWN)
        connection.run(remove().where('user_id', '=', userId).where('network_hash', 'not in', kept))
      })
    },
    async forget(userId) {
      connection.run(remove().where('user_id', '=', userId))
    },
    async prune(limit) {
      const old = table()
        .select(['user_id', 'network_hash'])
        .where('seen_at', '<=', clock.now() - KNOWN_FOR)
        .orderBy('seen_at')
        .limit(limit)
      return connection.transaction(() => {
        const rows = connection.all(old)
        for (const { user_id, network_hash } of rows)
          connection.run(remove().where('user_id', '=', user_id).where('network_hash', '=', network_hash))
        return rows.length
      })
    },
  }
}
