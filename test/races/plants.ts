// Does the checker find anything? Mistakes that somebody could make, each put in where the store or a process is made.
import type { SessionStore, Store } from 'lockjar'
import type { Runtime } from '../../src/actions/runtime.ts'
import type { JarCookie } from '../support/browser.ts'
import { parseSetCookie } from '../support/browser.ts'
import type { InvariantName } from './invariants.ts'
import type { Strategy } from './node.ts'
import type { Placed } from './operations.ts'

/** Each part is the truth with one mistake in it. */
export interface Plant {
  readonly store?: (store: Store) => Store
  /** The store as a process sees it that begins. */
  readonly restart?: (store: Store) => Store
  readonly memory?: (runtime: Runtime) => Runtime
  readonly cookies?: (sent: readonly JarCookie[], status: number) => readonly JarCookie[]
}

export interface Planted {
  readonly mistake: string
  /** The first that is found, in the order in which sets are tried. */
  readonly breaks: InvariantName
  readonly strategy?: Strategy
  /** The set that shows it, where the way there is long. */
  readonly set?: readonly Placed[]
  readonly plant: Plant
}

const sessions = (change: (real: SessionStore) => Partial<SessionStore>): Plant => ({
  store: (store) => ({ ...store, sessions: { ...store.sessions, ...change(store.sessions) } }),
})

/** A process whose log gives its lines only to readers that have a cursor. */
const blindAtStart = (store: Store): Store => ({
  ...store,
  revocations: {
    ...store.revocations,
    async read(after) {
      const page = await store.revocations.read(after)
      return after === null ? { ...page, floors: [] } : page
    },
  },
})

const revocations = (change: (real: Runtime['revocations']) => Partial<Runtime['revocations']>): Plant => ({
  memory: (runtime) => ({
    ...runtime,
    revocations: { ...runtime.revocations, ...change(runtime.revocations) },
  }),
})

/** Says of a row that nobody was seen with its last generations, and believes so. */
const forgetful = ({ find, swap }: SessionStore, when: () => boolean): Partial<SessionStore> => ({
  async find(id) {
    const read = await find(id)
    return read && when() ? { ...read, session: { ...read.session, confirmedGeneration: -1 } } : read
  },
  swap: (command) =>
    swap(when() ? { ...command, swap: { ...command.swap, whileUnconfirmed: false } } : command),
})

const NOTHING = { count: 0, floors: [], userId: null } as const

export const PLANTS: readonly Planted[] = [
  {
    mistake: 'a swap that does not ask which generation the row has',
    breaks: 'reuse',
    plant: sessions(({ swap, find }) => ({
      async swap(command) {
        const from = (await find(command.id))?.session.generation ?? command.swap.from
        return swap({ ...command, swap: { ...command.swap, from, settledFor: 0 } })
      },
    })),
  },
  {
    mistake: 'a swap that rotates twice in one grace',
    breaks: 'lineage',
    plant: sessions(({ swap }) => ({
      swap: (command) => swap({ ...command, swap: { ...command.swap, settledFor: 0 } }),
    })),
  },
  {
    mistake: 'a swap that does not ask whether the session is live',
    breaks: 'ended',
    set: [
      { name: 'logout', node: 0 },
      { name: 'refresh', node: 1 },
    ],
    plant: sessions(({ swap, find }) => ({
      async swap(command) {
        const row = (await find(command.id))?.session
        return row?.revokedAt ? { ...row, generation: command.swap.to } : swap(command)
      },
    })),
  },
  {
    mistake: 'a grace that is not granted',
    breaks: 'owner',
    plant: sessions(({ find }) => ({
      async find(id) {
        const read = await find(id)
        return (
          read && {
            ...read,
            session: { ...read.session, rotatedAt: 0, confirmedGeneration: read.session.generation },
          }
        )
      },
    })),
  },
  {
    mistake: 'a grace without end',
    breaks: 'reuse',
    plant: sessions(({ find }) => ({
      async find(id) {
        const read = await find(id)
        return read && { ...read, session: { ...read.session, rotatedAt: read.now } }
      },
    })),
  },
  {
    mistake: 'confirmations that are forgotten',
    breaks: 'reuse',
    plant: sessions((real) => forgetful(real, () => true)),
  },
  {
    mistake: 'a confirmation that lowers what was confirmed',
    breaks: 'reuse',
    set: [
      { name: 'use', node: 0 },
      { name: 'reuse', node: 0 },
      { name: 'timers run', node: 0 },
    ],
    plant: sessions((real) => {
      let lowered = false
      return {
        ...forgetful(real, () => lowered),
        async confirm(...given) {
          lowered = true
          return real.confirm(...given)
        },
      }
    }),
  },
  {
    mistake: 'a reuse that is seen and not acted on',
    breaks: 'reuse',
    plant: sessions(({ revoke }) => ({
      revoke: async (id, owner, reason) => (reason === 'refresh_reuse' ? NOTHING : revoke(id, owner, reason)),
    })),
  },
  {
    mistake: 'a sign-out that ends nothing',
    breaks: 'ended',
    plant: sessions(({ revoke }) => ({
      revoke: async (id, owner, reason) => (reason === 'logout' ? NOTHING : revoke(id, owner, reason)),
    })),
  },
  {
    mistake: 'an end of all that does not read what others have ended',
    breaks: 'ended',
    set: [
      { name: 'refresh', node: 0 },
      { name: 'logout', node: 0 },
      { name: 'end all', node: 1 },
    ],
    plant: revocations(() => ({ catchUp: async () => {} })),
  },
  {
    mistake: 'a log whose lines are lost',
    breaks: 'ended',
    plant: {
      store: (store) => ({
        ...store,
        revocations: {
          ...store.revocations,
          read: async (after) => ({ ...(await store.revocations.read(after)), floors: [] }),
        },
      }),
    },
  },
  { mistake: 'a process that begins without the log', breaks: 'ended', plant: { restart: blindAtStart } },
  {
    mistake: 'a process that does not heed what it ended itself',
    breaks: 'ended',
    plant: revocations(() => ({ apply() {} })),
  },
  {
    mistake: 'a process that never finds its knowledge too old',
    breaks: 'ended',
    plant: revocations(() => ({ ready: () => undefined })),
  },
  {
    mistake: 'a process that heeds no floor',
    breaks: 'ended',
    plant: revocations(() => ({ judge: () => 'accepted' })),
  },
  {
    mistake: 'a process that heeds no floor of a session it has looked up',
    breaks: 'ended',
    strategy: 'opaque',
    plant: revocations(() => ({ judge: () => 'accepted' })),
  },
  {
    mistake: 'a loser that clears cookies',
    breaks: 'losers',
    plant: {
      cookies: (sent, status) =>
        status === 401 ? [...sent, parseSetCookie('__Host-Http-access_token=; Max-Age=0; Path=/')] : sent,
    },
  },
  {
    mistake: 'a winner that clears cookies',
    breaks: 'losers',
    plant: {
      cookies: (sent, status) =>
        status === 200
          ? sent.map((cookie) => ({ ...cookie, value: '', attributes: new Map([['max-age', '0']]) }))
          : sent,
    },
  },
  {
    mistake: 'an answer that is a failure of ours',
    breaks: 'calm',
    plant: sessions(() => ({
      swap: async () => null,
      find: () => Promise.reject(new Error('a fault')),
    })),
  },
]
