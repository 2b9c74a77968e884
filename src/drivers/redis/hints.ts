// How does every process hear at once that one of them has revoked something?
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { RevocationLog } from '../../ports/revocation-log.ts'
import type { RedisConnection } from './client.ts'
import { codeOf, reopen } from './client.ts'
import type { Link } from './link.ts'
import { createThrottle } from './throttle.ts'

export interface Hints extends Required<Pick<RevocationLog, 'watch' | 'announce'>> {
  close(): void
}

/**
 * Milliseconds between two announcements of a process, and between two that it takes notice of: whoever floods the channel causes so
 * many reads of the log, and no more.
 */
const INTERVAL = 20
/** Milliseconds between two looks whether the connection that only listens is still one. */
const BEAT = 5000
/** What is said does not matter, and is not read. */
const TEXT = 'revoked'

export interface HintsParts {
  readonly link: Link
  /** One of its own: a connection that subscribes does nothing else. */
  readonly subscriber: RedisConnection
  readonly channel: string
  readonly clock: Clock
  readonly logger: Logger
}

export function createHints({ link, subscriber, channel, clock, logger }: HintsParts): Hints {
  const listeners = new Set<() => void>()
  const hearing = createThrottle(clock, INTERVAL, () => {
    for (const heard of listeners) heard()
  })
  // Lost where Redis is away; the others read the log a moment later by themselves.
  const telling = createThrottle(
    clock,
    INTERVAL,
    () => void link.call('PUBLISH', channel, TEXT).catch(() => {}),
  )

  // While it was away somebody has perhaps announced something.
  const listen = (): void => {
    subscriber.subscribe(channel).then(hearing.run, (error: unknown) => {
      logger.warn(
        { event: 'redis.not_subscribed', code: codeOf(error) },
        'no announcements of revocations are heard, which so are known at the next look at the log',
      )
    })
  }
  subscriber.on('ready', listen)
  subscriber.on('message', hearing.run)
  // The link, which has the same server, says what is wrong.
  subscriber.on('error', () => {})
  if (subscriber.status === 'ready') listen()
  else subscriber.connect().catch(() => {})

  let isAnswered = true
  const stopBeating = clock.every(BEAT, () => {
    reopen(subscriber)
    if (!isAnswered) subscriber.disconnect(true)
    isAnswered = false
    const answered = (): void => {
      isAnswered = true
    }
    // One that is being connected says so by an error, which is an answer.
    subscriber.call('PING').then(answered, answered)
  })

  return {
    announce: telling.run,
    watch(heard) {
      listeners.add(heard)
      return () => listeners.delete(heard)
    },
    close() {
      stopBeating()
      hearing.stop()
      telling.stop()
      subscriber.disconnect()
    },
  }
}
