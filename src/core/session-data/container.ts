// Whose is a container of session data, who may use it, and how much fits into it?
import type { SessionRecord } from '../session/session.ts'
import { sessionEnd } from '../session/session.ts'

/** What a browser keeps on the server. Every instant is in milliseconds since 1970 by the store's clock. */
export interface ContainerRecord {
  /** SHA-256 of the secret in the browser's cookie. */
  readonly idHash: string
  /** The sign-in session that it is bound to; `null` for an anonymous visitor's. */
  readonly sessionId: string | null
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly idleExpiresAt: number
  /** When it was flushed or went over to another id; its data is gone, and the row says so to whoever comes late. */
  readonly endedAt: number | null
}

/** Milliseconds for which a late request is told that its container went, rather than given a new one. */
export const TOMBSTONE_LIFETIME = 60_000

export const MOST_KEYS = 100
/** Characters. */
export const LONGEST_KEY = 128
/** Bytes of a value's JSON. */
export const LARGEST_VALUE: number = 16 * 1024
/** Bytes of all keys and values. */
export const LARGEST_CONTAINER: number = 64 * 1024

/** `ended`: it was there a moment ago. `absent`: as if there had never been one. */
export type ContainerState = 'open' | 'ended' | 'absent'

/**
 * What a request may do with the container whose id it shows. `bound`: the session that the container is bound to.
 * `asks`: the session as which the request is authenticated, or that its other cookies name while its access token is being
 * renewed; `null` for a visitor.
 *
 * A visitor's container is nobody's after sign-in, or whoever planted it before would share it (session fixation). That
 * of a session serves nobody once the session has ended, and nobody who shows its cookie alone.
 */
export function containerState(
  container: ContainerRecord | null,
  bound: SessionRecord | null,
  asks: string | null,
  now: number,
): ContainerState {
  if (!container) return 'absent'
  if (container.endedAt !== null) return now - container.endedAt < TOMBSTONE_LIFETIME ? 'ended' : 'absent'
  if (now >= container.idleExpiresAt) return 'absent'
  if (container.sessionId === null) return asks === null ? 'open' : 'absent'
  if (!bound || sessionEnd(bound, now) !== null) return 'absent'
  return asks === container.sessionId ? 'open' : 'absent'
}

/** A sign-in ends the session that the browser carried before its data can come along. */
const ENDED_BY_SIGN_IN: ReadonlySet<SessionRecord['revokedReason']> = new Set([
  'replaced',
  'password_changed',
])

/** Whether the data may come along as this user signs in: a visitor's, or the same user's. */
export function mayComeAlong(
  { sessionId }: Pick<ContainerRecord, 'sessionId'>,
  bound: SessionRecord | null,
  userId: string,
  now: number,
): boolean {
  if (sessionId === null) return true
  if (bound?.userId !== userId) return false
  const end = sessionEnd(bound, now)
  return end === null || (end === 'revoked' && ENDED_BY_SIGN_IN.has(bound.revokedReason))
}

/** How much there is besides the entry that is to be written. */
export interface Load {
  readonly keys: number
  readonly bytes: number
}

const utf8 = new TextEncoder()

export function entryBytes(key: string, json: string): number {
  return utf8.encode(key).length + utf8.encode(json).length
}

/** Which limit of the container an entry would break, or `null`. */
export function overLimit(others: Load, key: string, json: string): 'too_many_keys' | 'too_large' | null {
  if (others.keys >= MOST_KEYS) return 'too_many_keys'
  return others.bytes + entryBytes(key, json) > LARGEST_CONTAINER ? 'too_large' : null
}
