// By which index are users found in SQLite, and in which order?
import type { Compilable, Selectable } from 'kysely'
import type { UserIndex, UserQuery } from '../../core/user/page.ts'
import type { UserRecord } from '../../core/user/user.ts'
import type { UsersTable } from '../sql/schema.ts'
import { query } from './query.ts'

type Rows = Compilable<Selectable<UsersTable>>

/** Those to walk for what is asked, one after the other. Each read is a seek and as many rows as it answers. */
export function userIndexes(asked: UserQuery, all: (rows: Rows) => UserRecord[]): readonly UserIndex[] {
  const { search, role, disabled } = asked
  if (search !== null) return [byKey('email', search, all), byKey('username', search, all)]
  if (role !== null) return [{ by: 'id', read: (after, count) => all(withRole(asked, role, after, count)) }]
  return [{ by: 'id', read: (after, count) => all(byId(asked, after, count, disabled === true)) }]
}

/** After every character that a key may have. */
const AFTER_ALL = '\x7f'

function byKey(by: 'email' | 'username', search: string, all: (rows: Rows) => UserRecord[]): UserIndex {
  const column = by === 'email' ? 'email_key' : 'username_key'
  return {
    by,
    read: (after, count) =>
      all(
        query
          .selectFrom('lockjar_users')
          .selectAll()
          .where(column, '<', search + AFTER_ALL)
          .where(column, after === null ? '>=' : '>', after ?? search)
          .orderBy(column)
          .limit(count),
      ),
  }
}

/** `disabled`: by the index of those alone. */
function byId({ order }: UserQuery, after: string | null, count: number, disabled: boolean): Rows {
  let rows = query.selectFrom('lockjar_users').selectAll()
  if (disabled) rows = rows.where('disabled_at', 'is not', null)
  if (after !== null) rows = rows.where('id', BEYOND[order], after)
  return rows.orderBy('id', DIRECTION[order]).limit(count)
}

function withRole({ order }: UserQuery, role: string, after: string | null, count: number): Rows {
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
