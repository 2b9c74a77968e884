// By which index are users found, and in which order?
import type { Compilable, Kysely, Selectable } from 'kysely'
import type { PageRead, UserQuery } from '../../core/user/page.ts'
import type { UserPlace } from '../../core/user/place.ts'
import type { Tables, UsersTable } from './schema.ts'

type Rows = Compilable<Selectable<UsersTable>>
type Query = Pick<Kysely<Tables>, 'selectFrom'>

/** Those to walk for what is asked, one after the other. */
export function userIndexes({ search }: UserQuery): readonly UserPlace['by'][] {
  return search === null ? ['id'] : ['email', 'username']
}

/** One read of an index: a seek, and as many rows as it answers. */
export function readUsers(query: Query, asked: UserQuery, { by, after, count }: PageRead): Rows {
  const { search, role, disabled } = asked
  if (by !== 'id') return byKey(query, by, search ?? '', after, count)
  if (role !== null) return withRole(query, asked, role, after, count)
  return byId(query, asked, after, count, disabled === true)
}

/** After every character that a key may have. */
const AFTER_ALL = '\x7f'

function byKey(
  query: Query,
  by: 'email' | 'username',
  search: string,
  after: string | null,
  count: number,
): Rows {
  const column = by === 'email' ? 'email_key' : 'username_key'
  return query
    .selectFrom('lockjar_users')
    .selectAll()
    .where(column, '<', search + AFTER_ALL)
    .where(column, after === null ? '>=' : '>', after ?? search)
    .orderBy(column)
    .limit(count)
}

/** `disabled`: by the index of those alone. */
function byId(
  query: Query,
  { order }: UserQuery,
  after: string | null,
  count: number,
  disabled: boolean,
): Rows {
  let rows = query.selectFrom('lockjar_users').selectAll()
  if (disabled) rows = rows.where('disabled_at', 'is not', null)
  if (after !== null) rows = rows.where('id', BEYOND[order], after)
  return rows.orderBy('id', DIRECTION[order]).limit(count)
}

function withRole(
  query: Query,
  { order }: UserQuery,
  role: string,
  after: string | null,
  count: number,
): Rows {
  let rows = query
    .selectFrom('lockjar_user_roles as has')
    .innerJoin('lockjar_users as user', 'user.id', 'has.user_id')
    .selectAll('user')
    .where('has.role', '=', role)
  if (after !== null) rows = rows.where('has.user_id', BEYOND[order], after)
  return rows.orderBy('has.user_id', DIRECTION[order]).limit(count)
}

const BEYOND = { newest: '<', oldest: '>' } as const
const DIRECTION = { newest: 'desc', oldest: 'asc' } as const
