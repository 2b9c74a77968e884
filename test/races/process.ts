// What does one process remember in a race, and who asks it?
import type { Clock, LogPage, Random, Store } from 'lockjar'
import type { Runtime } from '../../src/actions/runtime.ts'
import type { Gates, Work } from './gates.ts'
import type { Doors } from './node.ts'
import { startProcess } from './node.ts'
import type { Plant } from './plants.ts'
import type { Scene } from './scene.ts'

/** A process of the application, with the facts about its memory that cannot be asked of it. */
export interface Process {
  readonly index: number
  readonly doors: Doors
  up: boolean
  works: Set<Work>
  /** What its timers do, once a second. */
  timers: readonly (() => void)[]
  /** When its last read of the revocation log began, and where that ended. */
  freshSince: number
  cursor: string
  /** How many acknowledged ends its last read of the log must have shown it. */
  knows: number
  /** Access tokens that it has verified. */
  readonly verified: Set<string>
  /** Session tokens that it has looked up, with what it found and when. */
  readonly known: Map<string, string>
}

export const createProcess = (index: number, doors: Doors): Process => ({
  index,
  doors,
  up: false,
  works: new Set(),
  timers: [],
  freshSince: 0,
  cursor: '',
  knows: 0,
  verified: new Set(),
  known: new Map(),
})

export interface Surroundings {
  readonly gates: Gates
  readonly store: Store
  readonly random: Random
  readonly plant: Plant | null
  readonly clock: (timers: (() => void)[]) => Clock
  readonly now: () => number
}

/** A process begins with nothing in memory, and answers once it has read the revocation log. */
export async function begin(process: Process, around: Surroundings): Promise<void> {
  const { store, random, plant } = around
  const timers: (() => void)[] = []
  process.verified.clear()
  process.known.clear()
  const fresh = await startProcess(process.doors.installation, {
    store: plant?.restart?.(store) ?? store,
    clock: around.clock(timers),
    random,
  })
  // What sets a timer from now on only waits for a poll, which here always answers.
  process.timers = [...timers]
  Object.assign(process.doors.runtime, watched(plant?.memory?.(fresh) ?? fresh, process, around))
  process.up = true
}

/** Whatever an operation reads from the memory becomes part of what it has seen. */
function watched(runtime: Runtime, process: Process, { gates, now }: Surroundings): Runtime {
  const { confirmations, revocations, tokens, knownSessions } = runtime
  const saw = <T>(what: string, value: T): T => {
    gates.current()?.seen.push(`${what} ${value}`)
    return value
  }
  const lookUp = <V>(token: string, verdict: V | Promise<V>): V | Promise<V> => {
    if (!(verdict instanceof Promise)) return verdict
    process.known.delete(token)
    return verdict.then((found) => {
      process.known.set(token, `${now()} ${saw('looked up', JSON.stringify(found))}`)
      return found
    })
  }
  return {
    ...runtime,
    confirmations: { ...confirmations, pending: (id) => saw('pending', confirmations.pending(id)) },
    revocations: {
      ...revocations,
      judge: (claims) => saw('judged', revocations.judge(claims)),
      ready: () => {
        const waiting = revocations.ready()
        saw('ready', waiting === undefined)
        return waiting
      },
    },
    tokens: {
      verify: (token, at) => {
        process.verified.add(token)
        return tokens.verify(token, at)
      },
    },
    knownSessions: {
      verify: (token) => lookUp(token, knownSessions.verify(token)),
      renew: (token) => lookUp(token, knownSessions.renew(token)) as ReturnType<typeof knownSessions.renew>,
    },
  }
}

export function noteRead(process: Process, began: number, page: LogPage, acknowledged: number): void {
  process.freshSince = began
  process.cursor = String(page.cursor)
  process.knows = acknowledged
}

/** Everything that it remembers and that could make a difference. */
export function memoryOf({ doors, up, ...process }: Process, scene: Scene): unknown {
  if (!up) return null
  const { confirmations, revocations } = doors.runtime
  const { userId, sessionId, otherId } = scene
  const high = { gen: 1e9, rev: 1e9, iat: 1e12 }
  const judged = (sid: string, sub: string, rev: number = high.rev) =>
    revocations.judge({ ...high, sid, sub, rev })
  return [
    [confirmations.pending(sessionId), confirmations.pending(otherId)],
    [judged(sessionId, '-'), judged(otherId, '-')],
    [0, 1, 2, 3, 4].map((rev) => judged('-', userId, rev)),
    [process.freshSince, process.cursor, process.knows],
    [...process.verified].sort(),
    [...process.known].sort(),
  ]
}
