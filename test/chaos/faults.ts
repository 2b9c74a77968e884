// Which faults happen when, and to whom?
import { setTimeout as pause } from 'node:timers/promises'
import type { Chance } from './chance.ts'
import type { Fault, FaultKind } from './history.ts'
import type { ChaosNode } from './nodes.ts'
import type { Recorder } from './recorder.ts'

/** Makes the fault, and mends it after so many milliseconds. `null`: all nodes. */
export type Inject = (duration: number, node: number | null) => Promise<Partial<Fault> | undefined>

export interface PlannedFault {
  readonly kind: FaultKind
  /** Milliseconds from the beginning of the storm. */
  readonly at: number
  readonly duration: number
  readonly node: number | null
}

/** Milliseconds. Shorter than the grace of a refresh, and longer than the staleness bound where that is the point. */
const DURATIONS: Readonly<Record<FaultKind, number>> = {
  kill: 700,
  pause: 5000,
  'database stopped': 1000,
  'database killed': 300,
  'database locked': 3000,
  'database cut': 3000,
  'database stalled': 5000,
  'database half-open': 4000,
  'redis gone': 10_000,
  'redis flushed': 0,
  'redis stalled': 4000,
  'hints lost': 6000,
}

/** Those that meet one node; of the rest each meets all. */
const OF_ONE: ReadonlySet<FaultKind> = new Set([
  'kill',
  'pause',
  'database cut',
  'database stalled',
  'database half-open',
  'redis stalled',
])

/** Milliseconds before the first, and after the last. */
const QUIET = 1500

export interface PlanOptions {
  readonly kinds: readonly FaultKind[]
  readonly seconds: number
  readonly nodes: number
  /** No fault is longer, milliseconds. */
  readonly longest: number
}

/** Every kind as often as it fits, in an order by chance; some overlap, and where one meets all nodes nobody is spared. */
export function planFaults(
  chance: Chance,
  { kinds, seconds, nodes, longest }: PlanOptions,
): readonly PlannedFault[] {
  const planned: PlannedFault[] = []
  const end = seconds * 1000 - QUIET
  let at = QUIET
  for (;;) {
    for (const kind of chance.shuffle(kinds)) {
      const duration = Math.min(DURATIONS[kind], longest)
      if (at + duration > end) return planned
      const node = OF_ONE.has(kind) ? Math.floor(chance.next() * nodes) : null
      planned.push({ kind, at, duration, node })
      const overlaps = chance.next() < 0.3
      at += overlaps ? chance.between(0.2, 0.8) * duration : duration + chance.between(200, 1200)
    }
  }
}

export interface FaultParts {
  readonly recorder: Recorder
  readonly nodes: readonly ChaosNode[]
  /** What the stores can suffer. */
  readonly stores: Partial<Record<FaultKind, Inject>>
}

/** Resolves when all is whole again. */
export async function injectAll(
  { recorder, nodes, stores }: FaultParts,
  planned: readonly PlannedFault[],
  begun: number,
): Promise<void> {
  const injections = { ...nodeFaults(nodes), ...stores }
  /** Two faults of one place wait for each other. */
  const places = new Map<string, Promise<void>>()
  await Promise.all(
    planned.map(async ({ kind, at, duration, node }) => {
      const inject = injections[kind]
      if (!inject) throw new Error(`no such fault here: ${kind}`)
      await pause(Math.max(0, begun + at - performance.now()))
      const place = kind.split(' ')[1] ? (kind.split(' ')[0] ?? '') : `node ${node}`
      const before = places.get(place)
      const work = async (): Promise<void> => {
        await before
        await recorder.fault(kind, node, () => inject(duration, node))
      }
      const working = work()
      places.set(place, working)
      await working
    }),
  )
}

function nodeFaults(nodes: readonly ChaosNode[]): Partial<Record<FaultKind, Inject>> {
  const nodeOf = (index: number | null): ChaosNode => {
    const node = nodes[index ?? 0]
    if (!node) throw new Error('no such node')
    return node
  }
  return {
    async kill(duration, index) {
      const node = nodeOf(index)
      await node.kill()
      await pause(duration)
      await node.start()
      return undefined
    },
    async pause(duration, index) {
      const node = nodeOf(index)
      await node.stand()
      const start = performance.now()
      await pause(duration)
      const end = performance.now()
      node.go()
      return { start, end }
    },
  }
}
