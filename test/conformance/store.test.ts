// Do all storage drivers keep the one contract?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { openMemory } from '../../src/drivers/memory/index.ts'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { emptyTables, startPostgres } from '../support/postgres.ts'
import { auditConformance } from './audit.ts'
import { limitsConformance } from './limits.ts'
import { oneTimeTokenConformance } from './one-time-tokens.ts'
import { outboxConformance } from './outbox.ts'
import { sessionDataConformance } from './session-data.ts'
import { storeConformance } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-conformance-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

let server: PostgresServer
let url: string
let client: Client
beforeAll(async () => {
  server = await startPostgres()
  url = await server.createDatabase()
  client = await server.connect(url)
}, 60_000)
afterAll(() => server.remove())
async function openEmptyPostgres(clock: Clock): Promise<Store> {
  const store = await openPostgres(`${url}?pool_size=4`, clock, { time: 'clock' })
  await emptyTables(client)
  return store
}

for (const conformance of [
  auditConformance,
  storeConformance,
  sessionDataConformance,
  oneTimeTokenConformance,
  outboxConformance,
  limitsConformance,
]) {
  conformance('memory', async (clock) => openMemory(clock))
  conformance('SQLite in memory', async (clock) => openSqlite(':memory:', clock))
  conformance('SQLite in a file', async (clock) => openSqlite(join(folder, `${files++}.db`), clock))
  conformance('PostgreSQL', openEmptyPostgres)
}
