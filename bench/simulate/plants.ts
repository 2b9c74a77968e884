// Does the simulation find anything? Mistakes that somebody could make, each put in where a node is made.
import type { Clock, SessionStore, Store } from 'lockjar'
import type { Runtime } from '../../src/actions/runtime.ts'
import type { FaultName } from './faults.ts'
import type { InvariantName } from './invariants.ts'

/** Each part is the truth with one mistake in it. */
export interface Plant {
  readonly store?: (store: Store, clock: Clock) => Store
  readonly clock?: (clock: Clock) => Clock
  readonly memory?: (runtime: Runtime, clock: Clock) => Runtime
  readonly keepsCursor?: boolean
}

export interface Planted {
  readonly mistake: string
  readonly breaks: InvariantName
  /** What has to go wrong besides for it to show. */
  readonly faults: readonly FaultName[]
  readonly seed: number
  /** Milliseconds between two of them at one node; left out: 15 s. */
  readonly period?: number
  readonly plant: Plant
}

const revocations = (
  change: (real: Runtime['revocations'], clock: Clock) => Partial<Runtime['revocations']>,
): Plant => ({
  memory: (runtime, clock) => ({
    ...runtime,
    revocations: { ...runtime.revocations, ...change(runtime.revocations, clock) },
  }),
})

const sessions = (change: (real: SessionStore, clock: Clock) => Partial<SessionStore>): Plant => ({
  store: (store, clock) => ({
    ...store,
    sessions: new Proxy(store.sessions, {
      get: (real, name) => change(real, clock)[name as keyof SessionStore] ?? Reflect.get(real, name),
    }),
  }),
})

const log = (read: (real: Store['revocations']) => Store['revocations']['read']): Plant => ({
  store: (store) => ({ ...store, revocations: { ...store.revocations, read: read(store.revocations) } }),
})

/** What is heard is believed, and nobody asks. */
const onlyHints = (clock: Clock): Clock => {
  let timers = 0
  return {
    now: clock.now,
    monotonic: clock.monotonic,
    every: (interval, task) => (timers++ === 0 ? () => {} : clock.every(interval, task)),
  }
}

function forgetAfter(milliseconds: number): Plant {
  return revocations(({ judge }, clock) => {
    const since = new Map<string, number>()
    return {
      judge(claims) {
        const verdict = judge(claims)
        if (verdict !== 'session_revoked') return verdict
        const known = since.get(claims.sid) ?? clock.monotonic()
        since.set(claims.sid, known)
        return clock.monotonic() - known < milliseconds ? verdict : 'accepted'
      },
    }
  })
}

const NOTHING = { count: 0, floors: [], userId: null } as const

export const PLANTS: readonly Planted[] = [
  {
    mistake: 'knowledge that is never too old',
    breaks: 'ended',
    faults: ['no database'],
    seed: 1,
    plant: revocations(() => ({ ready: () => undefined })),
  },
  {
    mistake: 'hints that are trusted instead of polls',
    breaks: 'ended',
    faults: ['no hints'],
    seed: 1,
    plant: { clock: onlyHints, ...revocations(() => ({ ready: () => undefined })) },
  },
  {
    mistake: 'the wall clock alone says how old knowledge is',
    breaks: 'ended',
    faults: ['no database', 'clock set by seconds'],
    period: 4000,
    seed: 3,
    plant: { clock: (clock) => ({ ...clock, monotonic: clock.now }) },
  },
  {
    mistake: 'the monotonic clock alone says how old knowledge is',
    breaks: 'ended',
    faults: ['asleep'],
    seed: 1,
    plant: { clock: (clock) => ({ ...clock, now: () => Date.UTC(2026, 0, 1) + clock.monotonic() }) },
  },
  {
    mistake: 'floors that are forgotten too early',
    breaks: 'ended',
    faults: [],
    seed: 1,
    plant: forgetAfter(5000),
  },
  {
    mistake: 'a process that does not heed what it ended itself',
    breaks: 'ended',
    faults: ['no hints'],
    seed: 1,
    plant: revocations(() => ({ apply() {} })),
  },
  {
    mistake: 'a driver that goes on where it was, over a new connection to a database that has lost lines',
    breaks: 'ended',
    faults: ['paused', 'database fails over'],
    period: 6000,
    seed: 2,
    plant: { keepsCursor: true },
  },
  {
    mistake: 'a process that begins without the log',
    breaks: 'ready',
    faults: ['killed', 'no database'],
    seed: 1,
    plant: log(({ read }) => {
      let isFirst = true
      return async (after) => {
        if (!isFirst) return read(after)
        isFirst = false
        return { floors: [], cursor: null }
      }
    }),
  },
  {
    mistake: 'a grace that is judged by the clock of the node',
    breaks: 'owner',
    faults: ['clock set by hours'],
    seed: 1,
    plant: sessions(({ find }, clock) => ({
      async find(id) {
        const read = await find(id)
        return read && { ...read, now: clock.now() }
      },
    })),
  },
  {
    mistake: 'a lost answer that is taken for a theft',
    breaks: 'owner',
    faults: [],
    seed: 1,
    plant: sessions(({ find }) => ({
      async find(id) {
        const read = await find(id)
        return read && { ...read, session: { ...read.session, confirmedGeneration: read.session.generation } }
      },
    })),
  },
  {
    mistake: 'a reuse that is seen and not acted on',
    breaks: 'reuse',
    faults: [],
    seed: 1,
    plant: sessions(({ revoke }) => ({
      revoke: async (id, owner, reason) => (reason === 'refresh_reuse' ? NOTHING : revoke(id, owner, reason)),
    })),
  },
  {
    mistake: 'a grace without end',
    breaks: 'reuse',
    faults: [],
    seed: 1,
    plant: sessions(({ find }) => ({
      async find(id) {
        const read = await find(id)
        return read && { ...read, session: { ...read.session, rotatedAt: read.now } }
      },
    })),
  },
  {
    mistake: 'roles that no floor takes away',
    breaks: 'roles',
    faults: [],
    seed: 1,
    plant: revocations(({ judge }) => ({ judge: (claims) => judge({ ...claims, sub: '' }) })),
  },
]
