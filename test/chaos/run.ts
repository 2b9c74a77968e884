// How is a storm held: nodes started, faults injected, everything asked for at the end, and the history judged?

import { createChance } from './chance.ts'
import type { Violation } from './checker.ts'
import { check } from './checker.ts'
import { askForAll } from './ending.ts'
import { injectAll, planFaults } from './faults.ts'
import type { FaultKind, History } from './history.ts'
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
  readonly browsers: number
  readonly stores: Stores
  /** Left out: all that the stores and the nodes can suffer. */
  readonly faults?: readonly FaultKind[]
  /** No fault is longer, milliseconds. Default 10,000. */
  readonly longestFault?: number
  /** Settings of every node. */
  readonly env?: Readonly<Record<string, string>>
}

export interface ChaosResult {
  readonly history: History
  readonly violations: readonly Violation[]
  /** What the nodes wrote to standard error last. */
  readonly said: readonly string[]
}

/** Milliseconds after which somebody gives up: less than the grace of a refresh. */
const PATIENCE = 8000

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, seconds, nodes: count, stores, env = {}, longestFault = 10_000 } = options
  const kinds = options.faults ?? (['kill', 'pause', ...Object.keys(stores.faults)] as FaultKind[])
  const chance = createChance(seed)
  const recorder = createRecorder()
  // Nobody asks this port: it is in the address that all browsers believe in.
  const origin = 'http://localhost:3000'
  const nodes = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      createNode({ index, origin, env: { ...env, ...stores.env(index) }, exited: recorder.exited }),
    ),
  )
  try {
    await Promise.all(nodes.map((node) => node.start()))
    const people = Array.from({ length: options.people }, (_, index) =>
      createPerson(index, options.browsers, origin),
    )
    const world = { recorder, nodes, origin, patience: PATIENCE }
    const planned = planFaults(chance.fork(), { kinds, seconds, nodes: count, longest: longestFault })
    const begun = performance.now()
    await Promise.all([
      rage({ world, people, chance: chance.fork(), ended: new Map() }, begun + seconds * 1000),
      injectAll({ recorder, nodes, stores: stores.faults }, planned, begun),
    ])
    await askForAll(world, people, chance)
    const history = recorder.history(seed, nodes)
    return { history, violations: check(history), said: nodes.map((node) => node.said()) }
  } finally {
    await Promise.all(nodes.map((node) => node.end()))
  }
}
