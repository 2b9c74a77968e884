// Do all storage drivers keep the one contract?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openMemory } from '../../src/drivers/memory/index.ts'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'
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
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.remove())
const openNewPostgres = async (clock: Clock): Promise<Store> =>
  openPostgres(`${await server.createDatabase()}?pool_size=4`, clock, { time: 'clock' })

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
}

storeConformance('PostgreSQL', openNewPostgres)
