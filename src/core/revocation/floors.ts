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

/** When every token that a floor raised at `now` refuses has expired by itself. */
function floorExpiry(now: number): number {
  return now + LONGEST_ACCESS_LIFETIME * 1000 + EXPIRY_MARGIN
}

/** The floor of a session that has ended. */
export function sessionFloor(sessionId: string, now: number): Floor {
  return { scope: `session:${sessionId}`, floor: Number.POSITIVE_INFINITY, expiresAt: floorExpiry(now) }
}

/** The floor of a user whose revision rose; `Infinity` for one who is no more. */
export function userFloor(userId: string, revision: number, now: number): Floor {
  return { scope: `user:${userId}`, floor: revision, expiresAt: floorExpiry(now) }
}

export interface FloorClaims {
  readonly sid: string
  readonly sub: string
  readonly gen: number
  readonly rev: number
  readonly iat: number
}

export type FloorVerdict = 'accepted' | 'session_revoked' | 'user_changed'

/** The floors a node knows. Merging is by maximum, so that reading a line twice is harmless. */
export interface Floors {
  merge(floors: readonly Floor[]): void
  judge(claims: FloorClaims): FloorVerdict
  /** Forgets what has expired. */
  prune(now: number): void
  readonly size: number
}

export function createFloors(): Floors {
  const known = new Map<FloorScope, Floor>()
  const floorOf = (scope: FloorScope): number => known.get(scope)?.floor ?? Number.NEGATIVE_INFINITY

  return {
    merge(floors) {
      for (const next of floors) {
        const present = known.get(next.scope)
        known.set(next.scope, {
          scope: next.scope,
          floor: Math.max(next.floor, present?.floor ?? next.floor),
          expiresAt: Math.max(next.expiresAt, present?.expiresAt ?? 0),
        })
      }
    },
    judge({ sid, sub, gen, rev, iat }) {
      if (known.size === 0) return 'accepted'
      if (gen < floorOf(`session:${sid}`)) return 'session_revoked'
      if (iat < floorOf('*')) return 'session_revoked'
      const user = floorOf(`user:${sub}`)
      if (user === Number.POSITIVE_INFINITY) return 'session_revoked'
      return rev < user ? 'user_changed' : 'accepted'
    },
    prune(now) {
      for (const [scope, { expiresAt }] of known) if (expiresAt <= now) known.delete(scope)
    },
    get size() {
      return known.size
    },
  }
}
