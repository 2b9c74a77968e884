// How many events of one kind are kept each for itself, before the others are only counted?
import type { AuditEntry } from '../core/audit/chain.ts'
import { networkOf } from '../core/network/network.ts'

/** Of one event, user and network in a minute. */
const IN_FULL = 3
/**
 * Of all of them in a minute. With the one before it this bounds what a storm of refusals writes, whoever it comes from: about 1,000
 * rows a minute and process.
 */
const MOST_SOURCES = 250

/** One event, user and network in the present minute. */
interface Source {
  count: number
  last: AuditEntry
}

export interface Storm {
  /** Whether this one is kept for itself. If not, it is counted. */
  admit(entry: AuditEntry): boolean
  /** Ends the minute: what was only counted, as one entry for each source, with the number as `repeated`. */
  drain(): readonly AuditEntry[]
}

/** Of events that anybody can cause as often as they like. */
export function createStorm(): Storm {
  let sources = new Map<string, Source>()

  return {
    admit(entry) {
      const known = sources.get(keyOf(entry))
      // With so many sources nobody is told from another: the event alone is counted.
      const counted = known || sources.size < MOST_SOURCES ? entry : anonymous(entry)
      const source = known ?? sources.get(keyOf(counted)) ?? { count: 0, last: counted }
      sources.set(keyOf(counted), source)
      source.count++
      source.last = counted
      return source.count <= IN_FULL
    },
    drain() {
      const ended = sources
      sources = new Map()
      return [...ended.values()]
        .filter(({ count }) => count > IN_FULL)
        .map(({ count, last }) => withCount(last, count - IN_FULL))
    },
  }
}

const keyOf = ({ event, user, ip }: AuditEntry): string => JSON.stringify([event, user, networkOf(ip)])

function anonymous(entry: AuditEntry): AuditEntry {
  return { ...entry, user: null, session: null, ip: null, userAgent: null }
}

function withCount(entry: AuditEntry, repeated: number): AuditEntry {
  const details = entry.details === null ? {} : (JSON.parse(entry.details) as object)
  return { ...entry, details: JSON.stringify({ ...details, repeated }) }
}
