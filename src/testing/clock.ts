// What time is it in a test? Whatever the test says.
import type { Clock } from '../ports/clock.ts'

/** For `createAuth({ clock })`, `createBrowser` and everything else that asks for the time. */
export interface TestClock extends Clock {
  /** Both clocks go on, and what is due runs. */
  advance(milliseconds: number): void
  /** Somebody sets the wall clock; the monotonic one does not notice. */
  step(milliseconds: number): void
}

interface Timer {
  readonly interval: number
  readonly task: () => void
  due: number
}

/**
 * `start` in milliseconds since 1970. Default: the first of January 2026.
 *
 * @example
 * ```ts
 * import { createTestClock } from 'lockjar/testing'
 *
 * const clock = createTestClock()
 * clock.advance(12 * 60 * 60 * 1000) // half a day later
 * ```
 */
export function createTestClock(start: number = Date.UTC(2026, 0, 1)): TestClock {
  let wall = start
  let monotonic = 0
  const timers = new Set<Timer>()
  return {
    now: () => wall,
    monotonic: () => monotonic,
    every(interval, task) {
      const timer: Timer = { interval, task, due: monotonic + interval }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(milliseconds) {
      wall += milliseconds
      monotonic += milliseconds
      for (const timer of timers) {
        if (timer.due > monotonic) continue
        timer.due = monotonic + timer.interval
        timer.task()
      }
    },
    step(milliseconds) {
      wall += milliseconds
    },
  }
}
