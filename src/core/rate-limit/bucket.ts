// How is one try counted in several budgets, in all of them or in none?
import type { Count, Window } from './count.ts'
import { isOpen, takeOne } from './count.ts'

/** One window of one key. */
export interface Bucket {
  /** At most 128 characters. Holds nothing by which somebody could be known. */
  readonly key: string
  readonly window: Window
}

/** One bucket after a try. */
export interface BucketState {
  readonly remaining: number
  /** By the store's clock. */
  readonly endsAt: number
  /** It had none left. */
  readonly refused: boolean
  /** It refuses for the first time since it began: somebody should hear of it, once. */
  readonly first: boolean
}

export interface BucketsVerdict {
  readonly allowed: boolean
  /** In the order of the buckets. */
  readonly states: readonly BucketState[]
  /** What is to be kept; the others stay as they are. */
  readonly writes: readonly { readonly bucket: Bucket; readonly count: Count }[]
}

/** `counts`: what is kept, by key. */
export function judgeBuckets(
  buckets: readonly Bucket[],
  counts: ReadonlyMap<string, Count>,
  now: number,
): BucketsVerdict {
  const tries = buckets.map((bucket) => {
    const present = counts.get(bucket.key) ?? null
    return { bucket, present, taken: takeOne(present, bucket.window, now) }
  })
  const allowed = tries.every(({ taken }) => taken !== null)
  const states: BucketState[] = []
  const writes: { readonly bucket: Bucket; readonly count: Count }[] = []
  for (const { bucket, present, taken } of tries) {
    if (taken) {
      states.push(allowed ? stateOf(taken, bucket.window) : untouched(present, bucket.window, now))
      if (allowed) writes.push({ bucket, count: taken })
    } else if (present) {
      states.push({ remaining: 0, endsAt: present.endsAt, refused: true, first: !present.refused })
      if (!present.refused) writes.push({ bucket, count: { ...present, refused: true } })
    }
  }
  return { allowed, states, writes }
}

function stateOf({ used, endsAt }: Count, { limit }: Window): BucketState {
  return { remaining: limit - used, endsAt, refused: false, first: false }
}

function untouched(present: Count | null, window: Window, now: number): BucketState {
  if (present && isOpen(present, window, now)) return stateOf(present, window)
  return { remaining: window.limit, endsAt: now + window.period, refused: false, first: false }
}
