// What must every storage driver do where it counts? The contracts of rate limiter and known networks, sentence by sentence.
import { afterEach, describe, expect, it } from 'vitest'
import type { Bucket } from '../../src/core/rate-limit/bucket.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import type { TestClock } from '../support/clock.ts'
import { createTestClock } from '../support/clock.ts'

const MINUTE = 60_000
const DAY = 86_400_000

const bucket = (key: string, limit: number, period = MINUTE, longestWait = period): Bucket => ({
  key,
  window: { limit, period, longestWait },
})

interface LimitsCapabilities {
  /** Counts end by themselves, so that there is nothing to prune. Default false. */
  readonly endByThemselves?: boolean
}

export function limitsConformance(
  name: string,
  open: (clock: Clock) => Promise<Store>,
  { endByThemselves = false }: LimitsCapabilities = {},
): void {
  const opened: Store[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  const start = async (): Promise<Store & { readonly clock: TestClock }> => {
    const clock = createTestClock()
    const store = await open(clock)
    opened.push(store)
    return { ...store, clock }
  }

  describe(`the rate limiter of ${name}`, () => {
    it('counts down, refuses with the end of the window, and begins anew after it', async () => {
      const { limits, clock } = await start()
      const two = [bucket('a', 2)]
      const now = clock.now()
      expect(await limits.consume(two)).toMatchObject({
        allowed: true,
        now,
        states: [{ remaining: 1, endsAt: now + MINUTE, refused: false, first: false }],
      })
      expect((await limits.consume(two)).states).toMatchObject([{ remaining: 0, refused: false }])
      const refused = { remaining: 0, endsAt: now + MINUTE, refused: true }
      expect(await limits.consume(two)).toMatchObject({
        allowed: false,
        now,
        states: [{ ...refused, first: true }],
      })
      expect((await limits.consume(two)).states).toEqual([{ ...refused, first: false }])
      clock.advance(MINUTE - 1)
      expect((await limits.consume(two)).allowed).toBe(false)
      clock.advance(1)
      expect((await limits.consume(two)).states).toMatchObject([{ remaining: 1 }])
    })

    it('takes of each bucket or of none', async () => {
      const { limits } = await start()
      const one = bucket('one', 1)
      const many = bucket('many', 9)
      expect((await limits.consume([one, many])).states.map(({ remaining }) => remaining)).toEqual([0, 8])
      for (let round = 0; round < 3; round++) {
        const { allowed, states } = await limits.consume([many, one])
        expect(allowed).toBe(false)
        expect(states).toMatchObject([
          { remaining: 8, refused: false },
          { remaining: 0, refused: true },
        ])
      }
      expect((await limits.consume([many])).states).toMatchObject([{ remaining: 7 }])
    })

    it('allows of any number of concurrent callers no more than there were left', async () => {
      const { limits } = await start()
      const buckets = [bucket('a', 3), bucket('b', 100)]
      const answers = await Promise.all(Array.from({ length: 20 }, () => limits.consume(buckets)))
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(3)
      expect(answers.filter(({ states }) => states[0]?.first)).toHaveLength(1)
      expect((await limits.consume([bucket('b', 100)])).states).toMatchObject([{ remaining: 96 }])
    })

    it('gives back what was taken, opens again what it had used up, and empties what is to be cleared', async () => {
      const { limits } = await start()
      const [pair, network] = [bucket('pair', 3), bucket('network', 2)]
      await limits.consume([pair, network])
      const { now } = await limits.consume([pair, network])
      expect((await limits.consume([network])).allowed).toBe(false)
      await limits.giveBack({ takenAt: now, buckets: [network], cleared: ['pair'] })
      expect((await limits.consume([pair, network])).states).toMatchObject([
        { remaining: 2 },
        { remaining: 0, refused: false },
      ])
    })

    it('gives nothing back to a window that has begun since, nor to one that is not there', async () => {
      const { limits, clock } = await start()
      const two = bucket('a', 2)
      const { now } = await limits.consume([two])
      clock.advance(MINUTE)
      await limits.consume([two])
      await limits.giveBack({ takenAt: now, buckets: [two, bucket('other', 1)], cleared: [] })
      expect((await limits.consume([two])).states).toMatchObject([{ remaining: 0 }])
      expect((await limits.consume([two])).allowed).toBe(false)
    })

    it.skipIf(endByThemselves)(
      'prunes what says nothing any more, at most so many at a time, and nothing else',
      async () => {
        const { limits, clock } = await start()
        for (const key of ['a', 'b', 'c']) await limits.consume([bucket(key, 1)])
        await limits.consume([bucket('growing', 1, MINUTE, 60 * MINUTE)])
        expect(await limits.prune(10)).toBe(0)
        clock.advance(MINUTE)
        expect(await limits.prune(2)).toBe(2)
        expect(await limits.prune(2)).toBe(1)
        expect(await limits.prune(2)).toBe(0)
        // It is still known to have been used up once.
        const { states } = await limits.consume([bucket('growing', 1, MINUTE, 60 * MINUTE)])
        expect(states).toMatchObject([{ endsAt: clock.now() + 2 * MINUTE }])
      },
    )
  })

  describe(`the known networks of ${name}`, () => {
    it('are known for 90 days after the last time, to their user alone', async () => {
      const { knownNetworks, clock } = await start()
      await knownNetworks.remember('user-1', 'home')
      clock.advance(DAY)
      await knownNetworks.remember('user-1', 'home')
      clock.advance(90 * DAY - 1)
      expect(await knownNetworks.knows('user-1', 'home')).toBe(true)
      expect(await knownNetworks.knows('user-2', 'home')).toBe(false)
      expect(await knownNetworks.knows('user-1', 'work')).toBe(false)
      clock.advance(1)
      expect(await knownNetworks.knows('user-1', 'home')).toBe(false)
    })

    it('are 50 of a user: one more takes the place of the one seen longest ago', async () => {
      const { knownNetworks, clock } = await start()
      await knownNetworks.remember('user-2', 'network-1')
      for (let n = 0; n < 50; n++) {
        clock.advance(1)
        await knownNetworks.remember('user-1', `network-${n}`)
      }
      clock.advance(1)
      await knownNetworks.remember('user-1', 'network-0')
      clock.advance(1)
      await knownNetworks.remember('user-1', 'one more')
      const known = (network: string) => knownNetworks.knows('user-1', network)
      expect(await Promise.all(['network-0', 'network-1', 'network-2', 'one more'].map(known))).toEqual([
        true,
        false,
        true,
        true,
      ])
      expect(await knownNetworks.knows('user-2', 'network-1')).toBe(true)
    })

    it('are forgotten all at once, those of others not', async () => {
      const { knownNetworks } = await start()
      for (const user of ['user-1', 'user-2'])
        for (const network of ['home', 'work']) await knownNetworks.remember(user, network)
      await knownNetworks.forget('user-1')
      await knownNetworks.forget('nobody')
      for (const network of ['home', 'work']) {
        expect(await knownNetworks.knows('user-1', network)).toBe(false)
        expect(await knownNetworks.knows('user-2', network)).toBe(true)
      }
      await knownNetworks.remember('user-1', 'home')
      expect(await knownNetworks.knows('user-1', 'home')).toBe(true)
    })

    it('are pruned once they are not known any more, at most so many at a time', async () => {
      const { knownNetworks, clock } = await start()
      for (const n of [1, 2, 3]) await knownNetworks.remember('user-1', `network-${n}`)
      clock.advance(DAY)
      await knownNetworks.remember('user-1', 'network-4')
      clock.advance(89 * DAY)
      expect(await knownNetworks.prune(2)).toBe(2)
      expect(await knownNetworks.prune(2)).toBe(1)
      expect(await knownNetworks.prune(2)).toBe(0)
      expect(await knownNetworks.knows('user-1', 'network-4')).toBe(true)
    })
  })
}
