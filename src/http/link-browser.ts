// Which browser has opened a link: one with a session of somebody, the one that registered, or any?
import type { LinkBrowser } from '../actions/links.ts'
import { sha256 } from '../core/encoding/digest.ts'
import { sessionEnd } from '../core/session/session.ts'
import type { RequestContext } from './authenticate-request.ts'
import { authenticateRequest } from './authenticate-request.ts'
import { renewableCookie } from './credentials.ts'

type Held = Pick<LinkBrowser, 'userId' | 'sessionId'>

const NOBODY: Held = { userId: null, sessionId: null }

/** A session counts also where its access token has ended meanwhile: mails are slow. */
export async function linkBrowser(context: RequestContext): Promise<LinkBrowser> {
  return { ...(await heldSession(context)), registration: heldRegistration(context) }
}

/** The secret by which the browser that registered is known. Two are none: one of them is somebody else's. */
export function heldRegistration({ policy, facts }: RequestContext): string | null {
  const [secret, ...others] = policy.read('registration', facts.cookies)
  return secret === undefined || others.length > 0 ? null : secret
}

async function heldSession(context: RequestContext): Promise<Held> {
  const verdict = await authenticateRequest(context)
  if (verdict.status === 'authenticated' && !verdict.claims.foreign)
    return { userId: verdict.claims.sub, sessionId: verdict.claims.sid }
  // By what would refresh it, and so by nothing that a sibling sub-domain can plant.
  const renewable = await renewableCookie(context)
  if (!renewable) return NOBODY
  const { sessionId, nonce } = renewable.claims
  const read = await context.runtime.store.sessions.find(sessionId)
  if (!read || sessionEnd(read.session, read.now) || read.session.carriage !== 'cookie') return NOBODY
  if (read.session.nonceHash !== (await sha256(nonce))) return NOBODY
  return { userId: read.session.userId, sessionId }
}
