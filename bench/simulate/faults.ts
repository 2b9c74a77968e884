// What goes wrong, how often, and for how long?
import type { Chance } from './chance.ts'
import type { Database } from './database.ts'
import type { Node } from './node.ts'
import type { Time } from './time.ts'
import type { Trace } from './trace.ts'

const HOUR = 3_600_000

/** What befalls one node; answers how it ends. `null`: it ends by itself. */
type Blow = (node: Node, chance: Chance) => (() => void) | null

interface NodeFault {
  /** Least and most milliseconds that it lasts. */
  readonly lasts: readonly [number, number]
  readonly strike: Blow
}

const cut: Blow = ({ way }) => {
  way.cut = true
  return () => {
    way.cut = false
  }
}
const deafen: Blow = ({ way }) => {
  way.deaf = true
  return () => {
    way.deaf = false
  }
}
const slow: Blow = ({ way }, chance) => {
  way.slow = chance.between(500, 6000)
  return () => {
    way.slow = 0
  }
}
const halt =
  (how: 'pause' | 'sleep'): Blow =>
  (node) => {
    node.stop(how)
    return node.go
  }
const setClock =
  (most: number): Blow =>
  (node, chance) => {
    node.clock.set(chance.between(-most, most))
    return () => node.clock.set(0)
  }

export const NODE_FAULTS = {
  'no database': { lasts: [500, 20_000], strike: cut },
  'no hints': { lasts: [5000, 60_000], strike: deafen },
  'slow database': { lasts: [5000, 30_000], strike: slow },
  paused: { lasts: [300, 15_000], strike: halt('pause') },
  asleep: { lasts: [1000, 90_000], strike: halt('sleep') },
  'clock set by seconds': { lasts: [5000, 60_000], strike: setClock(10_000) },
  'clock set by hours': { lasts: [5000, 120_000], strike: setClock(2 * HOUR) },
  killed: {
    lasts: [0, 0],
    strike: (node) => {
      node.kill()
      return null
    },
  },
} as const satisfies Readonly<Record<string, NodeFault>>

interface DatabaseFault {
  /** Milliseconds for which it is away. */
  readonly gone: readonly [number, number]
  /** Milliseconds of its last work that are lost. */
  readonly loses: readonly [number, number]
}

export const DATABASE_FAULTS = {
  'database restarts': { gone: [500, 8000], loses: [0, 0] },
  'database fails over': { gone: [2000, 15_000], loses: [1, 2000] },
  'backup restored': { gone: [5000, 20_000], loses: [60_000, 600_000] },
} as const satisfies Readonly<Record<string, DatabaseFault>>

export type FaultName = keyof typeof NODE_FAULTS | keyof typeof DATABASE_FAULTS
export const FAULTS: readonly FaultName[] = [
  ...(Object.keys(NODE_FAULTS) as (keyof typeof NODE_FAULTS)[]),
  ...(Object.keys(DATABASE_FAULTS) as (keyof typeof DATABASE_FAULTS)[]),
]

/** Blows to each node for one to the database. */
const DATABASE_SHARE = 2
/** What follows for so long is counted as its doing. */
const AFTERMATH = 5000

export interface FaultParts {
  readonly time: Time
  readonly chance: Chance
  readonly trace: Trace
  readonly nodes: readonly Node[]
  readonly database: Database
  readonly faults: readonly FaultName[]
  /** Milliseconds between two blows to one node, on average, whatever they are. */
  readonly period: number
  /** The database is there again, and has lost what it did last. */
  readonly wentBack: () => void
}

/** Never ends; what it has begun it ends. */
export function strike(parts: FaultParts): void {
  const { time, chance, nodes, faults, period } = parts
  const ofNodes = faults.filter((name) => name in NODE_FAULTS) as (keyof typeof NODE_FAULTS)[]
  const ofDatabase = faults.filter((name) => name in DATABASE_FAULTS) as (keyof typeof DATABASE_FAULTS)[]
  const again = (mean: number, blow: () => void): void => {
    time.after(chance.until(mean), () => {
      blow()
      again(mean, blow)
    })
  }
  const name = (): keyof typeof NODE_FAULTS | undefined => chance.pick(ofNodes)
  if (ofNodes.length > 0) again(period / nodes.length, () => strikeNode(parts, chance.pick(nodes), name()))
  if (ofDatabase.length > 0)
    again(DATABASE_SHARE * period, () => strikeDatabase(parts, chance.pick(ofDatabase)))
}

/** One blow of a kind at a time for one node; several kinds at once do happen. */
function strikeNode(
  { time, chance, trace }: FaultParts,
  node: Node | undefined,
  name: keyof typeof NODE_FAULTS | undefined,
): void {
  if (!node || !name || node.faults.has(name)) return
  // Whoever stands still cannot stand still in another way.
  if (node.stopped && name !== 'killed') return
  // Were the wall clock set back by as long as the machine slept, nobody could know.
  const ofClocks = [...node.faults.keys(), name].filter((each) => /^(clock|asleep)/.test(each))
  if (ofClocks.length > 1) return
  const { lasts, strike: blow }: NodeFault = NODE_FAULTS[name]
  const { life } = node
  trace.fault(name, node.index)
  const over = blow(node, chance)
  mark(node, name, 1)
  const end = (): void => {
    time.after(AFTERMATH, () => mark(node, name, -1))
    trace.fault(`${name}: over`, node.index)
    // A process that has been killed meanwhile does not stand still any more.
    if (over && (name === 'paused' || name === 'asleep' ? node.life === life && node.stopped : true)) over()
  }
  time.after(over ? chance.between(...lasts) : 3000, end)
}

function strikeDatabase(
  { time, chance, trace, nodes, database, wentBack }: FaultParts,
  name: keyof typeof DATABASE_FAULTS | undefined,
): void {
  if (!name || !database.up) return
  const { gone, loses }: DatabaseFault = DATABASE_FAULTS[name]
  const lost = Math.min(time.now, chance.between(...loses))
  trace.fault(name, null)
  for (const node of nodes) mark(node, name, 1)
  database.restart(chance.between(...gone), lost, () => {
    trace.fault(`${name}: over`, null)
    time.after(AFTERMATH, () => {
      for (const node of nodes) mark(node, name, -1)
    })
    if (lost > 0) wentBack()
  })
}

function mark({ faults }: Node, name: string, by: 1 | -1): void {
  const count = (faults.get(name) ?? 0) + by
  if (count > 0) faults.set(name, count)
  else faults.delete(name)
}
