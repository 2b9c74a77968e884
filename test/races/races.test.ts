// Is any order of steps wrong? Every interleaving of small sets of operations on two processes; nothing is made up but the clock.
import type { Clock } from 'lockjar'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { watchArithmetic } from './arithmetic.ts'
import { ALL, HOURS, print, prove } from './prove.ts'
import { START } from './scene.ts'
import { CHOICE, WEATHERS } from './sets.ts'

const arithmetic = watchArithmetic()
afterAll(() => arithmetic.restore())

const JWT = ['jwt', 'jwt'] as const
/** It ends what `disable` ends, by nearly the same steps. */
const NARROW = CHOICE.filter((name) => name !== 'end all')

describe('in every order of steps no invariant is broken', () => {
  it(
    'of one operation or two, on two processes, with time passing and timers running at any point',
    async () => {
      for (const size of [1, 2]) {
        const figures = await prove(
          { strategies: JWT, size, from: CHOICE, weathers: [[], ...WEATHERS] },
          arithmetic,
        )
        print(`jwt, sets of ${size} and one of time`, figures)
        expect(figures.interleavings).toBeGreaterThan(size === 1 ? 200 : 200_000)
      }
    },
    HOURS,
  )

  it(
    'of three operations on two processes',
    async () => {
      const plan = ALL ? { from: CHOICE, weathers: [[], ...WEATHERS] } : { from: NARROW }
      const figures = await prove({ strategies: JWT, size: 3, ...plan }, arithmetic)
      print(`jwt, sets of 3${ALL ? ' and one of time' : ''}`, figures)
      expect(figures.interleavings).toBeGreaterThan(500_000)
    },
    HOURS,
  )

  it(
    'of four operations on two processes: evenly one set in ninety-seven, and with npm run proof all',
    async () => {
      const plan = ALL ? { from: NARROW } : { from: NARROW, oneIn: 97 }
      const figures = await prove({ strategies: JWT, size: 4, ...plan }, arithmetic)
      print(`jwt, ${ALL ? 'every set' : 'one in 97 sets'} of 4`, figures)
      expect(figures.sets).toBeGreaterThan(5)
    },
    HOURS,
  )

  it(
    'of two operations, with the statements of SQLite',
    async () => {
      let clock: Clock = createTestClock()
      const present: Clock = {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        every: (interval, task) => clock.every(interval, task),
      }
      const store = openSqlite(':memory:', present)
      const emptied: Clock = createTestClock(START + 7 * 86_400_000)
      const open = (next: Clock) => {
        // What the run before has left is old enough to be removed, so that no process begins with a long read.
        clock = emptied
        store.revocations.prune()
        clock = next
        return store
      }
      // One database serves every run, so each has a user of its own, and no two states are alike.
      const figures = await prove({ strategies: JWT, size: 2, from: CHOICE, open }, arithmetic, {
        merge: false,
        ownIds: true,
      })
      print('jwt on SQLite, sets of 2', figures)
      expect(figures.interleavings).toBeGreaterThan(1000)
      await store.close()
    },
    HOURS,
  )
})
