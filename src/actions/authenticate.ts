// Whose access token is this, and is it still accepted? With no I/O while the node's knowledge is fresh.
import type { AccessClaims } from '../core/access-token/claims.ts'
import type { ErrorCode } from '../errors.ts'
import type { Runtime } from './runtime.ts'

export type TokenVerdict =
  | { readonly ok: true; readonly claims: AccessClaims }
  | {
      readonly ok: false
      readonly code: ErrorCode & ('unauthenticated' | 'token_expired' | 'session_revoked')
    }

const UNAUTHENTICATED: TokenVerdict = { ok: false, code: 'unauthenticated' }
const EXPIRED: TokenVerdict = { ok: false, code: 'token_expired' }
const REVOKED: TokenVerdict = { ok: false, code: 'session_revoked' }

/** @throws {AuthError} `unavailable` where revocations cannot be read: it fails closed. */
export async function authenticate(
  { tokens, revocations, clock }: Runtime,
  token: string,
): Promise<TokenVerdict> {
  const verdict = await tokens.verify(token, clock.now())
  if (!verdict.ok && verdict.reason === 'invalid') return UNAUTHENTICATED
  const waiting = revocations.ready()
  if (waiting) await waiting
  // Also for an expired token: a revoked session is not worth a refresh.
  const floor = revocations.judge(verdict.claims)
  if (floor === 'session_revoked') return REVOKED
  if (!verdict.ok || floor === 'stale') return EXPIRED
  return verdict
}
