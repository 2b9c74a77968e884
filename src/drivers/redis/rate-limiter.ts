// How is counted in Redis what there may be only so much of, and what is done while it is away?
import type { Bucket } from '../../core/rate-limit/bucket.ts'
import { AuthError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Consumption, RateLimiter } from '../../ports/rate-limiter.ts'
import type { Link } from './link.ts'
import { CONSUME, GIVE_BACK } from './rate-limit-scripts.ts'
import { createScript } from './script.ts'

/** Counts end by themselves in Redis, so that nothing is pruned. */
type Counter = Pick<RateLimiter, 'consume' | 'giveBack'>

export interface CounterParts {
  readonly link: Pick<Link, 'call'>
  /** Before every key. In braces, so that a Cluster keeps all counts on one server, where one script reaches them. */
  readonly tag: string
  /** `null`: Redis' own, so that no two processes differ. */
  readonly clock: Pick<Clock, 'now'> | null
}

/** How many numbers the script answers of each bucket. */
const FACTS = 4

export function createCounter({ link, tag, clock }: CounterParts): Counter {
  const consume = createScript(link, CONSUME)
  const giveBack = createScript(link, GIVE_BACK)
  const present = (): string => (clock ? String(clock.now()) : '')
  const keyOf = (key: string): string => `${tag}:${key}`

  return {
    async consume(buckets) {
      const keys = buckets.map(({ key }) => keyOf(key))
      return toConsumption(await consume(keys, [present(), ...windowsOf(buckets)]))
    },
    async giveBack({ takenAt, buckets, cleared }) {
      const keys = [...buckets.map(({ key }) => key), ...cleared].map(keyOf)
      if (keys.length > 0) await giveBack(keys, [present(), takenAt, ...windowsOf(buckets)])
    },
  }
}

const windowsOf = (buckets: readonly Bucket[]): readonly number[] =>
  buckets.flatMap(({ window: { limit, period, longestWait } }) => [limit, period, longestWait])

function toConsumption(answer: unknown): Consumption {
  const [allowed, now = 0, ...facts] = (answer as readonly unknown[]).map(Number)
  const states = Array.from({ length: facts.length / FACTS }, (_, at) => {
    const [remaining = 0, endsAt = 0, refused, first] = facts.slice(FACTS * at, FACTS * (at + 1))
    return { remaining, endsAt, refused: refused === 1, first: first === 1 }
  })
  return { allowed: allowed === 1, now, states }
}

const REDIS = 'redis'
const DATABASE = 'database'

/**
 * Counts in Redis, and in the database while Redis does not answer. What each has counted it keeps, so that however often the one takes
 * over from the other, nobody has more than twice what there is. Where nobody knows whether Redis has counted, the database decides.
 */
export function withFallback(counter: Counter, database: RateLimiter): RateLimiter {
  return {
    async consume(buckets) {
      try {
        return { ...(await counter.consume(buckets)), countedBy: REDIS }
      } catch (error) {
        if (!isUnavailable(error)) throw error
      }
      return { ...(await database.consume(buckets)), countedBy: DATABASE }
    },
    async giveBack(command) {
      const { countedBy } = command
      // What cannot be given back now stands, until its window ends: no sign-in fails for it.
      if (countedBy !== DATABASE) await counter.giveBack(command).catch(ignoreUnavailable)
      if (countedBy !== REDIS) await database.giveBack(command)
    },
    prune: (limit) => database.prune(limit),
  }
}

const isUnavailable = (error: unknown): boolean => error instanceof AuthError && error.code === 'unavailable'

function ignoreUnavailable(error: unknown): void {
  if (!isUnavailable(error)) throw error
}
