// How does a database of many users come to be, and how large is it then?
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from 'lockjar'
import { openPostgres } from 'lockjar/postgres'
import { openSqlite } from 'lockjar/sqlite'
import { systemClock } from '../../src/drivers/node/clock.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import type { Dialect } from './rows.ts'
import { insertRows } from './rows.ts'

/** Rows of one statement: it ends soon enough to say how far it is. */
const BATCH = 500_000

export interface Filled {
  readonly store: Store
  /** Bytes of each table, with its indexes. */
  sizes(): Promise<ReadonlyMap<string, number>>
}

export interface Place {
  readonly name: string
  fill(users: number, told: (users: number) => void): Promise<Filled>
  /** Closes and removes everything. */
  remove(): Promise<void>
}

const SQLITE: Dialect = {
  series: (first, last) =>
    `(with recursive numbers(n) as (select ${first} union all select n + 1 from numbers where n < ${last}) select n from numbers)`,
  hex: (n) => `printf('%08x', ${n})`,
  pad: (text, length) => `printf('%0${length}d', ${text})`,
}

const POSTGRES: Dialect = {
  series: (first, last) => `generate_series(${first}, ${last}) as numbers(n)`,
  hex: (n) => `lpad(to_hex(${n}), 8, '0')`,
  pad: (text, length) => `lpad(${text}::text, ${length}, '0')`,
}

export function inSqlite(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-scale-'))
  const stores: Store[] = []
  return {
    name: 'SQLite',
    async fill(users, told) {
      const file = join(folder, `${users}.db`)
      await openSqlite(file, systemClock).close()
      const db = new DatabaseSync(file)
      // Only while it is filled.
      db.exec('pragma synchronous = off; pragma cache_size = -500000')
      for (const [first, last] of batchesOf(users)) {
        db.exec('begin')
        for (const statement of insertRows(SQLITE, first, last, Date.now())) db.exec(statement)
        db.exec('commit')
        told(last)
      }
      db.exec('analyze; pragma wal_checkpoint(truncate)')
      const sizes = sizesInSqlite(db)
      db.close()
      const store = openSqlite(file, systemClock)
      stores.push(store)
      return { store, sizes: async () => new Map([...sizes, ['the file', statSync(file).size]]) }
    },
    async remove() {
      for (const store of stores) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function sizesInSqlite(db: DatabaseSync): ReadonlyMap<string, number> {
  const rows = db
    .prepare(
      `select schema.tbl_name as name, sum(stat.pgsize) as bytes from dbstat as stat join sqlite_schema as schema using (name)
       where stat.aggregate = 1 and schema.tbl_name in ('lockjar_users', 'lockjar_sessions') group by 1`,
    )
    .all()
  return new Map(rows.map(({ name, bytes }) => [String(name), Number(bytes)]))
}

export async function inPostgres(): Promise<Place> {
  // Durable, as an installation is: what is measured after the filling commits to the disk.
  const server = await startPostgres({
    settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '1GB', max_wal_size: '8GB' },
  })
  const stores: Store[] = []
  return {
    name: 'PostgreSQL',
    async fill(users, told) {
      const url = await server.createDatabase()
      const store = await openPostgres(url, systemClock)
      stores.push(store)
      const client = await server.connect(url)
      await client.query('set synchronous_commit = off')
      for (const [first, last] of batchesOf(users)) {
        for (const statement of insertRows(POSTGRES, first, last, Date.now())) await client.query(statement)
        told(last)
      }
      await client.query('vacuum analyze lockjar_users, lockjar_sessions')
      await client.query('checkpoint')
      const { rows } = await client.query<{ name: string; bytes: string }>(
        "select name, pg_total_relation_size(name::regclass) as bytes from unnest(array['lockjar_users', 'lockjar_sessions']) as name",
      )
      return { store, sizes: async () => new Map(rows.map(({ name, bytes }) => [name, Number(bytes)])) }
    },
    async remove() {
      for (const store of stores) await store.close()
      await server.remove()
    },
  }
}

function* batchesOf(users: number): Generator<readonly [first: number, last: number]> {
  for (let first = 1; first <= users; first += BATCH) yield [first, Math.min(users, first + BATCH - 1)]
}
