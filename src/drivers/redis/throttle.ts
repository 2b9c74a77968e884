// How is something done soon, and yet not too often?
import type { Clock } from '../../ports/clock.ts'

export interface Throttle {
  /** At once, where the last time is `interval` ago; else once, when it is. */
  run(): void
  stop(): void
}

/** `interval` in milliseconds. However often it is asked, `task` runs once in each, and once more after the last time. */
export function createThrottle(
  clock: Pick<Clock, 'monotonic' | 'every'>,
  interval: number,
  task: () => void,
): Throttle {
  let last = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined
  const stop = (): void => {
    cancel?.()
    cancel = undefined
  }
  const run = (): void => {
    stop()
    last = clock.monotonic()
    task()
  }
  return {
    run() {
      if (cancel) return
      const isDue = clock.monotonic() - last >= interval
      if (isDue) run()
      else cancel = clock.every(interval, run)
    },
    stop,
  }
}
