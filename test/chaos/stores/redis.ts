// How do nodes share a Redis, each through a proxy of its own, and what can happen to it?
import { startRedis } from '../../support/redis.ts'
import { redisHints } from '../hints.ts'
import { openProxies } from './faulty.ts'
import type { Stores } from './stores.ts'

export async function openRedisStores(nodes: number): Promise<Stores> {
  const server = await startRedis()
  const proxies = await openProxies(nodes, server.port, redisHints)
  return {
    env: (node) => ({ LOCKJAR_REDIS_URL: `redis://127.0.0.1:${proxies.portOf(node)}` }),
    faults: {
      async 'redis gone'(lasts) {
        await server.kill()
        await lasts()
        await server.start()
        return undefined
      },
      async 'redis flushed'() {
        await server.client.flushall()
        return undefined
      },
      'redis stalled': proxies.be('stalled'),
      'hints lost': proxies.be('hintless'),
    },
    async close() {
      proxies.close()
      await server.remove()
    },
  }
}
