// Which rows of the audit log are on a page?
import type { Kysely, Selectable, SelectQueryBuilder } from 'kysely'
import type { AuditPage } from '../../ports/audit-log.ts'
import type { AuditTable, Tables } from './schema.ts'

type Log = Pick<Tables, 'lockjar_audit'>

/** With one filter read off an index, without sorting. `query` writes for whichever database it is. */
export function compilePage(
  query: Kysely<Log>,
  { user, event, since, until, order, after, limit }: AuditPage,
): SelectQueryBuilder<Log, 'lockjar_audit', Selectable<AuditTable>> {
  const direction = order === 'oldest-first' ? 'asc' : 'desc'
  let rows = query.selectFrom('lockjar_audit').selectAll()
  if (user !== undefined) rows = rows.where('user_id', '=', user)
  if (event !== undefined) rows = rows.where('event', '=', event)
  if (since !== undefined) rows = rows.where('at', '>=', since)
  if (until !== undefined) rows = rows.where('at', '<', until)
  if (after !== null) {
    const { at, id } = after
    const [reached, beyond] = order === 'oldest-first' ? (['>=', '>'] as const) : (['<=', '<'] as const)
    rows = rows.where('at', reached, at).where((is) => is.or([is('at', beyond, at), is('id', beyond, id)]))
  }
  return rows.orderBy('at', direction).orderBy('id', direction).limit(limit)
}
