// How does a test have several nodes on one PostgreSQL, and know that none waited for another that waited for it?
import type { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from './clock.ts'
import type { PostgresServer } from './postgres.ts'
import { emptyTables, startPostgres } from './postgres.ts'

export interface Nodes {
  /** Counted round: of any number there is one. Each has a pool of its own, and judges by the database's clock. */
  node(n: number): Store
  /** Somebody else's connection to the same database. */
  client(): Client
  /** Another one of somebody else's. */
  connect(): Promise<Client>
  url(): string
  /** What each of so many callers was answered, who all ask at the same time, each at the next node. */
  atOnce<T>(callers: number, ask: (store: Store, caller: number) => Promise<T>): Promise<readonly T[]>
}

/** The tests of a file share one database, and each begins with empty tables. */
export function startNodes(count = 3): Nodes {
  let server: PostgresServer
  let url = ''
  let client: Client
  let stores: readonly Store[] = []

  beforeAll(async () => {
    server = await startPostgres()
    url = await server.createDatabase()
    stores = await Promise.all(Array.from({ length: count }, () => openPostgres(url, createTestClock())))
    client = await server.connect(url)
  }, 60_000)
  beforeEach(() => emptyTables(client))
  afterAll(async () => {
    // Counted by the server when a connection ends, at the latest.
    await Promise.all(stores.map((store) => store.close()))
    const text = 'select deadlocks::int from pg_stat_database where datname = current_database()'
    const { rows } = await client.query<{ deadlocks: number }>(text)
    await server.remove()
    expect(rows, 'commands that waited for each other').toEqual([{ deadlocks: 0 }])
  })

  const node = (n: number): Store => {
    const store = stores[n % stores.length]
    if (!store) throw new Error('there are no nodes outside of a test')
    return store
  }
  return {
    node,
    client: () => client,
    connect: () => server.connect(url),
    url: () => url,
    atOnce: (callers, ask) =>
      Promise.all(Array.from({ length: callers }, (_, caller) => ask(node(caller), caller))),
  }
}
