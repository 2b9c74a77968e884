// How does the application hear of events, so that no request waits for what it does with them?
import type { AuditEvent } from '../core/audit/event.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'

/** What an application does with an event, after the fact. */
export type OnEvent = (event: AuditEvent) => unknown

/** Calls under way at once. */
const MOST_RUNNING = 8
const MOST_WAITING = 1000
/** Milliseconds after which a call that has not ended is not waited for any more. */
const LONGEST_RUN = 10_000

export interface Hook {
  /** Returns at once. */
  tell(event: AuditEvent): void
  /** Resolves once all calls have ended, or were given up. */
  close(): Promise<void>
}

export interface HookParts {
  readonly onEvent: OnEvent
  readonly clock: Pick<Clock, 'every'>
  readonly logger: Logger
}

/** In the order of the events; a call may end after one that began later. */
export function createHook({ onEvent, clock, logger }: HookParts): Hook {
  const waiting: AuditEvent[] = []
  const running = new Set<Promise<void>>()
  let dropped = 0

  const failed = (event: AuditEvent, error: unknown, message: string): void =>
    logger.error(
      { event: 'hook.failed', of: event.name, error: error instanceof Error ? error : undefined },
      message,
    )

  async function run(event: AuditEvent): Promise<void> {
    const late = Promise.withResolvers<'late'>()
    const stop = clock.every(LONGEST_RUN, () => late.resolve('late'))
    try {
      const ended = await Promise.race([Promise.resolve(onEvent(event)), late.promise])
      if (ended === 'late') failed(event, undefined, 'onEvent has not ended in time, and is not waited for')
    } catch (error) {
      failed(event, error, 'onEvent failed')
    } finally {
      stop()
    }
  }

  function next(): void {
    while (running.size < MOST_RUNNING) {
      const event = waiting.shift()
      if (!event) {
        tellDropped()
        return
      }
      const call = Promise.resolve()
        .then(() => run(event))
        .finally(() => {
          running.delete(call)
          next()
        })
      running.add(call)
    }
  }

  function tellDropped(): void {
    if (dropped === 0) return
    logger.error({ event: 'hook.dropped', count: dropped }, 'onEvent is too slow; it was not told of events')
    dropped = 0
  }

  return {
    tell(event) {
      if (waiting.length >= MOST_WAITING) dropped++
      else waiting.push(event)
      next()
    },
    async close() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
