// Does the application see what has happened, whole and in order, through everything that it is given?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { AuditEvent, Auth, Store } from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import type { TestOptions } from './support/auth.ts'
import { createTestAuth, PASSWORD, SECRET } from './support/auth.ts'
import { TestBrowser } from './support/browser.ts'
import { createTestClock } from './support/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-audit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

const BASE = 'http://localhost:3000'
const OTHER_SECRET = 'T3RoZXItc2VjcmV0LW9mLXRlc3RzLTAxMjM0NTY3ODlhYg'
const DAY = 86_400_000

/** Mails go out in their own time, and each would be a row: here none is ever due. What mails tell is in `test/state/mail-sender.test.ts`. */
const unsent = (store: Store): Store => ({
  ...store,
  outbox: { ...store.outbox, claim: async () => [] },
})

async function start({ open = openMemory, ...options }: TestOptions = {}) {
  const test = await createTestAuth({ baseURL: BASE, open: (clock) => unsent(open(clock)), ...options })
  onTestFinished(() => test.auth.close())
  const browser = new TestBrowser(test.auth.handler, BASE)
  return { ...test, browser }
}

/** On a file, which somebody else may open. */
async function startOnFile(options: TestOptions = {}) {
  const path = join(folder, `${files++}.db`)
  const started = await start({ open: (clock) => openSqlite(path, clock), ...options })
  return { ...started, path }
}

const ada = { email: 'ada@example.com', password: PASSWORD }
const names = async (auth: Auth): Promise<readonly string[]> => {
  const seen: string[] = []
  for await (const { name } of auth.audit.export()) seen.push(name)
  return seen
}

/** As somebody who has the file and not the secret. */
function force(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`)
  db.exec(sql)
  db.close()
}

describe('the audit log', () => {
  it('holds every act of a visit, who it was and from where', async () => {
    const { auth, browser } = await start()
    const { body } = await browser.post('/auth/register', ada, { headers: { 'user-agent': 'Test/1.0' } })
    const { id } = body.user as { id: string }
    await browser.post('/auth/logout', {})
    await browser.post('/auth/login', { ...ada, password: 'wrong password' })
    await browser.post('/auth/login', ada)
    await browser.post('/auth/password/change', { currentPassword: PASSWORD, newPassword: `${PASSWORD} two` })
    await auth.users.setRoles(id, ['editor'])
    await auth.users.disable(id)
    const { events, next } = await auth.audit.list()
    expect(next).toBeNull()
    expect(events.map(({ name, user, actor }) => [name, user === id, actor]).reverse()).toEqual([
      ['user.registered', true, null],
      ['session.created', true, null],
      ['session.revoked', true, null],
      ['login.failed', true, null],
      ['session.created', true, null],
      ['password.changed', true, null],
      ['session.created', true, null],
      ['user.roles_changed', true, 'app'],
      ['user.disabled', true, 'app'],
    ])
    expect(events.at(-1)).toEqual({
      id: 1,
      name: 'user.registered',
      at: '2026-01-01T00:00:00.000Z',
      user: id,
      actor: null,
      session: null,
      ip: '192.0.2.1',
      userAgent: 'Test/1.0',
      details: {},
      keyId: expect.stringMatching(/^[\w-]{8}$/),
      hash: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(JSON.stringify(events)).not.toMatch(/ada@|correct horse/)
  })

  it('holds nothing of an act that ended nothing', async () => {
    const { auth, browser } = await start()
    const { body } = await browser.post('/auth/register', ada)
    for (let n = 0; n < 3; n++) {
      expect((await browser.post('/auth/sessions/revoke-others', {})).status).toBeLessThan(300)
    }
    const elsewhere = new TestBrowser(auth.handler, BASE)
    await elsewhere.post('/auth/login', ada)
    await browser.post('/auth/sessions/revoke-others', {})
    await browser.post('/auth/logout-all', {})
    const { id } = body.user as { id: string }
    await auth.users.endSessions(id)
    const { events } = await auth.audit.list()
    expect(events.map(({ name, actor }) => [name, actor]).reverse()).toEqual([
      ['user.registered', null],
      ['session.created', null],
      ['session.created', null],
      ['session.revoked_others', null],
      ['session.revoked_all', null],
      ['session.revoked_all', 'app'],
    ])
  })

  it('is read in pages, newest first, by user, event and time', async () => {
    const { auth, clock, browser } = await start()
    for (let n = 0; n < 5; n++) {
      await browser.post('/auth/login', ada)
      clock.advance(60_000)
    }
    const seen: number[] = []
    let after: string | undefined
    do {
      const page = await auth.audit.list({ limit: 2, ...(after !== undefined && { after }) })
      seen.push(...page.events.map(({ id }) => id))
      after = page.next ?? undefined
    } while (after !== undefined)
    expect(seen).toEqual([5, 4, 3, 2, 1])
    const ids = async (query: Parameters<Auth['audit']['list']>[0]) =>
      (await auth.audit.list(query)).events.map(({ id }) => id)
    expect(await ids({ since: '2026-01-01T00:01:00Z', until: new Date('2026-01-01T00:03:00Z') })).toEqual([
      3, 2,
    ])
    expect(await ids({ event: 'session.created' })).toEqual([])
    expect(await ids({ user: 'nobody' })).toEqual([])
  })

  it.each([
    [{ limit: 0 }],
    [{ limit: 501 }],
    [{ limit: 1.5 }],
    [{ since: 'yesterday' }],
    [{ until: new Date(Number.NaN) }],
    [{ after: '5' }],
    [{ after: "1.1' OR 1=1" }],
    [{ event: 'login.succeeded' as 'login.failed' }],
    [{ event: 'constructor' as 'login.failed' }],
  ])('refuses %j', async (query) => {
    const { auth } = await start()
    await expect(auth.audit.list(query)).rejects.toMatchObject({ code: 'validation_failed' })
  })

  it('is exported whole, oldest first, however long it is, and lets requests be answered meanwhile', async () => {
    const { auth, store } = await startOnFile()
    const entry = {
      event: 'session.created',
      user: 'u',
      actor: null,
      session: null,
      ip: null,
      userAgent: null,
      details: null,
    }
    for (let n = 0; n < 8; n++) {
      const entries = Array.from({ length: 250 }, (_, at) => ({ ...entry, at: n * 250 + at }))
      await store.audit.append(entries, { id: 'kid-0001', bytes: new Uint8Array(32) })
    }
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    const ids: number[] = []
    for await (const { id } of auth.audit.export()) ids.push(id)
    clearInterval(timer)
    expect(ids).toEqual(Array.from({ length: 2000 }, (_, n) => n + 1))
    expect(turns).toBeGreaterThan(0)
    const some: number[] = []
    for await (const { id } of auth.audit.export({ since: new Date(10), until: new Date(12) })) some.push(id)
    expect(some).toEqual([11, 12])
  })

  it('is gone from the old end after as long as configured, and what is left is whole', async () => {
    const { auth, browser, clock, store } = await startOnFile({ audit: { retention: '30d' } })
    await browser.post('/auth/register', ada)
    clock.advance(20 * DAY)
    await browser.post('/auth/login', ada)
    const { head } = (await auth.audit.verify()) as { head: string }
    clock.advance(11 * DAY)
    while ((await auth.audit.list()).events.length > 1) await store.audit.ends()
    const verdict = await auth.audit.verify({ head })
    expect(verdict).toMatchObject({ ok: true, rows: 1, removed: 2, first: { id: 3 }, head })
  })

  it('keeps from retention what somebody has made older than it is, and goes on to show it', async () => {
    const { auth, browser, clock, path, log } = await startOnFile()
    await browser.post('/auth/register', ada)
    await browser.post('/auth/login', ada)
    const { head } = (await auth.audit.verify()) as { head: string }
    force(path, 'UPDATE lockjar_audit SET at = 0 WHERE id <= 2')
    clock.advance(600_000)
    const told = () => log.filter(({ fields }) => fields.event === 'audit.not_pruned')
    await expect.poll(told).toEqual([expect.objectContaining({ level: 'error' })])
    expect(told()[0]?.fields).toMatchObject({ id: 1 })
    const broken = { ok: false, broken: { kind: 'changed', id: 1 } }
    expect(await auth.audit.verify()).toMatchObject(broken)
    expect(await auth.audit.verify({ head })).toMatchObject(broken)
  })

  it('holds what was only counted, once the server has stopped', async () => {
    const { auth, browser, path } = await startOnFile()
    for (let n = 0; n < 5; n++) await browser.post('/auth/login', ada)
    await auth.close()
    const { auth: next } = await start({ open: (clock) => openSqlite(path, clock) })
    const { events } = await next.audit.list()
    expect(events.map(({ details }) => details.repeated)).toEqual([2, undefined, undefined, undefined])
  })

  it('is kept for ever where that is configured', async () => {
    const { auth, browser, clock } = await start({ audit: { retention: 'forever' } })
    await browser.post('/auth/login', ada)
    clock.advance(4000 * DAY)
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
    expect(await names(auth)).toEqual(['login.failed'])
  })

  it.each<[what: string, sql: string, kind: string, id: number]>([
    ['a changed row', "UPDATE lockjar_audit SET user_id = 'x' WHERE id = 2", 'changed', 2],
    ['a row that is gone', 'DELETE FROM lockjar_audit WHERE id = 2', 'missing', 2],
    [
      'a row that was put in',
      "INSERT INTO lockjar_audit (at, event, key_id, hash) SELECT at, 'x', key_id, hash FROM lockjar_audit WHERE id = 1",
      'changed',
      4,
    ],
    ['rows cut off the end', 'DELETE FROM lockjar_audit WHERE id > 1', 'cut_off', 2],
  ])('shows %s', async (_what, sql, kind, id) => {
    const { auth, browser, path } = await startOnFile()
    await browser.post('/auth/register', ada)
    await browser.post('/auth/login', ada)
    expect(await auth.audit.verify()).toMatchObject({ ok: true, rows: 3 })
    force(path, sql)
    expect(await auth.audit.verify()).toMatchObject({ ok: false, broken: { kind, id } })
  })

  it('shows rows that were cut off the end with every trace of them, to whoever kept the head', async () => {
    const { auth, browser, path } = await startOnFile()
    await browser.post('/auth/register', ada)
    const { head } = (await auth.audit.verify()) as { head: string }
    force(path, 'DELETE FROM lockjar_audit WHERE id > 1; UPDATE sqlite_sequence SET seq = 1')
    await browser.post('/auth/login', ada)
    await browser.post('/auth/login', ada)
    expect(await auth.audit.verify()).toMatchObject({ ok: true, rows: 3 })
    expect(await auth.audit.verify({ head })).toMatchObject({ ok: false, broken: { kind: 'cut_off', id: 2 } })
    await expect(auth.audit.verify({ head: '2' })).rejects.toMatchObject({ code: 'validation_failed' })
  })

  it('verifies after the secret was changed, as long as the old one is named for it', async () => {
    const path = join(folder, `${files++}.db`)
    const open = (options: object) =>
      createAuth({
        baseURL: BASE,
        database: `sqlite:${path}`,
        argon2: { memory: 64, passes: 1 },
        logger: { info: () => {}, warn: () => {}, error: () => {} },
        secret: SECRET,
        ...options,
      })
    const verdicts: unknown[] = []
    for (const options of [
      {},
      { secret: [OTHER_SECRET, SECRET] },
      { secret: OTHER_SECRET },
      { secret: OTHER_SECRET, audit: { secret: SECRET } },
    ]) {
      const auth = await open(options)
      await new TestBrowser(auth.handler, BASE).post('/auth/login', ada)
      const { ok } = await auth.audit.verify()
      verdicts.push(ok)
      expect(JSON.stringify(auth.config)).not.toMatch(/auditSecrets/)
      await auth.close()
    }
    expect(verdicts).toEqual([true, true, false, true])
  })
})

describe('a store that loses its audit log', () => {
  it('signs people in all the same, and says so as an error each time', async () => {
    const clock = createTestClock()
    const { auth, browser, log } = await start({
      clock,
      open: (at) => {
        const store: Store = openSqlite(':memory:', at)
        const append = () => Promise.reject(new Error('disk full at /data, asked by ada@example.com'))
        return { ...store, audit: { ...store.audit, append } }
      },
    })
    expect((await browser.post('/auth/register', ada)).status).toBe(201)
    expect((await browser.get('/auth/me')).status).toBe(200)
    const errors = log.filter(({ level }) => level === 'error')
    expect(errors.length).toBeGreaterThan(0)
    expect(errors[0]?.fields).toMatchObject({
      event: 'audit.failed',
      error: 'Error: disk full at /data, asked by [address]',
    })
    expect(await names(auth)).toEqual([])
  })
})

describe('onEvent', () => {
  it('hears of every event that is kept, frozen, once its act is done', async () => {
    const heard: AuditEvent[] = []
    const { auth, browser } = await start({ onEvent: (event) => heard.push(event) })
    await browser.post('/auth/register', ada)
    await browser.post('/auth/login', { ...ada, password: 'wrong password' })
    await auth.close()
    expect(heard.map(({ name }) => name)).toEqual(await names(auth))
    for (const event of heard) expect(Object.isFrozen(event)).toBe(true)
  })

  it('that throws, or never ends, holds up no request', async () => {
    let calls = 0
    const { browser, log, clock } = await start({
      onEvent() {
        calls++
        if (calls === 1) throw new Error('no such channel for ada@example.com')
        return new Promise(() => {})
      },
    })
    expect((await browser.post('/auth/register', ada)).status).toBe(201)
    expect((await browser.post('/auth/login', ada)).status).toBe(200)
    clock.advance(10_000)
    const [failed] = log.filter(({ fields }) => fields.event === 'hook.failed')
    expect(failed?.fields).toMatchObject({ error: 'Error: no such channel for [address]' })
  })
})
