// How is session data read and written that is kept in the cookie itself?
import { encodeBase64url } from '../core/encoding/base64url.ts'
import { IV_BYTES } from '../core/keys/seal.ts'
import { sessionEnd } from '../core/session/session.ts'
import { LARGEST_CONTAINER, MOST_KEYS } from '../core/session-data/container.ts'
import { SECRET_BYTES } from '../core/session-data/cookie.ts'
import type { SealedContainer } from '../core/session-data/sealed.ts'
import { bytesTooMany, openContainer, sealContainer } from '../core/session-data/sealed.ts'
import { AuthError } from '../errors.ts'
import type { BoundSession } from '../ports/session-data-store.ts'
import type { Runtime } from './runtime.ts'
import type { DataAnswer, DataCookie, DataHolder, SessionData } from './session-data.ts'
import { dataRefusal, usedLongAgo } from './session-data.ts'

type Parts = Pick<Runtime, 'config' | 'ring' | 'store' | 'clock' | 'random'>

/** In time, and for this node's keys; whose it is has not been judged. */
export async function sealedContainer(
  { ring, clock }: Pick<Runtime, 'ring' | 'clock'>,
  { cookie, cookieName }: Pick<DataHolder, 'cookie' | 'cookieName'>,
): Promise<{ readonly container: SealedContainer; readonly renew: boolean } | null> {
  const opened = cookie === null ? null : await openContainer(cookie, cookieName, ring)
  return opened && clock.now() < opened.container.expiresAt ? opened : null
}

/** `entries` under a new id, for a visitor or for the session that `bound` describes. */
export function freshContainer(
  { clock, config, random }: Pick<Runtime, 'clock' | 'config' | 'random'>,
  sessionId: string | null,
  bound: BoundSession | null,
  entries: SealedContainer['entries'],
): SealedContainer {
  const now = clock.now()
  return {
    id: encodeBase64url(random.bytes(SECRET_BYTES)),
    sessionId,
    keepUntil: bound?.remember ? bound.expiresAt : null,
    seenAt: now,
    expiresAt: now + config.sessionData.idleTimeout,
    entries,
  }
}

export async function toSealedCookie(
  { random, ring, clock }: Pick<Runtime, 'random' | 'ring' | 'clock'>,
  container: SealedContainer,
  cookieName: string,
): Promise<DataCookie> {
  const { keepUntil } = container
  return {
    value: await sealContainer(container, cookieName, random.bytes(IV_BYTES), ring),
    maxAge: keepUntil === null ? undefined : Math.ceil((keepUntil - clock.now()) / 1000),
  }
}

export function openSealedData(runtime: Parts, holder: DataHolder): SessionData {
  const { config, clock } = runtime
  const { cookie, cookieName, sessionId } = holder
  const { idleTimeout } = config.sessionData
  let container: SealedContainer | null | undefined
  let answer: 'set' | 'clear' | 'none' = 'none'

  const open = async (): Promise<SealedContainer | null> => {
    if (container !== undefined) return container
    const opened = await sealedContainer(runtime, holder)
    // The rule of `containerState`; whether the session is live has been asked.
    container = opened?.container.sessionId === sessionId ? opened.container : null
    if (opened && container) {
      const used = usedLongAgo(container.seenAt, clock.now(), idleTimeout)
      if (opened.renew || used) answer = 'set'
    }
    return container
  }
  const begin = async (): Promise<SealedContainer> => {
    const bound = sessionId === null ? null : await liveSession(runtime, sessionId)
    if (sessionId !== null && !bound) throw dataRefusal('session_ended')
    return freshContainer(runtime, sessionId, bound, new Map())
  }

  return {
    read: async () => (await open())?.entries ?? new Map(),
    async write(key, json) {
      const present = await open()
      if (!present && json === null) return
      const changed = changedBy(present ?? (await begin()), key, json)
      requireRoom(changed, cookieName)
      container = changed
      answer = 'set'
    },
    async flush() {
      container = null
      answer = cookie === null && answer === 'none' ? 'none' : 'clear'
    },
    async rotate() {
      const present = await open()
      if (!present) return
      container = { ...present, id: encodeBase64url(runtime.random.bytes(SECRET_BYTES)) }
      answer = 'set'
    },
    async answer(): Promise<DataAnswer> {
      if (answer === 'none' || (answer === 'set' && !container)) return undefined
      if (!container || answer === 'clear') return null
      const seenAt = clock.now()
      const used = { ...container, seenAt, expiresAt: seenAt + idleTimeout }
      return toSealedCookie(runtime, used, cookieName)
    },
  }
}

async function liveSession({ store }: Pick<Runtime, 'store'>, id: string): Promise<BoundSession | null> {
  const read = await store.sessions.find(id)
  return read && sessionEnd(read.session, read.now) === null ? read.session : null
}

function changedBy(container: SealedContainer, key: string, json: string | null): SealedContainer {
  const entries = new Map(container.entries)
  if (json === null) entries.delete(key)
  else entries.set(key, json)
  return { ...container, entries }
}

/** Refused when it is set, before anything of it is lost. */
function requireRoom(container: SealedContainer, cookieName: string): void {
  if (container.entries.size > MOST_KEYS) throw dataRefusal('too_many_keys')
  const excess = bytesTooMany(container, cookieName)
  if (excess === 0) return
  throw new AuthError('payload_too_large', {
    detail: `Session data sealed in its cookie would be ${excess} bytes over the 4096 that browsers keep; with sessionData.store "server" it may have ${LARGEST_CONTAINER}.`,
  })
}
