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
  /** Nodes that remember nothing of the tests before. */
  startAnew(): Promise<void>
  /** Somebody else's connection to the same database. */
  client(): Client
  /** Another one of somebody else's. */
  connect(): Promise<Client>
  url(): string
  /** Who waits for a lock that somebody else has, once somebody does; nobody, where nobody comes to. */
  waiters(): Promise<readonly number[]>
  /** What each of so many callers was answered, who all ask at the same time, each at the next node. */
  atOnce<T>(callers: number, ask: (store: Store, caller: number) => Promise<T>): Promise<readonly T[]>
}

/** The tests of a file share one database, and each begins with empty tables. */
export function startNodes(count = 3): Nodes {
  let server: PostgresServer
  let url = ''
  let client: Client
  let watcher: Client
  let stores: readonly Store[] = []

  const close = async (): Promise<void> => {
    await Promise.all(stores.map((store) => store.close()))
  }
  const open = async (): Promise<void> => {
    stores = await Promise.all(Array.from({ length: count }, () => openPostgres(url, createTestClock())))
  }

  beforeAll(async () => {
    server = await startPostgres()
    url = await server.createDatabase()
    client = await server.connect(url)
    watcher = await server.connect(url)
    await open()
  }, 60_000)
  beforeEach(() => emptyTables(client))
  afterAll(async () => {
    // Counted by the server when a connection ends, at the latest.
    await close()
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
  const waiters = async (): Promise<readonly number[]> => {
    const text = `select pid from pg_stat_activity
      where datname = current_database() and application_name = 'lockjar' and wait_event_type = 'Lock'`
    for (let looks = 0; looks < 1000; looks++) {
      const { rows } = await watcher.query<{ pid: number }>(text)
      if (rows.length > 0) return rows.map(({ pid }) => pid)
    }
    return []
  }
  return {
    node,
    startAnew: () => close().then(open),
    waiters,
    client: () => client,
    connect: () => server.connect(url),
    url: () => url,
    atOnce: (callers, ask) =>
      Promise.all(Array.from({ length: callers }, (_, caller) => ask(node(caller), caller))),
  }
}
