// How many refreshes a second, each durable, against the commits that the same disk makes one by one?
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqlite } from 'lockjar/sqlite'
import { PASSWORD } from '../test/support/auth.ts'
import { ProcessVisitor } from '../test/support/processes.ts'
import type { Report } from './report.ts'
import { milliseconds, perSecond, quantile, ratio } from './report.ts'
import type { Measured } from './servers.ts'
import { startGroup } from './servers.ts'

const ROUNDS = 8
/** In a round. A session rotates once in a grace window and the first rotation is free, so each is refreshed once. */
const SESSIONS = 500
const AT_ONCE = 64
/** As many as the password queue takes on the busiest machine. */
const LOGINS_AT_ONCE = 8
const SWAPS = 4000
/** Milliseconds. */
const COMMITTING = 1000

const clock = { now: () => Date.now(), monotonic: () => performance.now(), every: () => () => {} }

interface Round {
  readonly commits: number
  readonly swaps: number
  readonly refreshes: number
}

export async function measureRefresh(): Promise<Report> {
  const group = await startGroup({ count: 1 })
  const [server] = group.servers
  if (!server) throw new Error('no server')
  const alone = openAlone(join(group.folder, 'alone.db'))
  const store = await openSwaps(join(group.folder, 'swaps.db'))
  try {
    const visitors = await signIn(group.origin, server)
    await server.order('watchLoop')
    const before = await server.order('processorTime')
    const rounds: Round[] = []
    for (let n = 0; n < ROUNDS; n++) {
      // Side by side, for the disk is not ours alone.
      rounds.push({
        commits: alone.commitOneByOne(),
        swaps: await store.swapTogether(n),
        refreshes: await refreshAll(visitors.slice(n * SESSIONS, (n + 1) * SESSIONS), server),
      })
    }
    const spent = ((await server.order('processorTime')) - before) / (ROUNDS * SESSIONS)
    const delay = await server.order('loopDelay')
    const median = (value: (round: Round) => number): number => quantile(rounds.map(value), 0.5)
    return {
      title: `Refresh: every one a durable rotation of another session, ${AT_ONCE} at once, ${ROUNDS} rounds side by side`,
      rows: [
        ['commits one by one, median', perSecond(median(({ commits }) => commits))],
        ['rotations in group commit, the store alone', perSecond(median(({ swaps }) => swaps))],
        ['  ratio', ratio(median(({ swaps, commits }) => swaps / commits))],
        ['POST /auth/refresh over HTTP', perSecond(median(({ refreshes }) => refreshes))],
        ['  ratio', ratio(median(({ refreshes, commits }) => refreshes / commits))],
        ['  processor time of each, all threads', milliseconds(spent)],
        ['  event loop late: p50, p99, max', delay.map(milliseconds).join(', ')],
      ],
      notes: [
        'Target: at least twice the commits one by one. Where the disk commits faster than one thread can speak HTTP and sign, the',
        '  processor is the bound and the ratio of refreshes says nothing of the disk: read that of the store alone.',
      ],
    }
  } finally {
    alone.close()
    await store.close()
    await group.stop()
  }
}

/** A session's row is changed and committed, by a prepared statement and nothing else. */
function openAlone(path: string) {
  const database = new DatabaseSync(path)
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE sessions (id INTEGER PRIMARY KEY, generation INTEGER, text TEXT)',
  )
  const insert = database.prepare('INSERT INTO sessions VALUES (?, 0, ?)')
  database.exec('BEGIN')
  for (let id = 0; id < SWAPS; id++) insert.run(id, 'x'.repeat(300))
  database.exec('COMMIT')
  const update = database.prepare('UPDATE sessions SET generation = generation + 1 WHERE id = ?')
  return {
    commitOneByOne(): number {
      const began = performance.now()
      let commits = 0
      while (performance.now() - began < COMMITTING) update.run(commits++ % SWAPS)
      return perSecondSince(began, commits)
    },
    close: () => database.close(),
  }
}

/** A store whose sessions are rotated, `SWAPS` in each round. */
async function openSwaps(path: string) {
  const { sessions, close } = openSqlite(path, clock)
  const timeout = 86_400_000
  const fresh = (n: number) => ({
    id: `session-${n}`,
    nonceHash: 'hash',
    userId: `user-${n}`,
    remember: false,
    carriage: 'cookie' as const,
    amr: ['pwd'],
    ip: null,
    userAgent: null,
    idleTimeout: timeout,
    absoluteTimeout: timeout,
  })
  await inTurn(SWAPS, (n) => sessions.create(fresh(n), []))
  return {
    async swapTogether(from: number): Promise<number> {
      const swap = {
        from,
        to: from + 1,
        predecessor: from,
        confirmed: from,
        whileUnconfirmed: false,
        settledFor: 0,
      }
      const idleTimeout = { plain: timeout, remembered: timeout }
      const began = performance.now()
      await inTurn(SWAPS, async (n) => {
        const id = `session-${n}`
        if (!(await sessions.swap({ id, nonceHash: 'hash', carriage: 'cookie', swap, idleTimeout })))
          throw new Error('a swap was lost')
      })
      return perSecondSince(began, SWAPS)
    },
    close,
  }
}

async function signIn(origin: string, server: Measured): Promise<readonly ProcessVisitor[]> {
  const visitors = Array.from({ length: ROUNDS * SESSIONS }, () => new ProcessVisitor(origin))
  // Each is somebody else: one user may have a hundred sessions.
  const register = async (n: number): Promise<void> => {
    const user = { email: `user${n}@example.com`, password: PASSWORD }
    const reply = await visitors[n]?.send(server, 'POST', '/auth/register', user)
    if (reply?.status !== 201) throw new Error(`register: ${reply?.status}`)
  }
  await inTurn(visitors.length, register, LOGINS_AT_ONCE)
  return visitors
}

async function refreshAll(visitors: readonly ProcessVisitor[], server: Measured): Promise<number> {
  const began = performance.now()
  await inTurn(visitors.length, async (n) => {
    const reply = await visitors[n]?.send(server, 'POST', '/auth/refresh')
    const cookies = [reply?.headers['set-cookie'] ?? []].flat()
    if (!cookies.some((line) => line.startsWith('refresh_token=')))
      throw new Error(`refresh: ${reply?.status}, and no rotation`)
  })
  return perSecondSince(began, visitors.length)
}

const perSecondSince = (began: number, count: number): number => count / ((performance.now() - began) / 1000)

/** `atOnce` at any time. */
async function inTurn(
  count: number,
  work: (n: number) => Promise<unknown>,
  atOnce: number = AT_ONCE,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await work(next++)
    }),
  )
}
