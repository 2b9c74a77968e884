// Is the checker worth anything? Each planted mistake must be found, and what is left out must not matter.
import { openMemory } from 'lockjar/memory'
import { afterAll, describe, expect, it } from 'vitest'
import { watchArithmetic } from './arithmetic.ts'
import type { Explorer } from './explore.ts'
import { explore, noFigures } from './explore.ts'
import type { InvariantName } from './invariants.ts'
import { Breach } from './invariants.ts'
import type { Strategy } from './node.ts'
import { createDoors, createInstallation } from './node.ts'
import type { Placed } from './operations.ts'
import type { Planted } from './plants.ts'
import { PLANTS } from './plants.ts'
import { CHOICE, OPAQUE_CHOICE, placements, sets, WEATHERS } from './sets.ts'

const arithmetic = watchArithmetic()
afterAll(() => arithmetic.restore())

const explorer = async (strategy: Strategy): Promise<Explorer> => {
  const installation = await createInstallation(strategy)
  const doors = [createDoors(installation), createDoors(installation)]
  return { arithmetic, doors, open: openMemory, figures: noFigures() }
}

/** Small sets first, as the proof does. */
function* plan(strategy: Strategy): Generator<readonly Placed[]> {
  const from = strategy === 'opaque' ? OPAQUE_CHOICE : CHOICE
  for (const size of [1, 2, 3]) {
    for (const weather of size < 3 ? [[], ...WEATHERS] : [[]]) {
      for (const names of sets(size, from))
        for (const placed of placements(names, true)) yield [...placed, ...weather]
    }
  }
}

async function firstBreach({ strategy = 'jwt', plant, set: shown }: Planted): Promise<Breach | null> {
  const planted = { ...(await explorer(strategy)), plant }
  for (const set of shown ? [shown] : plan(strategy)) {
    try {
      await explore(planted, set)
    } catch (error) {
      if (error instanceof Breach) return error
      throw error
    }
  }
  return null
}

describe('the checker', () => {
  it.each(PLANTS)('finds $mistake', async (planted) => {
    const breach = await firstBreach(planted)
    expect(breach?.message).toMatch(/\n {2}set: /)
    expect<InvariantName | undefined>(breach?.invariant, breach?.message).toBe(planted.breaks)
  })

  it('ends in the same states whether or not it leaves out what it may', async () => {
    const honest = await explorer('jwt')
    const pairs = sets(2, CHOICE).flatMap((names) => placements(names, true))
    for (const set of pairs.filter((_, index) => index % 4 === 0)) {
      const ends = { reduced: new Set<string>(), all: new Set<string>() }
      await explore({ ...honest, ends: ends.reduced }, set)
      await explore({ ...honest, merge: false, reduce: false, ends: ends.all }, set)
      expect(ends.reduced, JSON.stringify(set)).toEqual(ends.all)
    }
  })
})
