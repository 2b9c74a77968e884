// How is the audit log kept in PostgreSQL, so that every node continues one chain?
import { createHmac } from 'node:crypto'
import type { Insertable } from 'kysely'
import { sql } from 'kysely'
import type { AuditAnchor, AuditEntry, AuditHead, AuditKey } from '../../core/audit/chain.ts'
import { BEGINNING, encodeAnchor, encodeRow } from '../../core/audit/chain.ts'
import { findUnfit } from '../../core/audit/fit.ts'
import type { AuditEnds, AuditLog } from '../../ports/audit-log.ts'
import { compilePage } from '../sql/audit-page.ts'
import { toAnchor, toAuditRow, toEntryRow } from '../sql/audit-rows.ts'
import type { AuditTable } from '../sql/schema.ts'
import type { Connection, Database } from './connection.ts'
import { tryTurn } from './locks.ts'
import { query } from './query.ts'

/** The anchor is one row. */
const ANCHOR = 1

const mac = (key: AuditKey, text: string): string =>
  createHmac('sha256', key.bytes).update(text).digest('base64url')

const rows = () => query.selectFrom('lockjar_audit').selectAll()

export function createAuditLog(database: Database): AuditLog {
  return {
    append(entries, key) {
      return database.transaction(async (connection) => {
        const lastId = await takeIds(connection, entries.length)
        // A statement of its own: from here on nobody else appends, and this sees what the one before has.
        const { head } = await readEnds(connection)
        const { rows: chained, last } = chain(entries, { ...head, id: lastId - entries.length }, key)
        if (chained.length > 0) await connection.run(query.insertInto('lockjar_audit').values(chained))
        return last
      })
    },
    async page(wanted) {
      return (await database.all(compilePage(query, wanted))).map(toAuditRow)
    },
    async chain(after, limit) {
      const found = await database.all(rows().where('id', '>', after).orderBy('id').limit(limit))
      return found.map(toAuditRow)
    },
    ends() {
      return readEnds(database)
    },
    prune(before, limit, keys) {
      return database.transaction(async (connection) => {
        // Two at once would both verify, and remove, the same rows.
        if (!(await tryTurn(connection, 'retention'))) return { removed: 0, unfit: null }
        const oldest = (await connection.all(rows().orderBy('id').limit(limit))).map(toAuditRow)
        const kept = oldest.findIndex(({ at }) => at >= before)
        const old = kept < 0 ? oldest : oldest.slice(0, kept)
        const last = old.at(-1)
        if (!last) return { removed: 0, unfit: null }
        const { anchor } = await readEnds(connection)
        const unfit = findUnfit(anchor, old, keys, mac)
        if (unfit !== null) return { removed: 0, unfit }
        const [key] = keys
        const removed = (anchor?.removed ?? 0) + old.length
        const moved = { id: last.id, hash: last.hash, removed, keyId: key.id }
        await moveAnchor(connection, { ...moved, mac: mac(key, encodeAnchor(moved)) })
        await connection.run(query.deleteFrom('lockjar_audit').where('id', '<=', last.id))
        return { removed: old.length, unfit }
      })
    },
  }
}

/** Until the end of the transaction nobody else gets any. Answers the last of them. Where it fails, they were never given. */
async function takeIds(connection: Connection, count: number): Promise<number> {
  const row = await connection.first(
    query
      .updateTable('lockjar_audit_counter')
      .set((counter) => ({ last_id: counter('last_id', '+', count) }))
      .returning('last_id'),
  )
  if (!row) throw new Error('the counter of the audit log is not there')
  return row.last_id
}

/** One statement, so that what another node commits meanwhile does not look like rows that are gone. */
async function readEnds(connection: Connection): Promise<AuditEnds> {
  const row = await connection.first(
    query
      .selectFrom('lockjar_audit_counter as counter')
      .leftJoinLateral(
        (db) =>
          db.selectFrom('lockjar_audit').select(['id', 'hash']).orderBy('id', 'desc').limit(1).as('newest'),
        (join) => join.onTrue(),
      )
      .select(['last_id', 'newest.id', 'newest.hash'])
      .select(sql<string | null>`(select to_json(anchor) from lockjar_audit_anchor as anchor)`.as('anchor')),
  )
  if (!row) throw new Error('the counter of the audit log is not there')
  const anchor = row.anchor === null ? null : toAnchor(JSON.parse(row.anchor))
  const newest = row.id === null || row.hash === null ? null : { id: row.id, hash: row.hash }
  const { id, hash } = newest ?? anchor ?? BEGINNING
  return { anchor, head: { id, hash }, lastId: Math.max(row.last_id, id) }
}

/** Where somebody has cut rows off the end, their ids stay a gap for ever. */
function chain(
  entries: readonly AuditEntry[],
  before: AuditHead,
  key: AuditKey,
): { readonly rows: readonly Insertable<AuditTable>[]; readonly last: AuditHead } {
  let last = before
  const rows = entries.map((entry) => {
    const id = last.id + 1
    const hash = mac(key, encodeRow(last.hash, { ...entry, id, keyId: key.id }))
    last = { id, hash }
    return { id, ...toEntryRow(entry), key_id: key.id, hash }
  })
  return { rows, last }
}

/** Before the rows go: the trigger lets only those go that the anchor has passed. */
async function moveAnchor(
  connection: Connection,
  { id, hash, removed, keyId, mac }: AuditAnchor,
): Promise<void> {
  const values = { last_id: id, last_hash: hash, removed, key_id: keyId, mac }
  await connection.run(
    query
      .insertInto('lockjar_audit_anchor')
      .values({ id: ANCHOR, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values)),
  )
}
