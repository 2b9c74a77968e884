// What is tidied up in the background?
import type { AuditKeyList } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'

const INTERVAL = 10 * 60 * 1000
/** Rows removed at a time, so that no request waits long behind it. */
const BATCH = 500

/** Batches in one go, so that a store that never says it is done does not keep a process busy for good. */
const MOST_BATCHES = 1000

export interface MaintenanceParts {
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
  /**
   * How long events are kept, in milliseconds, and the keys that verify what is to go, of which the first vouches for it then; `null`:
   * for ever.
   */
  readonly audit: { readonly retention: number; readonly keys: AuditKeyList } | null
}

/** Removes sessions, session data, one-time tokens, mails, log lines, counts, known networks and events that have ended. Answers how to stop. */
export function startMaintenance({ store, clock, logger, audit }: MaintenanceParts): () => void {
  const parts: readonly (() => Promise<void>)[] = [
    () => removeAll((limit) => store.sessions.prune(limit)),
    () => removeAll((limit) => store.sessionData.prune(limit)),
    () => removeAll((limit) => store.oneTimeTokens.prune(limit)),
    () => removeAll((limit) => store.outbox.prune(limit)),
    () => store.revocations.prune(),
    async () => {
      if (audit) await removeAll((limit) => pruneAudit(limit, audit))
    },
    () => removeAll((limit) => store.limits.prune(limit)),
    () => removeAll((limit) => store.knownNetworks.prune(limit)),
  ]
  /** What is not as it was written stays, for `verify` to show: an anchor behind it would hide it. */
  const pruneAudit = async (
    limit: number,
    { retention, keys }: NonNullable<MaintenanceParts['audit']>,
  ): Promise<number> => {
    const { removed, unfit } = await store.audit.prune(clock.now() - retention, limit, keys)
    if (unfit !== null)
      logger.error(
        { event: 'audit.not_pruned', id: unfit },
        'old events stay: the audit log is not as it was written',
      )
    return removed
  }
  const logged = (error: unknown): void =>
    logger.error(
      { event: 'maintenance.failed', error: error instanceof Error ? error : undefined },
      'old rows not removed',
    )
  let isWorking = false
  return clock.every(INTERVAL, () => {
    if (isWorking) return
    isWorking = true
    void Promise.all(parts.map((part) => part().catch(logged))).finally(() => {
      isWorking = false
    })
  })
}

/** Batch after batch, each a command of its own, between which others have their turn. */
async function removeAll(prune: (limit: number) => Promise<number>): Promise<void> {
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    if ((await prune(BATCH)) < BATCH) return
  }
}
