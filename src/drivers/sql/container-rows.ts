// How does the row of a container become its record, and back?
import type { Selectable } from 'kysely'
import type { ContainerRecord } from '../../core/session-data/container.ts'
import type { ContainersTable } from './schema.ts'

export function toContainer(row: Selectable<ContainersTable>): ContainerRecord {
  return {
    idHash: row.id_hash,
    sessionId: row.session_id,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    idleExpiresAt: row.idle_expires_at,
    endedAt: row.ended_at,
  }
}

export function toContainerRow(container: ContainerRecord): ContainersTable {
  return {
    id_hash: container.idHash,
    session_id: container.sessionId,
    created_at: container.createdAt,
    last_seen_at: container.lastSeenAt,
    idle_expires_at: container.idleExpiresAt,
    ended_at: container.endedAt,
  }
}
