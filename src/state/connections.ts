// Which open connections belong to which session, and which of them must close?
import type { Floor, FloorClaims, FloorScope } from '../core/revocation/floors.ts'
import { sessionEnd } from '../core/session/session.ts'
import type { ErrorCode } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { Revocations } from './revocations.ts'

/** A WebSocket, a stream of events, anything that outlives the request that opened it. */
export interface Connection {
  /** `code` as for WebSockets (RFC 6455 section 7.4), `reason` an error code. Called once at most. */
  close(code: number, reason: string): void
}

export interface Connections {
  /**
   * Closes `connection` when its session ends; before this returns where it has ended already, or where there are too many. Answers
   * how to let go of one that has closed by itself. It does not throw: whoever opens a WebSocket does so in a callback of a
   * library, where an error that a user can bring about would end the process.
   */
  add(owner: FloorClaims, connection: Connection): () => void
  readonly size: number
  /** Closes all, and from then on whatever is added. */
  close(): void
}

export interface ConnectionsParts {
  readonly revocations: Pick<Revocations, 'judge' | 'watch'>
  readonly sessions: Pick<SessionStore, 'findAll'>
  readonly clock: Clock
  readonly logger: Logger
  /** Milliseconds between two looks at the rows of all sessions: one access lifetime. */
  readonly interval: number
}

/** Private use (RFC 6455 section 7.4.2), and it reads like the status: the page signs in, or refreshes, and connects anew. */
const ENDED = 4401
const GOING_AWAY = 1001
/** RFC 6455 section 11.7 leads to the registry: Try Again Later. */
const TRY_LATER = 1013

/** Bounds on what users can make this process hold: about 1 KB each, beside the sockets themselves. */
const MOST = 100_000
const MOST_OF_SESSION = 100

/** Rows in one read. */
const BATCH = 500

interface Entry {
  readonly owner: FloorClaims
  readonly connection: Connection
}

export function createConnections(parts: ConnectionsParts): Connections {
  const { revocations, sessions, clock, logger, interval } = parts
  const entries = new Set<Entry>()
  const bySession = createIndex()
  const byUser = createIndex()
  let closed = false
  let sweeping = false

  const remove = (entry: Entry): boolean => {
    bySession.delete(entry.owner.sid, entry)
    byUser.delete(entry.owner.sub, entry)
    return entries.delete(entry)
  }

  const end = (entry: Entry, code: number, reason: ErrorCode): void => {
    if (!remove(entry)) return
    try {
      entry.connection.close(code, reason)
    } catch (error) {
      logger.error(
        { event: 'connection.close_failed', session: entry.owner.sid, error: toError(error) },
        'an open connection could not be closed',
      )
    }
  }

  /** A connection that the floors refuse is told what a request would be told. */
  const settle = (entry: Entry): void => {
    const verdict = revocations.judge(entry.owner)
    if (verdict !== 'accepted') end(entry, ENDED, verdict === 'stale' ? 'token_expired' : 'session_revoked')
  }

  const under = (scope: FloorScope): readonly Entry[] => {
    if (scope === '*') return [...entries]
    return scope.startsWith('user:') ? byUser.get(scope.slice(5)) : bySession.get(scope.slice(8))
  }

  const stopWatching = revocations.watch({
    raised(floors: readonly Floor[]) {
      if (entries.size === 0) return
      for (const { scope } of floors) for (const entry of under(scope)) settle(entry)
    },
    unreadable() {
      for (const entry of [...entries]) end(entry, ENDED, 'unavailable')
    },
  })

  /** Time ends sessions without a floor: idle too long, or past their absolute end. */
  const sweep = async (): Promise<void> => {
    const ids = bySession.keys()
    for (let at = 0; at < ids.length; at += BATCH) {
      const asked = ids.slice(at, at + BATCH)
      const { sessions: rows, now } = await sessions.findAll(asked)
      const ends = new Map(rows.map((row) => [row.id, sessionEnd(row, now)]))
      for (const id of asked) {
        const why = ends.has(id) ? ends.get(id) : 'expired'
        if (!why) continue
        for (const entry of bySession.get(id))
          end(entry, ENDED, why === 'revoked' ? 'session_revoked' : 'unauthenticated')
      }
    }
  }

  const stopSweeping = clock.every(interval, () => {
    if (sweeping || entries.size === 0) return
    sweeping = true
    sweep()
      .catch((error: unknown) =>
        logger.error(
          { event: 'connection.sweep_failed', error: toError(error) },
          'sessions of open connections not read',
        ),
      )
      .finally(() => {
        sweeping = false
      })
  })

  return {
    add(owner, connection) {
      const entry: Entry = { owner, connection }
      const tooMany = entries.size >= MOST || bySession.get(owner.sid).length >= MOST_OF_SESSION
      entries.add(entry)
      bySession.add(owner.sid, entry)
      byUser.add(owner.sub, entry)
      if (closed) end(entry, GOING_AWAY, 'unavailable')
      else if (tooMany) end(entry, TRY_LATER, 'unavailable')
      // What was revoked since the request was authenticated has been told to nobody who was not there yet.
      else settle(entry)
      return () => {
        remove(entry)
      }
    },
    get size() {
      return entries.size
    },
    close() {
      closed = true
      stopWatching()
      stopSweeping()
      for (const entry of [...entries]) end(entry, GOING_AWAY, 'unavailable')
    },
  }
}

interface Index {
  get(key: string): readonly Entry[]
  keys(): readonly string[]
  add(key: string, entry: Entry): void
  delete(key: string, entry: Entry): void
}

function createIndex(): Index {
  const sets = new Map<string, Set<Entry>>()
  return {
    get: (key) => [...(sets.get(key) ?? [])],
    keys: () => [...sets.keys()],
    add(key, entry) {
      const set = sets.get(key)
      if (set) set.add(entry)
      else sets.set(key, new Set([entry]))
    },
    delete(key, entry) {
      const set = sets.get(key)
      set?.delete(entry)
      if (set?.size === 0) sets.delete(key)
    },
  }
}

const toError = (error: unknown): Error | undefined => (error instanceof Error ? error : undefined)
