// What is the least that shows it? The same seed with fewer nodes and fewer faults, as long as the same sentence is broken.
import type { Plant } from './plants.ts'
import type { Outcome, Setting } from './simulation.ts'
import { simulate } from './simulation.ts'

/** Real milliseconds that the search may take. */
const PATIENCE = 30_000

export async function shrink(found: Outcome, plant: Plant | null = null): Promise<Outcome> {
  const until = performance.now() + PATIENCE
  let best = found
  for (const setting of simpler(found.setting)) {
    if (performance.now() > until) break
    // Whatever takes longer to show is not simpler.
    const next = await simulate({ ...setting, minutes: best.at / 60_000 }, plant)
    const isSame = next.breach?.invariant === found.breach?.invariant
    if (isSame && next.trace.length < best.trace.length) best = { ...next, setting }
  }
  return best
}

function* simpler(setting: Setting): Generator<Setting> {
  const nodes = Math.min(3, setting.nodes)
  for (const loss of [0, setting.loss]) {
    yield { ...setting, nodes, loss, faults: [] }
    for (const fault of setting.faults) yield { ...setting, nodes, loss, faults: [fault] }
  }
  yield { ...setting, nodes }
}
