// How many may there be in a while, and how long does whoever had them all wait?

/** Durations in milliseconds. */
export interface Window {
  readonly limit: number
  readonly period: number
  /**
   * One who uses up window after window waits twice as long each time, up to so long; forgotten after as long a rest. As long as
   * `period`: waits do not grow.
   */
  readonly longestWait: number
}

/** What is kept of one window of one key. Instants in milliseconds since 1970 by the store's clock. */
export interface Count {
  readonly used: number
  /** Windows that were used up one after another, this one included. */
  readonly hits: number
  readonly startedAt: number
  readonly endsAt: number
  /** Somebody has been refused in it. */
  readonly refused: boolean
}

/** Milliseconds by which the clocks of two nodes may differ. Two processes on one clock differ, too: by when each read it. */
const MOST_SKEW = 600_000

/** One that ends much later than any wait was dated by a clock that was ahead, or under other limits. */
export function isOpen({ endsAt }: Count, { longestWait }: Window, now: number): boolean {
  return now < endsAt && endsAt - now <= longestWait + MOST_SKEW
}

/** The count with one more, or `null` where all are used up. */
export function takeOne(count: Count | null, window: Window, now: number): Count | null {
  const { limit, period, longestWait } = window
  const open = count && isOpen(count, window, now) ? count : begin(count, window, now)
  if (open.used >= limit) return null
  const used = open.used + 1
  if (used < limit) return { ...open, used }
  const hits = open.hits + 1
  const wait = Math.min(period * 2 ** (hits - 1), longestWait)
  return { ...open, used, hits, endsAt: Math.max(open.endsAt, now + wait) }
}

function begin(before: Count | null, window: Window, now: number): Count {
  const hits = before && now < forgetAt(before, window) ? before.hits : 0
  return { used: 0, hits, startedAt: now, endsAt: now + window.period, refused: false }
}

/**
 * The count as if what was taken at `takenAt` had not been; unchanged where another window has begun since, which it never
 * counted in.
 */
export function giveOneBack(count: Count, { limit, period }: Window, takenAt: number): Count {
  if (count.startedAt > takenAt || count.used === 0) return count
  const used = count.used - 1
  if (count.used < limit) return { ...count, used }
  return { ...count, used, hits: Math.max(0, count.hits - 1), endsAt: count.startedAt + period }
}

/** From when on it is as if there had been no count. */
export function forgetAt({ endsAt, hits }: Count, { period, longestWait }: Window): number {
  return hits > 0 && longestWait > period ? endsAt + longestWait : endsAt
}
