// How is session data read and written that is kept in the database?

import { encodeBase64url } from '../core/encoding/base64url.ts'
import { sha256 } from '../core/encoding/digest.ts'
import { createDataCookie, SECRET_BYTES, verifyDataCookie } from '../core/session-data/cookie.ts'
import type { BoundSession } from '../ports/session-data-store.ts'
import type { Runtime } from './runtime.ts'
import type { DataAnswer, DataHolder, SessionData } from './session-data.ts'
import { dataCookie, dataRefusal, usedLongAgo } from './session-data.ts'

/** A container that the browser names, or will name once this request is answered. */
export interface NamedContainer {
  readonly secret: string
  readonly idHash: string
  /** Its cookie is signed by a previous key. */
  readonly renew: boolean
}

type Parts = Pick<Runtime, 'config' | 'ring' | 'store' | 'clock' | 'random'>

/** `null` for none, and for one that we did not issue. */
export async function namedContainer(
  { ring }: Pick<Runtime, 'ring'>,
  cookie: string | null,
): Promise<NamedContainer | null> {
  const claims = cookie === null ? null : await verifyDataCookie(cookie, ring)
  return claims && { ...claims, idHash: await sha256(claims.secret) }
}

export async function newContainer({ random }: Pick<Runtime, 'random'>): Promise<NamedContainer> {
  const secret = encodeBase64url(random.bytes(SECRET_BYTES))
  return { secret, idHash: await sha256(secret), renew: false }
}

export function openServerData(runtime: Parts, { cookie, sessionId }: DataHolder): SessionData {
  const { config, store, clock, ring } = runtime
  const { idleTimeout } = config.sessionData
  let named: Promise<NamedContainer | null> | undefined
  let entries: Map<string, string> | undefined
  let bound: BoundSession | null = null
  let answer: DataAnswer

  const name = (): Promise<NamedContainer | null> => {
    named ??= namedContainer(runtime, cookie)
    return named
  }
  const hand = async ({ secret }: NamedContainer): Promise<void> => {
    answer = dataCookie(await createDataCookie(secret, ring), bound, clock.now())
  }

  const read = async (): Promise<Map<string, string>> => {
    if (entries) return entries
    const shown = await name()
    const found = shown && (await store.sessionData.read({ idHash: shown.idHash, sessionId }))
    entries = new Map(found?.entries)
    if (!shown || !found) return entries
    bound = found.bound
    if (shown.renew) await hand(shown)
    if (usedLongAgo(found.lastSeenAt, found.now, idleTimeout)) {
      await store.sessionData.touch({ idHash: shown.idHash, sessionId, idleTimeout })
    }
    return entries
  }

  const begin = async (key: string, json: string): Promise<void> => {
    const fresh = await newContainer(runtime)
    const begun = await store.sessionData.begin({ idHash: fresh.idHash, sessionId, key, json, idleTimeout })
    if (!begun) throw dataRefusal('session_ended')
    named = Promise.resolve(fresh)
    entries = new Map([[key, json]])
    bound = begun.bound
    await hand(fresh)
  }

  return {
    read,
    async write(key, json) {
      const shown = await name()
      const verdict = shown
        ? await store.sessionData.write({ idHash: shown.idHash, sessionId, key, json, idleTimeout })
        : 'absent'
      if (verdict === 'absent') {
        if (json !== null) await begin(key, json)
        return
      }
      if (verdict !== 'done') throw dataRefusal(verdict)
      if (shown?.renew) await read()
      if (json === null) entries?.delete(key)
      else entries?.set(key, json)
    },
    async flush() {
      const shown = await name()
      if (shown && (await store.sessionData.end(shown.idHash)) === 'ended') throw dataRefusal('ended')
      named = Promise.resolve(null)
      entries = new Map()
      answer = cookie === null && answer === undefined ? undefined : null
    },
    async rotate() {
      const shown = await name()
      if (!shown) return
      await read()
      const fresh = await newContainer(runtime)
      const verdict = await store.sessionData.rotate({ idHash: shown.idHash, sessionId, to: fresh.idHash })
      if (verdict === 'ended') throw dataRefusal('ended')
      if (verdict === 'absent') return
      named = Promise.resolve(fresh)
      await hand(fresh)
    },
    answer: async () => answer,
  }
}
