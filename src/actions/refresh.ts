// How is a session renewed, so that any number of racers are all served and a thief is found out?
import type { Sender } from '../core/audit/event.ts'
import { sha256 } from '../core/encoding/digest.ts'
import type { RefreshClaims } from '../core/refresh-token/create.ts'
import { sessionFloors } from '../core/revocation/floors.ts'
import type { RotationVerdict, Swap } from '../core/session/rotation.ts'
import { decideRotation, nextSwap } from '../core/session/rotation.ts'
import type { Carriage, SessionRecord } from '../core/session/session.ts'
import { withSeen } from '../core/session/session.ts'
import type { SessionTokenPurpose } from '../core/session-token/create.ts'
import { AuthError } from '../errors.ts'
import type { Issued } from './issue-tokens.ts'
import { issueTokens } from './issue-tokens.ts'
import type { Runtime } from './runtime.ts'

/** A racer loses a swap only to another swap or to the session's end, so a few rounds settle it. */
const MOST_ROUNDS = 8

/**
 * `claims` come from a token whose MAC is right: a refresh token, or the session token of an installation that used the opaque
 * strategy until now, which is used up like one.
 *
 * @throws {AuthError} `unauthenticated` for a session that is not there, has expired or is another's; `session_revoked`
 * for one that was ended, and for a reuse, which ends it.
 */
export async function refresh(
  runtime: Runtime,
  claims: RefreshClaims,
  carriage: Carriage,
  sender: Sender,
  purpose: SessionTokenPurpose = 'refresh-token',
): Promise<Issued> {
  const nonceHash = await sha256(claims.nonce)
  const session = await rotate(runtime, claims, nonceHash, carriage, sender)
  const user = await runtime.store.users.find(session.userId)
  if (!user || user.disabledAt !== null) throw new AuthError('session_revoked')
  const held = purpose === 'refresh-token' && session.generation === claims.generation
  return issueTokens(runtime, user, session, claims.nonce, held)
}

/** The session with the generation that is to be handed out. */
async function rotate(
  runtime: Runtime,
  { sessionId, generation: presented }: RefreshClaims,
  nonceHash: string,
  carriage: Carriage,
  sender: Sender,
): Promise<SessionRecord> {
  const { config, store, confirmations } = runtime
  const idleTimeout = {
    plain: config.timeouts.plain.idleTimeout,
    remembered: config.timeouts.remembered.idleTimeout,
  }
  const swap = (change: Swap) =>
    store.sessions.swap({ id: sessionId, nonceHash, carriage, swap: change, idleTimeout })

  // The common path is one statement: nobody else has presented this generation.
  const swapped = await swap(nextSwap(presented, config.refreshGrace))
  if (swapped) return swapped

  for (let round = 0; round < MOST_ROUNDS; round++) {
    const read = await store.sessions.find(sessionId)
    if (!read || read.session.nonceHash !== nonceHash || read.session.carriage !== carriage) {
      throw new AuthError('unauthenticated')
    }
    const seen = confirmations.pending(sessionId)
    const session = withSeen(read.session, seen)
    const verdict = decideRotation({ session, presented, now: read.now, grace: config.refreshGrace })
    // A token of a later generation was seen here while the row was on its way: the row is an old one, and proves nothing. Once
    // only, for in a database that went back it stays so.
    if (verdict.kind === 'reuse' && round === 0 && seen !== undefined && seen > read.session.generation)
      continue
    if (verdict.kind === 'replay') {
      confirmations.note(sessionId, presented)
      return session
    }
    if (verdict.kind === 'refused') throw refusal(verdict.reason)
    if (verdict.kind === 'reuse') return revokeReuse(runtime, session, presented, sender)
    const moved = await swap(verdict.swap)
    if (moved) return noteSwap(runtime, moved, verdict.kind, sender)
  }
  throw new AuthError('unavailable', { detail: 'Too many refreshes of one session at once.', retryAfter: 1 })
}

function refusal(reason: (RotationVerdict & { kind: 'refused' })['reason']): AuthError {
  return reason === 'revoked'
    ? new AuthError('session_revoked')
    : new AuthError('unauthenticated', { detail: 'The session has ended; sign in again.' })
}

async function noteSwap(
  { record }: Runtime,
  session: SessionRecord,
  kind: 'rotate' | 'burn' | 'ahead',
  sender: Sender,
): Promise<SessionRecord> {
  if (kind === 'ahead')
    await record('session.generation_ahead', { session: session.id, user: session.userId, sender })
  return session
}

/** RFC 9700 section 4.14.2: owner and thief cannot be told apart, so the session ends for both. */
async function revokeReuse(
  runtime: Runtime,
  session: SessionRecord,
  presented: number,
  sender: Sender,
): Promise<never> {
  const { store, revocations, record, clock } = runtime
  const { count, floors } = await store.sessions.revoke(session.id, session.userId, 'refresh_reuse')
  revocations.apply(count > 0 ? floors : sessionFloors([session.id], clock.now()))
  await record('session.refresh_reuse', {
    session: session.id,
    user: session.userId,
    sender,
    details: { presented, generation: session.generation },
  })
  throw new AuthError('session_revoked', {
    detail: 'A refresh token was used twice, so the session has been ended.',
    endsSession: true,
  })
}
