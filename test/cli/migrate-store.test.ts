// Does `lockjar migrate-store` bring everything over, or nothing, and does everybody stay signed in?
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Auth, Mailer } from 'lockjar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresCopy } from '../../src/drivers/postgres/copy.ts'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { COPIED, COPIED_TABLES, columnsOf } from '../../src/drivers/sql/copied-tables.ts'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import { createTestAuth, PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createFolder, createWorld, runCli, runHere } from '../support/cli.ts'
import type { TestClock } from '../support/clock.ts'
import { createTestClock } from '../support/clock.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'

const ORIGIN = 'http://localhost:3000'

const original = join(createFolder(), 'old.db')
let installation: Awaited<ReturnType<typeof createInstallation>>
let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
  installation = await createInstallation(original)
}, 60_000)
afterAll(() => postgres?.remove())

/** So that there are mails that wait. */
const away: Mailer = { send: () => Promise.reject(new Error('away')) }

const openAt = (file: string, clock: TestClock): Promise<{ auth: Auth }> =>
  createTestAuth({
    baseURL: ORIGIN,
    clock,
    rateLimits: 'on',
    mailer: away,
    open: (clock) => openSqlite(file, clock),
  })

/** In which something of everything has happened. */
async function createInstallation(file: string) {
  const clock = createTestClock(Date.now())
  const { auth } = await openAt(file, clock)
  const browsers: TestBrowser[] = []
  for (const name of ['ada', 'eve', 'bob']) {
    const browser = new TestBrowser(auth.handler, ORIGIN)
    const email = `${name}@example.com`
    expect((await browser.post('/auth/register', { email, password: PASSWORD, name: 'Ünï 🦊' })).status).toBe(
      201,
    )
    browsers.push(browser)
  }
  const [ada, eve, bob] = browsers as [TestBrowser, TestBrowser, TestBrowser]
  const { session } = await auth.visit(new Request(`${ORIGIN}/shop`))
  await session.set('cart', ['tea'])
  await eve.post('/auth/logout')
  expect((await bob.post('/auth/login', { email: 'bob@example.com', password: PASSWORD })).status).toBe(200)
  await bob.post('/auth/password/forgot', { email: 'bob@example.com' })
  await bob.post('/auth/login', { email: 'bob@example.com', password: 'wrong' })
  await auth.close()
  return { clock, ada, eve }
}

/** Each test has a copy of its own. */
function copyInstallation() {
  const cwd = createFolder()
  const file = join(cwd, 'old.db')
  cpSync(original, file)
  return { cwd, file, ...installation, clock: createTestClock(installation.clock.now()) }
}

/** Every row of every table, as it is. */
function dump(file: string): Readonly<Record<string, readonly unknown[]>> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    return Object.fromEntries(
      COPIED_TABLES.map((table) => [
        table,
        db.prepare(`select ${columnsOf(table)} from ${table} order by ${COPIED[table].key}`).all(),
      ]),
    )
  } finally {
    db.close()
  }
}

const move = (cwd: string, from: string, to: string, ...more: string[]) =>
  runHere(['migrate-store', '--from', from, '--to', to, ...more], createWorld({ cwd }))

/** As a server of another process would send it, with the same cookies. */
function goOn(auth: Auth, before: TestBrowser): TestBrowser {
  const browser = new TestBrowser(auth.handler, ORIGIN)
  for (const [name, cookie] of before.jar) browser.jar.set(name, cookie)
  return browser
}

async function expectToGoOn(
  auth: Auth,
  clock: TestClock,
  { ada, eve }: Readonly<Record<'ada' | 'eve', TestBrowser>>,
): Promise<void> {
  const browser = goOn(auth, ada)
  expect((await browser.get('/auth/me')).body['user']).toMatchObject({ email: 'ada@example.com' })
  clock.advance(601_000)
  expect((await browser.post('/auth/refresh')).status).toBe(200)
  expect((await goOn(auth, eve).get('/auth/me')).status).toBe(401)
  const login = { email: 'eve@example.com', password: PASSWORD }
  expect((await new TestBrowser(auth.handler, ORIGIN).post('/auth/login', login)).status).toBe(200)
  expect(await auth.audit.verify()).toMatchObject({ ok: true })
}

describe('lockjar migrate-store', () => {
  it('copies every column of every table that there is', () => {
    const file = join(createFolder(), 'empty.db')
    void openSqlite(file, createTestClock()).close()
    const db = new DatabaseSync(file, { readOnly: true })
    const derived = ['lockjar_migrations', 'lockjar_user_roles']
    const tables = db
      .prepare("select name from sqlite_schema where type = 'table' and name like 'lockjar%'")
      .all()
      .map(({ name }) => String(name))
    expect(tables.toSorted()).toEqual([...COPIED_TABLES, ...derived].toSorted())
    for (const table of COPIED_TABLES) {
      const columns = db.prepare(`select name, pk from pragma_table_info('${table}')`).all()
      const key = columns.filter(({ pk }) => Number(pk) > 0).map(({ name }) => name)
      expect(columnsOf(table).toSorted()).toEqual(columns.map(({ name }) => String(name)).toSorted())
      expect(COPIED[table].key).toEqual(key)
    }
    db.close()
  })

  it('brings everything to PostgreSQL and back, and everybody stays signed in', async () => {
    const { cwd, clock, file, ada, eve } = copyInstallation()
    const url = await postgres.createDatabase()
    const there = await move(cwd, `sqlite:${file}`, url)
    expect(there).toMatchObject({ status: 0, stderr: '' })
    expect(there.stdout).toMatch(/^lockjar_users +3 copied and compared$/m)
    expect(there.stdout).toMatch(/^lockjar_audit +\d+ copied and compared$/m)
    expect(there.stdout).not.toContain('trust')
    const back = await move(cwd, url, 'sqlite:./new.db', '--json')
    expect(JSON.parse(back.stdout)).toMatchObject({ marked: true, rows: { lockjar_users: 3 } })
    const after = dump(join(cwd, 'new.db'))
    expect(after).toEqual(dump(file))
    // Old rows have not been removed yet; the next test has such an anchor.
    expect(COPIED_TABLES.filter((table) => after[table]?.length === 0)).toEqual(['lockjar_audit_anchor'])

    const { auth } = await openAt(join(cwd, 'new.db'), clock)
    await expectToGoOn(auth, clock, { ada, eve })
    await auth.close()
  })

  it('moves to a PostgreSQL on which all go on at once: sessions, ends, sign-ins and the audit log', async () => {
    const { cwd, clock, file, ada, eve } = copyInstallation()
    const url = await postgres.createDatabase()
    expect((await move(cwd, `sqlite:${file}`, url)).status).toBe(0)
    const store = await openPostgres(url, clock, { time: 'clock' })
    const { auth } = await createTestAuth({ baseURL: ORIGIN, clock, open: () => store })
    await expectToGoOn(auth, clock, { ada, eve })
    await auth.close()
  })

  it('leaves the old database marked: no server starts on it, and none moves it again', async () => {
    const { cwd, file } = copyInstallation()
    expect((await move(cwd, `sqlite:${file}`, 'sqlite:./new.db')).status).toBe(0)
    const line = /Its users and sessions have moved to sqlite:.*new\.db; use that one\./
    const env = { LOCKJAR_SECRET: SECRET, LOCKJAR_DATABASE_URL: `sqlite:${file}` }
    const served = await runCli(['serve', '--port', '1'], { cwd, env })
    expect(served.status).toBe(3)
    expect(served.stderr).toMatch(line)
    const again = await move(cwd, `sqlite:${file}`, 'sqlite:./other.db')
    expect(again).toMatchObject({ status: 3, stderr: expect.stringMatching(line) })
  })

  it('with --keep makes a copy, and the old one is as it was', async () => {
    const { cwd, file } = copyInstallation()
    const db = new DatabaseSync(file)
    db.exec("insert into lockjar_audit_anchor values (1, 0, 'hash', 7, 'key', 'mac')")
    db.close()
    const before = dump(file)
    const url = await postgres.createDatabase()
    expect((await move(cwd, `sqlite:${file}`, url, '--keep')).status).toBe(0)
    expect((await move(cwd, url, 'sqlite:./new.db', '--keep')).status).toBe(0)
    expect([dump(file), dump(join(cwd, 'new.db'))]).toEqual([before, before])
    expect((await move(cwd, `sqlite:${file}`, 'sqlite:./other.db')).status).toBe(0)
  })

  it('says where the secret is that was made for the old one', async () => {
    const { cwd, file } = copyInstallation()
    writeFileSync(`${file}.secret`, SECRET)
    const { stderr } = await move(cwd, `sqlite:${file}`, 'sqlite:./new.db')
    expect(stderr).toBe(`lockjar: set LOCKJAR_SECRET to what is in ${file}.secret\n`)
  })

  it('refuses while somebody has the old one open', async () => {
    const { cwd, file, clock } = copyInstallation()
    const { auth } = await openAt(file, clock)
    expect(await move(cwd, `sqlite:${file}`, 'sqlite:./new.db')).toEqual({
      status: 3,
      stdout: '',
      stderr: `lockjar: The database sqlite:${file} is in use; stop whatever has it open.\n`,
    })
    await auth.close()
    const url = await postgres.createDatabase()
    expect((await move(cwd, `sqlite:${file}`, url)).status).toBe(0)
    const client = await postgres.connect(`${url}?application_name=lockjar`)
    const refused = await move(cwd, url, 'sqlite:./new.db')
    expect(refused.status).toBe(3)
    expect(refused.stderr).toContain('It is in use; stop every server that has it open.')
    await client.end()
    expect((await move(cwd, url, 'sqlite:./new.db')).status).toBe(0)
  })

  it('lets no server start on a PostgreSQL that is just being left', async () => {
    const { cwd, clock, file } = copyInstallation()
    const url = await postgres.createDatabase()
    expect((await move(cwd, `sqlite:${file}`, url, '--keep')).status).toBe(0)
    await postgresCopy(url).asSource(async () => {
      await expect(openPostgres(url, clock)).rejects.toMatchObject({ code: 'unavailable' })
    })
    const again = await move(cwd, `sqlite:${file}`, url)
    expect([again.status, again.stderr]).toEqual([
      3,
      expect.stringContaining('there are rows in lockjar_users'),
    ])
  })

  it.each([
    [
      'a database that is not empty',
      'sqlite:./used.db',
      /sqlite:.*used\.db is not empty: there are rows in lockjar_users/,
    ],
    ['the same one', 'sqlite:./old.db', /--from and --to are one database/],
    ['a URL that is none', 'mysql://localhost/app', /write sqlite:PATH/],
    [
      'a server that is not there',
      'postgres://nobody@127.0.0.1:1/app',
      /postgres:\/\/127\.0\.0\.1:1\/app cannot be opened/,
    ],
  ])('refuses %s, and writes nothing', async (_, to, line) => {
    const { cwd, file, clock } = copyInstallation()
    const used = await openAt(join(cwd, 'used.db'), clock)
    await used.auth.users.create({ email: 'first@example.com' })
    await used.auth.close()
    const before = dump(file)
    const { status, stderr } = await move(cwd, to === 'sqlite:./old.db' ? to : `sqlite:${file}`, to)
    expect([status === 2 || status === 3, stderr]).toEqual([true, expect.stringMatching(line)])
    expect(dump(file)).toEqual(before)
  })

  it('keeps nothing of a row that the new database cannot hold, and the old one goes on', async () => {
    const { cwd, file } = copyInstallation()
    const db = new DatabaseSync(file)
    db.exec("update lockjar_sessions set user_agent = 'a' || char(0) || 'b'")
    db.close()
    const url = await postgres.createDatabase()
    const { status, stderr } = await move(cwd, `sqlite:${file}`, url)
    expect([status, stderr]).toEqual([
      1,
      'lockjar: lockjar_sessions: one of the rows 1 to 4 cannot be written: unsupported Unicode escape sequence; nothing was moved\n',
    ])
    const client = await postgres.connect(url)
    expect((await client.query('select count(*)::int as rows from lockjar_users')).rows).toEqual([
      { rows: 0 },
    ])
    await client.end()
    expect((await move(cwd, `sqlite:${file}`, 'sqlite:./new.db')).status).toBe(0)
  })
})
