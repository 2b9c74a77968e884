// Which tables do all SQL databases have, under the same names and with the same meanings? Instants in milliseconds since 1970; booleans as 0 and 1; lists as JSON.
import type { Generated } from 'kysely'

export interface Tables {
  lockjar_audit: AuditTable
  lockjar_audit_anchor: AuditAnchorTable
  lockjar_users: UsersTable
  lockjar_one_time_tokens: OneTimeTokensTable
  lockjar_user_roles: UserRolesTable
  lockjar_sessions: SessionsTable
  lockjar_containers: ContainersTable
  lockjar_session_data: SessionDataTable
  lockjar_revocations: RevocationsTable
  lockjar_outbox: OutboxTable
  lockjar_rate_limits: RateLimitsTable
  lockjar_known_networks: KnownNetworksTable
  lockjar_migrations: { name: string; applied_at: number }
}

export interface AuditTable {
  id: Generated<number>
  at: number
  event: string
  user_id: string | null
  actor: string | null
  session_id: string | null
  ip: string | null
  user_agent: string | null
  details: string | null
  key_id: string
  hash: string
}

export interface AuditAnchorTable {
  id: number
  last_id: number
  last_hash: string
  removed: number
  key_id: string
  mac: string
}

export interface UsersTable {
  id: string
  email: string
  email_key: string
  username: string | null
  username_key: string | null
  name: string | null
  password_hash: string | null
  roles: string
  email_verified_at: number | null
  disabled_at: number | null
  revision: number
  created_at: number
  last_login_at: number | null
  /** 1 while name and user name are the claim of whoever registered the address, which nobody has proved. */
  self_registered: Generated<number>
}

export interface OneTimeTokensTable {
  token_hash: string
  purpose: string
  /** The user's id, or for want of one the key of the address: whose older tokens a new one replaces. */
  subject: string
  user_id: string | null
  email_key: string
  new_email: string | null
  /** JSON. */
  pending: string | null
  created_at: number
  expires_at: number
}

/** By which users of a role are found; `roles` of the user's row is what holds. */
export interface UserRolesTable {
  role: string
  user_id: string
}

export interface SessionsTable {
  id: string
  nonce_hash: string
  user_id: string
  generation: number
  predecessor: number | null
  confirmed_generation: number
  rotated_at: number
  created_at: number
  last_seen_at: number
  idle_expires_at: number
  expires_at: number
  revoked_at: number | null
  revoked_reason: string | null
  remember: number
  carriage: string
  amr: string
  auth_time: number
  ip: string | null
  user_agent: string | null
}

export interface ContainersTable {
  id_hash: string
  session_id: string | null
  created_at: number
  last_seen_at: number
  idle_expires_at: number
  ended_at: number | null
}

export interface SessionDataTable {
  id_hash: string
  key: string
  json: string
  /** Of key and value, for the limit of a container. */
  bytes: number
}

export interface RevocationsTable {
  id: Generated<number>
  scope: string
  /** `null`: nothing of the scope is accepted any more. */
  floor: number | null
  expires_at: number
}

export interface OutboxTable {
  id: string
  sealed: string
  created_at: number
  ends_at: number
  /** Of a row that somebody has claimed: when the lease ends. */
  due_at: number
  /** Raised by each claim. */
  claim: number
}

/** One window of one key. */
export interface RateLimitsTable {
  key: string
  used: number
  hits: number
  started_at: number
  ends_at: number
  refused: number
  /** From when on the row says nothing any more. */
  forget_at: number
}

export interface KnownNetworksTable {
  user_id: string
  network_hash: string
  seen_at: number
}
