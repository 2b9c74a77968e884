// How is the audit log kept in SQLite, so that every process on the file continues one chain?
import { createHmac } from 'node:crypto'
import type { AuditAnchor, AuditEntry, AuditHead, AuditKey } from '../../core/audit/chain.ts'
import { BEGINNING, encodeAnchor, encodeRow } from '../../core/audit/chain.ts'
import { findUnfit } from '../../core/audit/fit.ts'
import type { AuditEnds, AuditLog } from '../../ports/audit-log.ts'
import { compilePage } from '../sql/audit-page.ts'
import { toAnchor, toAuditRow, toEntryRow } from '../sql/audit-rows.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

/** The anchor is one row. */
const ANCHOR = 1

const mac = (key: AuditKey, text: string): string =>
  createHmac('sha256', key.bytes).update(text).digest('base64url')

/** Only the writer thread appends, on a connection that holds the write lock: the head it reads is the head. */
export function createAuditLog(connection: Connection): AuditLog {
  const anchor = (): AuditAnchor | null => {
    const row = connection.first(query.selectFrom('lockjar_audit_anchor').selectAll())
    return row && toAnchor(row)
  }
  const ends = (): AuditEnds => {
    // In this order: what another thread commits in between must not look like rows that are gone.
    const sequence = connection.first(
      query.selectFrom('sqlite_sequence').select('seq').where('name', '=', 'lockjar_audit'),
    )
    const newest = connection.first(
      query.selectFrom('lockjar_audit').select(['id', 'hash']).orderBy('id', 'desc').limit(1),
    )
    const removed = anchor()
    const { id, hash } = newest ?? removed ?? BEGINNING
    return { anchor: removed, head: { id, hash }, lastId: Math.max(sequence?.seq ?? 0, id) }
  }

  const insert = (entry: AuditEntry, id: number, previous: string, key: AuditKey): AuditHead => {
    const hash = mac(key, encodeRow(previous, { ...entry, id, keyId: key.id }))
    connection.run(
      query.insertInto('lockjar_audit').values({ id, ...toEntryRow(entry), key_id: key.id, hash }),
    )
    return { id, hash }
  }

  return {
    async append(entries, key) {
      return connection.transaction(() => {
        const { head, lastId } = ends()
        // Where somebody has cut rows off the end, their ids stay a gap for ever.
        let last: AuditHead = { id: lastId, hash: head.hash }
        for (const entry of entries) last = insert(entry, last.id + 1, last.hash, key)
        return last
      })
    },
    async page(wanted) {
      return connection.all(compilePage(query, wanted)).map(toAuditRow)
    },
    async chain(after, limit) {
      return connection
        .all(query.selectFrom('lockjar_audit').selectAll().where('id', '>', after).orderBy('id').limit(limit))
        .map(toAuditRow)
    },
    async ends() {
      return ends()
    },
    async prune(before, limit, keys) {
      return connection.transaction(() => {
        const oldest = connection
          .all(query.selectFrom('lockjar_audit').selectAll().orderBy('id').limit(limit))
          .map(toAuditRow)
        const kept = oldest.findIndex(({ at }) => at >= before)
        const old = kept < 0 ? oldest : oldest.slice(0, kept)
        const last = old.at(-1)
        if (!last) return { removed: 0, unfit: null }
        const reached = anchor()
        const unfit = findUnfit(reached, old, keys, mac)
        if (unfit !== null) return { removed: 0, unfit }
        const [key] = keys
        const removed = (reached?.removed ?? 0) + old.length
        const moved = { id: last.id, hash: last.hash, removed, keyId: key.id }
        moveAnchor({ ...moved, mac: mac(key, encodeAnchor(moved)) })
        connection.run(query.deleteFrom('lockjar_audit').where('id', '<=', last.id))
        return { removed: old.length, unfit }
      })
    },
  }

  /** Before the rows go: the trigger lets only those go that the anchor has passed. */
  function moveAnchor({ id, hash, removed, keyId, mac }: AuditAnchor): void {
    const values = { last_id: id, last_hash: hash, removed, key_id: keyId, mac }
    const moved = connection.run(query.updateTable('lockjar_audit_anchor').set(values))
    if (moved === 0)
      connection.run(query.insertInto('lockjar_audit_anchor').values({ id: ANCHOR, ...values }))
  }
}
