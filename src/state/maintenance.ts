// What is tidied up in the background?
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'

const INTERVAL = 10 * 60 * 1000
/** Rows removed at a time, so that no request waits long behind it. */
const BATCH = 500

/** Removes sessions, session data and log lines that have ended. Answers how to stop. */
export function startMaintenance(store: Store, clock: Clock, logger: Logger): () => void {
  return clock.every(INTERVAL, () => {
    Promise.all([
      store.sessions.prune(BATCH),
      store.sessionData.prune(BATCH),
      store.revocations.prune(),
    ]).catch((error: unknown) => {
      logger.error(
        { event: 'maintenance.failed', error: error instanceof Error ? error : undefined },
        'old rows not removed',
      )
    })
  })
}
