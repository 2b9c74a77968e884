// Which session tokens has this node looked up already, and what did their rows say? For the opaque strategy.
import type { AccessClaims } from '../core/access-token/claims.ts'
import { sha256 } from '../core/encoding/digest.ts'
import { equalSecret } from '../core/encoding/equal.ts'
import type { KeyRing } from '../core/keys/ring.ts'
import { judgePresentation } from '../core/session/presentation.ts'
import type { Carriage, SessionRecord } from '../core/session/session.ts'
import { withSeen } from '../core/session/session.ts'
import type { VerifiedSessionToken } from '../core/session-token/verify.ts'
import { verifySessionToken } from '../core/session-token/verify.ts'
import type { UserRecord } from '../core/user/user.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { UserStore } from '../ports/user-store.ts'
import type { Confirmations } from './confirmations.ts'
import { createRecent } from './recent.ts'

export interface KnownSession {
  /** As an access token would say them; `iat` is when the row was read. */
  readonly claims: AccessClaims
  readonly carriage: Carriage
  readonly remember: boolean
  /** The absolute end, by the store's clock. */
  readonly expiresAt: number
  readonly token: VerifiedSessionToken
}

export type SessionVerdict =
  | { readonly ok: true; readonly known: KnownSession }
  /** `invalid`: not a token of ours, or of no session. `ended`: too long idle, or past its absolute end. */
  | { readonly ok: false; readonly reason: 'invalid' | 'revoked' | 'ended' | 'superseded' }

export interface KnownSessions {
  /** A hit costs no cryptography and no I/O. */
  verify(token: string): Promise<SessionVerdict> | SessionVerdict
  /** Reads the row again, whatever is known. */
  renew(token: string): Promise<SessionVerdict>
}

export interface KnownSessionsParts {
  readonly ring: KeyRing
  readonly sessions: Pick<SessionStore, 'find'>
  readonly users: Pick<UserStore, 'find'>
  readonly clock: Clock
  readonly confirmations: Pick<Confirmations, 'note' | 'pending'>
  readonly capacity: number
  /** Milliseconds for which what a row said is believed, beside the floors: one access lifetime. */
  readonly trust: number
  /** Milliseconds. */
  readonly grace: number
}

/** Milliseconds between two notes that a session is in use: its idle timeout moves in steps of this. */
const NOTE_INTERVAL = 60_000

interface Entry {
  readonly verdict: SessionVerdict & { readonly ok: true }
  readonly readAt: Instant
  /** Milliseconds. */
  readonly trust: number
  notedAt: number
}

interface Instant {
  readonly wall: number
  readonly monotonic: number
}

export function createKnownSessions(parts: KnownSessionsParts): KnownSessions {
  const { ring, sessions, users, clock, confirmations, grace } = parts
  const entries = createRecent<Entry>(parts.capacity)
  /** Requests that arrive together wait for one read. */
  const reading = new Map<string, Promise<SessionVerdict>>()
  const instant = (): Instant => ({ wall: clock.now(), monotonic: clock.monotonic() })

  /** By whichever clock says more: the wall may have been set back, and the monotonic one may stand still in sleep. */
  const age = ({ wall, monotonic }: Instant, now: Instant): number =>
    Math.max(Math.abs(now.wall - wall), now.monotonic - monotonic)

  const note = ({ verdict }: Entry): void =>
    confirmations.note(verdict.known.token.sessionId, verdict.known.token.generation)

  return {
    verify(token) {
      const entry = entries.get(token)
      const now = instant()
      if (!entry || age(entry.readAt, now) >= entry.trust) return readOnce(token)
      if (now.monotonic - entry.notedAt >= NOTE_INTERVAL) {
        entry.notedAt = now.monotonic
        note(entry)
      }
      return entry.verdict
    },
    renew: lookUp,
  }

  function readOnce(token: string): Promise<SessionVerdict> {
    const waiting = reading.get(token)
    if (waiting) return waiting
    const work = lookUp(token).finally(() => reading.delete(token))
    reading.set(token, work)
    return work
  }

  async function lookUp(token: string): Promise<SessionVerdict> {
    entries.delete(token)
    const verified = await verifySessionToken('session-token', token, ring)
    if (!verified) return { ok: false, reason: 'invalid' }
    const readAt = instant()
    const read = await sessions.find(verified.sessionId)
    if (!read || !equalSecret(read.session.nonceHash, await sha256(verified.nonce))) {
      return { ok: false, reason: 'invalid' }
    }
    const session = withSeen(read.session, confirmations.pending(verified.sessionId))
    const verdict = judgePresentation({ session, presented: verified.generation, now: read.now, grace })
    if (verdict !== 'accepted') return { ok: false, reason: verdict }
    const user = await users.find(session.userId)
    if (!user || user.disabledAt !== null) return { ok: false, reason: 'revoked' }
    const left = Math.min(session.idleExpiresAt, session.expiresAt) - read.now
    const entry: Entry = {
      verdict: { ok: true, known: toKnown(session, user, verified, readAt.wall) },
      readAt,
      // One that is superseded soon is not believed for long.
      trust: verified.generation < session.generation ? 0 : Math.min(parts.trust, left),
      notedAt: readAt.monotonic,
    }
    note(entry)
    entries.set(token, entry)
    return entry.verdict
  }
}

function toKnown(
  session: SessionRecord,
  user: UserRecord,
  token: VerifiedSessionToken,
  readAt: number,
): KnownSession {
  const { carriage, remember, expiresAt } = session
  const superseded = token.generation < session.generation
  return {
    claims: {
      sub: user.id,
      sid: session.id,
      gen: token.generation,
      rev: user.revision,
      iat: Math.floor(readAt / 1000),
      exp: Math.floor(Math.min(session.idleExpiresAt, expiresAt) / 1000),
      jti: session.id,
      amr: session.amr,
      // A proof came with a new token. Whoever shows the one before, perhaps a copy, has proved nothing since sign-in.
      auth_time: Math.floor((superseded ? session.createdAt : session.authTime) / 1000),
      roles: user.roles,
    },
    carriage,
    remember,
    expiresAt,
    token,
  }
}
