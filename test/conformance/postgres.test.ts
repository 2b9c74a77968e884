// Does PostgreSQL keep the contract, too, with its sessions in partitions, and behind a pooler?
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { migrateDatabase } from '../../src/drivers/postgres/schema-state.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { user } from '../drivers/rows.ts'
import { createTestClock } from '../support/clock.ts'
import type { PgBouncer } from '../support/pgbouncer.ts'
import { startPgBouncer } from '../support/pgbouncer.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import { storeConformance } from './store.ts'

let server: PostgresServer
let pooler: PgBouncer
let migrated: string
let partitioned: string
beforeAll(async () => {
  server = await startPostgres()
  pooler = await startPgBouncer(server)
  migrated = await server.createDatabase()
  await migrateDatabase(migrated)
  partitioned = await server.createDatabase(migrated)
  const client = await server.connect(partitioned)
  await client.query(partitioning())
  await client.end()
}, 60_000)
afterAll(async () => {
  await pooler.remove()
  await server.remove()
})

/** As the guide has it. */
function partitioning(): string {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/postgresql.md'), 'utf8')
  return /```sql\n(begin;.*?commit;)\n```/s.exec(guide)?.[1] ?? 'the guide does not say how'
}

const openOn = (url: string, clock: Clock) => openPostgres(url, clock, { time: 'clock' })

storeConformance('PostgreSQL with partitioned sessions', async (clock) =>
  openOn(await server.createDatabase(partitioned), clock),
)
storeConformance('PostgreSQL behind PgBouncer', async (clock) =>
  openOn(pooler.through(await server.createDatabase(migrated)), clock),
)

it('the partitions of the guide are partitions', async () => {
  const client = await server.connect(await server.createDatabase(partitioned))
  const { rows } = await client.query(
    "select count(*)::int as count from pg_inherits where inhparent = 'lockjar_sessions'::regclass",
  )
  expect(rows).toEqual([{ count: 4 }])
})

it('a pooler in transaction mode is migrated through, by any number of nodes at once', async () => {
  const url = pooler.through(await server.createDatabase())
  const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgres(url, createTestClock())))
  for (const store of stores) await store.close()
})

it('a pooler in transaction mode would not do with what is left on a connection', async () => {
  const url = new URL(pooler.through(await server.createDatabase(migrated)))
  url.searchParams.delete('pgbouncer')
  await expect(openPostgres(url.href, createTestClock())).rejects.toThrow(/unsupported startup parameter/)
})

it('a node behind a pooler hears of revocations by a URL of the server itself', async () => {
  const direct = await server.createDatabase(migrated)
  const url = new URL(pooler.through(direct))
  const deaf = await openPostgres(url.href, createTestClock())
  expect(deaf.revocations.watch).toBeUndefined()
  url.searchParams.set('listen_url', direct)
  const store = await openPostgres(url.href, createTestClock())
  let heard = 0
  store.revocations.watch?.(() => heard++)
  await expect.poll(() => heard).toBe(1)
  await deaf.users.create(user(1))
  await deaf.users.setRoles(user(1).id, ['editor'])
  await expect.poll(() => heard).toBe(2)
  await store.close()
  await deaf.close()
})
