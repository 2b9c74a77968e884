// Who tries what has ended? Somebody at every node, at moments about the bound and long after.
import type { Chance } from './chance.ts'
import type { Figures } from './figures.ts'
import { STALENESS } from './invariants.ts'
import type { Node } from './node.ts'
import type { Server } from './server.ts'
import type { Subject } from './subject.ts'
import type { Time } from './time.ts'

/** Milliseconds after somebody was told. */
const MOMENTS = [2, 20, 100, 300, 700, 1200, 1700, 1990, 2005, 2020, 2200, 2500, 3500, 6000, 15_000]
/** Of these, how many go to a node with which something is wrong, where there is one. */
const TO_THE_SICK = 0.6
/** Sessions that end in one moment and are tried. */
const MOST = 3
/** Somebody who waits for an opportunity: milliseconds, on average. */
const PATIENCE = 40 * 60_000

export interface ProbeParts {
  readonly time: Time
  readonly chance: Chance
  readonly nodes: readonly Node[]
  readonly figures: Figures
  /** Parts of a million by which a clock is too slow at most. */
  readonly bound: () => number
}

export function createProbes({ time, chance, nodes, figures, bound }: ProbeParts) {
  const show = (node: Node, token: string, server: Server): void => {
    // Nobody has received one.
    if (token === '') return
    figures.probed()
    node.deliver(() => void server.use(node, token))
  }
  const someNode = (): Node | undefined => {
    const sick = nodes.filter(({ faults }) => faults.size > 0)
    return sick.length > 0 && chance.happens(TO_THE_SICK) ? chance.pick(sick) : chance.pick(nodes)
  }
  return (subjects: readonly Subject[], server: Server): void => {
    for (const subject of subjects.slice(0, MOST)) {
      const token = tokenOf(subject)
      for (const moment of [...MOMENTS, chance.until(PATIENCE), chance.until(PATIENCE)]) {
        time.after(moment, () => {
          const node = someNode()
          if (node) show(node, token, server)
        })
      }
    }
    const [first] = subjects
    if (!first) return
    const token = tokenOf(first)
    // Everybody, as soon as nobody may accept it any more.
    time.after(STALENESS / (1 - bound() / 1e6) + 1.5, () => {
      for (const node of nodes) show(node, token, server)
    })
  }
}

const tokenOf = ({ ended, token, held }: Subject): string => (ended ? token : held)
