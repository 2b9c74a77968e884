// Is any order of steps wrong with the opaque strategy, or while an installation changes its strategy process by process?
import { afterAll, describe, expect, it } from 'vitest'
import { watchArithmetic } from './arithmetic.ts'
import { ALL, HOURS, print, prove } from './prove.ts'
import { CHOICE, OPAQUE_CHOICE, WEATHERS } from './sets.ts'

const arithmetic = watchArithmetic()
afterAll(() => arithmetic.restore())

describe('in every order of steps, no invariant is broken', () => {
  it(
    'with the opaque strategy, of up to three operations, and of two with time passing and timers running',
    async () => {
      const strategies = ['opaque', 'opaque'] as const
      const weathers = [[], ...WEATHERS]
      for (const size of [1, 2, 3]) {
        const plan = { strategies, size, from: OPAQUE_CHOICE, ...((size < 3 || ALL) && { weathers }) }
        const figures = await prove(plan, arithmetic)
        print(`opaque, sets of ${size}${'weathers' in plan ? ' and one of time' : ''}`, figures)
        expect(figures.interleavings).toBeGreaterThan(size * 100)
      }
    },
    HOURS,
  )

  it.each([
    ['from jwt to opaque', ['jwt', 'opaque']],
    ['from opaque to jwt', ['opaque', 'jwt']],
  ] as const)(
    'while an installation changes %s and one process of two is ahead',
    async (name, strategies) => {
      for (const size of ALL ? [1, 2, 3] : [1, 2]) {
        const weathers = [[], ...WEATHERS]
        const figures = await prove(
          { strategies, size, from: CHOICE, ...((size < 2 || ALL) && { weathers }) },
          arithmetic,
        )
        print(`${name}, sets of ${size}`, figures)
        expect(figures.interleavings).toBeGreaterThan(size * 100)
      }
    },
    HOURS,
  )
})
