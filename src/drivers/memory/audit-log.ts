// How is the audit log kept in memory?
import { createHmac } from 'node:crypto'
import type { AuditAnchor, AuditKey, AuditRow } from '../../core/audit/chain.ts'
import { BEGINNING, encodeAnchor, encodeRow } from '../../core/audit/chain.ts'
import { findUnfit } from '../../core/audit/fit.ts'
import type { AuditFilter, AuditLog, AuditPlace } from '../../ports/audit-log.ts'

const mac = (key: AuditKey, text: string): string =>
  createHmac('sha256', key.bytes).update(text).digest('base64url')

export function createAuditLog(): AuditLog {
  const rows: AuditRow[] = []
  let anchor: AuditAnchor | null = null
  const head = () => rows.at(-1) ?? anchor ?? BEGINNING

  return {
    async append(entries, key) {
      for (const entry of entries) {
        const { id, hash } = head()
        const row = { ...entry, id: id + 1, keyId: key.id }
        rows.push({ ...row, hash: mac(key, encodeRow(hash, row)) })
      }
      const { id, hash } = head()
      return { id, hash }
    },
    async page({ order, after, limit, ...filter }) {
      const sign = order === 'oldest-first' ? 1 : -1
      return rows
        .filter((row) => matches(row, filter) && (after === null || sign * compare(row, after) > 0))
        .sort((a, b) => sign * compare(a, b))
        .slice(0, limit)
    },
    async chain(after, limit) {
      return rows.filter(({ id }) => id > after).slice(0, limit)
    },
    async ends() {
      const { id, hash } = head()
      return { anchor, head: { id, hash }, lastId: id }
    },
    async prune(before, limit, keys) {
      const oldest = rows.slice(0, limit)
      const kept = oldest.findIndex(({ at }) => at >= before)
      const old = kept < 0 ? oldest : oldest.slice(0, kept)
      const last = old.at(-1)
      if (!last) return { removed: 0, unfit: null }
      const unfit = findUnfit(anchor, old, keys, mac)
      if (unfit !== null) return { removed: 0, unfit }
      const [key] = keys
      const removed = (anchor?.removed ?? 0) + old.length
      const moved = { id: last.id, hash: last.hash, removed, keyId: key.id }
      anchor = { ...moved, mac: mac(key, encodeAnchor(moved)) }
      rows.splice(0, old.length)
      return { removed: old.length, unfit }
    },
  }
}

const compare = (a: AuditPlace, b: AuditPlace): number => a.at - b.at || a.id - b.id

const matches = (row: AuditRow, { user, event, since, until }: AuditFilter): boolean =>
  (user === undefined || row.user === user) &&
  (event === undefined || row.event === event) &&
  (since === undefined || row.at >= since) &&
  (until === undefined || row.at < until)
