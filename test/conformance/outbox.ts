// What must an outbox do? The contract of src/ports/outbox.ts, sentence by sentence.
import { afterEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/ports/clock.ts'
import type { NewOutboxRow } from '../../src/ports/outbox.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from '../support/clock.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const LEASE = 2 * MINUTE
const MOST = 100

export function outboxConformance(name: string, open: (clock: Clock) => Promise<Store>): void {
  const opened: Store[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  async function start() {
    const clock = createTestClock()
    const store = await open(clock)
    opened.push(store)
    const { outbox } = store
    const row = (n: number, change: Partial<NewOutboxRow> = {}): NewOutboxRow => ({
      id: `row-${String(n).padStart(3, '0')}`,
      sealed: `sealed ${n} ☃`,
      endsAt: clock.now() + HOUR,
      ...change,
    })
    const add = async (...numbers: readonly number[]): Promise<void> => {
      for (const n of numbers) expect(await outbox.add(row(n), MOST)).toBe(true)
    }
    const claimIds = async (limit: number) => (await outbox.claim(limit, LEASE)).map(({ id }) => id)
    return { clock, outbox, row, add, claimIds }
  }

  describe(`the outbox of ${name}`, () => {
    it('gives back what was put in, once', async () => {
      const { clock, outbox, add } = await start()
      expect(await outbox.isDue()).toBe(false)
      const createdAt = clock.now()
      await add(1)
      expect(await outbox.isDue()).toBe(true)
      clock.advance(MINUTE)
      expect(await outbox.claim(10, LEASE)).toEqual([
        {
          id: 'row-001',
          sealed: 'sealed 1 ☃',
          createdAt,
          endsAt: expect.any(Number),
          now: clock.now(),
          claim: 1,
        },
      ])
      expect(await outbox.isDue()).toBe(false)
      expect(await outbox.claim(10, LEASE)).toEqual([])
    })

    it('takes no more than its bound', async () => {
      const { outbox, row } = await start()
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => outbox.add(row(n), 3)))
      expect(answers.filter((isAdded) => isAdded)).toHaveLength(3)
      const [first] = await outbox.claim(10, LEASE)
      expect(first && (await outbox.remove(first))).toBe(true)
      expect(await outbox.add(row(7), 3)).toBe(true)
      expect(await outbox.add(row(8), 3)).toBe(false)
    })

    it('gives the row that is due first at the head, and each to one of many who claim at once', async () => {
      const { clock, outbox, add, claimIds } = await start()
      await add(3, 2)
      const [early] = await outbox.claim(1, LEASE)
      expect(early?.id).toBe('row-002')
      await outbox.postpone({ id: 'row-002', claim: 1 }, MINUTE)
      clock.advance(1)
      await add(9, 5, 7)
      clock.advance(MINUTE)
      const order = ['row-003', 'row-005', 'row-007', 'row-009', 'row-002']
      expect(await claimIds(2)).toEqual(order.slice(0, 2))
      expect(await claimIds(9)).toEqual(order.slice(2))
      clock.advance(LEASE)
      const claimed = await Promise.all(Array.from({ length: 8 }, () => claimIds(2)))
      expect(claimed.flat().toSorted()).toEqual(order.toSorted())
      expect(claimed.every((ids) => ids.length <= 2)).toBe(true)
    })

    it('gives a row again when the lease has ended, and then the one who had it before can do nothing to it', async () => {
      const { clock, outbox, add } = await start()
      await add(1)
      const [lost] = await outbox.claim(1, LEASE)
      clock.advance(LEASE - 1)
      expect(await outbox.isDue()).toBe(false)
      clock.advance(1)
      expect(await outbox.isDue()).toBe(true)
      const [taken] = await outbox.claim(1, LEASE)
      expect([lost?.claim, taken?.claim]).toEqual([1, 2])
      if (!lost || !taken) throw new Error('no row')
      expect(await outbox.postpone(lost, 0)).toBe(false)
      expect(await outbox.remove(lost)).toBe(false)
      expect(await outbox.isDue()).toBe(false)
      expect(await outbox.remove(taken)).toBe(true)
      expect(await outbox.remove(taken)).toBe(false)
      expect(await outbox.postpone(taken, 0)).toBe(false)
    })

    it('gives a row that was postponed when its wait is over', async () => {
      const { clock, outbox, add, claimIds } = await start()
      await add(1)
      const [row] = await outbox.claim(1, LEASE)
      expect(row && (await outbox.postpone(row, 5000))).toBe(true)
      clock.advance(4999)
      expect(await claimIds(1)).toEqual([])
      clock.advance(1)
      expect(await claimIds(1)).toEqual(['row-001'])
    })

    it('forgets rows that ended more than an hour ago, so many at a time', async () => {
      const { clock, outbox, row, claimIds } = await start()
      for (const n of [1, 2, 3]) await outbox.add(row(n), MOST)
      await outbox.add(row(4, { endsAt: clock.now() + HOUR + 1 }), MOST)
      clock.advance(2 * HOUR - 1)
      expect(await outbox.prune(10)).toBe(0)
      clock.advance(1)
      expect(await outbox.prune(2)).toBe(2)
      expect(await outbox.prune(2)).toBe(1)
      expect(await claimIds(10)).toEqual(['row-004'])
    })
  })
}
