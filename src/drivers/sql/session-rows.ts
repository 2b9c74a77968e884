// How does the row of a session become its record, and back?
import type { Selectable } from 'kysely'
import type { Carriage, RevokedReason, SessionRecord } from '../../core/session/session.ts'
import type { SessionsTable } from './schema.ts'

export function toSession(row: Selectable<SessionsTable>): SessionRecord {
  return {
    id: row.id,
    nonceHash: row.nonce_hash,
    userId: row.user_id,
    generation: row.generation,
    predecessor: row.predecessor,
    confirmedGeneration: row.confirmed_generation,
    rotatedAt: row.rotated_at,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    idleExpiresAt: row.idle_expires_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason as RevokedReason | null,
    remember: row.remember === 1,
    carriage: row.carriage as Carriage,
    amr: JSON.parse(row.amr) as string[],
    authTime: row.auth_time,
    ip: row.ip,
    userAgent: row.user_agent,
  }
}

export function toSessionRow(session: SessionRecord): SessionsTable {
  return {
    id: session.id,
    nonce_hash: session.nonceHash,
    user_id: session.userId,
    generation: session.generation,
    predecessor: session.predecessor,
    confirmed_generation: session.confirmedGeneration,
    rotated_at: session.rotatedAt,
    created_at: session.createdAt,
    last_seen_at: session.lastSeenAt,
    idle_expires_at: session.idleExpiresAt,
    expires_at: session.expiresAt,
    revoked_at: session.revokedAt,
    revoked_reason: session.revokedReason,
    remember: session.remember ? 1 : 0,
    carriage: session.carriage,
    amr: JSON.stringify(session.amr),
    auth_time: session.authTime,
    ip: session.ip,
    user_agent: session.userAgent,
  }
}
