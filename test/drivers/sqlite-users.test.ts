// Are users found in SQLite by an index, however many there are, and is one superuser left whoever takes part?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CompiledQuery } from 'kysely'
import { afterAll, describe, expect, it } from 'vitest'
import type { UserQuery } from '../../src/core/user/page.ts'
import { readUsers, userIndexes } from '../../src/drivers/sql/user-index.ts'
import { openConnection } from '../../src/drivers/sqlite/connection.ts'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import { migrate } from '../../src/drivers/sqlite/migrations.ts'
import { query } from '../../src/drivers/sqlite/query.ts'
import { createTestClock } from '../support/clock.ts'
import { raceProcesses } from './processes.ts'
import { user } from './rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-sqlite-users-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newPath = (): string => join(folder, `${files++}.db`)

const ALL: UserQuery = {
  search: null,
  role: null,
  disabled: null,
  verified: null,
  order: 'newest',
  after: null,
  limit: 50,
}

describe('a page of users', () => {
  const connection = openConnection(newPath())
  migrate(connection, 0)

  /** How SQLite says that it goes about it. */
  function plansOf(asked: UserQuery, after: string | null): readonly string[] {
    const plans: string[] = []
    for (const by of userIndexes(asked)) {
      const { sql, parameters } = readUsers(query, asked, { by, after, count: 51 }).compile()
      const explain = CompiledQuery.raw(`EXPLAIN QUERY PLAN ${sql}`, [...parameters])
      plans.push(
        ...connection.all<{ detail: string }>({ compile: () => explain as never }).map((row) => row.detail),
      )
    }
    return plans
  }

  it.each<[what: string, asked: Partial<UserQuery>]>([
    ['of all', {}],
    ['of all, oldest first', { order: 'oldest' }],
    ['of a search', { search: 'ada' }],
    ['of a role', { role: 'superuser' }],
    ['of a role, oldest first', { role: 'superuser', order: 'oldest' }],
    ['of those who are disabled', { disabled: true }],
    ['of those who are not verified', { verified: false }],
  ])('%s is a seek in an index, with nothing to sort', (_what, asked) => {
    const plans = plansOf({ ...ALL, ...asked }, 'x')
    expect(plans.length).toBeGreaterThan(0)
    for (const plan of plans) expect(plan).toMatch(/^SEARCH \S+ USING (?:INDEX|PRIMARY KEY)/)
    for (const plan of plansOf({ ...ALL, ...asked }, null)) expect(plan).not.toMatch(/TEMP B-TREE|SCAN has/)
  })

  it('of those who are disabled walks past nobody else', () => {
    expect(plansOf({ ...ALL, disabled: true }, 'x').join()).toContain('lockjar_users_disabled')
  })
})

describe('users by role', () => {
  it('are found too where the database was made before there was an index of them', async () => {
    const path = newPath()
    await openSqlite(path, createTestClock()).close()
    const old = new DatabaseSync(path)
    old.exec(`
      DROP TRIGGER lockjar_users_created; DROP TRIGGER lockjar_users_changed; DROP TRIGGER lockjar_users_deleted;
      DROP TABLE lockjar_user_roles; DROP INDEX lockjar_users_disabled;
      DELETE FROM lockjar_migrations WHERE name LIKE '%users_by_role';
      INSERT INTO lockjar_users (id, email, email_key, roles, revision, created_at)
        VALUES ('user-1', 'a', 'a', '["editor","superuser","editor"]', 0, 0), ('user-2', 'b', 'b', '[]', 0, 0)`)
    old.close()
    const store = openSqlite(path, createTestClock())
    expect((await store.users.list({ ...ALL, role: 'superuser' })).users).toMatchObject([{ id: 'user-1' }])
    expect(await store.users.setDisabled('user-1', true, { keepOne: 'superuser' })).toBe('last')
    await store.close()
  })
})

describe('two superusers in two processes', () => {
  it.each([
    ['demote', "setRoles(other, ['editor'], { keepOne: 'superuser' })"],
    ['disable', "setDisabled(other, true, { keepOne: 'superuser' })"],
  ])('who %s each other at once leave one', async (_what, act) => {
    for (let round = 0; round < 3; round++) {
      const path = newPath()
      const store = openSqlite(path, createTestClock())
      await store.users.createMany(
        [1, 2].map((n) => ({ ...user(n), passwordHash: 'hash', roles: ['superuser'] })),
      )
      const answers = await raceProcesses(
        2,
        `import { mkdirSync } from 'node:fs'
         import { openSqlite } from 'lockjar/sqlite'
         const clock = { now: () => Date.now(), monotonic: () => 0, every: () => () => {} }
         const store = openSqlite(${JSON.stringify(path)}, clock)
         let other = 'user-2'
         try { mkdirSync(${JSON.stringify(`${path}.first`)}) } catch { other = 'user-1' }`,
        `const written = await store.users.${act}
         await store.close()
         process.stdout.write(written === 'last' ? 'last' : 'done')`,
      )
      expect([...answers].sort()).toEqual(['done', 'last'])
      const { users } = await store.users.list({ ...ALL, role: 'superuser', disabled: false })
      expect(users).toHaveLength(1)
      await store.close()
    }
  })
})
