// How is counted what there may be only so much of, by all processes together?
import type { Bucket, BucketState } from '../core/rate-limit/bucket.ts'

export interface Consumption {
  readonly allowed: boolean
  /** By the store's clock. */
  readonly now: number
  /** In the order of the buckets. */
  readonly states: readonly BucketState[]
  /** By which of several places it was counted; left out: there is one. For `giveBack`. */
  readonly countedBy?: string
}

export interface GiveBackCommand {
  /** What `consume` answered as `now`. A bucket that has begun anew since is left alone. */
  readonly takenAt: number
  /** The same. Left out: nothing was taken, and what is cleared is cleared everywhere. */
  readonly countedBy?: string | undefined
  readonly buckets: readonly Bucket[]
  /** Keys of buckets that are emptied, whatever is in them. */
  readonly cleared: readonly string[]
}

/**
 * A resolved promise means durable. Every method is one atomic command, judged by the store's clock. A store that cannot be
 * reached rejects with `AuthError('unavailable')`.
 */
export interface RateLimiter {
  /**
   * Takes one of each bucket if each has one, and else of none. Of any number of concurrent callers no more are allowed than there
   * were left. How buckets count is `core/rate-limit/bucket.ts`; no two have one key.
   */
  consume(buckets: readonly Bucket[]): Promise<Consumption>
  /** As if what was taken had not been. */
  giveBack(command: GiveBackCommand): Promise<void>
  /** Removes at most `limit` buckets that say nothing any more, or are too many; those first that end first. Answers how many. */
  prune(limit: number): Promise<number>
}
