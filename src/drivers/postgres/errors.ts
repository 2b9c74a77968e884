// What do PostgreSQL's errors mean to whoever asked?
import { AuthError } from '../../errors.ts'

/**
 * SQLSTATE, or the class of it, that says the database cannot be used now: connections (08), resources (53), stopping, timed out and
 * starting (57), the system (58), damage (XX), who may enter (28, 3D), a standby (25006), a transaction that was cut off (25P03), a
 * lock that is not to be had (55P03), and conflicts that did not end with a second try (40).
 */
const UNAVAILABLE = /^(?:08|28|3D|40|53|57|58|XX|25006|25P03|55P03)/
const DEADLOCK_OR_CONFLICT = /^40(?:001|P01)$/

/** Those after which nobody knows the connection's state, or the server has ended it, or it leads to a server that is no use. */
const CONNECTION_LOST = /^(?:08|25006|25P03|28|3D|53|57P|58|XX)/

/** Five characters; `null` where the server has not said anything, because the connection broke or none came to be. */
export function sqlState(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null
  // Node's own codes begin with E, as no SQLSTATE does.
  return typeof code === 'string' && /^(?!E)[0-9A-Z]{5}$/.test(code) ? code : null
}

/** What somebody else did at the same time stood in the way; nothing was written. */
export function isConflict(error: unknown): boolean {
  const state = sqlState(error instanceof AuthError ? error.cause : error)
  return state !== null && DEADLOCK_OR_CONFLICT.test(state)
}

/** Whether the connection is as it was before: the server has refused one statement, and waits for the next. */
export function leavesConnectionUsable(error: unknown): boolean {
  const state = sqlState(error)
  return state !== null && !CONNECTION_LOST.test(state)
}

/** What came of a query or of connecting, for whoever asked for it. */
export function toAuthError(error: unknown): unknown {
  const state = sqlState(error)
  return state === null || UNAVAILABLE.test(state)
    ? unavailable('The database is not available.', error)
    : error
}

/** Seconds are the least that can be said; a fail-over takes some more, and some more tries. */
export function unavailable(detail: string, cause?: unknown): AuthError {
  return new AuthError('unavailable', { detail, retryAfter: 1, cause })
}

/** The name of the unique constraint that refused, or `null` for any other error. */
export function uniqueViolation(error: unknown): string | null {
  if (sqlState(error) !== '23505' || !(error instanceof Error) || !('constraint' in error)) return null
  return typeof error.constraint === 'string' ? error.constraint : null
}
