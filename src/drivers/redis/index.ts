// What does Redis, or Valkey, do for processes that share a database?

import type { Accelerated, Accelerator } from '../../ports/accelerator.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Store } from '../../ports/store.ts'
import type { RedisClient } from './client.ts'
import { openClient } from './client.ts'
import { createHints } from './hints.ts'
import { createLink } from './link.ts'
import { createCounter, withFallback } from './rate-limiter.ts'
import { createSessionCache } from './session-cache.ts'

export type { RedisClient, RedisConnection } from './client.ts'

export interface RedisOptions {
  /** `redis://USER:PASSWORD@HOST:PORT/DB`, or `rediss://` for TLS. */
  readonly url?: string
  /**
   * In its place a client of ioredis, for Sentinel, a Cluster or options of your own. It stays yours: Lockjar makes two connections like
   * it, and closes those.
   */
  readonly client?: RedisClient
  /** Before every key and channel, so that several installations share one Redis. Default `lockjar:`. */
  readonly prefix?: string
  /**
   * Whether processes show each other the sessions that they have read, with the strategy `opaque`. Default true, but for `sqlite:`: to
   * read a file on the same machine is quicker than to ask Redis.
   */
  readonly sessionCache?: boolean
}

/** A URL, a client, or either with more. */
export type RedisSetting = string | RedisClient | RedisOptions

const DEFAULT_PREFIX = 'lockjar:'
/** No braces, which would take the place of ours. */
const PREFIX = /^[\w.:/-]{0,64}$/

export interface RedisParts {
  /** Of this process. */
  readonly clock: Clock
  /** Judges what is counted; `null`: Redis' own does. */
  readonly storeClock: Pick<Clock, 'now'> | null
  /** Where the setting does not say. Default true. */
  readonly sessionCache?: boolean
}

/**
 * Connects when it is attached.
 *
 * @throws {TypeError} for a setting that cannot work, and where ioredis is not installed.
 */
export async function openRedis(setting: RedisSetting, parts: RedisParts): Promise<Accelerator> {
  const { clock, storeClock } = parts
  const options = toOptions(setting)
  const { client, url, prefix = DEFAULT_PREFIX } = options
  const sessionCache = options.sessionCache ?? parts.sessionCache ?? true
  if (!PREFIX.test(prefix))
    throw new TypeError('lockjar: option redis.prefix: at most 64 letters, digits and any of . : / _ -')
  if ((client === undefined) === (url === undefined))
    throw new TypeError('lockjar: option redis: needs a url or a client, and not both')
  const made = client ?? (await openClient(url ?? ''))
  return {
    attach: (store, logger) => attach(made, { store, prefix, sessionCache, clock, storeClock, logger }),
  }
}

function toOptions(setting: RedisSetting): RedisOptions {
  if (typeof setting === 'string') return { url: setting }
  return 'duplicate' in setting ? { client: setting } : setting
}

interface Settings {
  readonly store: Store
  readonly prefix: string
  readonly sessionCache: boolean
  readonly clock: Clock
  readonly storeClock: Pick<Clock, 'now'> | null
  readonly logger: Logger
}

async function attach(client: RedisClient, settings: Settings): Promise<Accelerated> {
  const { store, prefix, sessionCache, clock, storeClock, logger } = settings
  const tag = `{${prefix}limits}`
  const link = createLink({ connection: client.duplicate(), probe: tag, clock, logger })
  const subscriber = client.duplicate()
  const hints = createHints({ link, subscriber, channel: `${prefix}revoked`, clock, logger })
  await link.ready()
  return {
    sessionCache: sessionCache ? createSessionCache(link, `${prefix}session:`) : null,
    store: {
      ...store,
      revocations: withHints(store.revocations, hints),
      limits: withFallback(createCounter({ link, tag, clock: storeClock }), store.limits),
      async close() {
        hints.close()
        link.close()
        await store.close()
      },
    },
  }
}

/** The log stays what it is, and the only one that knows; what is heard hastens its reading. */
function withHints(
  log: Store['revocations'],
  hints: Pick<ReturnType<typeof createHints>, 'watch' | 'announce'>,
): Store['revocations'] {
  return {
    read: (after) => log.read(after),
    prune: () => log.prune(),
    announce() {
      log.announce?.()
      hints.announce()
    },
    watch(heard) {
      const stops = [hints.watch(heard), log.watch?.(heard)]
      return () => {
        for (const stop of stops) stop?.()
      }
    },
  }
}
