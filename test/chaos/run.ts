// How is a storm held: nodes started, faults injected, everything asked for at the end, and the history judged?
import { createChance } from './chance.ts'
import type { Violation } from './checker.ts'
import { check } from './checker.ts'
import { askForAll } from './ending.ts'
import { injectAll, planFaults } from './faults.ts'
import type { FaultKind, History } from './history.ts'
import type { Latencies } from './latency.ts'
import { measureLatencies } from './latency.ts'
import { createNode } from './nodes.ts'
import { createPerson } from './people.ts'
import { createRecorder } from './recorder.ts'
import type { Stores } from './stores/stores.ts'
import { rage } from './storm.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly seconds: number
  readonly nodes: number
  readonly people: number
  /** Of each of them. */
  readonly browsers: number
  readonly stores: Stores
  /** Left out: all that the stores and the nodes can suffer. */
  readonly faults?: readonly FaultKind[]
  /** No fault is longer, milliseconds. Default 10,000. */
  readonly longestFault?: number
  /** How many revocations are measured before the storm. Default 0. */
  readonly revocations?: number
  /** Settings of every node. */
  readonly env?: Readonly<Record<string, string>>
}

export interface ChaosResult {
  readonly history: History
  readonly violations: readonly Violation[]
  readonly latencies: Latencies
  /** What the nodes wrote to standard error last. */
  readonly said: readonly string[]
}

/** Nobody listens there: it is the address that all browsers believe in. */
const ORIGIN = 'http://localhost:3000'

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, seconds, nodes: count, stores, env = {}, longestFault = 10_000, revocations = 0 } = options
  const kinds = options.faults ?? (['kill', 'pause', ...Object.keys(stores.faults)] as FaultKind[])
  const chance = createChance(seed)
  const recorder = createRecorder()
  const nodes = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      createNode({ index, origin: ORIGIN, env: { ...env, ...stores.env(index) }, exited: recorder.exited }),
    ),
  )
  try {
    await Promise.all(nodes.map((node) => node.start()))
    const latencies = await measureLatencies(nodes, stores, revocations, ORIGIN)
    const people = Array.from({ length: options.people }, (_, index) =>
      createPerson(index, options.browsers, ORIGIN),
    )
    const world = { recorder, nodes, origin: ORIGIN }
    const planned = planFaults(chance.fork(), { kinds, seconds, nodes: count, longest: longestFault })
    const begun = performance.now()
    await Promise.all([
      rage({ world, people, chance: chance.fork(), ended: new Map() }, begun + seconds * 1000),
      injectAll({ recorder, nodes, stores: stores.faults }, planned, begun),
    ])
    await askForAll(world, people, chance)
    const history = recorder.history(seed, nodes)
    return { history, violations: check(history), latencies, said: nodes.map((node) => node.said()) }
  } finally {
    await Promise.all(nodes.map((node) => node.end()))
  }
}
