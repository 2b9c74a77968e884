// What becomes of a presented refresh token? One pure function over the row.
import type { SessionRecord } from './session.ts'
import { sessionEnd } from './session.ts'

/** A compare-and-swap on the session's row. It holds only while the row still says `from` and the session is live. */
export interface Swap {
  readonly from: number
  readonly to: number
  readonly predecessor: number
  /** Raised to at least this by the swap. */
  readonly confirmed: number
  /** Holds only while nobody has been seen with the generation that is burned. */
  readonly whileUnconfirmed: boolean
  /** Milliseconds, forward or back, in which the row must not have been rotated; the first rotation is free. */
  readonly settledFor: number
}

export type RotationVerdict =
  /** Hand out `swap.to` once the swap has been made. */
  | { readonly kind: 'rotate' | 'burn' | 'ahead'; readonly swap: Swap }
  /** Hand out `generation` again, with no write: every racer holds the same successor. */
  | { readonly kind: 'replay'; readonly generation: number }
  /** The token was used before and its successor is in use: someone holds a copy. Revoke. */
  | { readonly kind: 'reuse' }
  | { readonly kind: 'refused'; readonly reason: 'revoked' | 'expired' | 'idle' }

export interface RotationInput {
  readonly session: SessionRecord
  /** The generation of a token whose MAC and nonce are right. */
  readonly presented: number
  /** By the store's clock, milliseconds. */
  readonly now: number
  /** Milliseconds in which the predecessor is answered again. */
  readonly grace: number
}

/** The swap of the common path, known without reading the row: the presented generation is the present one. */
export function nextSwap(presented: number, grace: number): Swap {
  return {
    from: presented,
    to: presented + 1,
    predecessor: presented,
    confirmed: presented,
    whileUnconfirmed: false,
    settledFor: grace,
  }
}

/** A clock that was set back makes an age negative; then as well as after the grace, nothing is recent. */
export function isSettled({ predecessor, rotatedAt }: SessionRecord, now: number, grace: number): boolean {
  return predecessor === null || Math.abs(now - rotatedAt) > grace
}

/** DESIGN: "Rotation is one compare-and-swap". RFC 9700 section 4.14.2 asks for reuse to end the grant. */
export function decideRotation({ session, presented, now, grace }: RotationInput): RotationVerdict {
  const end = sessionEnd(session, now)
  if (end) return { kind: 'refused', reason: end }

  const { generation, predecessor, confirmedGeneration } = session
  const settled = isSettled(session, now, grace)
  // Once per grace window: were it rotated again, a third tab that is still under way with the predecessor's predecessor
  // would be taken for a thief.
  if (presented === generation) {
    return settled ? { kind: 'rotate', swap: nextSwap(presented, grace) } : { kind: 'replay', generation }
  }

  // Only a row older than the token explains this: a restored backup or a fail-over that lost the last swap.
  if (presented > generation) {
    return { kind: 'ahead', swap: { ...nextSwap(presented, 0), from: generation } }
  }
  if (presented !== predecessor) return { kind: 'reuse' }
  if (!settled) return { kind: 'replay', generation }

  // The successor never reached anyone, so its answer was lost. It is burned: whoever shows it later is found out.
  if (confirmedGeneration < generation) {
    return {
      kind: 'burn',
      swap: {
        from: generation,
        to: generation + 1,
        predecessor,
        confirmed: confirmedGeneration,
        whileUnconfirmed: true,
        settledFor: grace,
      },
    }
  }
  return { kind: 'reuse' }
}
