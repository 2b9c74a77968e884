// How long after somebody was told does each other node refuse?
import type { Floor, FloorScope } from '../../src/core/revocation/floors.ts'
import type { Figures } from './figures.ts'
import { STALENESS } from './invariants.ts'
import type { Node } from './node.ts'
import type { Time } from './time.ts'

/** Milliseconds after which every node has learnt of it, or refuses for not knowing. */
const LONGEST = 3 * STALENESS

export interface Staleness {
  /** The log has a new line. */
  written(floors: readonly Floor[]): void
  raised(node: Node, floors: readonly Floor[]): void
  told(scope: FloorScope, node: Node): void
  /** The database has lost lines. */
  wentBack(): void
}

interface Line {
  told: { readonly at: number; readonly node: number } | null
  /** True time at which a node refuses, by its number. */
  readonly refuses: Map<number, number>
}

export function watchStaleness(time: Time, nodes: () => readonly Node[], figures: Figures): Staleness {
  const lines = new Map<FloorScope, Line>()
  /** It does so once its knowledge is too old as well. */
  const orNotFresh = (at: number, since: number): number => Math.min(at, since + STALENESS)

  const count = (line: Line, lives: readonly (number | null)[]): void => {
    const { told } = line
    if (!told) return
    for (const node of nodes()) {
      if (node.index === told.node || node.life !== lives[node.index]) continue
      const at = line.refuses.get(node.index) ?? orNotFresh(Number.POSITIVE_INFINITY, node.freshSince)
      figures.stale(Math.max(0, at - told.at))
    }
  }

  return {
    written(floors) {
      for (const { scope } of floors) {
        const line: Line = { told: null, refuses: new Map() }
        const lives = nodes().map(({ life, runtime }) => (runtime ? life : null))
        lines.set(scope, line)
        time.after(LONGEST, () => {
          if (lines.get(scope) !== line) return
          lines.delete(scope)
          count(line, lives)
        })
      }
    },
    raised(node, floors) {
      for (const { scope } of floors) {
        const line = lines.get(scope)
        if (line && !line.refuses.has(node.index))
          line.refuses.set(node.index, orNotFresh(time.now, node.freshBefore))
      }
    },
    wentBack: () => lines.clear(),
    told(scope, node) {
      const line = lines.get(scope)
      if (line && !line.told) line.told = { at: time.now, node: node.index }
    },
  }
}
