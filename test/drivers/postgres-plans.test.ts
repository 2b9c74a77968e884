// Does no statement that a request waits for read a whole table?
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from '../support/clock.ts'
import type { Plans } from '../support/plans.ts'
import { fillTables, findScans, recordPlans } from '../support/plans.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'

const ROWS = 20_000
/** A prepared statement gets the plan that it keeps after the fifth time. */
const TIMES = 8

let server: PostgresServer
let plans: Plans
let store: Store

beforeAll(async () => {
  server = await startPostgres()
  const url = await server.createDatabase()
  plans = recordPlans(url)
  store = await openPostgres(plans.pool, createTestClock(), { time: 'clock' })
  await fillTables(await server.connect(url), ROWS)
  plans.take()
}, 60_000)
afterAll(async () => {
  await plans.pool.end()
  await server.remove()
})

const KEY = { id: 'kid', bytes: new Uint8Array(32) }
const bucket = (n: number) => ({
  key: `bucket-${n}`,
  window: { limit: 5, period: 60_000, longestWait: 60_000 },
})
const ENTRY = {
  at: 1,
  event: 'event-1',
  user: 'user-1',
  actor: null,
  session: null,
  ip: null,
  userAgent: null,
  details: null,
}
const PAGE = { order: 'newest-first', after: { at: 500, id: 500 }, limit: 20 } as const
const holder = (n: number) => ({ idHash: `container-${2 * n + 1}`, sessionId: null })

const DATA = { key: 'key', json: '1', idleTimeout: 1e15 }

type Act = (parts: Store, n: number) => Promise<unknown>

const ACTS: Readonly<Record<string, Act>> = {
  'a try is counted': ({ limits }, n) => limits.consume([bucket(n), bucket(9000 + n), bucket(900_000 + n)]),
  'a try is given back': ({ limits }, n) =>
    limits.giveBack({ takenAt: 1e15, buckets: [bucket(n)], cleared: [bucket(9000 + n).key] }),
  'a network is looked up': ({ knownNetworks }, n) => knownNetworks.knows(`user-${n}`, 'network-9'),
  'a network is remembered': ({ knownNetworks }, n) => knownNetworks.remember(`user-${n}`, 'home'),
  'networks are forgotten': ({ knownNetworks }, n) => knownNetworks.forget(`user-${n}`),
  'a link is issued': ({ oneTimeTokens }, n) =>
    oneTimeTokens.issue({
      tokenHash: `new-${n}`,
      purpose: 'reset-password',
      userId: `user-${n}`,
      emailKey: `${n}@example.com`,
      newEmail: null,
      pending: null,
      lifetime: 1e15,
      most: 2,
    }),
  'a link is looked at': ({ oneTimeTokens }, n) => oneTimeTokens.find(`new-${n}`),
  'a link is used': ({ oneTimeTokens }, n) => oneTimeTokens.resetPassword(`new-${n}`, 'hash'),
  'mails are asked for': ({ outbox }) => outbox.isDue(),
  'mails are claimed': ({ outbox }) => outbox.claim(10, 1e15),
  'a mail is postponed': ({ outbox }, n) => outbox.postpone({ id: `mail-${n}`, claim: 1 }, 0),
  'a mail is dealt with': ({ outbox }, n) => outbox.remove({ id: `mail-${n}`, claim: 1 }),
  'session data is begun': ({ sessionData }, n) =>
    sessionData.begin({ idHash: `new-${n}`, sessionId: `session-${n}`, ...DATA }),
  'session data is read': ({ sessionData }, n) => sessionData.read(holder(n)),
  'session data is written': ({ sessionData }, n) => sessionData.write({ ...holder(n), ...DATA }),
  'session data is removed': ({ sessionData }, n) => sessionData.write({ ...holder(n), ...DATA, json: null }),
  'session data is used': ({ sessionData }, n) => sessionData.touch({ ...holder(n), idleTimeout: 1e15 }),
  'session data goes over to another id': ({ sessionData }, n) =>
    sessionData.rotate({ ...holder(n), to: `other-${n}` }),
  'session data comes along at sign-in': ({ sessionData }, n) =>
    sessionData.adopt({
      from: `other-${n}`,
      to: `last-${n}`,
      sessionId: 's',
      userId: 'u',
      idleTimeout: 1e15,
    }),
  'session data ends': ({ sessionData }, n) => sessionData.end(`last-${n}`),
  'events are recorded': ({ audit }) => audit.append([ENTRY, ENTRY], KEY),
  'the ends of the audit log are read': ({ audit }) => audit.ends(),
  'the audit log is read along the chain': ({ audit }, n) => audit.chain(n, 100),
  'a page of events is read': ({ audit }) => audit.page(PAGE),
  'a page of events since then is read': ({ audit }) => audit.page({ ...PAGE, since: 100, until: 900 }),
  'a page of events of a user is read': ({ audit }) => audit.page({ ...PAGE, user: 'user-1' }),
  'a page of events of a name is read': ({ audit }) => audit.page({ ...PAGE, event: 'event-1', after: null }),
}

/** What the background does; of the many rows in the tables most have ended long ago. */
const PRUNES: Readonly<Record<string, Act>> = {
  counts: ({ limits }) => limits.prune(100),
  networks: ({ knownNetworks }) => knownNetworks.prune(100),
  links: ({ oneTimeTokens }) => oneTimeTokens.prune(100),
  mails: ({ outbox }) => outbox.prune(100),
  'session data': ({ sessionData }) => sessionData.prune(100),
  events: ({ audit }) => audit.prune(1, 100, [KEY]),
}

describe(`with ${ROWS} rows in each table`, () => {
  it.each(Object.entries(ACTS))('no table is read from end to end where %s', async (_what, act) => {
    for (let n = 1; n <= TIMES; n++) await act(store, n)
    const taken = plans.take()
    expect(taken.length).toBeGreaterThanOrEqual(TIMES)
    expect(findScans(taken)).toEqual([])
  })

  it.each(Object.entries(PRUNES))('nor where old %s are removed', async (_what, act) => {
    for (let n = 1; n <= TIMES; n++) await act(store, n)
    expect(findScans(plans.take())).toEqual([])
  })

  it('nor by a try where the table was empty when the statistics were made', async () => {
    const url = await server.createDatabase()
    const fresh = recordPlans(url)
    const { limits } = await openPostgres(fresh.pool, createTestClock(), { time: 'clock' })
    await (await server.connect(url)).query('vacuum analyze')
    fresh.take()
    for (let n = 1; n <= TIMES; n++) {
      const { now } = await limits.consume([bucket(n), bucket(100)])
      await limits.giveBack({ takenAt: now, buckets: [bucket(n)], cleared: [bucket(n + 1).key] })
    }
    expect(findScans(fresh.take())).toEqual([])
    await fresh.pool.end()
  })

  it('mails are counted now and then, and not for each one that is added', async () => {
    for (let n = 1; n <= TIMES; n++) await store.outbox.add({ id: `new-${n}`, sealed: '', endsAt: 1e15 }, 1e6)
    expect(findScans(plans.take())).toHaveLength(1)
  })
})
