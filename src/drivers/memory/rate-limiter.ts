// How is counted in memory what there may be only so much of?
import { judgeBuckets } from '../../core/rate-limit/bucket.ts'
import type { Count, Window } from '../../core/rate-limit/count.ts'
import { forgetAt, giveOneBack } from '../../core/rate-limit/count.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RateLimiter } from '../../ports/rate-limiter.ts'

/** About 20 MB. */
const MOST_KEPT = 100_000
/** Of these go at once, so that looking for them is rare. */
const SHARE_THAT_GOES = 0.01

interface Kept extends Count {
  readonly forgetAt: number
  readonly isFull: boolean
}

const keep = (count: Count, window: Window): Kept => ({
  ...count,
  forgetAt: forgetAt(count, window),
  isFull: count.used >= window.limit,
})

export function createRateLimiter(clock: Pick<Clock, 'now'>, mostKept: number = MOST_KEPT): RateLimiter {
  /** In the order in which they were written. */
  const counts = new Map<string, Kept>()
  const write = (key: string, count: Kept): void => {
    if (counts.size >= mostKept && !counts.has(key)) makeRoom()
    counts.delete(key)
    counts.set(key, count)
  }
  /** What ends first goes first; what refuses goes last, or whoever tries very many names would be let in again. */
  const makeRoom = (): void => {
    const now = clock.now()
    const refuses = ({ isFull, endsAt }: Kept): number => (isFull && endsAt > now ? 1 : 0)
    const order = [...counts].sort(([, a], [, b]) => refuses(a) - refuses(b) || a.forgetAt - b.forgetAt)
    for (const [key] of order.slice(0, Math.ceil(mostKept * SHARE_THAT_GOES))) counts.delete(key)
  }

  return {
    async consume(buckets) {
      const now = clock.now()
      const { allowed, states, writes } = judgeBuckets(buckets, counts, now)
      for (const { bucket, count } of writes) write(bucket.key, keep(count, bucket.window))
      return { allowed, now, states }
    },
    async giveBack({ takenAt, buckets, cleared }) {
      for (const { key, window } of buckets) {
        const count = counts.get(key)
        if (!count) continue
        write(key, keep(giveOneBack(count, window, takenAt), window))
      }
      for (const key of cleared) counts.delete(key)
    },
    async prune(limit) {
      const now = clock.now()
      const ended = [...counts].filter(([, count]) => count.forgetAt <= now).slice(0, limit)
      for (const [key] of ended) counts.delete(key)
      return ended.length
    },
  }
}
