// What does the audit table refuse, what does it show when it was forced, and do several processes write one chain?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../src/core/audit/chain.ts'
import { compilePage } from '../../src/drivers/sql/audit-page.ts'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import type { AuditPage } from '../../src/ports/audit-log.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from '../support/clock.ts'
import { raceProcesses } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-audit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})
let files = 0

const KEY = { id: 'kid-0001', bytes: new Uint8Array(32).fill(7) }

const entry = (n: number): AuditEntry => ({
  at: 1000 + n,
  event: 'login.failed',
  user: `user-${n % 5}`,
  actor: null,
  session: null,
  ip: null,
  userAgent: null,
  details: null,
})

/** A file with five rows, and a connection of somebody else to it. */
async function start(): Promise<{ store: Store; path: string; db: DatabaseSync }> {
  const path = join(folder, `${files++}.db`)
  const store = openSqlite(path, createTestClock())
  await store.audit.append([1, 2, 3, 4, 5].map(entry), KEY)
  const db = new DatabaseSync(path)
  opened.push(store, db)
  return { store, path, db }
}

describe('the audit table', () => {
  it.each<[sql: string, refusal: RegExp]>([
    ['UPDATE lockjar_audit SET ip = NULL WHERE id = 2', /never changed/],
    ["UPDATE lockjar_audit SET hash = 'x'", /never changed/],
    ['UPDATE OR REPLACE lockjar_audit SET id = 1 WHERE id = 2', /never changed/],
    ['DELETE FROM lockjar_audit WHERE id = 1', /retention only/],
    ['DELETE FROM lockjar_audit', /retention only/],
    [
      "INSERT OR REPLACE INTO lockjar_audit (id, at, event, key_id, hash) VALUES (2, 1, 'x', 'x', 'x')",
      /never changed/,
    ],
  ])('refuses %s', async (sql, refusal) => {
    const { store, db } = await start()
    const before = await store.audit.chain(0, 10)
    expect(() => db.exec(sql)).toThrow(refusal)
    expect(await store.audit.chain(0, 10)).toEqual(before)
  })

  it.each<[sql: string, refusal: RegExp]>([
    ['UPDATE lockjar_audit_anchor SET last_id = 1', /forward only/],
    ['UPDATE lockjar_audit_anchor SET removed = 0', /forward only/],
    ['DELETE FROM lockjar_audit_anchor', /stays/],
    ["INSERT OR REPLACE INTO lockjar_audit_anchor VALUES (1, 5, 'x', 5, 'x', 'x')", /there is one/],
    ["INSERT INTO lockjar_audit_anchor VALUES (2, 5, 'x', 5, 'x', 'x')", /there is one|constraint/],
  ])('has an anchor that refuses %s', async (sql, refusal) => {
    const { store, db } = await start()
    await store.audit.prune(1003, 10, [KEY])
    const { anchor } = await store.audit.ends()
    expect(() => db.exec(sql)).toThrow(refusal)
    expect((await store.audit.ends()).anchor).toEqual(anchor)
  })

  it.each<[what: string, sql: string, unfit: number]>([
    ['rows whose time was set back', 'UPDATE lockjar_audit SET at = 0', 2],
    ['a row that was changed', "UPDATE lockjar_audit SET user_id = 'x' WHERE id = 3", 3],
    ['a row whose hash was changed', "UPDATE lockjar_audit SET hash = 'x' WHERE id = 3", 3],
    ['what is behind a row that is gone', 'DELETE FROM lockjar_audit WHERE id = 3', 3],
    ['what is behind an anchor that was moved', 'UPDATE lockjar_audit_anchor SET last_id = 2', 2],
    [
      'what is behind an anchor that was made without the secret',
      `UPDATE lockjar_audit_anchor SET last_id = 2, removed = 2,
         last_hash = (SELECT hash FROM lockjar_audit WHERE id = 2);
       DELETE FROM lockjar_audit WHERE id = 2`,
      2,
    ],
    ['rows without their anchor', 'DELETE FROM lockjar_audit_anchor', 1],
  ])('keeps from retention, which would make it whole, %s', async (_what, sql, unfit) => {
    const { store, db } = await start()
    await store.audit.prune(1002, 10, [KEY])
    const triggers = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`)
    db.exec(sql)
    for (const each of triggers) db.exec(String(each.sql))
    const [rows, ends] = [await store.audit.chain(0, 10), await store.audit.ends()]
    expect(await store.audit.prune(1005, 10, [KEY])).toEqual({ removed: 0, unfit })
    expect([await store.audit.chain(0, 10), await store.audit.ends()]).toEqual([rows, ends])
  })

  it('never gives an id again: rows that were cut off the end by force stay a gap', async () => {
    const { store, db } = await start()
    db.exec('DROP TRIGGER lockjar_audit_delete; DELETE FROM lockjar_audit WHERE id >= 4')
    expect(await store.audit.ends()).toMatchObject({ head: { id: 3 }, lastId: 5 })
    expect(await store.audit.append([entry(6)], KEY)).toMatchObject({ id: 6 })
  })

  it('gives odd texts back as they were', async () => {
    const { store } = await start()
    const odd = ['', ' ', "'; DROP TABLE lockjar_audit --", '\u{1f4a9}', '\ufffd', '"\\u0000"', '\u2028', 'é']
    await store.audit.append(
      odd.map((text) => ({ ...entry(1), userAgent: text, details: JSON.stringify({ text }) })),
      KEY,
    )
    const rows = await store.audit.chain(5, 100)
    expect(rows.map(({ userAgent }) => userAgent)).toEqual(odd)
    expect(rows.map(({ details }) => JSON.parse(details ?? '').text)).toEqual(odd)
  })

  it('is one chain of four processes that write at the same time', async () => {
    const { store, path } = await start()
    await raceProcesses(
      4,
      `import { openSqlite } from 'lockjar/sqlite'
       const clock = { now: () => Date.now(), monotonic: () => performance.now(), every: () => () => {} }
       const store = openSqlite(${JSON.stringify(path)}, clock)
       const key = { id: 'kid-0001', bytes: new Uint8Array(32).fill(7) }
       const entry = { at: 1, event: 'x', user: null, actor: null, session: null, ip: null, userAgent: null, details: null }`,
      `for (let n = 0; n < 20; n++) await Promise.all([1, 2, 3].map(() => store.audit.append([entry, entry], key)))
       await store.close()`,
    )
    const rows = await store.audit.chain(0, 1000)
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 485 }, (_, at) => at + 1))
    // The same entries appended by one process alone.
    const alone = openSqlite(':memory:', createTestClock())
    opened.push(alone)
    await alone.audit.append(rows, KEY)
    expect((await alone.audit.ends()).head).toEqual((await store.audit.ends()).head)
  })

  it.each<[filter: Partial<AuditPage>, index: RegExp]>([
    [{}, /USING INDEX lockjar_audit_time/],
    [{ since: 1 }, /USING INDEX lockjar_audit_time \(at>/],
    [{ event: 'x' }, /USING INDEX lockjar_audit_event \(event=/],
    [{ user: 'x' }, /USING INDEX lockjar_audit_user \(user_id=/],
    [{ user: 'x', since: 1 }, /USING INDEX lockjar_audit_user \(user_id=\? AND at>/],
  ])('answers a page with %j from an index, without sorting', async (filter, index) => {
    const { db } = await start()
    const { query } = await import('../../src/drivers/sqlite/query.ts')
    for (const order of ['oldest-first', 'newest-first'] as const) {
      for (const after of [null, { at: 1003, id: 3 }]) {
        const { sql, parameters } = compilePage(query, { order, after, limit: 10, ...filter }).compile()
        const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(parameters as string[]))
        const detail = plan.map((row) => String(row.detail)).join('; ')
        expect(detail).toMatch(index)
        expect(detail).not.toMatch(/TEMP B-TREE/)
      }
    }
  })
})
