// How is counted in PostgreSQL what there may be only so much of?
import type { Expression, RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Bucket, BucketState } from '../../core/rate-limit/bucket.ts'
import type { RateLimiter } from '../../ports/rate-limiter.ts'
import type { Database } from './connection.ts'
import { named, query } from './query.ts'

/** About 150 MB: whoever tries very many names gets no further. */
const MOST_ROWS = 1_000_000

/** What `lockjar_consume` answers. */
interface Judged {
  readonly present: number
  readonly allowed: boolean
  /** JSON. */
  readonly states: string
}

/** The functions are those of `rate-limit-functions.ts`. */
export function createRateLimiter(
  database: Database,
  now: Expression<number>,
  mostRows: number = MOST_ROWS,
): RateLimiter {
  return {
    async consume(buckets) {
      const call = sql<Judged>`lockjar_consume(${columnsOf(buckets)}, ${now})`
      const judged = await database.first(named('consume', query.selectFrom(call.as('judged')).selectAll()))
      if (!judged) throw new Error('a function answered no row')
      const { allowed, present, states } = judged
      return { allowed, now: present, states: JSON.parse(states) as readonly BucketState[] }
    },
    async giveBack({ takenAt, buckets, cleared }) {
      const call = sql`lockjar_give_back(${columnsOf(buckets)}, ${takenAt}, ${cleared})`
      await database.all(named('give_back', query.selectNoFrom(call.as('given'))))
    },
    async prune(limit) {
      const ended = await remove(oldest().where('forget_at', '<=', now).limit(limit))
      if (ended === limit) return ended
      const tooMany = Math.min((await countRows(mostRows + limit)) - mostRows, limit - ended)
      return tooMany > 0 ? ended + (await remove(oldest().limit(tooMany))) : ended
    },
  }

  /** Rows that are being counted in just now are passed over, so that nobody waits for anybody. */
  function remove(keys: ReturnType<typeof oldest>): Promise<number> {
    // An array: the rows are chosen once, and no more of them than asked for.
    const chosen = sql<string>`any (array(${keys.forUpdate().skipLocked()}))`
    return database.run(query.deleteFrom('lockjar_rate_limits').where('key', '=', chosen))
  }

  async function countRows(most: number): Promise<number> {
    const some = query.selectFrom('lockjar_rate_limits').select('used').limit(most).as('some')
    const row = await database.first(
      query.selectFrom(some).select(({ fn }) => fn.countAll<number>().as('rows')),
    )
    return row?.rows ?? 0
  }
}

const oldest = () => query.selectFrom('lockjar_rate_limits').select('key').orderBy('forget_at').orderBy('key')

/** As the functions take them: a list for each column. */
function columnsOf(buckets: readonly Bucket[]): RawBuilder<unknown> {
  const windows = buckets.map(({ window }) => window)
  const lists = [
    buckets.map(({ key }) => key),
    windows.map(({ limit }) => limit),
    windows.map(({ period }) => period),
    windows.map(({ longestWait }) => longestWait),
  ]
  return sql.join(lists.map((list) => sql.val(list)))
}
