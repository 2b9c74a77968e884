// Does Redis count as the core does, to the millisecond, and is nobody let through while it is away?
import fc from 'fast-check'
import { openMemory } from 'lockjar/memory'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { judgeBuckets } from '../../src/core/rate-limit/bucket.ts'
import type { Count } from '../../src/core/rate-limit/count.ts'
import { forgetAt, giveOneBack } from '../../src/core/rate-limit/count.ts'
import { systemClock } from '../../src/drivers/node/clock.ts'
import { openRedis } from '../../src/drivers/redis/index.ts'
import { createLink } from '../../src/drivers/redis/link.ts'
import { createCounter } from '../../src/drivers/redis/rate-limiter.ts'
import { limitsConformance } from '../conformance/limits.ts'
import { createTestClock } from '../support/clock.ts'
import type { RedisServer } from '../support/redis.ts'
import { startRedis } from '../support/redis.ts'

const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.remove())

let installations = 0

limitsConformance(
  'Redis',
  async (clock) => {
    const accelerator = await openRedis(
      { url: redis.url, prefix: `test-${installations++}:` },
      { clock, storeClock: clock },
    )
    return (await accelerator.attach(openMemory(clock), QUIET)).store
  },
  { endByThemselves: true },
)

async function openCounter(clock: { now(): number } | null) {
  const connection = redis.client.duplicate()
  const link = createLink({ connection, probe: 'probe', clock: systemClock, logger: QUIET })
  await link.ready()
  const counter = createCounter({ link, tag: '{limits}', clock })
  return { ...counter, link, close: () => link.close() }
}

describe('the script', () => {
  beforeEach(() => redis.client.flushall())

  it('counts, gives back and clears as the core does, whatever the order and the clock', async () => {
    const clock = createTestClock()
    const counter = await openCounter(clock)
    // Whole seconds, so that no key ends by Redis' clock while this one stands still.
    const seconds = (min: number, max: number) => fc.integer({ min, max }).map((n) => n * 1000)
    const windows = fc.record({
      limit: fc.integer({ min: 1, max: 4 }),
      period: seconds(1, 60),
      longestWait: seconds(1, 300),
    })
    // The same key under other limits, as after a change of configuration, is a case of its own.
    const bucket = fc.record({ key: fc.constantFrom('a', 'b', 'c'), window: windows })
    const buckets = fc.uniqueArray(bucket, { minLength: 1, maxLength: 3, selector: ({ key }) => key })
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ act: fc.constant('consume' as const), buckets }) },
      {
        weight: 2,
        arbitrary: fc.record({ act: fc.constant('giveBack' as const), buckets, ago: seconds(0, 90) }),
      },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('clear' as const), buckets }) },
      { weight: 3, arbitrary: fc.record({ act: fc.constant('advance' as const), by: seconds(0, 120) }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('step' as const), by: seconds(-900, 900) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        await redis.client.flushall()
        const counts = new Map<string, Count>()
        for (const each of steps) {
          const now = clock.now()
          if (each.act === 'advance') clock.advance(each.by)
          else if (each.act === 'step') clock.step(each.by)
          else if (each.act === 'clear') {
            const cleared = each.buckets.map(({ key }) => key)
            await counter.giveBack({ takenAt: 0, buckets: [], cleared })
            for (const key of cleared) counts.delete(key)
          } else if (each.act === 'giveBack') {
            const takenAt = now - each.ago
            await counter.giveBack({ takenAt, buckets: each.buckets, cleared: [] })
            for (const { key, window } of each.buckets) {
              const count = counts.get(key)
              if (!count) continue
              const left = giveOneBack(count, window, takenAt)
              // What says nothing any more is not written down again, should somebody set the clock back then.
              if (left !== count && forgetAt(left, window) <= now) counts.delete(key)
              else counts.set(key, left)
            }
          } else {
            const expected = judgeBuckets(each.buckets, counts, now)
            const { allowed, states } = expected
            expect(await counter.consume(each.buckets)).toEqual({ allowed, now, states })
            for (const { bucket: written, count } of expected.writes) counts.set(written.key, count)
          }
        }
      }),
      { numRuns: 300 },
    )
    counter.close()
  })
})
