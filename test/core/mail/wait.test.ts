// Do waits grow, and end somewhere?
import { expect, it } from 'vitest'
import { pauseAfter, waitAfter } from '../../../src/core/mail/wait.ts'

it.each<[age: number, deferred: number, unreachable: number]>([
  [0, 5000, 5000],
  // A clock that was set back.
  [-60_000, 5000, 5000],
  [20_000, 20_000, 20_000],
  [300_000, 300_000, 60_000],
  [86_400_000, 1_800_000, 60_000],
])('a mail that is %d ms old waits for %d or %d', (age, deferred, unreachable) => {
  expect([waitAfter(age, 'deferred'), waitAfter(age, 'unreachable')]).toEqual([deferred, unreachable])
})

it('the pauses for a server that is away grow to a minute', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 2000].map(pauseAfter)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000,
  ])
})
