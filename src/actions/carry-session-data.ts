// Which session data comes along when somebody signs in?

import type { SessionRecord } from '../core/session/session.ts'
import { mayComeAlong } from '../core/session-data/container.ts'
import { createDataCookie } from '../core/session-data/cookie.ts'
import type { Runtime } from './runtime.ts'
import { freshContainer, sealedContainer, toSealedCookie } from './sealed-session-data.ts'
import { namedContainer, newContainer } from './server-session-data.ts'
import type { DataAnswer, DataHolder } from './session-data.ts'
import { dataCookie } from './session-data.ts'

/**
 * Only a visitor's, or the same user's; always under a new id, which nobody can have planted before (session fixation). What
 * does not come along is deleted, and its cookie cleared.
 */
export async function carrySessionData(
  runtime: Runtime,
  holder: Omit<DataHolder, 'sessionId'>,
  session: SessionRecord,
): Promise<DataAnswer> {
  if (holder.cookie === null) return undefined
  return runtime.config.sessionData.store === 'server'
    ? carryServerData(runtime, holder.cookie, session)
    : carrySealedData(runtime, holder, session)
}

async function carryServerData(
  runtime: Runtime,
  cookie: string,
  session: SessionRecord,
): Promise<DataAnswer> {
  const { store, config, ring, clock } = runtime
  const named = await namedContainer(runtime, cookie)
  if (!named) return null
  const fresh = await newContainer(runtime)
  const verdict = await store.sessionData.adopt({
    from: named.idHash,
    to: fresh.idHash,
    sessionId: session.id,
    userId: session.userId,
    idleTimeout: config.sessionData.idleTimeout,
  })
  // A sign-in that was sent twice: the first has taken it along, and its cookie is on the way.
  if (verdict === 'ended') return undefined
  if (verdict === 'absent') return null
  return dataCookie(await createDataCookie(fresh.secret, ring), session, clock.now())
}

async function carrySealedData(
  runtime: Runtime,
  holder: Omit<DataHolder, 'sessionId'>,
  session: SessionRecord,
): Promise<DataAnswer> {
  const container = (await sealedContainer(runtime, holder))?.container
  if (!container) return null
  const read = container.sessionId === null ? null : await runtime.store.sessions.find(container.sessionId)
  if (!mayComeAlong(container, read?.session ?? null, session.userId, read?.now ?? 0)) return null
  const carried = freshContainer(runtime, session.id, session, container.entries)
  return toSealedCookie(runtime, carried, holder.cookieName)
}
