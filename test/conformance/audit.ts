// What must every audit log do? The contract of src/ports/audit-log.ts, sentence by sentence.
import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { AuditEntry, AuditRow } from '../../src/core/audit/chain.ts'
import { encodeAnchor, encodeRow } from '../../src/core/audit/chain.ts'
import type { AuditPage } from '../../src/ports/audit-log.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from '../support/clock.ts'

const KEY = { id: 'kid-0001', bytes: new Uint8Array(32).fill(7) }
const OTHER = { id: 'kid-0002', bytes: new Uint8Array(32).fill(8) }

const entry = (n: number, change: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 1000 + n,
  event: 'login.failed',
  user: 'user-1',
  actor: null,
  session: null,
  ip: '192.0.2.1',
  userAgent: 'Test/1.0 "☃"',
  details: '{"reason":"invalid_credentials"}',
  ...change,
})

const hashOf = (previous: string, row: AuditRow, { bytes } = KEY): string =>
  createHmac('sha256', bytes).update(encodeRow(previous, row)).digest('base64url')

const ids = (rows: readonly { readonly id: number }[]): readonly number[] => rows.map(({ id }) => id)

const all: AuditPage = { order: 'oldest-first', after: null, limit: 1000 }

export function auditConformance(name: string, open: (clock: Clock) => Promise<Store>): void {
  const opened: Store[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  async function start(entries: readonly AuditEntry[] = []) {
    const store = await open(createTestClock())
    opened.push(store)
    if (entries.length > 0) await store.audit.append(entries, KEY)
    return store.audit
  }

  describe(`the audit log of ${name}`, () => {
    it('begins with nothing', async () => {
      const audit = await start()
      expect(await audit.ends()).toEqual({ anchor: null, head: { id: 0, hash: '' }, lastId: 0 })
      expect(await audit.chain(0, 10)).toEqual([])
      expect(await audit.page(all)).toEqual([])
      expect(await audit.prune(Number.MAX_SAFE_INTEGER, 10, [KEY])).toEqual({ removed: 0, unfit: null })
    })

    it('gives rows back as they were appended, numbered from 1, each hashed over itself and the hash before it', async () => {
      const bare = { user: null, actor: null, session: null, ip: null, userAgent: null, details: null }
      const full = { actor: 'app', session: 'session-1' }
      const entries = [entry(1), entry(2, bare), entry(3, full), entry(3, { userAgent: '' })]
      const audit = await start()
      const head = await audit.append(entries, KEY)
      const rows = await audit.chain(0, 10)
      expect(rows).toEqual(
        entries.map((each, at) => ({
          ...each,
          id: at + 1,
          keyId: KEY.id,
          hash: hashOf(rows[at - 1]?.hash ?? '', rows[at] as AuditRow),
        })),
      )
      expect(head).toEqual({ id: 4, hash: rows[3]?.hash })
      expect(await audit.ends()).toEqual({ anchor: null, head, lastId: 4 })
    })

    it('goes on where it ended, under another key too', async () => {
      const audit = await start([entry(1)])
      await audit.append([entry(2)], OTHER)
      const [first, second] = await audit.chain(0, 10)
      expect(second).toMatchObject({ id: 2, keyId: OTHER.id })
      expect(second?.hash).toBe(hashOf(first?.hash ?? '', second as AuditRow, OTHER))
    })

    it('is one chain whoever appends at the same time', async () => {
      const audit = await start()
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => audit.append([entry(n), entry(n)], n % 2 ? KEY : OTHER)),
      )
      let previous = ''
      const rows = await audit.chain(0, 100)
      expect(ids(rows)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1))
      for (const row of rows) {
        expect(row.hash).toBe(hashOf(previous, row, row.keyId === KEY.id ? KEY : OTHER))
        previous = row.hash
      }
    })

    it('is read in pages along the chain', async () => {
      const audit = await start([1, 2, 3, 4, 5].map((n) => entry(n)))
      expect(ids(await audit.chain(0, 2))).toEqual([1, 2])
      expect(ids(await audit.chain(2, 2))).toEqual([3, 4])
      expect(ids(await audit.chain(4, 2))).toEqual([5])
      expect(ids(await audit.chain(5, 2))).toEqual([])
    })

    it('is read in the order of time, either way, in pages that leave nothing out and repeat nothing', async () => {
      // Two rows of one instant, and a clock that was set back.
      const audit = await start([5, 7, 7, 6, 9].map((n) => entry(n)))
      for (const [order, expected] of [
        ['oldest-first', [1, 4, 2, 3, 5]],
        ['newest-first', [5, 3, 2, 4, 1]],
      ] as const) {
        for (const limit of [1, 2, 3, 5]) {
          const seen: number[] = []
          let page = await audit.page({ order, after: null, limit })
          while (page.length > 0) {
            expect(page.length).toBeLessThanOrEqual(limit)
            seen.push(...ids(page))
            page = await audit.page({ order, after: page.at(-1) ?? null, limit })
          }
          expect(seen, `${order} by ${limit}`).toEqual(expected)
        }
      }
    })

    it.each<[filter: Partial<AuditPage>, expected: readonly number[]]>([
      [{}, [1, 2, 3, 4]],
      [{ user: 'user-1' }, [1, 3]],
      [{ user: 'USER-1' }, []],
      [{ user: '' }, []],
      [{ event: 'session.created' }, [3, 4]],
      [{ event: 'session.created', user: 'user-1' }, [3]],
      [{ since: 1002 }, [2, 3, 4]],
      [{ until: 1002 }, [1]],
      [{ since: 1002, until: 1004 }, [2, 3]],
      [{ since: 1002, until: 1002 }, []],
      [{ user: 'user-1', event: 'login.failed', since: 0, until: 9999 }, [1]],
    ])('answers what %j asks for', async (filter, expected) => {
      const audit = await start([
        entry(1),
        entry(2, { user: null }),
        entry(3, { event: 'session.created' }),
        entry(4, { event: 'session.created', user: 'user-2' }),
      ])
      expect(ids(await audit.page({ ...all, ...filter }))).toEqual(expected)
    })

    it('loses old rows to retention, from the old end, no more than asked for, and keeps an anchor', async () => {
      const audit = await start([1, 2, 3, 4, 5].map((n) => entry(n)))
      const rows = await audit.chain(0, 10)
      for (const [limit, removed, gone] of [
        [2, 2, 2],
        [10, 1, 3],
        [10, 0, 3],
      ] as const) {
        expect(await audit.prune(1004, limit, [KEY])).toEqual({ removed, unfit: null })
        const anchored = { id: gone, hash: rows[gone - 1]?.hash ?? '', removed: gone, keyId: KEY.id }
        const mac = createHmac('sha256', KEY.bytes).update(encodeAnchor(anchored)).digest('base64url')
        expect((await audit.ends()).anchor).toEqual({ ...anchored, mac })
      }
      expect(await audit.chain(0, 10)).toEqual(rows.slice(3))
    })

    it('keeps what is behind a row that is not old enough, though it is older itself', async () => {
      const audit = await start([entry(1), entry(500), entry(2)])
      expect(await audit.prune(1100, 10, [KEY])).toEqual({ removed: 1, unfit: null })
      expect(ids(await audit.chain(0, 10))).toEqual([2, 3])
    })

    it('loses rows of several keys to retention, as long as each is there; without one of them it keeps them all', async () => {
      const audit = await start([entry(1)])
      await audit.append([entry(2)], OTHER)
      const STRANGER = { ...KEY, bytes: OTHER.bytes }
      for (const [keys, unfit] of [
        [[OTHER], 1],
        [[STRANGER, OTHER], 1],
        [[KEY], 2],
      ] as const) {
        const before = await audit.ends()
        expect(await audit.prune(9999, 10, keys)).toEqual({ removed: 0, unfit })
        expect(await audit.ends()).toEqual(before)
        expect(ids(await audit.chain(0, 10))).toEqual([1, 2])
      }
      expect(await audit.prune(9999, 1, [OTHER, KEY])).toEqual({ removed: 1, unfit: null })
      expect((await audit.ends()).anchor).toMatchObject({ id: 1, keyId: OTHER.id })
      // The anchor, whose key is not there now.
      expect(await audit.prune(9999, 1, [KEY])).toEqual({ removed: 0, unfit: 1 })
      expect(await audit.prune(9999, 1, [KEY, OTHER])).toEqual({ removed: 1, unfit: null })
    })

    it('goes on from the anchor where nothing else is left', async () => {
      const audit = await start([entry(1), entry(2)])
      const { head } = await audit.ends()
      expect(await audit.prune(9999, 10, [KEY])).toEqual({ removed: 2, unfit: null })
      expect(await audit.ends()).toMatchObject({ head, lastId: 2 })
      await audit.append([entry(3)], KEY)
      const [row] = await audit.chain(0, 10)
      expect(row).toMatchObject({ id: 3, hash: hashOf(head.hash, row as AuditRow) })
    })
  })
}
