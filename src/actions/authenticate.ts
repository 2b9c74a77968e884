// Whose credential is this, and is it still accepted? With no I/O while the node's knowledge is fresh.
import type { AccessClaims } from '../core/access-token/claims.ts'
import type { Carriage } from '../core/session/session.ts'
import { verifySessionToken } from '../core/session-token/verify.ts'
import type { ErrorCode } from '../errors.ts'
import type { KnownSession, SessionVerdict } from '../state/known-sessions.ts'
import type { Runtime } from './runtime.ts'

export type TokenVerdict =
  | {
      readonly ok: true
      readonly claims: AccessClaims
      /** With the opaque strategy: the session that the token is of. */
      readonly known?: KnownSession
    }
  | {
      readonly ok: false
      readonly code: ErrorCode & ('unauthenticated' | 'token_expired' | 'session_revoked')
    }

const UNAUTHENTICATED: TokenVerdict = { ok: false, code: 'unauthenticated' }
const EXPIRED: TokenVerdict = { ok: false, code: 'token_expired' }
const REVOKED: TokenVerdict = { ok: false, code: 'session_revoked' }

/** @throws {AuthError} `unavailable` where revocations, or the session, cannot be read: it fails closed. */
export function authenticate(runtime: Runtime, token: string, carriage: Carriage): Promise<TokenVerdict> {
  return runtime.config.strategy === 'opaque'
    ? authenticateSession(runtime, token, carriage)
    : authenticateAccess(runtime, token)
}

async function authenticateAccess(runtime: Runtime, token: string): Promise<TokenVerdict> {
  const { tokens, revocations, clock, ring } = runtime
  const verdict = await tokens.verify(token, clock.now())
  if (!verdict.ok && verdict.reason === 'invalid') {
    // Issued before the installation changed its strategy: a refresh exchanges it.
    return (await verifySessionToken('session-token', token, ring)) ? EXPIRED : UNAUTHENTICATED
  }
  const waiting = revocations.ready()
  if (waiting) await waiting
  // Also for an expired token: a revoked session is not worth a refresh.
  const floor = revocations.judge(verdict.claims)
  if (floor === 'session_revoked') return REVOKED
  if (!verdict.ok || floor === 'stale') return EXPIRED
  return verdict
}

async function authenticateSession(
  runtime: Runtime,
  token: string,
  carriage: Carriage,
): Promise<TokenVerdict> {
  const { knownSessions, revocations } = runtime
  let verdict = await knownSessions.verify(token)
  const waiting = revocations.ready()
  if (waiting) await waiting
  // The row is read again, and says the rest: it is at least as new as the floor that was read from the same store.
  if (verdict.ok && revocations.judge(verdict.known.claims) === 'stale') {
    verdict = await knownSessions.renew(token)
  }
  if (!verdict.ok) return refuse(runtime, token, verdict.reason)
  const { known } = verdict
  if (known.carriage !== carriage) return UNAUTHENTICATED
  return revocations.judge(known.claims) === 'session_revoked'
    ? REVOKED
    : { ok: true, claims: known.claims, known }
}

async function refuse(
  { tokens, clock }: Runtime,
  token: string,
  reason: (SessionVerdict & { readonly ok: false })['reason'],
): Promise<TokenVerdict> {
  if (reason === 'revoked') return REVOKED
  if (reason !== 'invalid') return UNAUTHENTICATED
  const access = await tokens.verify(token, clock.now())
  return 'claims' in access ? EXPIRED : UNAUTHENTICATED
}
