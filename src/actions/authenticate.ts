// Whose credential is this, and is it still accepted? With no I/O while the node's knowledge is fresh.
import type { AccessClaims } from '../core/access-token/claims.ts'
import type { Pending } from '../core/pending/pending.ts'
import { andThen } from '../core/pending/pending.ts'
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
export function authenticate(runtime: Runtime, token: string, carriage: Carriage): Pending<TokenVerdict> {
  return runtime.config.strategy === 'opaque'
    ? authenticateSession(runtime, token, carriage)
    : authenticateAccess(runtime, token)
}

function authenticateAccess(runtime: Runtime, token: string): Pending<TokenVerdict> {
  const { tokens, revocations, clock } = runtime
  return andThen(tokens.verify(token, clock.now()), (verdict) => {
    if (!verdict.ok && verdict.reason === 'invalid') return exchange(runtime, token)
    return andThen(revocations.ready(), () => {
      // Also for an expired token: a revoked session is not worth a refresh.
      const floor = revocations.judge(verdict.claims)
      if (floor === 'session_revoked') return REVOKED
      return verdict.ok && floor === 'accepted' ? verdict : EXPIRED
    })
  })
}

/** Issued before the installation changed its strategy: a refresh exchanges it. */
async function exchange({ ring }: Runtime, token: string): Promise<TokenVerdict> {
  return (await verifySessionToken('session-token', token, ring)) ? EXPIRED : UNAUTHENTICATED
}

function authenticateSession(runtime: Runtime, token: string, carriage: Carriage): Pending<TokenVerdict> {
  const { knownSessions, revocations } = runtime
  return andThen(knownSessions.verify(token), (verdict) =>
    andThen(revocations.ready(), () => {
      // The row is read again, and says the rest: it is at least as new as the floor that was read from the same store.
      const isStale = verdict.ok && revocations.judge(verdict.known.claims) === 'stale'
      return andThen(isStale ? knownSessions.renew(token) : verdict, (latest) =>
        judgeSession(runtime, token, carriage, latest),
      )
    }),
  )
}

function judgeSession(
  runtime: Runtime,
  token: string,
  carriage: Carriage,
  verdict: SessionVerdict,
): Pending<TokenVerdict> {
  if (!verdict.ok) return refuse(runtime, token, verdict.reason)
  const { known } = verdict
  if (known.carriage !== carriage) return UNAUTHENTICATED
  return runtime.revocations.judge(known.claims) === 'session_revoked'
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
