// Which faults happen when, and to whom?
import { setTimeout as pause } from 'node:timers/promises'
import type { Chance } from './chance.ts'
import type { Fault, FaultKind } from './history.ts'
import type { ChaosNode } from './nodes.ts'
import type { Recorder } from './recorder.ts'

/** Makes the fault at one node, or where `null` at all, and mends it when what it lasts is over. */
export type Inject = (
  lasts: () => Promise<unknown>,
  node: number | null,
) => Promise<Partial<Fault> | undefined>

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
/** Milliseconds between two. */
const BREATH = 700
/** A fault begins so much of its length before or after its turn. */
const OVERLAP = 0.5

export interface PlanOptions {
  readonly kinds: readonly FaultKind[]
  readonly seconds: number
  readonly nodes: number
  /** No fault is longer, milliseconds. */
  readonly longest: number
}

/** Every kind at least once, and as often as it fits, in an order by chance; some overlap. */
export function planFaults(
  chance: Chance,
  { kinds, seconds, nodes, longest }: PlanOptions,
): readonly PlannedFault[] {
  const durationOf = (kind: FaultKind): number => Math.min(DURATIONS[kind], longest)
  const round = kinds.reduce((sum, kind) => sum + durationOf(kind) + BREATH, 0)
  const [begin, end] = [QUIET, seconds * 1000 - QUIET]
  const rounds = Math.max(1, Math.floor((end - begin) / round))
  const order = Array.from({ length: rounds }, () => chance.shuffle(kinds)).flat()
  // What is left to breathe is shared out; where there is too little they overlap.
  const stretch = (end - begin) / (rounds * round)
  let at = begin
  return order.map((kind) => {
    const duration = durationOf(kind)
    const shifted = at + chance.between(-OVERLAP, OVERLAP) * duration
    at += (duration + BREATH) * stretch
    const node = OF_ONE.has(kind) ? Math.floor(chance.next() * nodes) : null
    return { kind, at: Math.min(Math.max(begin, shifted), end - duration), duration, node }
  })
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
        await recorder.fault(kind, node, () => inject(() => pause(duration), node))
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
    async kill(lasts, index) {
      const node = nodeOf(index)
      await node.kill()
      await lasts()
      await node.start()
      return undefined
    },
    async pause(lasts, index) {
      const node = nodeOf(index)
      await node.stand()
      const start = performance.now()
      await lasts()
      const end = performance.now()
      node.go()
      return { start, end }
    },
  }
}
