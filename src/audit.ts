// What may the application itself read of the audit log?
import type { EventFilter, EventPage, EventQuery, RecordedEvent } from './actions/audit.ts'
import { exportEvents, listEvents } from './actions/audit.ts'
import type { AuditVerdict } from './actions/verify-audit.ts'
import { verifyAudit } from './actions/verify-audit.ts'
import type { AuditHead } from './core/audit/chain.ts'
import { parseHead } from './core/audit/chain.ts'
import type { AuditKeys } from './core/audit/keys.ts'
import { AuthError } from './errors.ts'
import type { AuditLog } from './ports/audit-log.ts'

export type { EventFilter, EventPage, EventQuery, RecordedEvent } from './actions/audit.ts'
export type {
  AuditBreakKind,
  AuditBroken,
  AuditMark,
  AuditVerdict,
  AuditWhole,
} from './actions/verify-audit.ts'

/**
 * What has happened, as it is kept: who signed in, who tried, what was changed and by whom.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const lastSignIns = (user: string) => auth.audit.list({ user, event: 'session.created', limit: 10 })
 * ```
 */
export interface Audit {
  /** A page, newest first. @throws {AuthError} `validation_failed`. */
  list(query?: EventQuery): Promise<EventPage>
  /** All that the filter lets through, oldest first, read page by page as they are taken. @throws {AuthError} `validation_failed`. */
  export(filter?: EventFilter): AsyncIterable<RecordedEvent>
  /**
   * Reads the whole log and says whether a row was changed, removed or put in. `head` is one that an earlier call has answered and that
   * was kept elsewhere: without one, rows that are missing at the end may not be noticed. `onProgress` hears how many rows are done, of
   * how many. @throws {AuthError} `validation_failed` for a head that is none.
   */
  verify(options?: {
    readonly head?: string
    readonly onProgress?: (done: number, total: number) => void
  }): Promise<AuditVerdict>
  /**
   * Whether this process has the key of the newest row, so that what it records goes on with the chain. A process that was given
   * another secret by mistake breaks it for good.
   */
  continues(): Promise<boolean>
}

export function createAudit(log: AuditLog, keys: AuditKeys): Audit {
  return {
    list: (query = {}) => listEvents(log, query),
    export: (filter = {}) => exportEvents(log, filter),
    verify: async ({ head, onProgress = () => {} } = {}) =>
      verifyAudit({ audit: log, keys, expected: head === undefined ? null : toHead(head), onProgress }),
    async continues() {
      const { head } = await log.ends()
      const [newest] = await log.chain(head.id - 1, 1)
      return newest === undefined || keys.find(newest.keyId) !== undefined
    },
  }
}

function toHead(text: string): AuditHead {
  const head = parseHead(text)
  if (head) return head
  throw new AuthError('validation_failed', {
    detail: 'The head is not one that a verification has answered.',
    errors: [{ field: 'head', code: 'invalid', message: 'is not ID:HASH' }],
  })
}
