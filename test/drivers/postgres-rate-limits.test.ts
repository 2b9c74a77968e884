// Does the database count as the rules of src/core/rate-limit do, and is it right whoever races?
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bucket } from '../../src/core/rate-limit/bucket.ts'
import { judgeBuckets } from '../../src/core/rate-limit/bucket.ts'
import type { Count, Window } from '../../src/core/rate-limit/count.ts'
import { giveOneBack } from '../../src/core/rate-limit/count.ts'
import { databaseNow } from '../../src/drivers/postgres/clock.ts'
import { openDatabase } from '../../src/drivers/postgres/connection.ts'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { openPool } from '../../src/drivers/postgres/open-pool.ts'
import { createRateLimiter } from '../../src/drivers/postgres/rate-limiter.ts'
import { parseAddress } from '../../src/drivers/postgres/url.ts'
import { toCountRow } from '../../src/drivers/sql/rate-limit-rows.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from '../support/clock.ts'
import { startNodes } from '../support/postgres-nodes.ts'

const MINUTE = 60_000

const { node, client, connect, url, atOnce } = startNodes()

const windows: fc.Arbitrary<Window> = fc
  .record({
    limit: fc.integer({ min: 1, max: 3 }),
    period: fc.constantFrom(1, 1000, MINUTE),
    growth: fc.constantFrom(1, 1, 5, 1000),
  })
  .map(({ limit, period, growth }) => ({ limit, period, longestWait: period * growth }))

/** Each key twice: somebody may change its window in the configuration. */
const bucketsOf: fc.Arbitrary<readonly Bucket[]> = fc
  .tuple(windows, windows, windows, windows)
  .chain((variants) =>
    fc
      .subarray(['a', 'B', 'ü'], { minLength: 0 })
      .chain((keys) =>
        fc.tuple(...keys.map((key) => fc.constantFrom(...variants).map((window) => ({ key, window })))),
      ),
  )

type Command =
  | { readonly kind: 'consume'; readonly buckets: readonly Bucket[] }
  | {
      readonly kind: 'giveBack'
      readonly buckets: readonly Bucket[]
      readonly back: number
      readonly cleared: readonly string[]
    }
  | { readonly kind: 'advance'; readonly by: number }

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('consume' as const), buckets: bucketsOf }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('giveBack' as const),
        buckets: bucketsOf,
        back: fc.nat(3),
        cleared: fc.subarray(['a', 'B', 'ü', 'never']),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('advance' as const),
        by: fc.constantFrom(
          1,
          999,
          1000,
          MINUTE,
          5 * MINUTE,
          3_600_000,
          -1,
          -1000,
          -600_000,
          -600_001,
          -3_600_000,
        ),
      }),
    },
  ),
  { minLength: 1, maxLength: 25 },
)

/** The rules by themselves, over a map. */
function createModel() {
  const rows = new Map<string, ReturnType<typeof toCountRow>>()
  const counts = new Map<string, Count>()
  const write = (bucket: Bucket, count: Count): void => {
    counts.set(bucket.key, count)
    rows.set(bucket.key, toCountRow(bucket, count))
  }
  return {
    rows: () => [...rows.values()].toSorted((one, other) => (one.key < other.key ? -1 : 1)),
    consume(buckets: readonly Bucket[], now: number) {
      const { allowed, states, writes } = judgeBuckets(buckets, counts, now)
      for (const { bucket, count } of writes) write(bucket, count)
      return { allowed, states, now }
    },
    giveBack(buckets: readonly Bucket[], takenAt: number, cleared: readonly string[]) {
      for (const bucket of buckets) {
        const count = counts.get(bucket.key)
        const given = count && giveOneBack(count, bucket.window, takenAt)
        if (given && given !== count) write(bucket, given)
      }
      for (const key of cleared) {
        counts.delete(key)
        rows.delete(key)
      }
    },
  }
}

async function readRows(): Promise<readonly unknown[]> {
  const { rows } = await client().query<Record<string, string>>(
    'select * from lockjar_rate_limits order by key',
  )
  return rows.map(({ key, ...row }) => ({
    key,
    ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
  }))
}

describe('the counting functions of PostgreSQL', () => {
  const clock = createTestClock()
  let store: Store
  beforeAll(async () => {
    store = await openPostgres(url(), clock, { time: 'clock' })
  })
  afterAll(() => store.close())

  it('answer and keep, step by step, what the rules say, whatever is tried and whatever the clock does', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        await client().query('truncate lockjar_rate_limits')
        const model = createModel()
        const taken = [clock.now()]
        for (const step of steps) {
          const now = clock.now()
          if (step.kind === 'advance') clock.advance(step.by)
          else if (step.kind === 'consume') {
            expect(await store.limits.consume(step.buckets)).toEqual(model.consume(step.buckets, now))
            taken.push(now)
          } else {
            const takenAt = taken.at(-1 - step.back) ?? now
            await store.limits.giveBack({ takenAt, buckets: step.buckets, cleared: step.cleared })
            model.giveBack(step.buckets, takenAt, step.cleared)
          }
          expect(await readRows()).toEqual(model.rows())
        }
      }),
      { numRuns: 80 },
    )
  }, 120_000)
})

it('at most so many counts are kept: what ends first is pruned first, before its end if need be', async () => {
  const database = openDatabase(await openPool(parseAddress(url())))
  const limits = createRateLimiter(database, databaseNow, 3)
  const hours = (n: number): Bucket => {
    const period = n * 60 * MINUTE
    return { key: `bucket-${n}`, window: { limit: 2, period, longestWait: period } }
  }
  for (const n of [1, 2, 3, 4, 5]) await limits.consume([hours(n)])
  expect([await limits.prune(1), await limits.prune(10), await limits.prune(10)]).toEqual([1, 1, 0])
  const left = async (n: number) =>
    (await limits.consume([hours(n)])).states.map(({ remaining }) => remaining)
  expect([await left(5), await left(3), await left(2), await left(1)]).toEqual([[0], [0], [1], [1]])
  await database.close()
})

it('the counting functions find their table whatever temporary tables their caller has made', async () => {
  const other = await connect()
  await other.query('create temporary table lockjar_rate_limits (like lockjar_rate_limits including all)')
  await other.query("select lockjar_consume('{a}', '{1}', '{1000}', '{1000}', 5000)")
  const { rows } = await client().query('select key from lockjar_rate_limits')
  expect(rows).toEqual([{ key: 'a' }])
})

describe('tries at the same time on three nodes', () => {
  const bucket = (key: string, limit: number): Bucket => ({
    key,
    window: { limit, period: MINUTE, longestWait: MINUTE },
  })
  const shuffled = <T>(list: readonly T[], n: number): readonly T[] =>
    n % 2 ? list.toReversed() : [...list.slice(n % list.length), ...list.slice(0, n % list.length)]

  it('are allowed as often as there was left, in whichever order they name their buckets', async () => {
    for (let round = 0; round < 10; round++) {
      const buckets = [3, 50, 7, 90, 12].map((limit, n) => bucket(`${round}/${n}`, limit))
      const answers = await atOnce(60, ({ limits }, n) => limits.consume(shuffled(buckets, n)))
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(3)
      expect(answers.filter(({ states }) => states.some(({ first }) => first))).toHaveLength(1)
    }
    const { rows } = await client().query('select key, used, refused from lockjar_rate_limits')
    expect(rows).toHaveLength(50)
    expect(new Set(rows.map(({ used, refused }) => `${used} ${refused}`))).toEqual(new Set(['3 0', '3 1']))
  })

  it('give back each what they took, whoever else is giving back, emptying, and pruning', async () => {
    const buckets = ['x', 'y', 'z'].map((key) => bucket(key, 1000))
    await node(0).limits.consume(buckets)
    await atOnce(60, async ({ limits }, n) => {
      const { now } = await limits.consume(shuffled(buckets, n))
      const cleared = [`b${n % 3}`, 'a', `c${n % 2}`]
      await Promise.all([
        node(n + 1).limits.consume(cleared.map((key) => bucket(key, 1000))),
        node(n + 2).limits.giveBack({ takenAt: now, buckets: shuffled(buckets, n + 1), cleared }),
        limits.prune(10),
      ])
    })
    const { states } = await node(0).limits.consume(buckets)
    expect(states.map(({ remaining }) => remaining)).toEqual([998, 998, 998])
  })

  it('are passed over by whoever removes old counts', async () => {
    for (const key of ['held', 'other']) await node(0).limits.consume([bucket(key, 5)])
    await client().query('update lockjar_rate_limits set forget_at = 0')
    await client().query("begin; select from lockjar_rate_limits where key = 'held' for update")
    expect(await node(1).limits.prune(10)).toBe(1)
    await client().query('rollback')
    expect(await node(1).limits.prune(10)).toBe(1)
  })

  it('leave nothing behind in buckets of which nothing was taken', async () => {
    await node(0).limits.consume([bucket('full', 1)])
    await atOnce(40, ({ limits }, n) => limits.consume([bucket(`new ${n}`, 5), bucket('full', 1)]))
    const { rows } = await client().query('select key from lockjar_rate_limits')
    expect(rows).toEqual([{ key: 'full' }])
  })
})
