// How are users kept in PostgreSQL?
import type { Compilable, Expression, Insertable, Selectable } from 'kysely'
import { sql } from 'kysely'
import { userFloors } from '../../core/revocation/floors.ts'
import { walkPage } from '../../core/user/page.ts'
import type { UserRecord } from '../../core/user/user.ts'
import type { KeepOne, UserStore, UserWrite } from '../../ports/user-store.ts'
import type { UsersTable } from '../sql/schema.ts'
import { readUsers, userIndexes } from '../sql/user-index.ts'
import { toNewUserRow, toUser } from '../sql/user-rows.ts'
import { readNow } from './clock.ts'
import type { Connection, Database } from './connection.ts'
import { uniqueViolation } from './errors.ts'
import { takeTurns } from './locks.ts'
import { named, query } from './query.ts'
import { appendFloors } from './revocation-log.ts'
import { toJson } from './text.ts'

type Row = Selectable<UsersTable>
type Change = Omit<Partial<Row>, 'disabled_at'> & { readonly disabled_at?: Expression<number> | null }

const users = () => query.selectFrom('lockjar_users').selectAll()
const read = (row: Row | null): UserRecord | null => row && toUser(row)

/** What an access token says, or rests on, has changed. */
const change = (id: string, set: Change) =>
  query
    .updateTable('lockjar_users')
    .set((row) => ({ ...set, revision: row('revision', '+', 1) }))
    .where('id', '=', id)
    .returningAll()

export function createUserStore(database: Database, now: Expression<number>): UserStore {
  const find = async (key: 'id' | 'email_key' | 'username_key', value: string): Promise<UserRecord | null> =>
    read(await database.first(named(`user_by_${key}`, users().where(key, '=', value))))

  return {
    async create(user) {
      const written = await unlessTaken(async () =>
        database.first(insert(toNewUserRow(user, now)).returningAll()),
      )
      if (!written) throw new Error('an insert answered no row')
      return written
    },
    async createMany(all) {
      return database.transaction(async (connection) => {
        const at = await readNow(connection, now)
        const rows = toJson(all.map((user) => toNewUserRow(user, at)))
        const created = new Set((await connection.all(insertFree(rows))).map(({ id }) => id))
        const keys = all.map(({ emailKey }) => emailKey)
        const owners = await connection.all(
          query
            .selectFrom('lockjar_users')
            .select(['id', 'email_key'])
            .where(sql<boolean>`email_key = any(${keys})`),
        )
        const there = new Map(owners.map(({ id, email_key }) => [email_key, id]))
        return all.map(({ id, emailKey }) => {
          if (created.has(id)) return 'created'
          return there.has(emailKey) ? 'exists' : 'username_taken'
        })
      })
    },
    async list(asked) {
      const walk = walkPage(asked, userIndexes(asked))
      let step = walk.next()
      while (!step.done) {
        const rows = await database.all(readUsers(query, asked, step.value))
        step = walk.next(rows.map(toUser))
      }
      return step.value
    },
    find: (id) => find('id', id),
    findByEmail: (emailKey) => find('email_key', emailKey),
    findByUsername: (usernameKey) => find('username_key', usernameKey),
    async updateProfile(id, { name, username }) {
      const set = {
        ...(name !== undefined && { name }),
        ...(username !== undefined && {
          username: username?.text ?? null,
          username_key: username?.key ?? null,
        }),
      }
      if (Object.keys(set).length === 0) {
        const user = await find('id', id)
        return user && { ok: true, user }
      }
      return unlessTaken(() =>
        database.first(query.updateTable('lockjar_users').set(set).where('id', '=', id).returningAll()),
      )
    },
    async replaceHash(id, from, to) {
      const statement = query
        .updateTable('lockjar_users')
        .set({ password_hash: to })
        .where('id', '=', id)
        .where('password_hash', '=', from)
      return (await database.run(statement)) > 0
    },
    async recordLogin(id) {
      const statement = query.updateTable('lockjar_users').set({ last_login_at: now }).where('id', '=', id)
      await database.run(named('login', statement))
    },
    async setRoles(id, roles, unless) {
      return database.transaction(async (connection) => {
        const keeps = roles.includes(unless?.keepOne ?? '')
        if (!keeps && (await isLast(connection, id, unless))) return 'last'
        const row = await connection.first(
          change(id, { roles: JSON.stringify(roles) }).returning(sql<number>`${now}`.as('now')),
        )
        if (!row) return null
        const user = toUser(row)
        return { user, floors: await appendFloors(connection, userFloors(id, user.revision, [], row.now)) }
      })
    },
    async setDisabled(id, disabled, unless) {
      return database.transaction(async (connection) => {
        if (disabled && (await isLast(connection, id, unless))) return 'last'
        const set = change(id, { disabled_at: disabled ? now : null })
        return read(await endingTokens(connection, id, set))
      })
    },
    async setPassword(id, revision, hash) {
      return database.transaction(async (connection) => {
        const set = change(id, { password_hash: hash }).where('revision', '=', revision)
        return read(await endingTokens(connection, id, set))
      })
    },
    async raiseRevision(id) {
      return (await database.first(change(id, {})))?.revision ?? null
    },
    async delete(id, unless) {
      return database.transaction(async (connection) => {
        if (await isLast(connection, id, unless)) return 'last'
        const removal = query.deleteFrom('lockjar_users').where('id', '=', id).returning('id')
        return (await endingTokens(connection, id, removal)) !== null
      })
    },
  }
}

/**
 * Links that rest on what is changed end with it; where nothing is changed they stay. The user's row first, then the tokens: every
 * command locks them in this order, so that none waits for another that waits for it.
 */
async function endingTokens<T>(connection: Connection, id: string, write: Compilable<T>): Promise<T | null> {
  const written = await connection.first(write)
  if (written) await connection.run(query.deleteFrom('lockjar_one_time_tokens').where('subject', '=', id))
  return written
}

/**
 * Whether the user has the role, may use it, and nobody else is left who has it. Whoever asks it of one role takes turns: two who
 * demote each other would each find the other one left.
 */
async function isLast(connection: Connection, id: string, unless: KeepOne | undefined): Promise<boolean> {
  if (!unless) return false
  const role = unless.keepOne
  await takeTurns(connection, 'role', role)
  const user = read(await connection.first(users().where('id', '=', id)))
  if (!user || user.disabledAt !== null || !user.roles.includes(role)) return false
  const another = query
    .selectFrom('lockjar_user_roles as has')
    .innerJoin('lockjar_users as user', 'user.id', 'has.user_id')
    .select('user.id')
    .where('has.role', '=', role)
    .where('user.id', '!=', id)
    .where('user.disabled_at', 'is', null)
    .where('user.password_hash', 'is not', null)
    .limit(1)
  return (await connection.first(another)) === null
}

const insert = (row: Insertable<UsersTable> | ReturnType<typeof toNewUserRow<Expression<number>>>) =>
  query.insertInto('lockjar_users').values(row)

/** Those whose names are free, in the order given; of two with one name the first. One parameter, however many they are. */
function insertFree(rows: string): Compilable<{ readonly id: string }> {
  const text = sql<{ readonly id: string }>`
    insert into lockjar_users select * from json_populate_recordset(null::lockjar_users, ${rows}::json)
    on conflict do nothing returning id`
  return { compile: () => text.compile(query) }
}

/** The unique constraints decide who was first. `null`: no row was there to write. */
async function unlessTaken(write: () => Promise<Row | null>): Promise<UserWrite | null> {
  try {
    const row = await write()
    return row && { ok: true, user: toUser(row) }
  } catch (error) {
    const constraint = uniqueViolation(error)
    if (constraint === 'lockjar_users_email_key') return { ok: false, taken: 'email' }
    if (constraint === 'lockjar_users_username_key') return { ok: false, taken: 'username' }
    throw error
  }
}
