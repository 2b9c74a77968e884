// Is every change of the audit log found, by somebody who has the secret?
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyAudit } from '../../src/actions/verify-audit.ts'
import type { AuditAnchor, AuditEntry, AuditHead, AuditKey, AuditRow } from '../../src/core/audit/chain.ts'
import { encodeAnchor, encodeRow, parseHead, serializeHead } from '../../src/core/audit/chain.ts'
import type { AuditKeys } from '../../src/core/audit/keys.ts'
import { deriveAuditKeys } from '../../src/core/audit/keys.ts'
import { createAuditLog } from '../../src/drivers/memory/audit-log.ts'
import type { AuditEnds } from '../../src/ports/audit-log.ts'
import { secretBytes } from '../core/ring.ts'

const entry = (n: number): AuditEntry => ({
  at: Date.UTC(2026, 0, 1) + n,
  event: 'session.created',
  user: `user-${n}`,
  actor: null,
  session: null,
  ip: '192.0.2.1',
  userAgent: null,
  details: null,
})

let keys: AuditKeys
let stranger: AuditKey
beforeAll(async () => {
  keys = await deriveAuditKeys([secretBytes(1), secretBytes(2)])
  stranger = { ...(await deriveAuditKeys([secretBytes(3)])).current, id: keys.current.id }
})

interface Table {
  rows: AuditRow[]
  ends: AuditEnds
}

/** With the rows of another copy of it. */
interface Forked extends Table {
  readonly fork: readonly AuditRow[]
}

/** As a store gives it back, for somebody to write into. */
async function write(count: number, removed = 0): Promise<Table> {
  const log = createAuditLog()
  await log.append(
    Array.from({ length: count }, (_, n) => entry(n)),
    keys.current,
  )
  if (removed > 0) await log.prune(Number.MAX_SAFE_INTEGER, removed, keys.all)
  return { rows: [...(await log.chain(0, count))], ends: await log.ends() }
}

const verify = ({ rows, ends }: Table, expected: AuditHead | null = null, found = keys) =>
  verifyAudit({
    audit: {
      chain: async (after, limit) => rows.filter(({ id }) => id > after).slice(0, limit),
      ends: async () => ends,
    },
    keys: found,
    expected,
    onProgress: () => {},
  })

/** Rows hashed anew from `from` on, by whatever means. */
function rechain(rows: readonly AuditRow[], from: number, hash: (text: string) => string): AuditRow[] {
  const chained: AuditRow[] = []
  for (const row of rows) {
    const previous = chained.at(-1)?.hash ?? ''
    chained.push(row.id < from ? row : { ...row, hash: hash(encodeRow(previous, row)) })
  }
  return chained
}

const hmac = (key: AuditKey) => (text: string) =>
  createHmac('sha256', key.bytes).update(text).digest('base64url')
const sha = (text: string) => createHash('sha256').update(text).digest('base64url')
const change = (rows: readonly AuditRow[], id: number, values: Partial<AuditRow>): AuditRow[] =>
  rows.map((row) => (row.id === id ? { ...row, ...values } : row))
const without = (rows: readonly AuditRow[], ...ids: readonly number[]): AuditRow[] =>
  rows.filter(({ id }) => !ids.includes(id))

describe('an audit log that nobody has touched', () => {
  it('is whole: its rows, its ends and its head are told', async () => {
    const table = await write(1234)
    expect(await verify(table)).toEqual({
      ok: true,
      rows: 1234,
      removed: 0,
      first: { id: 1, at: '2026-01-01T00:00:00.000Z' },
      last: { id: 1234, at: '2026-01-01T00:00:01.233Z' },
      head: serializeHead(table.ends.head),
    })
  })

  it('is whole without a row, and where retention has removed some, or all', async () => {
    expect(await verify(await write(0))).toMatchObject({ ok: true, rows: 0, first: null, head: '0:' })
    expect(await verify(await write(10, 4))).toMatchObject({
      ok: true,
      rows: 6,
      removed: 4,
      first: { id: 5 },
    })
    const none = await write(10, 10)
    expect(await verify(none)).toMatchObject({
      ok: true,
      rows: 0,
      removed: 10,
      head: serializeHead(none.ends.head),
    })
  })

  it('is whole from any head that an earlier verification has told', async () => {
    const table = await write(20, 5)
    for (const { id, hash } of [...table.rows, table.ends.anchor ?? { id: 0, hash: '' }])
      expect(await verify(table, parseHead(serializeHead({ id, hash })))).toMatchObject({ ok: true })
    expect(await verify(table, { id: 0, hash: '' })).toMatchObject({ ok: true })
  })

  it('is whole under the keys of several secrets, and not to be judged without one of them', async () => {
    const [, older] = [keys.current, (await deriveAuditKeys([secretBytes(2)])).current]
    const log = createAuditLog()
    await log.append([entry(1), entry(2)], older)
    await log.append([entry(3)], keys.current)
    const table = { rows: [...(await log.chain(0, 10))], ends: await log.ends() }
    expect(await verify(table)).toMatchObject({ ok: true, rows: 3 })
    const newest = await deriveAuditKeys([secretBytes(1)])
    expect(await verify(table, null, newest)).toMatchObject({ broken: { kind: 'unknown_key', id: 1 } })
  })

  it('is whole though retention goes on while it is read, and though rows are added', async () => {
    const log = createAuditLog()
    await log.append(
      Array.from({ length: 3000 }, (_, n) => entry(n)),
      keys.current,
    )
    let pages = 0
    const verdict = await verifyAudit({
      audit: {
        ends: log.ends,
        async chain(after, limit) {
          if (++pages === 2) await log.prune(Number.MAX_SAFE_INTEGER, 1700, keys.all)
          if (pages === 3) await log.append([entry(3000)], keys.current)
          return log.chain(after, limit)
        },
      },
      keys,
      expected: null,
      onProgress: () => {},
    })
    expect(verdict).toMatchObject({ ok: true, removed: 1700, last: { id: 3001 } })
  })
})

describe('an audit log that somebody has changed', () => {
  it('shows an anchor that is moved while it is read, by somebody without the secret', async () => {
    const { rows, ends } = await write(1500)
    const { id, hash } = rows[899] as AuditRow
    const anchor = { id, hash, removed: id, keyId: keys.current.id }
    let pages = 0
    const verdict = await verifyAudit({
      audit: {
        async chain(after, limit) {
          const left = ++pages === 1 ? rows : rows.slice(id)
          return left.filter((row) => row.id > after).slice(0, limit)
        },
        ends: async () =>
          pages === 0 ? ends : { ...ends, anchor: { ...anchor, mac: hmac(stranger)(encodeAnchor(anchor)) } },
      },
      keys,
      expected: null,
      onProgress: () => {},
    })
    expect(verdict).toMatchObject({ ok: false, rows: 500, broken: { kind: 'anchor_changed', id: 900 } })
  })

  it('shows an anchor that is not the row whose head was kept', async () => {
    const table = await write(9, 3)
    expect(await verify(table, { id: 3, hash: 'A'.repeat(43) })).toMatchObject({
      broken: { kind: 'cut_off', id: 3 },
    })
    // What went before the anchor is not there to be compared.
    expect(await verify(table, { id: 2, hash: 'A'.repeat(43) })).toMatchObject({ ok: true })
  })

  it.each<[what: string, change: (table: Forked) => Table, kind: string, id: number]>([
    ['a fact of a row', (t) => ({ ...t, rows: change(t.rows, 4, { ip: '192.0.2.9' }) }), 'changed', 4],
    ['whom a row is about', (t) => ({ ...t, rows: change(t.rows, 4, { user: null }) }), 'changed', 4],
    ['a hash', (t) => ({ ...t, rows: change(t.rows, 4, { hash: t.rows[4]?.hash ?? '' }) }), 'changed', 4],
    ['the last hash', (t) => ({ ...t, rows: change(t.rows, 9, { hash: 'x' }) }), 'changed', 9],
    [
      'the name of a key',
      (t) => ({ ...t, rows: change(t.rows, 4, { keyId: 'elsewhere' }) }),
      'unknown_key',
      4,
    ],
    ['a row that is gone', (t) => ({ ...t, rows: without(t.rows, 4) }), 'missing', 4],
    ['rows that are gone', (t) => ({ ...t, rows: without(t.rows, 4, 5, 6) }), 'missing', 4],
    ['the first row', (t) => ({ ...t, rows: without(t.rows, 1) }), 'missing', 1],
    [
      'the last rows',
      (t) => {
        const rows = without(t.rows, 8, 9)
        return { rows, ends: { ...t.ends, head: rows.at(-1) as AuditRow } }
      },
      'cut_off',
      8,
    ],
    [
      'a row that is gone, and the others moved up',
      (t) => ({
        ...t,
        rows: without(t.rows, 4).map((row) => (row.id > 4 ? { ...row, id: row.id - 1 } : row)),
      }),
      'changed',
      4,
    ],
    [
      'two rows that have changed places',
      (t) => ({
        ...t,
        rows: t.rows.map((row, at) =>
          at === 3 || at === 4 ? { ...(t.rows[7 - at] as AuditRow), id: row.id } : row,
        ),
      }),
      'changed',
      4,
    ],
    [
      'a row, with all hashes from there made anew without the secret',
      (t) => ({ ...t, rows: rechain(change(t.rows, 4, { user: 'x' }), 4, sha) }),
      'changed',
      4,
    ],
    [
      'a row, with all hashes from there made anew with another secret',
      (t) => ({ ...t, rows: rechain(change(t.rows, 4, { user: 'x' }), 4, hmac(stranger)) }),
      'changed',
      4,
    ],
    [
      'a row that came from another copy of the log, chained with the same secret',
      (t) => ({ ...t, rows: t.rows.map((row) => (row.id === 4 ? (t.fork[3] as AuditRow) : row)) }),
      'changed',
      4,
    ],
    [
      'all rows from one on, that came from another copy',
      (t) => ({ ...t, rows: [...t.rows.slice(0, 3), ...t.fork.slice(3)] }),
      'changed',
      4,
    ],
    [
      'a row that was added',
      (t) => {
        const row = { ...entry(10), id: 10, keyId: keys.current.id }
        return { ...t, rows: [...t.rows, { ...row, hash: sha(encodeRow(t.ends.head.hash, row)) }] }
      },
      'changed',
      10,
    ],
    [
      'the oldest rows, with an anchor made for it',
      (t) => {
        const { id, hash } = t.rows[2] as AuditRow
        const anchor = { id, hash, removed: 3, keyId: keys.current.id }
        return {
          rows: without(t.rows, 1, 2, 3),
          ends: { ...t.ends, anchor: { ...anchor, mac: hmac(stranger)(encodeAnchor(anchor)) } },
        }
      },
      'anchor_changed',
      3,
    ],
    [
      'the oldest rows, with the hash of a row for an anchor',
      (t) => {
        const { id, hash, keyId } = t.rows[2] as AuditRow
        const anchor: AuditAnchor = { id, hash, removed: 3, keyId, mac: hash }
        return { rows: without(t.rows, 1, 2, 3), ends: { ...t.ends, anchor } }
      },
      'anchor_changed',
      3,
    ],
  ])('shows where: %s', async (_what, tamper, kind, id) => {
    // The same secret and the same ids, but another second row: a backup that somebody has gone on with.
    const log = createAuditLog()
    await log.append([entry(0), entry(77), ...[2, 3, 4, 5, 6, 7, 8].map(entry)], keys.current)
    const verdict = await verify(tamper({ ...(await write(9)), fork: await log.chain(0, 9) }))
    expect(verdict).toMatchObject({ ok: false, broken: { kind, id } })
  })

  it('shows rows that were cut off the end, and others in their place, to those who kept its head', async () => {
    const before = await write(9)
    const after = createAuditLog()
    await after.append(before.rows.slice(0, 6), keys.current)
    const cut = { rows: [...(await after.chain(0, 10))], ends: await after.ends() }
    expect(await verify(cut)).toMatchObject({ ok: true, rows: 6 })
    expect(await verify(cut, before.ends.head)).toMatchObject({ broken: { kind: 'cut_off', id: 7 } })
    await after.append([entry(77), entry(78), entry(79), entry(80)], keys.current)
    const replaced = { rows: [...(await after.chain(0, 20))], ends: await after.ends() }
    expect(await verify(replaced)).toMatchObject({ ok: true, rows: 10 })
    expect(await verify(replaced, before.ends.head)).toMatchObject({ broken: { kind: 'cut_off', id: 9 } })
    // All of it, with every trace.
    expect(await verify(await write(0), before.ends.head)).toMatchObject({
      broken: { kind: 'cut_off', id: 1 },
    })
  })

  it('is found out whatever is changed, removed or put elsewhere', async () => {
    const table = await write(12)
    const field = fc.constantFrom(
      'at',
      'event',
      'user',
      'actor',
      'session',
      'ip',
      'userAgent',
      'details' as const,
    )
    const id = fc.integer({ min: 1, max: 12 })
    const act = fc.oneof(
      fc.record({ kind: fc.constant('change' as const), id, field, value: fc.string() }),
      fc.record({ kind: fc.constant('remove' as const), id }),
      fc.record({ kind: fc.constant('swap' as const), id, other: id }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 3 }), async (acts) => {
        let { rows } = table
        for (const each of acts) {
          if (each.kind === 'change')
            rows = change(rows, each.id, {
              [each.field]: each.field === 'at' ? each.value.length : each.value,
            })
          if (each.kind === 'remove') rows = without(rows, each.id)
          if (each.kind === 'swap') {
            const [a, b] = [rows.find((row) => row.id === each.id), rows.find((row) => row.id === each.other)]
            if (a && b)
              rows = rows.map((row) =>
                row === a ? { ...b, id: a.id } : row === b ? { ...a, id: b.id } : row,
              )
          }
        }
        const isSame = JSON.stringify(rows) === JSON.stringify(table.rows)
        const ends = { ...table.ends, head: rows.at(-1) ?? { id: 0, hash: '' } }
        expect((await verify({ rows, ends }, table.ends.head)).ok).toBe(isSame)
      }),
      { numRuns: 300 },
    )
  })
})

it('every column counts in the encoding of a row, and so does what was before', async () => {
  const [row] = (await write(1)).rows as [AuditRow]
  const { hash, ...columns } = row
  const others = Object.keys(columns).map((name) => encodeRow('before', { ...row, [name]: 'another' }))
  const all = [encodeRow('before', row), encodeRow('', row), ...others]
  expect(new Set(all).size).toBe(2 + Object.keys(columns).length)
  expect(hash).not.toBe('')
})

it('no two rows have one encoding, and none that of an anchor', () => {
  const text = fc.option(
    fc.string({ maxLength: 4, unit: fc.constantFrom('"', ',', '\\', 'a', '[', ']', '1') }),
  )
  const row = fc.record({
    id: fc.nat(3),
    at: fc.nat(3),
    event: fc.constantFrom('a', '"', 'a","a'),
    user: text,
    actor: text,
    session: text,
    ip: text,
    userAgent: text,
    details: text,
    keyId: fc.constantFrom('k', 'k"'),
  })
  fc.assert(
    fc.property(row, row, fc.string(), fc.string(), (a, b, before, other) => {
      const isSame = JSON.stringify([a, before]) === JSON.stringify([b, other])
      expect(encodeRow(before, a) === encodeRow(other, b)).toBe(isSame)
      expect(encodeRow(before, a)).not.toBe(
        encodeAnchor({ id: a.id, hash: before, removed: 1, keyId: a.keyId }),
      )
    }),
  )
})

it.each<[text: string, head: AuditHead | null]>([
  ['0:', { id: 0, hash: '' }],
  [`12:${'A'.repeat(43)}`, { id: 12, hash: 'A'.repeat(43) }],
  [` 12:${'A'.repeat(43)}\n`, { id: 12, hash: 'A'.repeat(43) }],
  ['', null],
  ['12', null],
  ['12:', null],
  [`0:${'A'.repeat(43)}`, null],
  [`-1:${'A'.repeat(43)}`, null],
  [`12:${'A'.repeat(42)}`, null],
  [`12:${'A'.repeat(44)}`, null],
  [`9999999999999999:${'A'.repeat(43)}`, null],
])('the head %j reads as %j', (text, head) => {
  expect(parseHead(text)).toEqual(head)
})
