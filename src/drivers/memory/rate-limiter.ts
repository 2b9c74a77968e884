// How is counted in memory what there may be only so much of?
import { judgeBuckets } from '../../core/rate-limit/bucket.ts'
import type { Count } from '../../core/rate-limit/count.ts'
import { forgetAt, giveOneBack } from '../../core/rate-limit/count.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RateLimiter } from '../../ports/rate-limiter.ts'

/** About 20 MB; one more takes the place of the one that was written longest ago. */
const MOST_KEPT = 100_000

interface Kept extends Count {
  readonly forgetAt: number
}

export function createRateLimiter(clock: Pick<Clock, 'now'>): RateLimiter {
  /** In the order in which they were written. */
  const counts = new Map<string, Kept>()
  const write = (key: string, count: Kept): void => {
    counts.delete(key)
    counts.set(key, count)
    const [oldest] = counts.keys()
    if (counts.size > MOST_KEPT && oldest !== undefined) counts.delete(oldest)
  }

  return {
    async consume(buckets) {
      const now = clock.now()
      const { allowed, states, writes } = judgeBuckets(buckets, counts, now)
      for (const { bucket, count } of writes)
        write(bucket.key, { ...count, forgetAt: forgetAt(count, bucket.window) })
      return { allowed, now, states }
    },
    async giveBack({ takenAt, buckets, cleared }) {
      for (const { key, window } of buckets) {
        const count = counts.get(key)
        if (!count) continue
        const changed = giveOneBack(count, window, takenAt)
        write(key, { ...changed, forgetAt: forgetAt(changed, window) })
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
