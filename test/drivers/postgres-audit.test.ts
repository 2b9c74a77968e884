// Is the audit log one chain whoever appends and prunes on which node, and what do its tables refuse?
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AuditEntry, AuditRow } from '../../src/core/audit/chain.ts'
import { encodeRow } from '../../src/core/audit/chain.ts'
import { startNodes } from '../support/postgres-nodes.ts'

const { node, atOnce, client, connect, waiters } = startNodes()

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

const five = () => node(0).audit.append([1, 2, 3, 4, 5].map(entry), KEY)

/** Each is numbered after the one before it, and hashed over it. */
function expectChain(rows: readonly AuditRow[], previous = { id: 0, hash: '' }): void {
  for (const row of rows) {
    const hash = createHmac('sha256', KEY.bytes).update(encodeRow(previous.hash, row)).digest('base64url')
    expect(row).toMatchObject({ id: previous.id + 1, hash })
    previous = row
  }
}

describe('the audit log', () => {
  it('is one chain, without gaps, whoever appends on three nodes at the same time', async () => {
    const heads = await atOnce(90, (store, n) =>
      store.audit.append(
        Array.from({ length: 1 + (n % 3) }, () => entry(n)),
        KEY,
      ),
    )
    const rows = await node(0).audit.chain(0, 1000)
    expect(rows).toHaveLength(180)
    expectChain(rows)
    const hashes = new Map(rows.map(({ id, hash }) => [id, hash]))
    for (const { id, hash } of heads) expect(hashes.get(id)).toBe(hash)
    expect(new Set(heads.map(({ id }) => id)).size).toBe(90)
  })

  it('is one chain from its anchor on, whoever prunes meanwhile', async () => {
    await five()
    const appending = atOnce(60, (store, n) => store.audit.append([entry(n), entry(n)], KEY))
    const pruning = atOnce(60, (store) => store.audit.prune(Number.MAX_SAFE_INTEGER, 3, [KEY]))
    const [pruned] = await Promise.all([pruning, appending])
    expect(pruned.every(({ unfit }) => unfit === null)).toBe(true)
    const { anchor, head, lastId } = await node(0).audit.ends()
    const removed = pruned.reduce((sum, each) => sum + each.removed, 0)
    expect([anchor?.removed ?? 0, anchor?.id ?? 0]).toEqual([removed, removed])
    expect([head.id, lastId]).toEqual([125, 125])
    expectChain(await node(0).audit.chain(0, 1000), anchor ?? undefined)
    await expect(node(1).audit.prune(Number.MAX_SAFE_INTEGER, 1000, [KEY])).resolves.toEqual({
      removed: 125 - removed,
      unfit: null,
    })
  })

  it('never looks as if rows were gone at its end, while others append and prune', async () => {
    let isOver = false
    const looking = atOnce(3, async (store) => {
      while (!isOver) {
        const { head, lastId, anchor } = await store.audit.ends()
        expect(lastId).toBe(head.id)
        expect(anchor?.id ?? 0).toBeLessThanOrEqual(head.id)
      }
    })
    try {
      for (let round = 0; round < 5; round++) {
        await atOnce(12, async (store, n) => {
          await store.audit.append([entry(n)], KEY)
          await store.audit.prune(Number.MAX_SAFE_INTEGER, 2, [KEY])
        })
      }
    } finally {
      isOver = true
    }
    await looking
  })

  it.each([
    ['before it knows its ids', 'update lockjar_audit_counter set last_id = last_id'],
    ['after it has taken its ids', 'lock table lockjar_audit in access exclusive mode'],
  ])('has no half of an append whose connection is cut %s, and no gap', async (_when, hold) => {
    await five()
    const other = await connect()
    await other.query(`begin; ${hold}`)
    const cut = node(1).audit.append([entry(6), entry(7)], KEY)
    const refused = expect(cut).rejects.toMatchObject({ code: 'unavailable', facts: { retryAfter: 1 } })
    await client().query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [await waiters()])
    await refused
    await other.query('rollback')
    expect(await node(0).audit.ends()).toMatchObject({ head: { id: 5 }, lastId: 5 })
    await node(1).audit.append([entry(6)], KEY)
    const rows = await node(0).audit.chain(0, 100)
    expect(rows).toHaveLength(6)
    expectChain(rows)
  })

  it('gives odd texts back as they were', async () => {
    const odd = [
      '',
      ' ',
      "'; drop table lockjar_audit --",
      '\u{1f4a9}',
      '\ufffd',
      '"\\u0000"',
      '\u2028',
      'é',
      '\\',
    ]
    await node(0).audit.append(
      odd.map((text) => ({ ...entry(1), userAgent: text, details: JSON.stringify({ text }) })),
      KEY,
    )
    const rows = await node(1).audit.chain(0, 100)
    expect(rows.map(({ userAgent }) => userAgent)).toEqual(odd)
    expect(rows.map(({ details }) => JSON.parse(details ?? '').text)).toEqual(odd)
    expectChain(rows)
  })

  it('never gives an id again: rows that were cut off the end by force stay a gap', async () => {
    await five()
    await byForce('delete from lockjar_audit where id >= 4')
    expect(await node(0).audit.ends()).toMatchObject({ head: { id: 3 }, lastId: 5 })
    expect(await node(0).audit.append([entry(6)], KEY)).toMatchObject({ id: 6 })
  })
})

describe('the tables of the audit log', () => {
  it.each<[sql: string, refusal: RegExp]>([
    ['update lockjar_audit set ip = null where id = 2', /never changed/],
    ["update lockjar_audit set hash = 'x'", /never changed/],
    ['delete from lockjar_audit where id = 1', /retention only/],
    ['delete from lockjar_audit', /retention only/],
    ['truncate lockjar_audit', /never changed/],
    ["insert into lockjar_audit (id, at, event, key_id, hash) values (2, 1, 'x', 'x', 'x')", /duplicate key/],
    ['update lockjar_audit_counter set last_id = last_id - 1', /forward only/],
    ['delete from lockjar_audit_counter', /stays/],
    ['truncate lockjar_audit_counter', /stays/],
    ['insert into lockjar_audit_counter values (2, 9)', /check constraint/],
  ])('refuse %s', async (sql, refusal) => {
    await five()
    const before = await node(0).audit.chain(0, 10)
    await expect(client().query(sql)).rejects.toThrow(refusal)
    expect(await node(0).audit.chain(0, 10)).toEqual(before)
    expect(await node(0).audit.ends()).toMatchObject({ lastId: 5 })
  })

  it.each<[sql: string, refusal: RegExp]>([
    ['update lockjar_audit_anchor set last_id = 1', /forward only/],
    ['update lockjar_audit_anchor set removed = 0', /forward only/],
    ['delete from lockjar_audit_anchor', /stays/],
    ['truncate lockjar_audit_anchor', /stays/],
    ["insert into lockjar_audit_anchor values (2, 5, 'x', 5, 'x', 'x')", /check constraint/],
    ["insert into lockjar_audit_anchor values (1, 5, 'x', 5, 'x', 'x')", /duplicate key/],
  ])('refuse %s', async (sql, refusal) => {
    await five()
    await node(0).audit.prune(1003, 10, [KEY])
    const { anchor } = await node(0).audit.ends()
    await expect(client().query(sql)).rejects.toThrow(refusal)
    expect((await node(0).audit.ends()).anchor).toEqual(anchor)
  })

  it('refuse so whatever path the connection has set, and whatever temporary tables it has made', async () => {
    await five()
    const other = await connect()
    await other.query('create temporary table lockjar_audit_anchor as select 99 as last_id')
    await expect(other.query('delete from lockjar_audit where id = 1')).rejects.toThrow(/retention only/)
    await other.query("set search_path = ''")
    await expect(other.query('delete from public.lockjar_audit where id = 1')).rejects.toThrow(
      /retention only/,
    )
  })

  it.each<[what: string, sql: string, unfit: number]>([
    ['rows whose time was set back', 'update lockjar_audit set at = 0', 2],
    ['a row that was changed', "update lockjar_audit set user_id = 'x' where id = 3", 3],
    ['what is behind a row that is gone', 'delete from lockjar_audit where id = 3', 3],
    ['what is behind an anchor that was moved', 'update lockjar_audit_anchor set last_id = 2', 2],
    ['rows without their anchor', 'delete from lockjar_audit_anchor', 1],
  ])('keep from retention, which would make it whole, %s', async (_what, sql, unfit) => {
    await five()
    await node(0).audit.prune(1002, 10, [KEY])
    await byForce(sql)
    const before = [await node(0).audit.chain(0, 10), await node(0).audit.ends()]
    expect(await node(0).audit.prune(1005, 10, [KEY])).toEqual({ removed: 0, unfit })
    expect([await node(0).audit.chain(0, 10), await node(0).audit.ends()]).toEqual(before)
  })
})

/** As somebody does whom no trigger holds. */
async function byForce(sql: string): Promise<void> {
  await client().query(
    `set session_replication_role = replica; ${sql}; set session_replication_role = origin`,
  )
}
