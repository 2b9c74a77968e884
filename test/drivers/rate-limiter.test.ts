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

it('memory keeps at most so many counts: what ends first makes room, and what refuses stays while anything else can go', async () => {
  const limits = createMemoryLimiter(createTestClock(), 100)
  const left = async (key: string, period = HOUR) =>
    (await limits.consume([bucket(key, period)])).states[0]?.remaining
  const isRefused = async (key: string, period = HOUR) =>
    !(await limits.consume([bucket(key, period)])).allowed
  for (const _ of [1, 2]) await left('refuses')
  expect(await left('ends late', 9 * HOUR)).toBe(1)
  for (let n = 0; n < 1000; n++) await left(`bucket-${n}`)
  expect(await isRefused('refuses')).toBe(true)
  expect(await left('ends late', 9 * HOUR)).toBe(0)
  expect(await left('bucket-1')).toBe(1)
  // Where all refuse, those that end first go.
  for (let n = 0; n < 300; n++) for (const _ of [1, 2]) await left(`full-${n}`, (n + 2) * HOUR)
  expect(await isRefused('refuses')).toBe(false)
  expect(await isRefused('full-299', 301 * HOUR)).toBe(true)
})
