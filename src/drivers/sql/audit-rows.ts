// How do the rows of the audit log become entries and anchor, and back?
import type { Insertable, Selectable } from 'kysely'
import type { AuditAnchor, AuditEntry, AuditRow } from '../../core/audit/chain.ts'
import type { AuditAnchorTable, AuditTable } from './schema.ts'

/** Without what the chain adds. */
export function toEntryRow({
  at,
  event,
  user,
  actor,
  session,
  ip,
  userAgent,
  details,
}: AuditEntry): Omit<Insertable<AuditTable>, 'id' | 'key_id' | 'hash'> {
  return { at, event, user_id: user, actor, session_id: session, ip, user_agent: userAgent, details }
}

export function toAuditRow(row: Selectable<AuditTable>): AuditRow {
  const { id, at, event, actor, ip, details, hash } = row
  const { user_id: user, session_id: session, user_agent: userAgent, key_id: keyId } = row
  return { id, at, event, user, actor, session, ip, userAgent, details, keyId, hash }
}

export function toAnchor({
  last_id,
  last_hash,
  removed,
  key_id,
  mac,
}: Selectable<AuditAnchorTable>): AuditAnchor {
  return { id: last_id, hash: last_hash, removed, keyId: key_id, mac }
}
