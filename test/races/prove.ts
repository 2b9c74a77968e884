// What is tried, and what is said of it?
import type { Clock, Store } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import type { Arithmetic } from './arithmetic.ts'
import type { Explorer, Figures } from './explore.ts'
import { explore, noFigures } from './explore.ts'
import type { Strategy } from './node.ts'
import { createDoors, createInstallation } from './node.ts'
import type { OperationName, Placed } from './operations.ts'
import { placements, sets } from './sets.ts'

/** `npm run proof` leaves nothing out. */
export const ALL: boolean = process.env['RACES'] === 'all'

/** Milliseconds that a test of the whole proof may take. */
export const HOURS: number = 6 * 3_600_000

export interface Plan {
  readonly strategies: readonly [Strategy, Strategy]
  readonly size: number
  readonly from: readonly OperationName[]
  /** What may happen besides, each tried with each set. Default: nothing. */
  readonly weathers?: readonly (readonly Placed[])[]
  /** One placed set in so many, evenly. Default: all. */
  readonly oneIn?: number
  readonly open?: (clock: Clock) => Store
}

export function plannedSets({
  strategies,
  size,
  from,
  weathers = [[]],
  oneIn = 1,
}: Plan): readonly (readonly Placed[])[] {
  const alike = strategies[0] === strategies[1]
  return sets(size, from)
    .flatMap((names) => placements(names, alike))
    .filter((_, index) => index % oneIn === 0)
    .flatMap((placed) => weathers.map((weather) => [...placed, ...weather]))
}

/** @throws {Breach} with the order of steps that breaks an invariant. */
export async function prove(
  plan: Plan,
  arithmetic: Arithmetic,
  options: Partial<Explorer> = {},
): Promise<Figures> {
  const figures = noFigures()
  const installations = await Promise.all(plan.strategies.map(createInstallation))
  const doors = installations.map(createDoors)
  const explorer: Explorer = { arithmetic, doors, open: plan.open ?? openMemory, figures, ...options }
  for (const set of plannedSets(plan)) await explore(explorer, set)
  return figures
}

export function print(what: string, { sets, interleavings, states, steps, runs }: Figures): void {
  const found = interleavings.toLocaleString('en')
  process.stdout.write(
    `races: ${what}: ${sets} placed sets, ${found} interleavings by way of ${states} states; ${runs} runs, ${steps} steps\n`,
  )
}
