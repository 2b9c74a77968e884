// What does Redis bring? A session read, a try counted and a revocation heard of, with it and without.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from 'lockjar'
import { openPostgres } from 'lockjar/postgres'
import { openRedis } from 'lockjar/redis'
import { openSqlite } from 'lockjar/sqlite'
import { createKeyRing } from '../src/core/keys/ring.ts'
import type { NewSession } from '../src/core/session/session.ts'
import { systemClock } from '../src/drivers/node/clock.ts'
import { createSharedSessions } from '../src/state/shared-sessions.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { startRedis } from '../test/support/redis.ts'
import type { Report } from './report.ts'
import { milliseconds, perSecond, quantile, ratio } from './report.ts'

const SESSIONS = 2000
const ROUNDS = 4000
const AT_ONCE = 64
const HINTS = 200
const HOUR = 3_600_000
const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

const idOf = (n: number): string => `019b76da-a800-7000-8000-${String(n).padStart(12, '0')}`

export async function measureRedis(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-bench-'))
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  const sqlite = openSqlite(join(folder, 'lockjar.db'), systemClock)
  const database = await openPostgres(await postgres.createDatabase(), systemClock)
  const [here, there] = await Promise.all(
    [sqlite, sqlite].map(async (store) =>
      (await openRedis(redis.url, { clock: systemClock, storeClock: null })).attach(store, QUIET),
    ),
  )
  if (!here?.sessionCache || !there) throw new Error('no cache')
  try {
    const ring = await createKeyRing([new Uint8Array(32).fill(7)])
    const shared = createSharedSessions({ cache: here.sessionCache, ring })
    for (const store of [sqlite, database]) await fill(store)
    for (let n = 0; n < SESSIONS; n++) {
      const read = await sqlite.sessions.find(idOf(n))
      const user = await sqlite.users.find(idOf(n))
      if (!read || !user) throw new Error('not filled')
      // Until it is there: on a busy machine Redis is left alone for a while now and then.
      do await shared.keep({ readAt: read.now, session: read.session, user }, HOUR)
      while (!(await shared.find({ sessionId: idOf(n), generation: 0 })))
    }
    const rows = (store: Store) => async (n: number) => {
      const found = await store.sessions.find(idOf(n % SESSIONS))
      if (!found || !(await store.users.find(found.session.userId))) throw new Error('not found')
    }
    let misses = 0
    const kept = async (n: number): Promise<void> => {
      if (!(await shared.find({ sessionId: idOf(n % SESSIONS), generation: 0 }))) misses++
    }
    const tryOf = (store: Store) => async (n: number) => {
      const window = { limit: 1_000_000, period: HOUR, longestWait: HOUR }
      await store.limits.consume(
        ['pair', 'account', 'network'].map((name) => ({ key: `${name}${n % 500}`, window })),
      )
    }
    const [inSqlite, inPostgres, inRedis] = await compare([rows(sqlite), rows(database), kept])
    const [triesInSqlite, triesInPostgres, triesInRedis] = await compare(
      [sqlite, database, here.store].map(tryOf),
    )
    const heard = await measureHints(here.store, there.store)
    if (!inSqlite || !inPostgres || !inRedis || !triesInSqlite || !triesInPostgres || !triesInRedis)
      throw new Error('not measured')
    const says = ({ median, rate }: Measured): string => `${milliseconds(median)}, ${perSecond(rate)}`
    return {
      title: `Redis: p50 alone, and the rate with ${AT_ONCE} at once`,
      rows: [
        ['a session and its user, SQLite', says(inSqlite)],
        ['a session and its user, PostgreSQL', says(inPostgres)],
        ['a session and its user, Redis, verified', says(inRedis)],
        ['of these not answered in time', `${misses} of ${2 * ROUNDS}`],
        ['Redis to PostgreSQL, time alone', ratio(inRedis.median / inPostgres.median)],
        ['Redis to PostgreSQL, rate', ratio(inRedis.rate / inPostgres.rate)],
        ['Redis to SQLite, time alone', ratio(inRedis.median / inSqlite.median)],
        ['a try in three budgets, SQLite', says(triesInSqlite)],
        ['a try in three budgets, PostgreSQL', says(triesInPostgres)],
        ['a try in three budgets, Redis', says(triesInRedis)],
        ['Redis to PostgreSQL, rate', ratio(triesInRedis.rate / triesInPostgres.rate)],
        ['announced to heard, p50', milliseconds(quantile(heard, 0.5))],
        ['announced to heard, p99', milliseconds(quantile(heard, 0.99))],
      ],
      notes: [
        `${SESSIONS} sessions; in turns, ${ROUNDS} of each alone and as many at once. All on this machine: a network adds as much to each way.`,
        'PostgreSQL reads two rows, one after the other. SQLite reads on the main thread, which waits meanwhile; its tries wait for a disk.',
      ],
    }
  } finally {
    // Each closes the store below it, and they share one.
    await here.store.close()
    await there.store.close()
    await database.close()
    await Promise.all([redis.remove(), postgres.remove()])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fill({ users, sessions }: Store): Promise<void> {
  const numbers = Array.from({ length: SESSIONS }, (_, n) => n)
  for (let at = 0; at < SESSIONS; at += 500) {
    await users.createMany(
      numbers.slice(at, at + 500).map((n) => ({
        id: idOf(n),
        email: `u${n}@example.com`,
        emailKey: `u${n}@example.com`,
        username: null,
        usernameKey: null,
        name: null,
        passwordHash: null,
        roles: ['editor'],
      })),
    )
  }
  const session = (n: number): NewSession => ({
    id: idOf(n),
    nonceHash: 'A'.repeat(43),
    userId: idOf(n),
    remember: false,
    carriage: 'cookie',
    amr: ['pwd'],
    ip: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    idleTimeout: HOUR,
    absoluteTimeout: HOUR,
  })
  for (let at = 0; at < SESSIONS; at += AT_ONCE)
    await Promise.all(numbers.slice(at, at + AT_ONCE).map((n) => sessions.create(session(n), [])))
}

interface Measured {
  /** Milliseconds. */
  readonly median: number
  /** A second. */
  readonly rate: number
}

/** In turns of a quarter each, so that what else the machine does meets all. */
async function compare(works: readonly ((n: number) => Promise<void>)[]): Promise<readonly Measured[]> {
  const turns = 8
  const found = works.map(() => ({ times: [] as number[], busy: 0 }))
  for (let turn = 0; turn < turns; turn++) {
    for (const [at, work] of works.entries()) {
      const measured = found[at]
      if (!measured) continue
      for (let n = 0; n < ROUNDS / turns; n++) {
        const began = performance.now()
        await work(turn * ROUNDS + n)
        measured.times.push(performance.now() - began)
      }
      const began = performance.now()
      let next = 0
      const lane = async (): Promise<void> => {
        while (next < ROUNDS / turns) await work(next++)
      }
      await Promise.all(Array.from({ length: AT_ONCE }, lane))
      measured.busy += performance.now() - began
    }
  }
  return found.map(({ times, busy }) => ({ median: quantile(times, 0.5), rate: (ROUNDS / busy) * 1000 }))
}

/** Milliseconds each. */
async function measureHints(here: Store, there: Store): Promise<readonly number[]> {
  const times: number[] = []
  for (let n = 0; n < HINTS; n++) {
    // Neither of them has just announced, or heard.
    await new Promise((resolve) => setTimeout(resolve, 25))
    const heard = Promise.withResolvers<void>()
    const began = performance.now()
    const stop = there.revocations.watch?.(heard.resolve)
    here.revocations.announce?.()
    await heard.promise
    times.push(performance.now() - began)
    stop?.()
  }
  return times
}
