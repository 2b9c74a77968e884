// Is the SQLite file shared safely: by processes, with the application, and when it is locked?
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CompiledQuery } from 'kysely'
import { afterAll, describe, expect, it } from 'vitest'
import { openConnection } from '../../src/drivers/sqlite/connection.ts'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import { MIGRATIONS } from '../../src/drivers/sqlite/migrations.ts'
import { createTestClock } from '../support/clock.ts'
import { raceProcesses } from './processes.ts'
import { session, user } from './rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newPath = (): string => join(folder, `${files++}.db`)

const UNAVAILABLE = expect.objectContaining({
  name: 'AuthError',
  code: 'unavailable',
  facts: expect.objectContaining({ retryAfter: 1 }),
})

const OPEN = `
  import { openSqlite } from 'lockjar/sqlite'
  const clock = { now: () => Date.now(), monotonic: () => 0, every: () => () => {} }`

describe('a SQLite file', () => {
  it('that a newer version has changed is refused, for an old one would not know what it leaves out', async () => {
    const path = newPath()
    await openSqlite(path, createTestClock()).close()
    const database = new DatabaseSync(path)
    database.exec("INSERT INTO lockjar_migrations VALUES ('9999_of_tomorrow', 1)")
    database.close()
    expect(() => openSqlite(path, createTestClock())).toThrow(/9999_of_tomorrow by a newer version/)
  })

  it('is its owner’s only, and so are the folder made for it and the files beside it', () => {
    const path = join(newPath(), 'data', 'lockjar.db')
    const store = openSqlite(path, createTestClock())
    const modeOf = (name: string): string => (statSync(name).mode & 0o777).toString(8)
    expect([join(path, '..'), path, `${path}-wal`, `${path}-shm`].map(modeOf)).toEqual([
      '700',
      '600',
      '600',
      '600',
    ])
    return store.close()
  })

  it('is brought up to date by whichever of several processes is first', async () => {
    const paths = Array.from({ length: 5 }, newPath)
    const answers = await raceProcesses(
      4,
      OPEN,
      `const answers = []
       for (const path of ${JSON.stringify(paths)}) {
         const store = openSqlite(path, clock)
         const { ok } = await store.users.create({ id: String(process.pid), email: 'a', emailKey: 'same', username: null,
           usernameKey: null, name: null, passwordHash: null, roles: [] })
         await store.close()
         answers.push(ok)
       }
       process.stdout.write(JSON.stringify(answers))`,
    )
    for (const [index, path] of paths.entries()) {
      const created = answers.filter((answer) => (JSON.parse(answer) as readonly boolean[])[index])
      expect(created).toHaveLength(1)
      const db = new DatabaseSync(path)
      expect(db.prepare('SELECT count(*) AS n FROM lockjar_migrations').get()).toEqual({
        n: MIGRATIONS.length,
      })
      db.close()
    }
  })

  it('is waited for when the application writes to it at the instant in which it is made ready', async () => {
    const path = newPath()
    const app = new DatabaseSync(path)
    app.exec("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('Ada')")
    app.close()
    const held = Promise.withResolvers<void>()
    // A write that lasts half a second. SQLite's own timeout does not cover a change of the journal's mode.
    const writing = raceProcesses(
      1,
      `import { DatabaseSync } from 'node:sqlite'
       const app = new DatabaseSync(${JSON.stringify(path)})
       app.exec("BEGIN IMMEDIATE; INSERT INTO users VALUES ('Eve')")`,
      `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500); app.exec('COMMIT')`,
      () => held.resolve(),
    )
    const opening = raceProcesses(
      1,
      OPEN,
      `const store = openSqlite(${JSON.stringify(path)}, clock)
       process.stdout.write(String(await store.users.find('nobody')))`,
      () => held.promise,
    )
    expect(await Promise.all([writing, opening])).toEqual([[''], ['null']])
  })

  it('is written through to the disk before an answer, and read while it is written', () => {
    const connection = openConnection(newPath())
    const pragma = (name: string): unknown =>
      connection.first({ compile: () => CompiledQuery.raw(`PRAGMA ${name}`) })
    const FULL = 2
    expect(pragma('synchronous')).toEqual({ synchronous: FULL })
    expect(pragma('journal_mode')).toEqual({ journal_mode: 'wal' })
    expect(pragma('foreign_keys')).toEqual({ foreign_keys: 1 })
    connection.close()
  })

  it('keeps what was written when it is opened again', async () => {
    const [path, clock] = [newPath(), createTestClock()]
    const first = openSqlite(path, clock)
    await first.users.create(user(1))
    await first.sessions.create(session(1), [])
    const { floors } = await first.sessions.revoke('session-1', null, 'logout')
    await first.close()
    const second = openSqlite(path, clock)
    expect(await second.users.find('user-1')).toMatchObject({ email: 'ada1@example.com' })
    expect((await second.sessions.find('session-1'))?.session.revokedReason).toBe('logout')
    expect((await second.revocations.read(null)).floors).toEqual(floors)
    await second.close()
  })

  it('is made in a folder that is not there yet', async () => {
    const store = openSqlite(join(folder, 'a', 'b', 'c.db'), createTestClock())
    expect(await store.users.find('x')).toBeNull()
    await store.close()
  })

  it('keeps the tables of the application as they are', async () => {
    const path = newPath()
    const app = new DatabaseSync(path)
    app.exec(
      "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users (name) VALUES ('Ada')",
    )
    const before = app.prepare("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'lockjar_%'").all()
    const store = openSqlite(path, createTestClock())
    await store.users.create(user(1))
    await store.close()
    const own = "name NOT LIKE 'lockjar_%' AND name NOT LIKE 'sqlite_%'"
    expect(app.prepare(`SELECT sql FROM sqlite_schema WHERE ${own}`).all()).toEqual(before)
    expect(app.prepare('SELECT * FROM users').all()).toEqual([{ id: 1, name: 'Ada' }])
    app.close()
  })
})

describe('two connections to one file', () => {
  it('see each other’s revocations at the next read of the log', async () => {
    const [path, clock] = [newPath(), createTestClock()]
    const [one, other] = [openSqlite(path, clock), openSqlite(path, clock)]
    for (const n of [1, 2, 3]) await one.sessions.create(session(n), [])
    let { cursor } = await one.revocations.read(null)
    for (const [n, store] of [other, one, other].entries()) {
      await store.sessions.revoke(`session-${n + 1}`, null, 'logout')
      const page = await one.revocations.read(cursor)
      expect(page.floors.map(({ scope }) => scope)).toEqual([`session:session-${n + 1}`])
      cursor = page.cursor
    }
    expect((await one.revocations.read(cursor)).floors).toEqual([])
    expect((await other.revocations.read(null)).floors).toHaveLength(3)
    await one.close()
    await other.close()
  })

  it('hear of each other’s writes within 50 milliseconds, and of nothing while nobody writes', async () => {
    const path = newPath()
    const clock = createTestClock()
    const [one, other] = [openSqlite(path, clock), openSqlite(path, createTestClock())]
    let heard = 0
    const stop = one.revocations.watch?.(() => heard++)
    const passing = (milliseconds: number): number => {
      for (let left = milliseconds; left > 0; left -= 50) clock.advance(50)
      return heard
    }
    expect(passing(1000)).toBe(0)
    await other.users.create(user(1))
    expect(passing(50)).toBe(1)
    expect(passing(1000)).toBe(1)
    await other.users.create(user(2))
    stop?.()
    expect(passing(1000)).toBe(1)
    await one.close()
    await other.close()
  })

  it('that are closed hear nothing, and do not mind', async () => {
    const clock = createTestClock()
    const store = openSqlite(newPath(), clock)
    store.revocations.watch?.(() => expect.unreachable())
    clock.advance(50)
    await store.close()
    clock.advance(50)
  })

  it('have one winner of one swap', async () => {
    const [path, clock] = [newPath(), createTestClock()]
    const [one, other] = [openSqlite(path, clock), openSqlite(path, clock)]
    await one.sessions.create(session(1), [])
    const swap = { from: 0, to: 1, predecessor: 0, confirmed: 0, whileUnconfirmed: false, settledFor: 10_000 }
    const command = {
      id: 'session-1',
      nonceHash: 'nonce',
      carriage: 'cookie',
      swap,
      idleTimeout: { plain: 1000, remembered: 1000 },
    } as const
    const answers = await Promise.all([one, other, one, other].map(({ sessions }) => sessions.swap(command)))
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1)
    await one.close()
    await other.close()
  })
})

describe('a file that cannot be used', () => {
  it('because another process holds its lock is unavailable after five seconds, and reads go on', async () => {
    const path = newPath()
    const store = openSqlite(path, createTestClock())
    await store.users.create(user(1))
    const holder = new DatabaseSync(path)
    const locked = Promise.withResolvers<void>()
    const attempt = (work: string): string =>
      `try { ${work} } catch (error) { process.stdout.write(String(error.code)) }`
    const open = `openSqlite(${JSON.stringify(path)}, clock)`
    // Both wait at once, so that the test waits once.
    const writing = raceProcesses(
      1,
      `${OPEN}\nconst store = ${open}`,
      attempt("await store.users.raiseRevision('user-1')"),
      () => {
        holder.exec('BEGIN IMMEDIATE')
        locked.resolve()
      },
    )
    const starting = raceProcesses(1, OPEN, attempt(open), () => locked.promise)
    await locked.promise
    expect((await store.users.find('user-1'))?.id).toBe('user-1')
    expect(await Promise.all([writing, starting])).toEqual([['unavailable'], ['unavailable']])
    holder.exec('ROLLBACK')
    holder.close()
    expect(await store.users.create(user(2))).toMatchObject({ ok: true })
    await store.close()
  })

  it('because it is a folder is unavailable', () => {
    expect(() => openSqlite(folder, createTestClock())).toThrow(UNAVAILABLE)
  })

  it('because it is no database is refused, and not overwritten', () => {
    const path = newPath()
    writeFileSync(path, 'precious text, not a database, long enough to have a header of its own'.repeat(10))
    expect(() => openSqlite(path, createTestClock())).toThrow()
  })
})

describe('a transaction', () => {
  it('that fails has written nothing, and the next one works', () => {
    const connection = openConnection(newPath())
    const raw = (sql: string) => ({ compile: () => CompiledQuery.raw(sql) })
    connection.run(raw('CREATE TABLE t (n INTEGER PRIMARY KEY)'))
    expect(() =>
      connection.transaction(() => {
        connection.run(raw('INSERT INTO t VALUES (1)'))
        throw new Error('on the way')
      }),
    ).toThrow('on the way')
    expect(connection.all(raw('SELECT n FROM t'))).toEqual([])
    expect(connection.transaction(() => connection.run(raw('INSERT INTO t VALUES (2)')))).toBe(1)
    expect(connection.all(raw('SELECT n FROM t'))).toEqual([{ n: 2 }])
    connection.close()
  })
})
