// How are users kept in SQLite?
import type { Compilable, CompiledQuery, Insertable, Selectable } from 'kysely'
import { userFloors } from '../../core/revocation/floors.ts'
import type { PageRead } from '../../core/user/page.ts'
import { takePage } from '../../core/user/page.ts'
import type { UserRecord } from '../../core/user/user.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepOne, UserStore, UserWrite } from '../../ports/user-store.ts'
import type { UsersTable } from '../sql/schema.ts'
import { readUsers, userIndexes } from '../sql/user-index.ts'
import { toNewUserRow, toUser } from '../sql/user-rows.ts'
import { type Connection, uniqueViolation } from './connection.ts'
import { query } from './query.ts'
import type { LogWriter } from './revocation-log.ts'

export function createUserStore(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
  log: LogWriter,
): UserStore {
  const users = () => query.selectFrom('lockjar_users').selectAll()
  const read = (row: Selectable<UsersTable> | null): UserRecord | null => row && toUser(row)

  /** What an access token says, or rests on, has changed. */
  const change = (id: string, set: Partial<Selectable<UsersTable>>) =>
    query
      .updateTable('lockjar_users')
      .set((row) => ({ ...set, revision: row('revision', '+', 1) }))
      .where('id', '=', id)
      .returningAll()

  /** Links that rest on what is changed end with it, in one transaction; where nothing is changed they stay. */
  const endingTokens = <T>(id: string, write: () => T | null): T | null =>
    connection.transaction(() => {
      const written = write()
      if (written) connection.run(query.deleteFrom('lockjar_one_time_tokens').where('subject', '=', id))
      return written
    })

  /** Whether the user has the role, may use it, and nobody else is left who has it. */
  const isLast = ({ id, roles, disabledAt }: UserRecord, unless: KeepOne | undefined): boolean => {
    if (!unless || disabledAt !== null || !roles.includes(unless.keepOne)) return false
    const another = query
      .selectFrom('lockjar_user_roles as has')
      .innerJoin('lockjar_users as user', 'user.id', 'has.user_id')
      .select('user.id')
      .where('has.role', '=', unless.keepOne)
      .where('user.id', '!=', id)
      .where('user.disabled_at', 'is', null)
      .where('user.password_hash', 'is not', null)
      .limit(1)
    return connection.first(another) === null
  }
  const find = (id: string): UserRecord | null => read(connection.first(users().where('id', '=', id)))

  return {
    async create(user) {
      const written = unlessTaken(() =>
        connection.first(
          query.insertInto('lockjar_users').values(toNewUserRow(user, clock.now())).returningAll(),
        ),
      )
      if (!written) throw new Error('an insert answered no row')
      return written
    },
    async createMany(all) {
      let statement: CompiledQuery | undefined
      return connection.transaction(() =>
        all.map((user) => {
          const row = toNewUserRow(user, clock.now())
          // The same statement for each: compiling it takes longer than running it.
          statement ??= insertUnlessTaken(row).compile()
          if (connection.run(withParameters(statement, Object.values(row))) > 0) return 'created'
          const there = users().where('email_key', '=', user.emailKey)
          return connection.first(there) ? 'exists' : 'username_taken'
        }),
      )
    },
    async list(asked) {
      const read = (by: PageRead['by']) => (after: string | null, count: number) =>
        connection.all(readUsers(query, asked, { by, after, count })).map(toUser)
      return takePage(
        asked,
        userIndexes(asked).map((by) => ({ by, read: read(by) })),
      )
    },
    async find(id) {
      return find(id)
    },
    async findByEmail(emailKey) {
      return read(connection.first(users().where('email_key', '=', emailKey)))
    },
    async findByUsername(usernameKey) {
      return read(connection.first(users().where('username_key', '=', usernameKey)))
    },
    async updateProfile(id, { name, username }) {
      const change = {
        ...(name !== undefined && { name }),
        ...(username !== undefined && {
          username: username?.text ?? null,
          username_key: username?.key ?? null,
        }),
      }
      if (Object.keys(change).length === 0) {
        const user = find(id)
        return user && { ok: true, user }
      }
      return unlessTaken(() =>
        connection.first(query.updateTable('lockjar_users').set(change).where('id', '=', id).returningAll()),
      )
    },
    async replaceHash(id, from, to) {
      const statement = query
        .updateTable('lockjar_users')
        .set({ password_hash: to })
        .where('id', '=', id)
        .where('password_hash', '=', from)
      return connection.run(statement) > 0
    },
    async recordLogin(id) {
      connection.run(
        query.updateTable('lockjar_users').set({ last_login_at: clock.now() }).where('id', '=', id),
      )
    },
    async setRoles(id, roles, unless) {
      return connection.transaction(() => {
        const before = find(id)
        if (!before) return null
        if (!roles.includes(unless?.keepOne ?? '') && isLast(before, unless)) return 'last'
        const user = read(connection.first(change(id, { roles: JSON.stringify(roles) })))
        return user && { user, floors: log.append(userFloors(id, user.revision, [], clock.now())) }
      })
    },
    async setDisabled(id, disabled, unless) {
      return connection.transaction(() => {
        const before = find(id)
        if (before && disabled && isLast(before, unless)) return 'last'
        return endingTokens(id, () =>
          read(connection.first(change(id, { disabled_at: disabled ? clock.now() : null }))),
        )
      })
    },
    async setPassword(id, revision, hash) {
      return endingTokens(id, () =>
        read(connection.first(change(id, { password_hash: hash }).where('revision', '=', revision))),
      )
    },
    async raiseRevision(id) {
      return connection.first(change(id, {}))?.revision ?? null
    },
    async delete(id, unless) {
      return connection.transaction(() => {
        const user = find(id)
        if (user && isLast(user, unless)) return 'last'
        return (
          endingTokens(id, () =>
            connection.first(query.deleteFrom('lockjar_users').where('id', '=', id).returning('id')),
          ) !== null
        )
      })
    },
  }
}

const insertUnlessTaken = (row: Insertable<UsersTable>) =>
  query
    .insertInto('lockjar_users')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())

/** Of another row: they stand in the order of its columns, each of them once. */
function withParameters(statement: CompiledQuery, parameters: readonly unknown[]): Compilable<unknown> {
  return { compile: () => ({ ...statement, parameters }) }
}

/** The unique indexes decide who was first. `null`: no row was there to write. */
function unlessTaken(write: () => Selectable<UsersTable> | null): UserWrite | null {
  try {
    const row = write()
    return row && { ok: true, user: toUser(row) }
  } catch (error) {
    const column = uniqueViolation(error)
    if (column === 'email_key') return { ok: false, taken: 'email' }
    if (column === 'username_key') return { ok: false, taken: 'username' }
    throw error
  }
}
