// How is counted in SQLite what there may be only so much of?
import type { Bucket } from '../../core/rate-limit/bucket.ts'
import { judgeBuckets } from '../../core/rate-limit/bucket.ts'
import type { Count } from '../../core/rate-limit/count.ts'
import { giveOneBack } from '../../core/rate-limit/count.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RateLimiter } from '../../ports/rate-limiter.ts'
import { toCount, toCountRow } from '../sql/rate-limit-rows.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

/** About 150 MB: whoever tries very many names gets no further. */
const MOST_ROWS = 1_000_000

export function createRateLimiter(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
  mostRows: number = MOST_ROWS,
): RateLimiter {
  const table = () => query.selectFrom('lockjar_rate_limits')

  const read = (buckets: readonly Bucket[]): ReadonlyMap<string, Count> => {
    const keys = buckets.map(({ key }) => key)
    const rows = connection.all(table().selectAll().where('key', 'in', keys))
    return new Map(rows.map((row) => [row.key, toCount(row)]))
  }

  const write = (bucket: Bucket, count: Count): void => {
    const { key, ...row } = toCountRow(bucket, count)
    connection.run(
      query
        .insertInto('lockjar_rate_limits')
        .values({ key, ...row })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(row)),
    )
  }

  const clear = (keys: readonly string[]): number =>
    connection.run(query.deleteFrom('lockjar_rate_limits').where('key', 'in', keys))

  return {
    async consume(buckets) {
      const now = clock.now()
      return connection.transaction(() => {
        const { allowed, states, writes } = judgeBuckets(buckets, read(buckets), now)
        for (const { bucket, count } of writes) write(bucket, count)
        return { allowed, now, states }
      })
    },
    async giveBack({ takenAt, buckets, cleared }) {
      connection.transaction(() => {
        const counts = read(buckets)
        for (const bucket of buckets) {
          const count = counts.get(bucket.key)
          if (count) write(bucket, giveOneBack(count, bucket.window, takenAt))
        }
        clear(cleared)
      })
    },
    async prune(limit) {
      const now = clock.now()
      return connection.transaction(() => {
        const { rows } = connection.first(table().select(({ fn }) => fn.countAll<number>().as('rows'))) ?? {
          rows: 0,
        }
        const oldest = table().orderBy('forget_at').orderBy('key')
        const ended = connection.all(oldest.select('key').where('forget_at', '<=', now).limit(limit))
        const tooMany = Math.min(Math.max(rows - mostRows, 0), limit)
        const keys = ended.length >= tooMany ? ended : connection.all(oldest.select('key').limit(tooMany))
        return clear(keys.map(({ key }) => key))
      })
    },
  }
}
