// What time is it on this machine?
import { performance } from 'node:perf_hooks'
import type { Clock } from '../../ports/clock.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  every(interval, task) {
    const timer = setInterval(task, interval)
    timer.unref()
    return () => clearInterval(timer)
  },
}
