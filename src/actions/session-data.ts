// What can be done with the data that is kept for one browser's visit, wherever it is kept?

import { sessionEnd } from '../core/session/session.ts'
import { LARGEST_CONTAINER, LARGEST_VALUE, LONGEST_KEY, MOST_KEYS } from '../core/session-data/container.ts'
import { DEEPEST } from '../core/session-data/json.ts'
import { AuthError } from '../errors.ts'
import type { BoundSession } from '../ports/session-data-store.ts'
import type { Runtime } from './runtime.ts'

/** What a request shows, and whose it is. */
export interface DataHolder {
  /** The value of the data cookie; `null` where none was sent, or two that differ. */
  readonly cookie: string | null
  readonly cookieName: string
  /** The session as which the request is authenticated, or that it renews; `null` for a visitor. */
  readonly sessionId: string | null
}

/** The session that a request without an access token renews, as its hint says, if it is live: the hint may have outlived it. */
export async function renewedSession(
  { store }: Pick<Runtime, 'store'>,
  hinted: string | null,
): Promise<string | null> {
  if (hinted === null) return null
  const read = await store.sessions.find(hinted)
  return read && sessionEnd(read.session, read.now) === null ? hinted : null
}

/** `maxAge` in seconds; left out, the cookie ends with the browser. */
export interface DataCookie {
  readonly value: string
  readonly maxAge: number | undefined
}

/** What the answer is to do with the data cookie: set it, clear it (`null`), or leave it alone (`undefined`). */
export type DataAnswer = DataCookie | null | undefined

/** One request's. Calls come one after the other. Values are JSON. */
export interface SessionData {
  read(): Promise<ReadonlyMap<string, string>>
  /** `null`: removed. @throws {AuthError} `payload_too_large`, `conflict`, `session_revoked`. */
  write(key: string, json: string | null): Promise<void>
  flush(): Promise<void>
  rotate(): Promise<void>
  answer(): Promise<DataAnswer>
}

/** How long a browser keeps the cookie of a container: as long as that of the session to which it is bound. */
export function dataCookie(value: string, bound: BoundSession | null, now: number): DataCookie {
  return { value, maxAge: bound?.remember ? Math.ceil((bound.expiresAt - now) / 1000) : undefined }
}

/** Use is noted when it is this much of the idle timeout ago, so that reading does not mean writing. */
export const usedLongAgo = (seenAt: number, now: number, idleTimeout: number): boolean =>
  now - seenAt >= idleTimeout / 16

export type DataRefusal =
  | 'ended'
  | 'session_ended'
  | 'too_many_keys'
  | 'long_key'
  | 'large_value'
  | 'deep_value'
  | 'too_large'

export function dataRefusal(reason: DataRefusal): AuthError {
  if (reason === 'session_ended') return new AuthError('session_revoked')
  if (reason === 'ended') {
    return new AuthError('conflict', {
      detail:
        'The session data of this browser has just gone over to another id, at sign-in, sign-out or by another request; send this again.',
    })
  }
  return new AuthError('payload_too_large', { detail: `Session data ${LIMITS[reason]}.` })
}

const LIMITS = {
  too_many_keys: `holds ${MOST_KEYS} keys`,
  long_key: `takes keys of ${LONGEST_KEY} characters`,
  deep_value: `takes values of ${DEEPEST} levels`,
  large_value: `takes values of ${LARGEST_VALUE} bytes of JSON`,
  too_large: `holds ${LARGEST_CONTAINER} bytes of keys and JSON in all`,
} as const
