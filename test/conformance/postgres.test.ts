// Does PostgreSQL keep the contract, too, with its sessions in partitions, and behind a pooler?
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { migrateDatabase } from '../../src/drivers/postgres/schema-state.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import { user } from '../drivers/rows.ts'
import { createTestClock } from '../support/clock.ts'
import type { PgBouncer } from '../support/pgbouncer.ts'
import { startPgBouncer } from '../support/pgbouncer.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { emptyTables, startPostgres } from '../support/postgres.ts'
import { auditConformance } from './audit.ts'
import { limitsConformance } from './limits.ts'
import { oneTimeTokenConformance } from './one-time-tokens.ts'
import { outboxConformance } from './outbox.ts'
import { sessionDataConformance } from './session-data.ts'
import { storeConformance } from './store.ts'

let server: PostgresServer
let pooler: PgBouncer
let migrated: string
let partitioned: string
let inPartitions: Client
let pooled: string
let beyond: Client
beforeAll(async () => {
  server = await startPostgres()
  pooler = await startPgBouncer(server)
  migrated = await server.createDatabase()
  await migrateDatabase(migrated)
  partitioned = await server.createDatabase(migrated)
  inPartitions = await server.connect(partitioned)
  await inPartitions.query(PARTITIONING)
  pooled = await server.createDatabase(migrated)
  beyond = await server.connect(pooled)
}, 60_000)
afterAll(async () => {
  await pooler.remove()
  await server.remove()
})

/** As the guide has it. */
const PARTITIONING =
  /```sql\n(begin;.*?commit;)\n```/s.exec(
    readFileSync(join(import.meta.dirname, '../../docs/guide/postgresql.md'), 'utf8'),
  )?.[1] ?? 'the guide does not say how'

/** Each test finds the tables empty. */
const opening =
  (url: () => string, empty: () => Client) =>
  async (clock: Clock): Promise<Store> => {
    await emptyTables(empty())
    return openPostgres(url(), clock, { time: 'clock' })
  }

for (const conformance of [storeConformance, sessionDataConformance])
  conformance(
    'PostgreSQL with partitioned sessions',
    opening(
      () => partitioned,
      () => inPartitions,
    ),
  )

for (const conformance of [
  auditConformance,
  storeConformance,
  sessionDataConformance,
  oneTimeTokenConformance,
  outboxConformance,
  limitsConformance,
])
  conformance(
    'PostgreSQL behind PgBouncer',
    opening(
      () => pooler.through(pooled),
      () => beyond,
    ),
  )

it('the partitions of the guide are partitions', async () => {
  const client = await server.connect(await server.createDatabase(migrated))
  await client.query(PARTITIONING)
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
