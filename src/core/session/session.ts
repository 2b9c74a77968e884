// What is a session, as the store keeps it?

/** How a session's credentials travel. A session keeps the carriage it began with. */
export type Carriage = 'cookie' | 'header'

/** Why a session ended before its time. */
export type RevokedReason =
  | 'logout'
  | 'logout_all'
  | 'revoked_by_user'
  | 'revoked_by_admin'
  | 'revoked_everyone'
  | 'replaced'
  | 'too_many'
  | 'refresh_reuse'
  | 'account_deleted'
  | 'account_disabled'
  | 'password_changed'
  | 'email_changed'

/** One sign-in. Every instant is in milliseconds since 1970 by the store's clock. */
export interface SessionRecord {
  readonly id: string
  readonly nonceHash: string
  readonly userId: string
  readonly generation: number
  /** The generation whose swap made the present one. */
  readonly predecessor: number | null
  /** The newest generation of which a token is known to have reached its owner. */
  readonly confirmedGeneration: number
  readonly rotatedAt: number
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly idleExpiresAt: number
  /** Fixed at sign-in. */
  readonly expiresAt: number
  readonly revokedAt: number | null
  readonly revokedReason: RevokedReason | null
  readonly remember: boolean
  readonly carriage: Carriage
  /** Authentication methods, RFC 8176. */
  readonly amr: readonly string[]
  readonly authTime: number
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Durations in milliseconds. */
export interface SessionTimeouts {
  readonly idleTimeout: number
  readonly absoluteTimeout: number
}

/** What is decided at sign-in. */
export interface NewSession extends SessionTimeouts {
  readonly id: string
  readonly nonceHash: string
  readonly userId: string
  readonly remember: boolean
  readonly carriage: Carriage
  readonly amr: readonly string[]
  readonly ip: string | null
  readonly userAgent: string | null
}

/** The row of a session that begins now. Nobody has been seen with its first generation yet. */
export function createSession(
  { idleTimeout, absoluteTimeout, ...chosen }: NewSession,
  now: number,
): SessionRecord {
  const expiresAt = now + absoluteTimeout
  return {
    ...chosen,
    generation: 0,
    predecessor: null,
    confirmedGeneration: -1,
    rotatedAt: now,
    createdAt: now,
    lastSeenAt: now,
    idleExpiresAt: Math.min(now + idleTimeout, expiresAt),
    expiresAt,
    revokedAt: null,
    revokedReason: null,
    authTime: now,
  }
}

/** The row as it is once what a node has seen of it is written down. */
export function withSeen(session: SessionRecord, seen: number | undefined): SessionRecord {
  if (seen === undefined || seen <= session.confirmedGeneration) return session
  return { ...session, confirmedGeneration: seen }
}

/** A generation that a proof begins. */
export interface NextGeneration {
  readonly to: number
  readonly predecessor: number
  readonly confirmed: number
}

/** The row of a session whose user has just proved who they are: each method once, in one order. */
export function proveSession(
  session: SessionRecord,
  methods: readonly string[],
  move: NextGeneration | null,
  now: number,
): SessionRecord {
  const amr = [...new Set([...session.amr, ...methods])].sort()
  const proved = { ...session, amr, authTime: now }
  if (!move) return proved
  const confirmedGeneration = Math.max(session.confirmedGeneration, move.confirmed)
  return {
    ...proved,
    generation: move.to,
    predecessor: move.predecessor,
    confirmedGeneration,
    rotatedAt: now,
  }
}

/** Why a session no longer serves, or `null` while it does. */
export function sessionEnd(session: SessionRecord, now: number): 'revoked' | 'expired' | 'idle' | null {
  if (session.revokedAt !== null) return 'revoked'
  if (now >= session.expiresAt) return 'expired'
  if (now >= session.idleExpiresAt) return 'idle'
  return null
}
