// Is each command right on PostgreSQL, whoever else is at it at the same moment on another connection?
import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { nextSwap } from '../../src/core/session/rotation.ts'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import type { SwapCommand } from '../../src/ports/session-store.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from '../support/clock.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import { session, user } from './rows.ts'

const HOUR = 3_600_000

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.remove())

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Nodes with a pool each, on one database, and a client that can hold a transaction open. */
async function openNodes(count: number): Promise<{ nodes: readonly [Store, ...Store[]]; outsider: Client }> {
  const url = await server.createDatabase()
  const open = async (): Promise<Store> => {
    const store = await openPostgres(url, createTestClock())
    closing.push(store.close)
    return store
  }
  const first = await open()
  const others = await Promise.all(Array.from({ length: count - 1 }, open))
  return { nodes: [first, ...others], outsider: await server.connect(url) }
}

const swapOf = (n: number, from: number): SwapCommand => ({
  id: session(n).id,
  nonceHash: 'nonce',
  carriage: 'cookie',
  swap: nextSwap(from, 0),
  idleTimeout: { plain: HOUR, remembered: HOUR },
})

const scopes = (floors: readonly { readonly scope: string }[]): readonly string[] =>
  floors.map(({ scope }) => scope)

/** Until somebody waits for a lock that another holds. */
const untilSomebodyWaits = (outsider: Client, count = 1) =>
  expect
    .poll(async () => {
      const waiting =
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
      // Within a transaction it would tell again what it told the first time.
      await outsider.query('select pg_stat_clear_snapshot()')
      return (await outsider.query(waiting)).rows.length
    })
    .toBe(count)

/** Of this database since it was made; the statistics come a moment late. */
async function deadlocks(outsider: Client): Promise<number> {
  await outsider.query('select pg_stat_force_next_flush()').catch(() => {})
  const { rows } = await outsider.query(
    'select deadlocks::int as count from pg_stat_database where datname = current_database()',
  )
  return rows[0].count
}

describe('a rotation', () => {
  it('is won by exactly one of fifty, from five nodes', async () => {
    const { nodes } = await openNodes(5)
    await nodes[0].sessions.create(session(1), [])
    for (let generation = 0; generation < 5; generation++) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => nodes[n % 5]?.sessions.swap(swapOf(1, generation))),
      )
      expect(answers.filter(Boolean)).toHaveLength(1)
    }
    expect((await nodes[0].sessions.find(session(1).id))?.session.generation).toBe(5)
  })

  it('that waits for a revocation under way has lost', async () => {
    const { nodes, outsider } = await openNodes(1)
    const [{ sessions }] = nodes
    await sessions.create(session(1), [])
    await outsider.query('begin')
    await outsider.query("update lockjar_sessions set revoked_at = 1, revoked_reason = 'logout'")
    const swapping = sessions.swap(swapOf(1, 0))
    await untilSomebodyWaits(outsider)
    await outsider.query('commit')
    expect(await swapping).toBeNull()
  })

  it('that is under way does not save a session from being revoked', async () => {
    const { nodes, outsider } = await openNodes(1)
    const [{ sessions }] = nodes
    await sessions.create(session(1), [])
    await outsider.query('begin')
    await outsider.query('update lockjar_sessions set generation = 1, predecessor = 0')
    const revoking = Promise.all([
      sessions.revoke(session(1).id, null, 'logout'),
      sessions.revokeAll('user-1', 1, 'logout_all'),
      sessions.revokeOthers('user-1', 'none', 'logout_all'),
    ])
    await untilSomebodyWaits(outsider, 3)
    await outsider.query('commit')
    expect((await revoking).map(({ count }) => count).toSorted()).toEqual([0, 0, 1])
    const found = await sessions.find(session(1).id)
    expect(found?.session).toMatchObject({ generation: 1, revokedAt: expect.any(Number) })
    expect(await sessions.swap(swapOf(1, 1))).toBeNull()
  })
})

describe('a user with a limit of sessions', () => {
  it('has no more than that, whoever signs in on which node', async () => {
    const { nodes } = await openNodes(4)
    await Promise.all(Array.from({ length: 24 }, (_, n) => nodes[n % 4]?.sessions.create(session(n), [], 2)))
    expect((await nodes[0].sessions.list('user-1')).sessions).toHaveLength(2)
    const { floors } = await nodes[0].revocations.read(null)
    expect(new Set(scopes(floors)).size).toBe(22)
  })
})

describe('commands that write many sessions', () => {
  it('never wait for each other in a circle', async () => {
    const { nodes, outsider } = await openNodes(4)
    const numbers = Array.from({ length: 40 }, (_, n) => n)
    for (const n of numbers) await nodes[0].sessions.create(session(n), [])
    const ids = numbers.map((n) => session(n).id)
    const seen = ids.map((sessionId) => ({ sessionId, generation: 0 }))
    const acts = (store: Store) => [
      () => store.sessions.confirm(seen, { plain: HOUR, remembered: HOUR }),
      () => store.sessions.confirm(seen.toReversed(), null),
      () => store.sessions.create(session(100), ids.slice(0, 20).toReversed(), 30).catch(() => {}),
      () => store.sessions.revokeOthers('user-1', ids[7] ?? '', 'revoked_by_user'),
      () => store.sessions.revokeEveryone(10, null, 'revoked_everyone'),
      () => store.sessions.revokeAll('user-1', 1, 'logout_all'),
    ]
    await outsider.query('update lockjar_sessions set revoked_at = null')
    for (let round = 0; round < 10; round++) {
      await outsider.query('update lockjar_sessions set revoked_at = null')
      await Promise.all(nodes.flatMap((node) => acts(node).map((act) => act())))
    }
    expect(await deadlocks(outsider)).toBe(0)
  })
})

describe('of two superusers', () => {
  it.each([
    ['demote', (store: Store, id: string) => store.users.setRoles(id, [], { keepOne: 'superuser' })],
    ['disable', (store: Store, id: string) => store.users.setDisabled(id, true, { keepOne: 'superuser' })],
    ['delete', (store: Store, id: string) => store.users.delete(id, { keepOne: 'superuser' })],
  ])('who %s each other at once one is left', async (_what, remove) => {
    const { nodes } = await openNodes(2)
    for (let round = 0; round < 10; round++) {
      const pair = [2 * round, 2 * round + 1].map((n) => ({
        ...user(n),
        passwordHash: 'hash',
        roles: ['superuser'],
      }))
      await nodes[0].users.createMany(pair)
      const answers = await Promise.all(pair.map(({ id }, n) => remove(nodes[n] ?? nodes[0], id)))
      expect(answers.filter((answer) => answer === 'last')).toHaveLength(1)
      for (const { id } of pair) await nodes[0].users.delete(id)
    }
  })
})

describe('the revocation log', () => {
  it('passes over no line that was written before another and committed after it', async () => {
    const { nodes, outsider } = await openNodes(2)
    const [writer, reader = writer] = nodes
    for (const n of [1, 2]) await writer.sessions.create(session(n), [])
    const { cursor } = await reader.revocations.read(null)
    await outsider.query('begin')
    await outsider.query(
      "insert into lockjar_revocations (scope, floor, expires_at) values ('session:late', null, 9e15::bigint)",
    )
    await writer.sessions.revoke(session(1).id, null, 'logout')
    const first = await reader.revocations.read(cursor)
    expect(scopes(first.floors)).toEqual(['session:session-1'])
    await writer.sessions.revoke(session(2).id, null, 'logout')
    const second = await reader.revocations.read(first.cursor)
    expect(scopes(second.floors)).toEqual(['session:session-2'])
    await outsider.query('commit')
    const third = await reader.revocations.read(second.cursor)
    expect(scopes(third.floors)).toEqual(['session:late'])
    expect((await reader.revocations.read(third.cursor)).floors).toEqual([])
  })

  it('is read whole with a cursor of another server, another timeline, another start, or of the future', async () => {
    const { nodes } = await openNodes(1)
    const [{ sessions, revocations }] = nodes
    await sessions.create(session(1), [])
    await sessions.revoke(session(1).id, null, 'logout')
    const { cursor } = await revocations.read(null)
    expect((await revocations.read(cursor)).floors).toEqual([])
    const { server: seen, ...rest } = JSON.parse(cursor ?? '')
    const [system, timeline, start] = seen.split('/')
    for (const other of [`1/${timeline}/${start}`, `${system}/00000002/${start}`, `${system}/${timeline}/1`])
      expect(scopes((await revocations.read(JSON.stringify({ ...rest, server: other }))).floors)).toEqual([
        'session:session-1',
      ])
    const future = { ...rest, server: seen, snapshot: '99999999:99999999:' }
    expect((await revocations.read(JSON.stringify(future))).floors).toHaveLength(1)
  })

  it('is read whole after a connection was lost, for the server may have begun anew', async () => {
    const { nodes, outsider } = await openNodes(1)
    const [{ sessions, revocations }] = nodes
    await sessions.create(session(1), [])
    await sessions.revoke(session(1).id, null, 'logout')
    const { cursor } = await revocations.read(null)
    await outsider.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lockjar' and datname = current_database()",
    )
    await expect
      .poll(async () => (await revocations.read(cursor).catch(() => ({ floors: [] }))).floors.length)
      .toBe(1)
  })

  it('is not read from a standby, and whole from what was a standby', async () => {
    const own = await startPostgres()
    try {
      const url = await own.createDatabase()
      const store = await openPostgres(url, createTestClock())
      await store.sessions.create(session(1), [])
      await store.sessions.revoke(session(1).id, null, 'logout')
      const { cursor } = await store.revocations.read(null)
      await own.stop()
      await own.start({ standby: true })
      await expect
        .poll(() => store.revocations.read(cursor).catch((error) => error.message))
        .toMatch(/standby/)
      await expect(openPostgres(url, createTestClock())).rejects.toThrow(/standby/)
      await expect(store.sessions.create(session(2), [])).rejects.toMatchObject({ code: 'unavailable' })
      await (await own.connect(url)).query('select pg_promote()')
      await expect
        .poll(async () => scopes((await store.revocations.read(cursor).catch(() => ({ floors: [] }))).floors))
        .toEqual(['session:session-1'])
      await store.close()
    } finally {
      await own.remove()
    }
  })
})
