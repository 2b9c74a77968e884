// Which floors does this node know, and how old may that knowledge be?
import type { Floor, FloorClaims, FloorVerdict } from '../core/revocation/floors.ts'
import { createFloors } from '../core/revocation/floors.ts'
import { AuthError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { LogCursor, RevocationLog } from '../ports/revocation-log.ts'

/** Milliseconds between two polls of the log. Hints only hasten. */
const POLL_INTERVAL = 1000
/** Milliseconds after which the knowledge is too old to accept anything by it (DESIGN, promise 2). */
const STALENESS_BOUND = 2000

export interface Revocations {
  /** Resolves at once while the knowledge is fresh; else after a poll that all waiting requests share. */
  ready(): Promise<void> | undefined
  judge(claims: FloorClaims): FloorVerdict
  /** Applies what this process itself revoked, without waiting for the next poll, and tells the others that there is something to read. */
  apply(floors: readonly Floor[]): void
  /** Reads what was written before the call, a second long at most. For a command that says of more than it ended itself that it has ended. */
  catchUp(): Promise<void>
  /** Answers how to stop watching. */
  watch(watcher: RevocationsWatcher): () => void
  close(): void
}

/** Whoever holds what a floor ends. Does not throw. */
export interface RevocationsWatcher {
  /** Floors that have risen, here or elsewhere. One may be told again. */
  raised(floors: readonly Floor[]): void
  /** For `LONGEST_BLINDNESS` nobody could say what was revoked. Told each second until somebody can. */
  unreadable(): void
}

export interface RevocationsParts {
  readonly log: RevocationLog
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Milliseconds without a good poll after which open connections are not believed any more. Longer than for requests: a database
 * that fails over should not make every client connect anew at the same moment.
 */
const LONGEST_BLINDNESS = 10_000

/** Polls that a request waits for, each too old when it is answered: the request may have been given up long ago. */
const MOST_POLLS = 8

/** Milliseconds that a request waits for the shared poll. */
const LONGEST_WAIT = 1000

/** Resolves after the first full read of the log: a node that has not read it accepts nothing. */
export async function createRevocations({ log, clock, logger }: RevocationsParts): Promise<Revocations> {
  const floors = createFloors()
  let cursor: LogCursor = null
  /** When the last good poll began, by both clocks; whichever says it is longer ago counts. */
  let freshSince = { wall: Number.NEGATIVE_INFINITY, monotonic: Number.NEGATIVE_INFINITY }
  let polling: Promise<void> | undefined
  const watchers = new Set<RevocationsWatcher>()

  const learn = (lines: readonly Floor[]): void => {
    const raised = floors.merge(lines, clock.monotonic())
    if (raised.length > 0) for (const watcher of watchers) watcher.raised(raised)
  }

  const read = async (): Promise<void> => {
    const began = { wall: clock.now(), monotonic: clock.monotonic() }
    // Somebody set the wall clock: lines were perhaps forgotten or passed over by a time that is not, so all are read.
    const drift = began.wall - freshSince.wall - (began.monotonic - freshSince.monotonic)
    if (Math.abs(drift) > STALENESS_BOUND) cursor = null
    try {
      const page = await log.read(cursor)
      learn(page.floors)
      cursor = page.cursor
      freshSince = began
    } catch (cause) {
      // After any error the whole live log is read again: what was missed meanwhile cannot be known.
      cursor = null
      throw new AuthError('unavailable', {
        detail: 'The revocation log cannot be read.',
        retryAfter: 1,
        cause,
      })
    }
  }
  const poll = (): Promise<void> => {
    polling ??= read().finally(() => {
      polling = undefined
    })
    return polling
  }
  const age = (): number =>
    Math.max(Math.abs(clock.now() - freshSince.wall), clock.monotonic() - freshSince.monotonic)

  /**
   * The poll that all share may have begun long before this request, and what it says be as old as that. So may the next, where
   * the process was stopped or the machine slept while its answer was on the way.
   */
  const becomeFresh = async (): Promise<void> => {
    for (let polls = 0; polls === 0 || age() > STALENESS_BOUND; polls++) {
      if (polls === MOST_POLLS)
        throw new AuthError('unavailable', { detail: 'The revocation log answers too late.', retryAfter: 1 })
      await poll()
    }
  }

  /** One that is under way may have read already. */
  const pollAnew = async (): Promise<void> => {
    await polling?.catch(() => {})
    await poll()
  }

  const withinBound = (work: Promise<void>): Promise<void> => {
    const late = Promise.withResolvers<void>()
    const cancel = clock.every(LONGEST_WAIT, () =>
      late.reject(
        new AuthError('unavailable', { detail: 'The revocation log does not answer.', retryAfter: 1 }),
      ),
    )
    return Promise.race([work, late.promise]).finally(cancel)
  }

  await poll()
  const renew = (): void => {
    // Within bounds: a poll that hangs is as good as one that fails.
    withinBound(poll()).catch((error: unknown) => {
      logger.error(
        { event: 'revocation.poll_failed', error: error instanceof Error ? error : undefined },
        'revocation log unreadable',
      )
      if (age() > LONGEST_BLINDNESS) for (const watcher of watchers) watcher.unreadable()
    })
  }
  const stopPolling = clock.every(POLL_INTERVAL, () => {
    floors.prune(clock.monotonic())
    renew()
  })
  /** What is written during a poll has perhaps escaped it: another one follows, one for however many hints. */
  let isHintWaiting = false
  const renewAfter = (): void => {
    isHintWaiting = false
    renew()
  }
  const stopListening = log.watch?.(() => {
    if (!polling) return renew()
    if (isHintWaiting) return
    isHintWaiting = true
    polling.then(renewAfter, renewAfter)
  })

  return {
    ready: () => (age() <= STALENESS_BOUND ? undefined : withinBound(becomeFresh())),
    judge: (claims) => floors.judge(claims),
    apply(lines) {
      learn(lines)
      if (lines.length > 0) log.announce?.()
    },
    catchUp: () => withinBound(pollAnew()),
    watch(watcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    close() {
      stopPolling()
      stopListening?.()
    },
  }
}
