// What is asked of a store by each kind of request, for a user among many who is chosen at random?
import type { Store } from 'lockjar'
import { nextSwap } from '../../src/core/session/rotation.ts'
import { emailOf, newSessionId, nonceHash, sessionId, userId } from './rows.ts'

const DAY = 86_400_000
const IDLE = { plain: DAY / 2, remembered: 14 * DAY }
const MINUTE = 60_000

export interface Path {
  readonly name: string
  /** How often in one round. */
  readonly times: number
  /** Does it once, for the user of number `n`; answers how many milliseconds it took. */
  readonly time: (store: Store, n: number) => Promise<number>
}

const timed =
  (run: (store: Store, n: number) => Promise<unknown>): Path['time'] =>
  async (store, n) => {
    const began = performance.now()
    await run(store, n)
    return performance.now() - began
  }

/** What has to be known beforehand takes no part in the time. */
const timedAfter =
  <T>(
    prepare: (store: Store, n: number) => Promise<T>,
    run: (store: Store, n: number, prepared: T) => Promise<unknown>,
  ): Path['time'] =>
  async (store, n) => {
    const prepared = await prepare(store, n)
    return timed((store) => run(store, n, prepared))(store, n)
  }

const bucket = (key: string) => ({ key, window: { limit: 10, period: MINUTE, longestWait: MINUTE } })

export function createPaths(): readonly Path[] {
  let made = 0
  return [
    {
      name: 'a session by its id (opaque, refresh past the common path)',
      times: 50,
      time: timed((store, n) => expectOne(store.sessions.find(sessionId(n)))),
    },
    {
      name: 'a rotation (refresh)',
      times: 50,
      time: timedAfter(
        (store, n) => expectOne(store.sessions.find(sessionId(n))),
        (store, n, { session }) =>
          expectOne(
            store.sessions.swap({
              id: sessionId(n),
              nonceHash: nonceHash(n),
              carriage: 'cookie',
              swap: { ...nextSwap(session.generation, 0), settledFor: 0 },
              idleTimeout: IDLE,
            }),
          ),
      ),
    },
    {
      name: 'a user by id (GET /auth/me)',
      times: 50,
      time: timed((store, n) => expectOne(store.users.find(userId(n)))),
    },
    {
      name: 'a user by address (sign-in)',
      times: 50,
      time: timed((store, n) => expectOne(store.users.findByEmail(emailOf(n)))),
    },
    {
      name: 'a user by name (sign-in)',
      times: 50,
      time: timed((store, n) => expectOne(store.users.findByUsername(`user${n}`))),
    },
    {
      name: 'a new session (sign-in)',
      times: 25,
      time: timed((store, n) =>
        store.sessions.create(
          {
            id: newSessionId(made++),
            nonceHash: nonceHash(n),
            userId: userId(n),
            remember: true,
            carriage: 'cookie',
            amr: ['pwd'],
            ip: '192.0.2.1',
            userAgent: 'Mozilla/5.0',
            idleTimeout: IDLE.remembered,
            absoluteTimeout: 90 * DAY,
          },
          [],
          100,
        ),
      ),
    },
    {
      name: 'a try counted in three budgets (sign-in)',
      times: 25,
      time: timed((store, n) =>
        store.limits.consume([bucket(`a${n}`), bucket(`b${n}`), bucket(`c${n % 1000}`)]),
      ),
    },
    {
      name: 'the sessions of a user',
      times: 50,
      time: timed(async (store, n) => (await store.sessions.list(userId(n))).sessions.length || fail()),
    },
    {
      name: '100 confirmations at once (each second)',
      times: 5,
      time: timed((store, n) =>
        store.sessions.confirm(
          Array.from({ length: 100 }, (_, at) => ({
            sessionId: sessionId(Math.max(1, n - at * 7)),
            generation: 7,
          })),
          IDLE,
        ),
      ),
    },
    {
      name: 'a revocation (sign-out)',
      times: 25,
      time: timed((store, n) => store.sessions.revoke(sessionId(n), null, 'logout')),
    },
    {
      name: 'a page of 50 users (administration)',
      times: 10,
      time: timed((store) =>
        store.users.list({
          search: null,
          role: null,
          disabled: null,
          verified: null,
          order: 'newest',
          after: null,
          limit: 50,
        }),
      ),
    },
    {
      name: 'users whose address begins so (administration)',
      times: 10,
      time: timed((store, n) =>
        store.users.list({
          search: emailOf(n).slice(0, -6),
          role: null,
          disabled: null,
          verified: null,
          order: 'newest',
          after: null,
          limit: 50,
        }),
      ),
    },
    {
      name: 'the revocation log, nothing new (each second)',
      times: 10,
      time: timedAfter(
        (store) => store.revocations.read(null),
        (store, _n, { cursor }) => store.revocations.read(cursor),
      ),
    },
  ]
}

async function expectOne<T>(found: Promise<T | null>): Promise<T> {
  return (await found) ?? fail()
}

function fail(): never {
  throw new Error('the row that was asked for is not there')
}
