// Does it work with a Redis Cluster, and with a Sentinel that fails over?
import type { Clock, RedisClient, Store } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { openRedis } from 'lockjar/redis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/drivers/node/clock.ts'
import type { Accelerated } from '../../src/ports/accelerator.ts'
import { startCluster, startSentinel } from '../support/redis.ts'

const MINUTE = 60_000
const QUIET = { info: () => {}, warn: () => {}, error: () => {} }
const PATIENCE = { timeout: 20_000, interval: 20 }

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const HALF_LIMIT = 100

/** No answer is late, however busy the machine is. */
const patient: Clock = {
  ...systemClock,
  every: (interval, task) => systemClock.every(interval === HALF_LIMIT ? MINUTE : interval, task),
}

const attach = async (
  client: RedisClient,
  database: Store,
  clock: Clock = systemClock,
): Promise<Accelerated> => {
  const accelerator = await openRedis(client, { clock, storeClock: null })
  const accelerated = await accelerator.attach(database, QUIET)
  ends.push(() => accelerated.store.close())
  return accelerated
}

const bucket = (key: string, limit: number) => ({
  key,
  window: { limit, period: MINUTE, longestWait: MINUTE },
})

/** Announces until the other one has heard. */
async function hears(from: Accelerated, to: Accelerated): Promise<void> {
  let heard = 0
  const stop = to.store.revocations.watch?.(() => heard++)
  await vi.waitFor(() => {
    from.store.revocations.announce?.()
    expect(heard).toBeGreaterThan(0)
  }, PATIENCE)
  stop?.()
}

describe('a Cluster of three masters', () => {
  it('counts several budgets by one script, keeps sessions on all of them, and announces', async () => {
    const cluster = await startCluster()
    ends.push(() => cluster.remove())
    const database = openMemory(systemClock)
    const [here, there] = await Promise.all([
      attach(cluster.connect(), database, patient),
      attach(cluster.connect(), database, patient),
    ])
    const buckets = ['one', 'two', 'three', 'four'].map((key, n) => bucket(key, 5 + n))
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? here : there).store.limits.consume(buckets)),
    )
    expect(answers.map(({ countedBy }) => countedBy)).toEqual(Array(10).fill('redis'))
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(5)

    const ids = Array.from({ length: 30 }, (_, n) => `1.session-${n}.0`)
    for (const id of ids) here.sessionCache?.put(id, `text of ${id}`, MINUTE)
    for (const id of ids)
      await vi.waitFor(async () => expect(await there.sessionCache?.get(id)).toBe(`text of ${id}`), PATIENCE)
    const kept = await Promise.all(cluster.masters.map(({ client }) => client.keys('lockjar:session:*')))
    for (const keys of kept) expect(keys.length).toBeGreaterThan(0)

    await hears(here, there)
  }, 60_000)
})

describe('a Sentinel', () => {
  it('leads to the replica once the master is gone; until then the database counts', async () => {
    const sentinel = await startSentinel()
    ends.push(() => sentinel.remove())
    const database = openMemory(systemClock)
    const [here, there] = [
      await attach(sentinel.connect(), database),
      await attach(sentinel.connect(), database),
    ]
    const { limits } = here.store
    const counts = (by: string) =>
      vi.waitFor(async () => expect((await limits.consume([bucket('a', 1000)])).countedBy).toBe(by), PATIENCE)
    await counts('redis')
    await hears(here, there)
    await sentinel.master.kill()
    await counts('database')
    await counts('redis')
    expect(await sentinel.replica.client.get('{lockjar:limits}:a')).not.toBeNull()
    await hears(here, there)
  }, 60_000)
})
