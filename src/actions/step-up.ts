// How does a signed-in user prove again who they are, before something that needs it?
import type { AccessClaims } from '../core/access-token/claims.ts'
import type { Sender } from '../core/audit/event.ts'
import { judgePresentation } from '../core/session/presentation.ts'
import { isSettled } from '../core/session/rotation.ts'
import type { SessionRecord } from '../core/session/session.ts'
import { withSeen } from '../core/session/session.ts'
import { verifySessionToken } from '../core/session-token/verify.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import { getAccount } from './account.ts'
import { checkPassword } from './check-password.ts'
import type { Issued } from './issue-tokens.ts'
import { issueAccessToken, issueTokens } from './issue-tokens.ts'
import type { Runtime } from './runtime.ts'

const METHODS: readonly string[] = ['pwd']

/** One loses a round only to another step-up of the same session. */
const MOST_ROUNDS = 8

/**
 * `token` is the one that was shown, and `claims` are its.
 *
 * @throws {AuthError} `invalid_credentials` for a wrong password, `session_revoked` where the session ends meanwhile.
 */
export async function stepUp(
  runtime: Runtime,
  token: string,
  claims: AccessClaims,
  password: string,
  sender: Sender,
): Promise<Issued> {
  const { user } = await getAccount(runtime, claims)
  if (!(await checkPassword(runtime, user, password, sender))) {
    void runtime.record('proof.failed', {
      user: user.id,
      session: claims.sid,
      sender,
      details: { door: 'step-up' },
    })
    throw new AuthError('invalid_credentials', { detail: 'The password is not right.' })
  }
  const issued = await (runtime.config.strategy === 'opaque'
    ? renewSessionToken(runtime, token, claims)
    : renewAccessToken(runtime, claims))
  await runtime.record('session.proved', { user: user.id, session: claims.sid, sender })
  return issued
}

/**
 * The refresh token stays: a new one would have to be confirmed, and the sender may be one whose last refresh answer got lost.
 * For the same reason the token is of the generation that was shown, not of the row's: seeing it must not confirm a successor
 * that never reached its owner.
 */
async function renewAccessToken(runtime: Runtime, { sub, sid, gen }: AccessClaims): Promise<Issued> {
  const proof = await runtime.store.sessions.prove(sid, METHODS, null)
  if (!proof) throw new AuthError('session_revoked')
  return issueAccessToken(runtime, await presentUser(runtime, sub), proof.session, gen)
}

/** ASVS 7.2.4: a new token, and the old one is answered in the grace only, or until the new one has been seen. */
async function renewSessionToken(
  runtime: Runtime,
  token: string,
  { sub, sid, gen }: AccessClaims,
): Promise<Issued> {
  const { store, ring, revocations } = runtime
  const shown = await verifySessionToken('session-token', token, ring)
  if (!shown) throw new AuthError('unauthenticated')
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { session, provedJustNow } = await readSession(runtime, sid, gen)
    // Another tab has just done the same with the same cookie: were it moved again, the answers could overtake each other.
    if (provedJustNow) return issueTokens(runtime, await presentUser(runtime, sub), session, shown.nonce)
    const { generation, predecessor, confirmedGeneration } = session
    const newest = Math.max(generation, gen)
    const lost = gen === predecessor && confirmedGeneration < generation
    const proof = await store.sessions.prove(sid, METHODS, {
      from: generation,
      to: newest + 1,
      // Where the answer that brought the present generation was lost, what was shown is what the sender holds.
      predecessor: lost ? gen : newest,
      confirmed: gen,
    })
    if (!proof) continue
    revocations.apply(proof.floors)
    return issueTokens(runtime, await presentUser(runtime, sub), proof.session, shown.nonce)
  }
  throw new AuthError('unavailable', { detail: 'Too many step-ups of one session at once.', retryAfter: 1 })
}

/** The row as it is after the password was checked, which takes a while. */
async function readSession(
  { store, config, confirmations }: Runtime,
  sid: string,
  presented: number,
): Promise<{ readonly session: SessionRecord; readonly provedJustNow: boolean }> {
  const read = await store.sessions.find(sid)
  if (!read) throw new AuthError('session_revoked')
  const { now } = read
  const grace = config.refreshGrace
  const session = withSeen(read.session, confirmations.pending(sid))
  if (judgePresentation({ session, presented, now, grace }) !== 'accepted')
    throw new AuthError('session_revoked')
  return {
    session,
    provedJustNow: !isSettled(session, now, grace) && session.authTime === session.rotatedAt,
  }
}

/** Read after the proof: the roles of a token are those of its revision. */
async function presentUser({ store }: Runtime, id: string): Promise<UserRecord> {
  const user = await store.users.find(id)
  if (!user || user.disabledAt !== null) throw new AuthError('session_revoked')
  return user
}
