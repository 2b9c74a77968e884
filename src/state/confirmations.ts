// Of which generations has a token been seen, and is not yet written down?
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { IdleTimeout, SessionStore } from '../ports/session-store.ts'

/** Milliseconds; a refresh grace may not be shorter than twice this (DESIGN). */
const FLUSH_INTERVAL = 1000
/**
 * Sessions in one write, so few that other writes do not wait long behind it, and the bound on what waits: past it the oldest
 * is forgotten, which costs only strictness.
 */
const LARGEST_BATCH = 250
const MOST_PENDING = 100_000

export interface Confirmations {
  note(sessionId: string, generation: number): void
  /** The newest generation noted and not yet written, for a decision that must not wait for the write. */
  pending(sessionId: string): number | undefined
  flush(): Promise<void>
  /** Writes what is left. */
  close(): Promise<void>
}

export interface ConfirmationsParts {
  readonly sessions: SessionStore
  /** Where being seen is what keeps a session from idling out; `null` where a refresh does. */
  readonly idleTimeout: IdleTimeout | null
  readonly clock: Clock
  readonly logger: Logger
}

/** Write-behind: no request waits for a confirmation. */
export function createConfirmations({
  sessions,
  idleTimeout,
  clock,
  logger,
}: ConfirmationsParts): Confirmations {
  const waiting = new Map<string, number>()

  const note = (sessionId: string, generation: number): void => {
    const known = waiting.get(sessionId)
    if (known !== undefined && known >= generation) return
    if (known === undefined && waiting.size >= MOST_PENDING) {
      const [oldest] = waiting.keys()
      if (oldest !== undefined) waiting.delete(oldest)
    }
    waiting.set(sessionId, generation)
  }

  let flushing: Promise<void> | undefined

  const next = (): readonly [string, number][] => {
    const batch: [string, number][] = []
    for (const entry of waiting) if (batch.push(entry) === LARGEST_BATCH) break
    return batch
  }

  const writeAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = next()
      await sessions.confirm(
        batch.map(([sessionId, generation]) => ({ sessionId, generation })),
        idleTimeout,
      )
      for (const [sessionId, generation] of batch) {
        if (waiting.get(sessionId) === generation) waiting.delete(sessionId)
      }
    }
  }

  /** One at a time: a slow store is not asked to write the same batch twice. */
  const flush = (): Promise<void> => {
    flushing ??= writeAll().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  const stop = clock.every(FLUSH_INTERVAL, () => {
    flush().catch((error: unknown) => {
      logger.error(
        { event: 'confirmations.flush_failed', error: error instanceof Error ? error : undefined },
        'confirmations not written',
      )
    })
  })

  return {
    note,
    pending: (sessionId) => waiting.get(sessionId),
    flush,
    async close() {
      stop()
      await flushing?.catch(() => {})
      await flush()
    },
  }
}
