// What is kept of an event, and how is it told to the application?
import type { AuditEntry } from './chain.ts'
import type { AuditEvent, EventDetails, EventFacts, EventName } from './event.ts'

/** Characters. What a client sends is cut, so that no row is large. */
const LONGEST = 512
const MOST_DETAILS = 16

export function toEntry(event: EventName, facts: EventFacts, at: number): AuditEntry {
  const { user, actor, session, sender, details } = facts
  return {
    at,
    event,
    user: clean(user),
    actor: clean(actor),
    session: clean(session),
    ip: clean(sender?.ip),
    userAgent: clean(sender?.userAgent),
    details: details === undefined ? null : JSON.stringify(cleanDetails(details)),
  }
}

/** Frozen: one hook's event is not another's to change. */
export function toAuditEvent({ at, event, details, ...rest }: AuditEntry): AuditEvent {
  const { user, actor, session, ip, userAgent } = rest
  return Object.freeze({
    name: event as EventName,
    at: new Date(at).toISOString(),
    user,
    actor,
    session,
    ip,
    userAgent,
    details: Object.freeze(details === null ? {} : (JSON.parse(details) as EventDetails)),
  })
}

function cleanDetails(details: EventDetails): EventDetails {
  return Object.fromEntries(
    Object.entries(details)
      .slice(0, MOST_DETAILS)
      .map(([name, value]) => [name, typeof value === 'string' ? clean(value) : value]),
  )
}

/** Stores differ in what they make of a NUL or of half a surrogate pair, and a row must come back as it was hashed. */
function clean(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null
  const short = text.length > LONGEST ? text.slice(0, LONGEST) : text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return short.toWellFormed().replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
}
