// Does a window count what it should, and does whoever uses up one after another wait longer, but not for ever?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeBuckets } from '../../../src/core/rate-limit/bucket.ts'
import type { Count, Window } from '../../../src/core/rate-limit/count.ts'
import { forgetAt, giveOneBack, takeOne } from '../../../src/core/rate-limit/count.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const NOW = Date.UTC(2026, 0, 1)

const GROWING: Window = { limit: 3, period: MINUTE, longestWait: 10 * MINUTE }
const STEADY: Window = { limit: 3, period: MINUTE, longestWait: MINUTE }

/** Takes until there is none left; the last count. */
function exhaust(window: Window, now: number, before: Count | null = null): Count {
  let count = before
  for (let next = takeOne(count, window, now); next; next = takeOne(count, window, now)) count = next
  return count ?? expect.fail('nothing was taken')
}

describe('a window', () => {
  it('ends a period after its first, and not later for what comes in it', () => {
    const first = takeOne(null, STEADY, NOW)
    expect(first).toEqual({ used: 1, hits: 0, startedAt: NOW, endsAt: NOW + MINUTE, refused: false })
    expect(takeOne(first, STEADY, NOW + 30 * SECOND)).toMatchObject({ used: 2, endsAt: NOW + MINUTE })
    expect(takeOne(first, STEADY, NOW + MINUTE)).toMatchObject({ used: 1, startedAt: NOW + MINUTE })
  })

  it('that is used up is followed by a wait of its length, counted from the last that was taken', () => {
    const first = takeOne(null, STEADY, NOW)
    const last = exhaust(STEADY, NOW + 50 * SECOND, first)
    expect(last).toMatchObject({ used: 3, hits: 1, endsAt: NOW + 110 * SECOND })
    expect(takeOne(last, STEADY, NOW + 110 * SECOND - 1)).toBeNull()
    expect(takeOne(last, STEADY, NOW + 110 * SECOND)).toMatchObject({ used: 1 })
  })

  it('waits double with each that is used up, up to the longest', () => {
    let now = NOW
    let count: Count | null = null
    const waits: number[] = []
    for (let hit = 0; hit < 7; hit++) {
      count = exhaust(GROWING, now, count)
      waits.push((count.endsAt - now) / MINUTE)
      now = count.endsAt
    }
    expect(waits).toEqual([1, 2, 4, 8, 10, 10, 10])
  })

  it('forgets earlier hits after as long a rest as the longest wait', () => {
    const hit = exhaust(GROWING, NOW)
    expect(forgetAt(hit, GROWING)).toBe(NOW + MINUTE + 10 * MINUTE)
    expect(exhaust(GROWING, forgetAt(hit, GROWING) - 1, hit).hits).toBe(2)
    expect(exhaust(GROWING, forgetAt(hit, GROWING), hit).hits).toBe(1)
    expect(forgetAt(exhaust(STEADY, NOW), STEADY)).toBe(NOW + MINUTE)
  })

  it('that was dated by a clock that was ahead holds nobody up for longer than a wait can last', () => {
    const ahead = exhaust(GROWING, NOW + 365 * 86_400 * SECOND)
    expect(takeOne(ahead, GROWING, NOW)).toMatchObject({ used: 1 })
    const slightly = exhaust(STEADY, NOW + 9 * MINUTE)
    expect(takeOne(slightly, STEADY, NOW)).toBeNull()
  })

  it('gives back: as if it had not been taken', () => {
    const first = takeOne(null, GROWING, NOW)
    const full = exhaust(GROWING, NOW + SECOND, first)
    const open = giveOneBack(full, GROWING, NOW + SECOND)
    expect(open).toEqual({ used: 2, hits: 0, startedAt: NOW, endsAt: NOW + MINUTE, refused: false })
    expect(giveOneBack(open, GROWING, NOW)).toMatchObject({ used: 1, endsAt: NOW + MINUTE })
  })

  it('gives nothing back to a window that has begun since', () => {
    const old = exhaust(GROWING, NOW)
    const next = takeOne(old, GROWING, old.endsAt) ?? expect.fail('refused')
    expect(giveOneBack(next, GROWING, NOW)).toBe(next)
  })

  it('never allows more than its limit in one period, however tries are spread and given back', () => {
    const steps = fc.array(fc.record({ after: fc.integer({ min: 0, max: 40 * SECOND }), keep: fc.boolean() }))
    fc.assert(
      fc.property(steps, (list) => {
        let now = NOW
        let count: Count | null = null
        const kept = new Map<number, number>()
        for (const { after, keep } of list) {
          now += after
          const taken: Count | null = takeOne(count, GROWING, now)
          if (!taken) continue
          count = keep ? taken : giveOneBack(taken, GROWING, now)
          if (keep) kept.set(taken.startedAt, (kept.get(taken.startedAt) ?? 0) + 1)
        }
        for (const [, used] of kept) expect(used).toBeLessThanOrEqual(GROWING.limit)
        const starts = [...kept.keys()]
        for (const [at, start] of starts.entries()) {
          const before = starts[at - 1]
          if (before !== undefined) expect(start - before).toBeGreaterThanOrEqual(GROWING.period)
        }
      }),
    )
  })
})

describe('several buckets', () => {
  const bucket = (key: string, limit: number) => ({ key, window: { ...STEADY, limit } })

  it('are all taken from or none, and only the first refusal of a window is the first', () => {
    const full = { used: 1, hits: 1, startedAt: NOW, endsAt: NOW + MINUTE, refused: false }
    const counts = new Map([['full', full]])
    const verdict = judgeBuckets([bucket('full', 1), bucket('free', 5)], counts, NOW)
    expect(verdict).toEqual({
      allowed: false,
      states: [
        { remaining: 0, endsAt: NOW + MINUTE, refused: true, first: true },
        { remaining: 5, endsAt: NOW + MINUTE, refused: false, first: false },
      ],
      writes: [{ bucket: bucket('full', 1), count: { ...full, refused: true } }],
    })
    const again = new Map([['full', { ...full, refused: true }]])
    expect(judgeBuckets([bucket('full', 1)], again, NOW)).toMatchObject({
      states: [{ refused: true, first: false }],
      writes: [],
    })
  })
})
