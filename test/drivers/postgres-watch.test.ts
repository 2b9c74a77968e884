// Does a node hear of what others revoke, at once, whatever has become of its connection?
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { createTestClock } from '../support/clock.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import { session } from './rows.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.remove())

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A node of its own, which listens; `heard()` says how often it was told. */
async function openNode(url: string) {
  const clock = createTestClock()
  const store = await openPostgres(url, clock)
  closing.push(store.close)
  let heard = 0
  const stop = store.revocations.watch?.(() => heard++)
  return { ...store, clock, stop, heard: () => heard }
}

async function openListening(url: string) {
  const node = await openNode(url)
  // Told once when it begins to listen.
  await expect.poll(node.heard).toBe(1)
  return node
}

describe('a node that listens', () => {
  it('hears what another one revokes, and nothing of what it does otherwise', async () => {
    const url = await server.createDatabase()
    const a = await openNode(url)
    const b = await openListening(url)
    await a.sessions.create(session(1), [])
    await a.sessions.create(session(2), [])
    await a.sessions.revoke(session(1).id, null, 'logout')
    await expect.poll(b.heard).toBe(2)
    expect((await b.revocations.read(null)).floors).toHaveLength(1)
    expect(b.heard()).toBe(2)
  })

  it('hears nothing of what was not committed', async () => {
    const url = await server.createDatabase()
    const b = await openListening(url)
    const client = await server.connect(url)
    await client.query('begin')
    await client.query(
      "insert into lockjar_revocations (scope, floor, expires_at) values ('*', 1, 9e15::bigint)",
    )
    await client.query('rollback')
    await client.query("select pg_notify('lockjar_revocations', '')")
    await expect.poll(b.heard).toBe(2)
  })

  it('listens again after the server was away, and is told that it may have missed something', async () => {
    const own = await startPostgres()
    try {
      const url = await own.createDatabase()
      const node = await openListening(url)
      await own.kill()
      node.clock.advance(3000)
      await own.start()
      // Each second it looks; after a failed try it waits a little longer.
      await expect
        .poll(() => {
          node.clock.advance(1000)
          return node.heard()
        })
        .toBe(2)
      await node.sessions.create(session(1), [])
      await node.sessions.revoke(session(1).id, null, 'logout')
      await expect.poll(node.heard).toBe(3)
      for (const close of closing.splice(0)) await close()
    } finally {
      await own.remove()
    }
  })

  const LISTENERS = "from pg_stat_activity where query like 'listen%' and datname = current_database()"

  it('listens again where its connection is ended', async () => {
    const url = await server.createDatabase()
    const node = await openListening(url)
    const client = await server.connect(url)
    await client.query(`select pg_terminate_backend(pid) ${LISTENERS}`)
    await expect.poll(async () => (await client.query(`select 1 ${LISTENERS}`)).rows).toEqual([])
    await pause(100)
    node.clock.advance(1000)
    await expect.poll(node.heard).toBe(2)
  })

  it('finds out within seconds that its connection leads nowhere any more', async () => {
    const url = await server.createDatabase()
    const node = await openListening(url)
    const client = await server.connect(url)
    const { rows } = await client.query(`select pid ${LISTENERS}`)
    expect(rows).toHaveLength(1)
    const [{ pid }] = rows
    try {
      process.kill(pid, 'SIGSTOP')
      node.clock.advance(10_000)
      await expect
        .poll(
          () => {
            node.clock.advance(1000)
            return node.heard()
          },
          { timeout: 15_000 },
        )
        .toBe(2)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  it('that stops has no connection left', async () => {
    const url = await server.createDatabase()
    const node = await openListening(url)
    node.stop?.()
    const client = await server.connect(url)
    await expect.poll(async () => (await client.query(`select 1 ${LISTENERS}`)).rows).toEqual([])
  })
})
