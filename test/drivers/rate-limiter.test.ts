// Does whoever tries very many names fill neither the memory nor the disk?
import { expect, it } from 'vitest'
import { createRateLimiter as createMemoryLimiter } from '../../src/drivers/memory/rate-limiter.ts'
import { openConnection } from '../../src/drivers/sqlite/connection.ts'
import { migrate } from '../../src/drivers/sqlite/migrations.ts'
import { createRateLimiter } from '../../src/drivers/sqlite/rate-limiter.ts'
import { createTestClock } from '../support/clock.ts'

const HOUR = 3_600_000
const bucket = (key: string, period = HOUR) => ({ key, window: { limit: 2, period, longestWait: period } })

it('SQLite keeps at most so many counts: what ends first is pruned first, before its end if need be', async () => {
  const clock = createTestClock()
  const connection = openConnection(':memory:')
  migrate(connection, clock.now())
  const limits = createRateLimiter(connection, clock, 3)
  for (const n of [1, 2, 3, 4, 5]) await limits.consume([bucket(`bucket-${n}`, n * HOUR)])
  expect(await limits.prune(1)).toBe(1)
  expect(await limits.prune(10)).toBe(1)
  expect(await limits.prune(10)).toBe(0)
  const left = async (n: number) =>
    (await limits.consume([bucket(`bucket-${n}`, n * HOUR)])).states.map(({ remaining }) => remaining)
  expect([await left(5), await left(3), await left(2), await left(1)]).toEqual([[0], [0], [1], [1]])
  connection.close()
})

it('memory keeps 100,000 counts: one more takes the place of the one written longest ago', async () => {
  const limits = createMemoryLimiter(createTestClock())
  const left = async (key: string) => (await limits.consume([bucket(key)])).states[0]?.remaining
  for (let n = 0; n < 100_000; n++) await limits.consume([bucket(`bucket-${n}`)])
  expect(await left('bucket-0')).toBe(0)
  expect(await left('one more')).toBe(1)
  expect(await left('bucket-1')).toBe(1)
  expect((await limits.consume([bucket('bucket-0')])).allowed).toBe(false)
})
