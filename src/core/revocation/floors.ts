// Which tokens issued before their time must no longer be accepted?
import { LONGEST_ACCESS_LIFETIME } from '../access-token/claims.ts'

/**
 * What a floor covers: one session (by generation), one user (by revision) or everything (by time of issue, in
 * seconds).
 */
export type FloorScope = `session:${string}` | `user:${string}` | '*'

/** One line of the revocation log. */
export interface Floor {
  readonly scope: FloorScope
  /** `Infinity` where nothing of the scope is accepted any more. */
  readonly floor: number
  /** Milliseconds; when every token that the floor could refuse has expired by itself. */
  readonly expiresAt: number
}

/** Milliseconds that two nodes' clocks may differ and a poll may take, with room to spare (DESIGN). */
const EXPIRY_MARGIN = 5 * 60_000

const FLOOR_LIFETIME = LONGEST_ACCESS_LIFETIME * 1000 + EXPIRY_MARGIN

/** When every token that a floor raised at `now` refuses has expired by itself. */
const floorExpiry = (now: number): number => now + FLOOR_LIFETIME

/** The first second in which a token can have been issued after the floor was raised. */
const raisedAt = ({ expiresAt }: Floor): number => Math.ceil((expiresAt - FLOOR_LIFETIME) / 1000)

/** Lines that one command may write; past it, one line that is too wide does no more harm than a refresh. */
const MOST_LINES = 10_000

/** Every token issued until now: it says its time in whole seconds, so this second is over for all. */
const everything = (now: number): Floor => ({
  scope: '*',
  floor: Math.floor(now / 1000) + 1,
  expiresAt: floorExpiry(now),
})

/** The floors of sessions that have ended. */
export function sessionFloors(sessionIds: readonly string[], now: number): readonly Floor[] {
  if (sessionIds.length > MOST_LINES) return [everything(now)]
  const expiresAt = floorExpiry(now)
  return sessionIds.map((id) => ({ scope: `session:${id}`, floor: Number.POSITIVE_INFINITY, expiresAt }))
}

/**
 * The floors where everything ends, also what no row knows of any more because the database was restored from a backup. The
 * `last` to end have floors of their own as well: a refresh under way may yet mint a token for one of them that says a later
 * time, and no further floor of everything follows that would refuse it.
 */
export function globalFloors(last: readonly string[], now: number): readonly Floor[] {
  return [everything(now), ...sessionFloors(last, now)]
}

/**
 * The floors of a user whose revision rose (`Infinity` for one who is no more) and whose sessions ended with it. A refresh
 * that is under way may still mint a token of the new revision for one of them: its own floor refuses that one.
 */
export function userFloors(
  userId: string,
  revision: number,
  ended: readonly string[],
  now: number,
): readonly Floor[] {
  return [
    { scope: `user:${userId}`, floor: revision, expiresAt: floorExpiry(now) },
    ...sessionFloors(ended, now),
  ]
}

/** Every token of the session before this generation: the row is read again, which says whether it still counts. */
export function generationFloor(sessionId: string, generation: number, now: number): readonly Floor[] {
  return [{ scope: `session:${sessionId}`, floor: generation, expiresAt: floorExpiry(now) }]
}

export interface FloorClaims {
  readonly sid: string
  readonly sub: string
  readonly gen: number
  readonly rev: number
  readonly iat: number
  /** Has neither generation nor revision: another service made it. It is judged by when it was issued. */
  readonly foreign?: true
}

/** `stale`: the token is worth a refresh, which says the rest. */
export type FloorVerdict = 'accepted' | 'session_revoked' | 'stale'

/**
 * The floors a node knows. Merging is by maximum, so that reading a line twice is harmless. `elapsed` is of a clock that nobody
 * sets: by a wall clock that is hours ahead a floor would be forgotten at once, and a token that the same clock dated would
 * outlive it.
 */
export interface Floors {
  /** Answers those that rose, to tell whoever holds what they end. */
  merge(floors: readonly Floor[], elapsed: number): readonly Floor[]
  judge(claims: FloorClaims): FloorVerdict
  /** Forgets what was learnt so long ago that every token it refuses has expired by itself. */
  prune(elapsed: number): void
  readonly size: number
}

export function createFloors(): Floors {
  const known = new Map<FloorScope, Floor & { readonly learntAt: number }>()
  const floorOf = (scope: FloorScope): number => known.get(scope)?.floor ?? Number.NEGATIVE_INFINITY

  return {
    merge(floors, elapsed) {
      const raised: Floor[] = []
      for (const next of floors) {
        const present = known.get(next.scope)
        if (present === undefined || next.floor > present.floor) raised.push(next)
        known.set(next.scope, {
          scope: next.scope,
          floor: Math.max(next.floor, present?.floor ?? next.floor),
          expiresAt: Math.max(next.expiresAt, present?.expiresAt ?? 0),
          learntAt: elapsed,
        })
      }
      return raised
    },
    judge({ sid, sub, gen, rev, iat, foreign }) {
      if (known.size === 0) return 'accepted'
      const session = floorOf(`session:${sid}`)
      if (session === Number.POSITIVE_INFINITY) return 'session_revoked'
      const user = known.get(`user:${sub}`)
      if (user?.floor === Number.POSITIVE_INFINITY) return 'session_revoked'
      const isOutdated = user !== undefined && (foreign ? iat < raisedAt(user) : rev < user.floor)
      return isOutdated || gen < session || iat < floorOf('*') ? 'stale' : 'accepted'
    },
    prune(elapsed) {
      for (const [scope, { learntAt }] of known) if (elapsed - learntAt >= FLOOR_LIFETIME) known.delete(scope)
    },
    get size() {
      return known.size
    },
  }
}
