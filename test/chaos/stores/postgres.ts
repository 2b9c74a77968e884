// How do nodes share a PostgreSQL and a Redis, each through proxies of its own, and what can happen to them?
import { startPostgres } from '../../support/postgres.ts'
import { postgresHints } from '../hints.ts'
import { openProxies } from './faulty.ts'
import { openRedisStores } from './redis.ts'
import type { Stores } from './stores.ts'

/** What is acknowledged is on the disk: a server that is killed has lost nothing. */
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }

export async function openPostgres(nodes: number): Promise<Stores> {
  const server = await startPostgres({ settings: DURABLE })
  const url = await server.createDatabase()
  const proxies = await openProxies(nodes, server.port, postgresHints)
  const redis = await openRedisStores(nodes)
  const lostThere = redis.faults['hints lost']
  return {
    env: (node) => ({
      LOCKJAR_DATABASE_URL: url.replace(`:${server.port}/`, `:${proxies.portOf(node)}/`),
      ...redis.env(node),
    }),
    faults: {
      ...redis.faults,
      async 'database stopped'(lasts) {
        await server.stop()
        await lasts()
        await server.start()
        return undefined
      },
      async 'database killed'(lasts) {
        await server.kill()
        await lasts()
        await server.start()
        return undefined
      },
      'database cut': proxies.be('cut'),
      'database stalled': proxies.be('stalled'),
      'database half-open': proxies.be('half-open'),
      async 'hints lost'(lasts, node) {
        return proxies.be('hintless')(async () => (lostThere ? lostThere(lasts, node) : lasts()), node)
      },
    },
    async close() {
      proxies.close()
      await redis.close()
      await server.remove()
    },
  }
}
