// May a session token of this generation still be shown? One pure function over the row, for the opaque strategy.
import { isSettled } from './rotation.ts'
import type { SessionRecord } from './session.ts'
import { sessionEnd } from './session.ts'

/** `superseded`: a newer token of the session is in use. */
export type Presentation = 'accepted' | 'superseded' | 'revoked' | 'ended'

export interface PresentationInput {
  readonly session: SessionRecord
  /** The generation of a token whose MAC and nonce are right. */
  readonly presented: number
  /** By the store's clock, milliseconds. */
  readonly now: number
  /** Milliseconds in which the predecessor is accepted still: requests that were under way. */
  readonly grace: number
}

/** A token newer than its row was issued before a backup was restored, and is the owner's all the same. */
export function judgePresentation({ session, presented, now, grace }: PresentationInput): Presentation {
  const end = sessionEnd(session, now)
  if (end) return end === 'revoked' ? 'revoked' : 'ended'
  const { generation, predecessor, confirmedGeneration } = session
  if (presented >= generation) return 'accepted'
  if (presented !== predecessor) return 'superseded'
  // The answer that brought the successor may be on its way, or lost.
  const successorUnseen = confirmedGeneration < generation
  return successorUnseen || !isSettled(session, now, grace) ? 'accepted' : 'superseded'
}
