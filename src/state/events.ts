// Who hears of an event? The log, the audit table, and then the application.
import type { AuditEntry, AuditKey } from '../core/audit/chain.ts'
import { toAuditEvent, toEntry } from '../core/audit/entry.ts'
import type { EventFacts, EventName, RecordEvent } from '../core/audit/event.ts'
import { EVENTS } from '../core/audit/event.ts'
import { AuthError } from '../errors.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Hook } from './hook.ts'
import { createStorm } from './storm.ts'

/** Entries that may wait for the store; those past it are counted as lost. About 1 KB each. */
const MOST_WAITING = 4096
/** Entries in one command. */
const LARGEST_BATCH = 256
/** Milliseconds after which repeated events are summed up. */
const STORM = 60_000
/** Milliseconds after which what could not be written is tried again, unless another event tries before. */
const RETRY = 1000

export interface Events {
  readonly record: RecordEvent
  /** Writes what is counted and waiting. Resolves also where it could not be written. */
  close(): Promise<void>
}

export interface EventsParts {
  readonly audit: Pick<AuditLog, 'append'>
  readonly key: AuditKey
  /** The application's, or `null`. */
  readonly hook: Hook | null
  readonly clock: Pick<Clock, 'now' | 'every'>
  readonly logger: Logger
}

/** An entry on its way to the store. */
interface Waiting {
  readonly entry: AuditEntry
  /** It was tried, or one before it was, in vain. */
  settle(): void
}

/**
 * An event that was recorded and awaited is durable. A store that fails is logged as an error, and is no error of the act that the
 * event tells of, which has been completed: what could not be written waits for the store, what has no room is counted as lost.
 */
export function createEvents({ audit, key, hook, clock, logger }: EventsParts): Events {
  const waiting: Waiting[] = []
  const storms = { refused: createStorm('refused'), done: createStorm('done') }
  let dropped = 0
  let isWriting = false
  let writing = Promise.resolve()
  const stops = [clock.every(STORM, keepCounted), clock.every(RETRY, () => void flush())]

  /** Resolves once the entry was tried. */
  function keep(entry: AuditEntry): Promise<void> {
    if (waiting.length >= MOST_WAITING) {
      dropped++
      hook?.tell(toAuditEvent(entry))
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      let isSettled = false
      const settle = (): void => {
        if (isSettled) return
        isSettled = true
        hook?.tell(toAuditEvent(entry))
        resolve()
      }
      waiting.push({ entry, settle })
      void flush()
    })
  }

  function keepCounted(): void {
    for (const storm of Object.values(storms)) for (const entry of storm.drain()) void keep(entry)
  }

  /** One command at a time: what comes meanwhile goes with the next. */
  function flush(): Promise<void> {
    if (!isWriting) writing = writeAll()
    return writing
  }

  async function writeAll(): Promise<void> {
    isWriting = true
    try {
      while (waiting.length > 0 || dropped > 0) if (!(await writeBatch())) return
    } finally {
      isWriting = false
    }
  }

  /** Whether it was written. */
  async function writeBatch(): Promise<boolean> {
    const lost = dropped
    const batch = waiting.splice(0, LARGEST_BATCH)
    const entries = batch.map(({ entry }) => entry)
    if (lost > 0) entries.unshift(toEntry('audit.dropped', { details: { count: lost } }, clock.now()))
    dropped = 0
    try {
      await audit.append(entries, key)
      if (lost > 0) log(logger, 'audit.dropped', { details: { count: lost } })
      for (const { settle } of batch) settle()
      return true
    } catch (error) {
      dropped += lost + putBack(batch, error)
      logger.error(
        {
          event: 'audit.failed',
          waiting: waiting.length,
          dropped,
          error: error instanceof Error ? error : undefined,
        },
        'the audit log could not be written',
      )
      // Those behind it would meet the same store: nobody waits until it is back.
      for (const { settle } of [...batch, ...waiting]) settle()
      return false
    }
  }

  /** Answers how many are lost: where it is not the store that is away, trying again would not help. */
  function putBack(batch: readonly Waiting[], error: unknown): number {
    const isAway = error instanceof AuthError && error.code === 'unavailable'
    const room = isAway ? MOST_WAITING - waiting.length : 0
    const kept = batch.slice(0, Math.max(0, room))
    waiting.unshift(...kept)
    return batch.length - kept.length
  }

  return {
    async record(name, facts) {
      log(logger, name, facts)
      const entry = toEntry(name, facts, clock.now())
      const { repeats } = EVENTS[name]
      if (!repeats || storms[repeats].admit(entry)) await keep(entry)
    },
    async close() {
      for (const stop of stops) stop()
      keepCounted()
      await flush()
      // It may have been failing for the sake of an earlier one.
      await flush()
      const lost = dropped + waiting.length
      if (lost > 0) logger.error({ event: 'audit.lost', count: lost }, 'events were not written')
    },
  }
}

/** Network addresses are left out of the log. */
function log(logger: Logger, event: EventName, { user, actor, session, details }: EventFacts): void {
  const { level, message } = EVENTS[event]
  logger[level](
    { event, ...(session && { session }), ...(user && { user }), ...(actor && { actor }), ...details },
    message,
  )
}
