// How does the row of a rate limit become a count, and back?
import type { Selectable } from 'kysely'
import type { Bucket } from '../../core/rate-limit/bucket.ts'
import type { Count } from '../../core/rate-limit/count.ts'
import { forgetAt } from '../../core/rate-limit/count.ts'
import type { RateLimitsTable } from './schema.ts'

export function toCount({ used, hits, started_at, ends_at, refused }: Selectable<RateLimitsTable>): Count {
  return { used, hits, startedAt: started_at, endsAt: ends_at, refused: refused === 1 }
}

export function toCountRow({ key, window }: Bucket, count: Count): RateLimitsTable {
  return {
    key,
    used: count.used,
    hits: count.hits,
    started_at: count.startedAt,
    ends_at: count.endsAt,
    refused: count.refused ? 1 : 0,
    forget_at: forgetAt(count, window),
  }
}
