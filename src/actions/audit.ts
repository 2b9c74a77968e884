// How does the application read the audit log?
import type { AuditRow } from '../core/audit/chain.ts'
import { toAuditEvent } from '../core/audit/entry.ts'
import type { AuditEvent, EventName } from '../core/audit/event.ts'
import { EVENTS } from '../core/audit/event.ts'
import { AuthError } from '../errors.ts'
import type { AuditFilter, AuditLog, AuditPlace } from '../ports/audit-log.ts'

/** Which events. Left out: all. */
export interface EventFilter {
  /** Whom they are about. */
  readonly user?: string
  readonly event?: EventName
  /** From this instant on. ISO 8601, or a `Date`. */
  readonly since?: string | Date
  /** Before this instant. */
  readonly until?: string | Date
}

export interface EventQuery extends EventFilter {
  /** `next` of the page before. */
  readonly after?: string
  /** From 1 to 500, default 50. */
  readonly limit?: number
}

/** An event with its place in the chain. */
export interface RecordedEvent extends AuditEvent {
  readonly id: number
  readonly keyId: string
  readonly hash: string
}

export interface EventPage {
  /** Newest first. */
  readonly events: readonly RecordedEvent[]
  /** For `after`; `null`: there are no more. */
  readonly next: string | null
}

const DEFAULT_LIMIT = 50
const LARGEST_PAGE = 500

/** @throws {AuthError} `validation_failed`. */
export async function listEvents(audit: AuditLog, query: EventQuery): Promise<EventPage> {
  const { after, limit = DEFAULT_LIMIT, ...filter } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_PAGE)
    throw invalid('limit', `is a whole number from 1 to ${LARGEST_PAGE}`)
  const rows = await audit.page({
    ...toFilter(filter),
    order: 'newest-first',
    after: after === undefined ? null : parsePlace(after),
    limit: limit + 1,
  })
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    events: shown.map(toRecordedEvent),
    next: last && rows.length > limit ? `${last.at}.${last.id}` : null,
  }
}

/** Oldest first, page by page, as fast as they are taken. @throws {AuthError} `validation_failed`. */
export async function* exportEvents(audit: AuditLog, filter: EventFilter): AsyncGenerator<RecordedEvent> {
  const wanted = toFilter(filter)
  let after: AuditPlace | null = null
  for (;;) {
    const rows: readonly AuditRow[] = await audit.page({
      ...wanted,
      order: 'oldest-first',
      after,
      limit: LARGEST_PAGE,
    })
    for (const row of rows) yield toRecordedEvent(row)
    after = rows.at(-1) ?? null
    if (rows.length < LARGEST_PAGE) return
    await giveWay()
  }
}

/** Pages of a file are read without waiting: whoever takes them at once must not keep requests from being answered. */
function giveWay(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

function toRecordedEvent(row: AuditRow): RecordedEvent {
  const { id, keyId, hash } = row
  return Object.freeze({ id, ...toAuditEvent(row), keyId, hash })
}

function toFilter({ user, event, since, until }: EventFilter): AuditFilter {
  if (event !== undefined && !Object.hasOwn(EVENTS, event)) throw invalid('event', 'is none that there is')
  return { user, event, since: toInstant('since', since), until: toInstant('until', until) }
}

function toInstant(field: string, value: string | Date | undefined): number | undefined {
  if (value === undefined) return undefined
  const instant = new Date(value).getTime()
  if (Number.isNaN(instant)) throw invalid(field, 'is not a date, such as 2026-01-31 or 2026-01-31T12:00:00Z')
  return instant
}

function parsePlace(text: string): AuditPlace {
  const [, at, id] = /^(-?\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  if (at === undefined || id === undefined) throw invalid('after', 'is not the `next` of a page')
  return { at: Number(at), id: Number(id) }
}

function invalid(field: string, message: string): AuthError {
  return new AuthError('validation_failed', {
    detail: `${field} ${message}.`,
    errors: [{ field, code: 'invalid', message }],
  })
}
