// How many events of one kind are kept each for itself, before the others are only counted?
import type { AuditEntry } from '../core/audit/chain.ts'
import type { Repeats } from '../core/audit/event.ts'
import { networkOf } from '../core/network/network.ts'

interface StormRule {
  /** What is counted together in a minute. */
  sourceOf(entry: AuditEntry): string
  /** How many of one source are kept each for itself. */
  readonly inFull: number
  /** How many sources are told from another in a minute. */
  readonly mostSources: number
  /** What stands for one from any further source; `null`: it is kept for itself. */
  beyond(entry: AuditEntry): AuditEntry | null
}

const RULES: Readonly<Record<Repeats, StormRule>> = {
  // This bounds what a storm writes, whoever it comes from: about 1,000 rows a minute and process.
  refused: {
    sourceOf: ({ event, user, ip }) => JSON.stringify([event, user, networkOf(ip)]),
    inFull: 3,
    mostSources: 250,
    beyond: anonymous,
  },
  // Not by network: one user has as many as they like. Whoever has 10,000 accounts to act with could, if further users were counted
  // together, hide what happens to everybody else; so those are kept, and their own accounts are what bounds them.
  done: {
    sourceOf: ({ event, user, actor }) => JSON.stringify([event, user, actor]),
    inFull: 20,
    mostSources: 10_000,
    beyond: () => null,
  },
}

/** One source in the present minute. */
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

/** Of events that somebody can cause as often as they like. */
export function createStorm(repeats: Repeats): Storm {
  const { sourceOf, inFull, mostSources, beyond } = RULES[repeats]
  let sources = new Map<string, Source>()

  return {
    admit(entry) {
      const known = sources.get(sourceOf(entry))
      const counted = known || sources.size < mostSources ? entry : beyond(entry)
      if (!counted) return true
      const key = sourceOf(counted)
      const source = known ?? sources.get(key) ?? { count: 0, last: counted }
      sources.set(key, source)
      source.count++
      source.last = counted
      return source.count <= inFull
    },
    drain() {
      const ended = sources
      sources = new Map()
      return [...ended.values()]
        .filter(({ count }) => count > inFull)
        .map(({ count, last }) => withCount(last, count - inFull))
    },
  }
}

function anonymous(entry: AuditEntry): AuditEntry {
  return { ...entry, user: null, session: null, ip: null, userAgent: null }
}

function withCount(entry: AuditEntry, repeated: number): AuditEntry {
  const details = entry.details === null ? {} : (JSON.parse(entry.details) as object)
  return { ...entry, details: JSON.stringify({ ...details, repeated }) }
}
