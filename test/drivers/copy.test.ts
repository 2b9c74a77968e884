// Does a copy of a store notice whatever did not arrive as it was sent?
import { describe, expect, it } from 'vitest'
import type { CopiedTable } from '../../src/drivers/sql/copied-tables.ts'
import type { CopiedRow, CopyDatabase } from '../../src/drivers/sql/copy.ts'
import { BATCH, CopyFailed, moveStore } from '../../src/drivers/sql/copy.ts'

const ROWS: readonly CopiedRow[] = Array.from({ length: BATCH + 1 }, (_, at) => ({
  key: `k${String(at).padStart(5, '0')}`,
  used: at,
}))

/** A database of one table, that does with its rows what a test wants. */
function createDatabase(rows: readonly CopiedRow[], arrive = (row: CopiedRow): CopiedRow[] => [row]) {
  const kept = [...rows]
  const marks: string[] = []
  const read = {
    count: async (table: CopiedTable) => (table === 'lockjar_rate_limits' ? kept.length : 0),
    async *rows(table: CopiedTable) {
      if (table !== 'lockjar_rate_limits') return
      for (let at = 0; at < kept.length; at += BATCH) yield kept.slice(at, at + BATCH)
    },
    lastAuditId: async () => 0,
  }
  const database: CopyDatabase = {
    place: 'elsewhere',
    asSource: (work) => work({ ...read, markMoved: async (to) => void marks.push(to) }),
    asTarget: (work) =>
      work({
        ...read,
        write: async (_, batch) => void kept.push(...batch.flatMap(arrive)),
        finish: async () => {},
      }),
  }
  return { database, kept, marks }
}

describe('a copy of a store', () => {
  it('is complete: every row is there, and only then the old database is marked', async () => {
    const [from, to] = [createDatabase(ROWS), createDatabase([])]
    const told: number[] = []
    const counts = await moveStore(from.database, to.database, false, ({ done, total }) =>
      told.push(done / total),
    )
    expect(to.kept).toEqual(ROWS)
    expect(counts).toContainEqual({ table: 'lockjar_rate_limits', rows: ROWS.length })
    expect(from.marks).toEqual(['elsewhere'])
    expect([told.at(-1), told.every((share, at) => share > (told[at - 1] ?? 0))]).toEqual([1, true])
  })

  const last = ROWS.at(-1)?.['key']
  it.each([
    ['a row is missing', (row: CopiedRow) => (row['key'] === last ? [] : [row])],
    ['a row is there twice', (row: CopiedRow) => (row['key'] === last ? [row, row] : [row])],
    ['a value has changed', (row: CopiedRow) => (row['key'] === last ? [{ ...row, used: 7 }] : [row])],
    ['a value has become another type', (row: CopiedRow) => [{ ...row, used: String(row['used']) }]],
  ])('fails where %s, and marks nothing', async (_, arrive) => {
    const [from, to] = [createDatabase(ROWS), createDatabase([], arrive)]
    await expect(moveStore(from.database, to.database, false, () => {})).rejects.toThrow(CopyFailed)
    expect(from.marks).toEqual([])
  })

  it('fails where the old database has more or fewer rows than it counted', async () => {
    const [from, to] = [createDatabase(ROWS), createDatabase([])]
    const asSource: CopyDatabase['asSource'] = (work) =>
      from.database.asSource((source) => work({ ...source, count: async () => 1 }))
    await expect(moveStore({ ...from.database, asSource }, to.database, false, () => {})).rejects.toThrow(
      CopyFailed,
    )
  })
})
