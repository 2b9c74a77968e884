// Does the PostgreSQL driver come to be as it should, keep within its bounds, and say clearly what is wrong?
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { Pool as PgPool } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/drivers/node/clock.ts'
import { databaseNow } from '../../src/drivers/postgres/clock.ts'
import type { Database, DatabaseOptions } from '../../src/drivers/postgres/connection.ts'
import { openDatabase } from '../../src/drivers/postgres/connection.ts'
import { leavesConnectionUsable, toAuthError } from '../../src/drivers/postgres/errors.ts'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { MIGRATIONS } from '../../src/drivers/postgres/migrations.ts'
import { requireServer } from '../../src/drivers/postgres/open.ts'
import { openPool } from '../../src/drivers/postgres/open-pool.ts'
import type { Pool } from '../../src/drivers/postgres/pool.ts'
import { named, query } from '../../src/drivers/postgres/query.ts'
import { readPendingMigrations } from '../../src/drivers/postgres/schema-state.ts'
import { parseAddress } from '../../src/drivers/postgres/url.ts'
import { createTestClock } from '../support/clock.ts'
import { freePort } from '../support/demo.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.remove())

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const raw = <Row>(text: string) => ({ compile: () => sql.raw<Row>(text).compile(query) })

async function open(url: string, options?: DatabaseOptions): Promise<Database & { readonly pool: Pool }> {
  const pool = await openPool(parseAddress(url))
  const database = openDatabase(pool, options)
  closing.push(database.close)
  return { ...database, pool }
}

async function openStore(url: string) {
  const store = await openPostgres(url, createTestClock())
  closing.push(store.close)
  return store
}

const unavailable = (detail: RegExp | string) => ({
  code: 'unavailable',
  message: expect.stringMatching(detail),
  facts: { retryAfter: 1 },
})

describe('a PostgreSQL database', () => {
  it('is migrated by whoever opens it first, however many start at once', async () => {
    const url = await server.createDatabase()
    expect(await readPendingMigrations(url)).toBeNull()
    await Promise.all(Array.from({ length: 5 }, () => openStore(url)))
    expect(await readPendingMigrations(url)).toEqual([])
    const client = await server.connect(url)
    const { rows } = await client.query('select name from lockjar_migrations order by name')
    expect(rows).toEqual(MIGRATIONS.map(({ name }) => ({ name })))
  })

  it('that a newer version has migrated is refused', async () => {
    const url = await server.createDatabase()
    await openStore(url)
    const client = await server.connect(url)
    await client.query("insert into lockjar_migrations values ('0999_later', 0)")
    await expect(openStore(url)).rejects.toMatchObject(
      unavailable(/brought to 0999_later by a newer version/),
    )
    await expect(readPendingMigrations(url)).rejects.toMatchObject(unavailable(/0999_later/))
  })

  it('that cannot be reached is unavailable, and the message names no password', async () => {
    const port = await freePort()
    const opening = openStore(`postgres://ada:opensesame@127.0.0.1:${port}/none`)
    await expect(opening).rejects.toMatchObject(
      unavailable(/postgres:\/\/127\.0\.0\.1:\d+\/none cannot be opened: .*ECONNREFUSED/),
    )
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('opensesame') })
  })

  it('has the time of the database, in whole milliseconds', async () => {
    const database = await open(await server.createDatabase())
    const row = await database.first(query.selectNoFrom(sql<number>`${databaseNow}`.as('now')))
    expect(Math.abs((row?.now ?? 0) - Date.now())).toBeLessThan(5000)
    expect(Number.isInteger(row?.now)).toBe(true)
  })
})

describe('a transaction', () => {
  it('is written whole or not at all', async () => {
    const database = await open(await server.createDatabase())
    await database.run(raw('create table notes (id int primary key)'))
    await database.transaction(async (connection) => {
      await connection.run(raw('insert into notes values (1)'))
      await connection.run(raw('insert into notes values (2)'))
    })
    const failing = database.transaction(async (connection) => {
      await connection.run(raw('insert into notes values (3)'))
      await connection.run(raw('insert into notes values (1)'))
    })
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    const thrown = database.transaction(async (connection) => {
      await connection.run(raw('insert into notes values (4)'))
      throw new TypeError('a fault of ours')
    })
    await expect(thrown).rejects.toThrow('a fault of ours')
    expect(await database.all(raw('select id from notes order by id'))).toEqual([{ id: 1 }, { id: 2 }])
    expect(database.losses()).toBe(0)
  })

  it('that goes on after a statement has failed does not look as if it were written', async () => {
    const database = await open(await server.createDatabase())
    const deaf = database.transaction(async (connection) => {
      await connection.run(raw('select 1 / 0')).catch(() => {})
    })
    await expect(deaf).rejects.toThrow(/nothing was written/)
  })

  it('that deadlocks with another is tried again, and both are written', async () => {
    const url = await server.createDatabase()
    const database = await open(url)
    await database.run(raw('create table notes (id int primary key, n int)'))
    await database.run(raw('insert into notes values (1, 0), (2, 0)'))
    const both = Promise.withResolvers<void>()
    let begun = 0
    const raise = (first: number, second: number) => {
      let tries = 0
      return database.transaction(async (connection) => {
        tries++
        await connection.run(raw(`update notes set n = n + 1 where id = ${first}`))
        // Each has one row before either asks for the other's.
        if (++begun === 2) both.resolve()
        await both.promise
        await connection.run(raw(`update notes set n = n + 1 where id = ${second}`))
        return tries
      })
    }
    const tries = await Promise.all([raise(1, 2), raise(2, 1)])
    expect(Math.max(...tries)).toBe(2)
    expect(await database.all(raw('select n from notes'))).toEqual([{ n: 2 }, { n: 2 }])
  })
})

describe('a connection', () => {
  it('that the server ends is not used again, and the next request has another', async () => {
    const url = await server.createDatabase()
    const database = await open(url)
    const { pid } = (await database.first(raw<{ pid: number }>('select pg_backend_pid() as pid'))) ?? {
      pid: 0,
    }
    const ended = expect(database.run(raw('select pg_sleep(20)'))).rejects.toMatchObject(
      unavailable('The database is not available.'),
    )
    const client = await server.connect(url)
    await expect
      .poll(async () => (await client.query(`select state from pg_stat_activity where pid = ${pid}`)).rows)
      .toEqual([{ state: 'active' }])
    await client.query(`select pg_terminate_backend(${pid})`)
    await ended
    expect(database.losses()).toBe(1)
    expect(await database.first(raw('select 1 as one'))).toEqual({ one: 1 })
  })

  it('that the server ends between two statements of a transaction fails that transaction, and nothing else', async () => {
    const url = await server.createDatabase()
    const database = await open(url)
    const client = await server.connect(url)
    const cut = database.transaction(async (connection) => {
      const mine = await connection.first(raw<{ pid: number }>('select pg_backend_pid() as pid'))
      await client.query(`select pg_terminate_backend(${mine?.pid})`)
      await expect
        .poll(
          async () => (await client.query(`select 1 from pg_stat_activity where pid = ${mine?.pid}`)).rows,
        )
        .toEqual([])
      await pause(50)
      await connection.run(raw('select 1'))
    })
    await expect(cut).rejects.toMatchObject(unavailable('not available'))
    expect(database.losses()).toBe(1)
    expect(await database.first(raw('select 1 as one'))).toEqual({ one: 1 })
  })

  it('whose answer does not come in time is given up', async () => {
    const database = await open(await server.createDatabase(), { patience: 200 })
    await expect(database.run(raw('select pg_sleep(3)'))).rejects.toMatchObject(unavailable('not available'))
    expect(database.losses()).toBe(1)
    expect(await database.first(raw('select 1 as one'))).toEqual({ one: 1 })
  })

  it('that stalls holds nobody up for longer than seconds, neither a request nor the end', async () => {
    const own = await startPostgres()
    const url = await own.createDatabase()
    const store = await openPostgres(url, systemClock)
    const database = await open(url, { patience: 500 })
    const stalled = await database.first(raw<{ pid: number }>('select pg_backend_pid() as pid'))
    const client = await own.connect(url)
    const { rows } = await client.query(
      "select pid from pg_stat_activity where application_name = 'lockjar' and datname = current_database()",
    )
    try {
      for (const { pid } of rows) process.kill(pid, 'SIGSTOP')
      expect(rows).toContainEqual(stalled)
      const began = performance.now()
      await expect(database.run(raw('select 1'))).rejects.toMatchObject(unavailable('not available'))
      expect(await database.first(raw('select 1 as one'))).toEqual({ one: 1 })
      await store.close()
      expect(performance.now() - began).toBeLessThan(20_000)
    } finally {
      for (const { pid } of rows) process.kill(pid, 'SIGCONT')
      await own.remove()
    }
  })

  it('is kept where the server refuses one statement', async () => {
    const database = await open(`${await server.createDatabase()}?pool_size=1`)
    const pid = () => database.first(raw('select pg_backend_pid() as pid'))
    const before = await pid()
    await expect(database.run(raw('select nonsense'))).rejects.toMatchObject({ code: '42703' })
    expect(await pid()).toEqual(before)
  })

  it('has limits of the server’s own, for the sake of those who wait', async () => {
    const database = await open(await server.createDatabase())
    for (const [name, value] of Object.entries({
      statement_timeout: '5s',
      lock_timeout: '3s',
      idle_in_transaction_session_timeout: '5s',
    }))
      expect(await database.first(raw(`select current_setting('${name}') as value`))).toEqual({ value })
  })

  it('is not waited for for ever where all are taken', async () => {
    const database = await open(`${await server.createDatabase()}?pool_size=1`)
    const long = database.run(raw('select pg_sleep(4)'))
    await expect(database.run(raw('select 1'))).rejects.toMatchObject(unavailable('not available'))
    await long
  })

  it('of a server that was killed and is back serves again', async () => {
    const own = await startPostgres()
    try {
      const database = await open(await own.createDatabase())
      await Promise.all([1, 2, 3].map(() => database.run(raw('select pg_sleep(0.05)'))))
      await own.kill()
      await expect(database.run(raw('select 1'))).rejects.toMatchObject(unavailable('not available'))
      await own.start()
      await expect.poll(() => database.first(raw('select 1 as one')).catch(() => null)).toEqual({ one: 1 })
    } finally {
      await own.remove()
    }
  })

  it('gives whole numbers as numbers, whatever the application has told pg', async () => {
    const database = await open(await server.createDatabase())
    const row = await database.first(
      raw(
        "select 9007199254740991::bigint as big, 1::smallint as small, true as yes, count(*) as count, sum(1::bigint) as sum, '{}'::json as json",
      ),
    )
    expect(row).toEqual({ big: Number.MAX_SAFE_INTEGER, small: 1, yes: true, count: 1, sum: 1, json: '{}' })
  })

  it('keeps named statements prepared, and others or with `prepared` off none', async () => {
    const url = `${await server.createDatabase()}?pool_size=1`
    const one = named('one', query.selectNoFrom(sql<number>`1`.as('one')))
    const prepared = raw("select name from pg_prepared_statements where name like 'lockjar%'")
    const database = await open(url)
    expect(await database.first(one)).toEqual({ one: 1 })
    expect(await database.all(prepared)).toEqual([{ name: 'lockjar_one' }])
    const bare = await open(url, { prepared: false })
    expect(await bare.first(one)).toEqual({ one: 1 })
    expect(await bare.all(prepared)).toEqual([])
  })
})

describe('what the server says', () => {
  const said = (code: string) => Object.assign(new Error('as the server words it'), { code })

  it.each<[code: string, meaning: string, unavailable: boolean, usable: boolean]>([
    ['08006', 'the connection failed', true, false],
    ['23505', 'a unique constraint', false, true],
    ['25006', 'a standby', true, false],
    ['25P03', 'idle for too long in a transaction', true, false],
    ['28P01', 'the password is wrong', true, false],
    ['3D000', 'there is no such database', true, false],
    ['40001', 'a conflict of isolation', true, true],
    ['40P01', 'a deadlock', true, true],
    ['42P01', 'there is no such table', false, true],
    ['42703', 'there is no such column', false, true],
    ['53300', 'too many connections', true, false],
    ['53100', 'the disk is full', true, false],
    ['55P03', 'a lock that is not to be had', true, true],
    ['57014', 'a statement that took too long', true, true],
    ['57P01', 'the server is being stopped', true, false],
    ['57P03', 'the server is starting', true, false],
    ['58030', 'the disk fails', true, false],
    ['P0001', 'a trigger refuses', false, true],
    ['XX001', 'a damaged table', true, false],
    ['EPIPE', 'Node: nobody reads any more', true, false],
    ['ECONNRESET', 'Node: the connection is cut', true, false],
  ])(
    '%s, %s: not available %s, and the connection can be used %s',
    (code, _meaning, isUnavailable, usable) => {
      const error = said(code)
      const told = toAuthError(error)
      expect(told === error).toBe(!isUnavailable)
      if (isUnavailable) expect(told).toMatchObject(unavailable('The database is not available.'))
      expect(leavesConnectionUsable(error)).toBe(usable)
    },
  )

  it('that it is too old is said at the start', async () => {
    const old = { first: async () => ({ version: 120_022, standby: false }) }
    await expect(requireServer(old as never)).rejects.toMatchObject(unavailable('older than PostgreSQL 13'))
  })

  it('nothing to those who come when a thousand wait already', async () => {
    const pool: Pool = {
      waitingCount: 1000,
      connect: () => Promise.reject(new Error('should not be asked')),
      on: () => {},
      end: async () => {},
    }
    await expect(openDatabase(pool).run(raw('select 1'))).rejects.toMatchObject(
      unavailable('Too much is waiting'),
    )
  })
})

it('a pool of pg is one of ours', () => {
  const pool: Pool = new PgPool()
  expect(pool.waitingCount).toBe(0)
})
