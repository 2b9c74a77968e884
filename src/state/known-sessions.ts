// Which session tokens has this node looked up already, and what did their rows say? For the opaque strategy.
import type { AccessClaims } from '../core/access-token/claims.ts'
import { sha256 } from '../core/encoding/digest.ts'
import { equalSecret } from '../core/encoding/equal.ts'
import type { KeyRing } from '../core/keys/ring.ts'
import { judgePresentation } from '../core/session/presentation.ts'
import type { Carriage } from '../core/session/session.ts'
import { withSeen } from '../core/session/session.ts'
import type { VerifiedSessionToken } from '../core/session-token/verify.ts'
import { verifySessionToken } from '../core/session-token/verify.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { UserStore } from '../ports/user-store.ts'
import type { Confirmations } from './confirmations.ts'
import { createRecent } from './recent.ts'
import type { SharedSession, SharedSessions } from './shared-sessions.ts'

export interface KnownSession {
  /** As an access token would say them; `iat` is when the row was read. */
  readonly claims: AccessClaims
  readonly carriage: Carriage
  readonly remember: boolean
  /** The absolute end, by the store's clock. */
  readonly expiresAt: number
  readonly token: VerifiedSessionToken
}

export type SessionVerdict = { readonly ok: true; readonly known: KnownSession } | Refused

/** `invalid`: not a token of ours, or of no session. `ended`: too long idle, or past its absolute end. */
interface Refused {
  readonly ok: false
  readonly reason: 'invalid' | 'revoked' | 'ended' | 'superseded'
}

export interface KnownSessions {
  /** A hit costs no cryptography and no I/O. */
  verify(token: string): Promise<SessionVerdict> | SessionVerdict
  /** Reads the row again, whatever is known here or elsewhere. */
  renew(token: string): Promise<SessionVerdict>
}

export interface KnownSessionsParts {
  readonly ring: KeyRing
  readonly sessions: Pick<SessionStore, 'find'>
  readonly users: Pick<UserStore, 'find'>
  readonly clock: Clock
  readonly confirmations: Pick<Confirmations, 'note' | 'pending'>
  /** Asked before the database; `null`: there is none. */
  readonly shared: SharedSessions | null
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
  const { ring, sessions, users, clock, confirmations, shared, grace } = parts
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
    renew: (token) => lookUp(token, 'database'),
  }

  function readOnce(token: string): Promise<SessionVerdict> {
    const waiting = reading.get(token)
    if (waiting) return waiting
    const work = lookUp(token, 'anywhere').finally(() => reading.delete(token))
    reading.set(token, work)
    return work
  }

  async function lookUp(token: string, from: 'anywhere' | 'database'): Promise<SessionVerdict> {
    entries.delete(token)
    const verified = await verifySessionToken('session-token', token, ring)
    if (!verified) return { ok: false, reason: 'invalid' }
    const nonceHash = await sha256(verified.nonce)
    const found = from === 'anywhere' ? await readShared(verified, nonceHash) : null
    const entry = found ?? (await readRow(verified, nonceHash))
    if ('reason' in entry) return entry
    note(entry)
    entries.set(token, entry)
    return entry.verdict
  }

  /** Milliseconds, from when the row was read. */
  function trustOf({ session, readAt }: SharedSession): number {
    return Math.min(parts.trust, session.idleExpiresAt - readAt, session.expiresAt - readAt)
  }

  /**
   * What another process has read. It counts from then on, and floors outlive it, as they do what this process reads itself; so
   * nothing is accepted on its word for longer.
   */
  async function readShared(token: VerifiedSessionToken, nonceHash: string): Promise<Entry | null> {
    const found = await shared?.find(token)
    if (!found || !equalSecret(found.session.nonceHash, nonceHash)) return null
    const now = instant()
    const old = Math.abs(now.wall - found.readAt)
    const trust = trustOf(found)
    if (old >= trust) return null
    return {
      verdict: { ok: true, known: toKnown(found, token, found.readAt) },
      readAt: { wall: now.wall - old, monotonic: now.monotonic - old },
      trust,
      notedAt: now.monotonic,
    }
  }

  async function readRow(token: VerifiedSessionToken, nonceHash: string): Promise<Entry | Refused> {
    const readAt = instant()
    const read = await sessions.find(token.sessionId)
    if (!read || !equalSecret(read.session.nonceHash, nonceHash)) return { ok: false, reason: 'invalid' }
    const session = withSeen(read.session, confirmations.pending(token.sessionId))
    const verdict = judgePresentation({ session, presented: token.generation, now: read.now, grace })
    if (verdict !== 'accepted') return { ok: false, reason: verdict }
    const user = await users.find(session.userId)
    if (!user || user.disabledAt !== null) return { ok: false, reason: 'revoked' }
    const row = { session, user, readAt: read.now }
    // One that is superseded soon is not believed for long.
    const trust = token.generation < session.generation ? 0 : trustOf(row)
    if (token.generation === session.generation) void shared?.keep(row, trust)
    return {
      verdict: { ok: true, known: toKnown(row, token, readAt.wall) },
      readAt,
      trust,
      notedAt: readAt.monotonic,
    }
  }
}

function toKnown(
  { session, user }: SharedSession,
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
