// What is counted while the simulation runs?
import type { Node } from './node.ts'

/** `served`: anything but a 503. `absent`: nobody answered in time. */
export type Service = 'served' | 'unavailable' | 'absent'

export interface Figures {
  readonly refreshes: ReadonlyMap<string, number>
  readonly events: ReadonlyMap<string, number>
  /** By the one thing that was wrong with the node that was asked. */
  readonly service: ReadonlyMap<string, Readonly<Record<Service, number>>>
  /** Milliseconds from an acknowledged end until a node refuses, one for each other node. */
  readonly staleness: readonly number[]
  /** Requests that showed what had ended. */
  readonly probes: number
  refreshed(how: string): void
  event(name: string): void
  served(node: Node, how: Service): void
  stale(milliseconds: number): void
  probed(): void
}

export function createFigures(): Figures {
  const refreshes = new Map<string, number>()
  const events = new Map<string, number>()
  const service = new Map<string, Record<Service, number>>()
  const staleness: number[] = []
  let probes = 0
  const add = (to: Map<string, number>, what: string): void => {
    to.set(what, (to.get(what) ?? 0) + 1)
  }
  return {
    refreshes,
    events,
    service,
    staleness,
    get probes() {
      return probes
    },
    refreshed: (how) => add(refreshes, how),
    event: (name) => add(events, name),
    served({ faults }, how) {
      const [first = 'nothing wrong'] = faults.keys()
      const fault = faults.size > 1 ? 'several at once' : first
      const counts = service.get(fault) ?? { served: 0, unavailable: 0, absent: 0 }
      counts[how]++
      service.set(fault, counts)
    },
    stale: (milliseconds) => {
      staleness.push(milliseconds)
    },
    probed: () => {
      probes++
    },
  }
}
