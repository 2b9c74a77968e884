// When is Redis asked, for how long is an answer waited for, and when is it left alone?
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { RedisConnection } from './client.ts'
import { codeOf, isReply, redisUnavailable, reopen } from './client.ts'

/** One connection for commands, behind a circuit breaker. */
export interface Link {
  /**
   * @throws {AuthError} `unavailable`: it is away, or has not answered in time, and whether the command was or will be carried out
   * nobody knows. One such answer, and nobody asks again until Redis has answered the link itself.
   * @throws {NoScript} for a script that it has forgotten.
   */
  call(command: string, ...args: string[]): Promise<unknown>
  /** Resolves once it has answered, or it is known that it does not, within about a second. */
  ready(): Promise<void>
  /** What was sent is still carried out. */
  close(): void
}

/** Redis was started anew, or somebody flushed its scripts. */
export class NoScript extends Error {}

/**
 * Milliseconds for which a request waits, in two halves: when the process was busy for long, the first one is over before the answers
 * that lie ready were read, and no Redis is to blame for that.
 */
const HALF_LIMIT = 100
/** Milliseconds between two looks whether it is back. */
const CHECK_INTERVAL = 1000
/** Milliseconds after which a connection on which nothing comes back is given up for a new one. */
const LONGEST_SILENCE = 5000
/** Milliseconds for which a process that starts waits for it. */
const LONGEST_START = 1000
/** Milliseconds between two warnings, should it come and go. */
const WARNING_INTERVAL = 60_000

export interface LinkParts {
  readonly connection: RedisConnection
  /** A key, which is looked for to see whether Redis answers: of a Cluster, the server that has the counts. */
  readonly probe: string
  readonly clock: Clock
  readonly logger: Logger
}

export function createLink({ connection, probe, clock, logger }: LinkParts): Link {
  /** Nobody but the link itself asks one that is not up. */
  let isUp = false
  let askedAt: number | null = null
  let isToldAway = false
  let warnedAt = Number.NEGATIVE_INFINITY
  let refusedAt = Number.NEGATIVE_INFINITY
  const started = Promise.withResolvers<void>()

  const fail = (error: unknown): void => {
    isUp = false
    started.resolve()
    const now = clock.monotonic()
    if (isToldAway || now - warnedAt < WARNING_INTERVAL) return
    isToldAway = true
    warnedAt = now
    logger.warn(
      { event: 'redis.unavailable', code: codeOf(error) },
      'Redis does not answer: limits are counted in the database, and revocations travel by it alone',
    )
  }

  /** It is there, and says no at once: nobody waits, so that it is asked again. */
  const refuse = (error: unknown): void => {
    const now = clock.monotonic()
    if (now - refusedAt < WARNING_INTERVAL) return
    refusedAt = now
    logger.warn({ event: 'redis.refused', code: codeOf(error) }, 'Redis refuses a command')
  }

  const check = (): void => {
    if (isUp) return
    reopen(connection)
    const now = clock.monotonic()
    if (askedAt !== null) {
      if (now - askedAt >= LONGEST_SILENCE) {
        askedAt = now
        connection.disconnect(true)
      }
      return
    }
    askedAt = now
    connection
      .call('EXISTS', probe)
      .then(() => {
        isUp = true
        started.resolve()
        if (isToldAway) logger.info({ event: 'redis.available' }, 'Redis answers')
        isToldAway = false
      }, fail)
      .finally(() => {
        askedAt = null
      })
  }

  connection.on('error', fail)
  connection.on('ready', check)
  const stopChecking = clock.every(CHECK_INTERVAL, check)

  /** The answer, or the end of patience. */
  const within = (answer: Promise<unknown>): Promise<unknown> => {
    const late = Promise.withResolvers<never>()
    let isSecondHalf = false
    const cancel = clock.every(HALF_LIMIT, () => {
      if (isSecondHalf) late.reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }))
      isSecondHalf = true
    })
    return Promise.race([answer, late.promise]).finally(cancel)
  }

  const ask = async (command: string, args: readonly string[]): Promise<unknown> => {
    try {
      return await within(connection.call(command, ...args))
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) throw new NoScript()
      if (isReply(error)) refuse(error)
      else fail(error)
      throw redisUnavailable(error)
    }
  }

  return {
    async call(command, ...args) {
      if (!isUp) throw redisUnavailable()
      return ask(command, args)
    },
    ready() {
      const cancel = clock.every(LONGEST_START, started.resolve)
      if (connection.status === 'ready') check()
      else connection.connect().catch(() => {})
      return started.promise.finally(cancel)
    },
    close() {
      stopChecking()
      connection.disconnect()
    },
  }
}
