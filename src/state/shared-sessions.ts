// What have other processes read of a session, and did one of ours write that down?
import { signText, verifyText } from '../core/keys/mac.ts'
import type { KeyRing } from '../core/keys/ring.ts'
import type { SessionRecord } from '../core/session/session.ts'
import type { SessionTokenClaims } from '../core/session-token/create.ts'
import type { UserRecord } from '../core/user/user.ts'
import type { SessionCache } from '../ports/session-cache.ts'

type SharedRow = Pick<
  SessionRecord,
  | 'id'
  | 'nonceHash'
  | 'userId'
  | 'generation'
  | 'createdAt'
  | 'idleExpiresAt'
  | 'expiresAt'
  | 'remember'
  | 'carriage'
  | 'amr'
  | 'authTime'
>

/** A live session as its row was, and its user. No credential: whoever has it cannot make the token from it. */
export interface SharedSession {
  /** Milliseconds, by the store's clock: from when on anything may have changed. */
  readonly readAt: number
  readonly session: SharedRow
  readonly user: Pick<UserRecord, 'id' | 'revision' | 'roles'>
}

/**
 * What is found was true at `readAt`, and is no newer: the caller judges its age, and by the floors whether it still holds. Nothing is
 * ever said of sessions that have ended: to know of that is the revocation log's part.
 */
export interface SharedSessions {
  /** Of this very generation: a row from before the token was issued says nothing of what came with it. `null`: ask the database. */
  find(token: Pick<SessionTokenClaims, 'sessionId' | 'generation'>): Promise<SharedSession | null>
  /** For so many milliseconds. Resolves once it is handed over; no request waits for that. */
  keep(shared: SharedSession, lifetime: number): Promise<void>
}

export interface SharedSessionsParts {
  readonly cache: SessionCache
  readonly ring: KeyRing
}

/** Goes up with the shape of what is kept, so that two versions of Lockjar do not read each other's. */
const VERSION = 1
const KEY_ID_LENGTH = 8
const MAC_LENGTH = 43

const keyOf = (sessionId: string, generation: number): string => `${VERSION}.${sessionId}.${generation}`

export function createSharedSessions({ cache, ring }: SharedSessionsParts): SharedSessions {
  /** Signed with its key, or whoever can write to the cache could put one session in the place of another. */
  const sign = async (key: string, json: string): Promise<string> => {
    const { id, for: keys } = ring.current
    return `${id}${await signText(keys['session-cache'], `${key} ${json}`)}${json}`
  }

  const open = async (key: string, text: string): Promise<SharedSession | null> => {
    const signer = ring.find(text.slice(0, KEY_ID_LENGTH))
    if (!signer) return null
    const mac = text.slice(KEY_ID_LENGTH, KEY_ID_LENGTH + MAC_LENGTH)
    const json = text.slice(KEY_ID_LENGTH + MAC_LENGTH)
    if (!(await verifyText(signer.for['session-cache'], `${key} ${json}`, mac))) return null
    // One of ours wrote it, so that it has the shape.
    return JSON.parse(json) as SharedSession
  }

  return {
    async find({ sessionId, generation }) {
      const key = keyOf(sessionId, generation)
      const text = await cache.get(key)
      return text === null ? null : open(key, text)
    },
    async keep({ readAt, session, user }, lifetime) {
      const key = keyOf(session.id, session.generation)
      const json = JSON.stringify({ readAt, session: toShared(session), user: toSharedUser(user) })
      cache.put(key, await sign(key, json), lifetime)
    },
  }
}

/** No more than is needed: neither address nor browser. */
function toShared(row: SharedRow): SharedRow {
  const { id, nonceHash, userId, generation, createdAt, idleExpiresAt, expiresAt } = row
  const { remember, carriage, amr, authTime } = row
  return {
    id,
    nonceHash,
    userId,
    generation,
    createdAt,
    idleExpiresAt,
    expiresAt,
    remember,
    carriage,
    amr,
    authTime,
  }
}

const toSharedUser = ({ id, revision, roles }: SharedSession['user']): SharedSession['user'] => ({
  id,
  revision,
  roles,
})
