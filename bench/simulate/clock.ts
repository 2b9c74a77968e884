// What time is it by a clock that is not quite right?
import type { Clock } from 'lockjar'
import type { Time } from './time.ts'

/** Milliseconds since 1970 of the true beginning. */
export const START: number = Date.UTC(2026, 0, 1)

export interface Rate {
  /** Parts of a million by which each goes too fast. */
  readonly wall: number
  readonly monotonic: number
}

/** The clocks of one machine, and the timers of the process on it. */
export interface MachineClock extends Clock {
  /** Somebody sets the wall clock, to so many milliseconds off the truth. */
  set(off: number): void
  /** SIGSTOP: what is due waits, and both clocks go on. Or sleep: the monotonic one stands still as well. */
  stop(how: 'pause' | 'sleep'): void
  go(): void
  /** The process has died, and its timers with it. */
  clear(): void
}

interface Timer {
  readonly interval: number
  readonly task: () => void
  /** By the monotonic clock. */
  due: number
  late: boolean
  cancel: () => void
}

export function createMachineClock(time: Time, { wall, monotonic }: Rate): MachineClock {
  const [wallRate, rate] = [1 + wall / 1e6, 1 + monotonic / 1e6]
  const timers = new Set<Timer>()
  let off = 0
  let slept = 0
  let stopped: { readonly how: 'pause' | 'sleep'; readonly at: number } | null = null

  const awake = (): number => (stopped?.how === 'sleep' ? stopped.at : time.now) - slept
  const plan = (timer: Timer): void => {
    timer.cancel = time.after((timer.due - awake() * rate) / rate, () => fire(timer))
  }
  const fire = (timer: Timer): void => {
    if (stopped) {
      timer.late = true
      return
    }
    timer.due = awake() * rate + timer.interval
    plan(timer)
    timer.task()
  }
  const remove = (timer: Timer): void => {
    timer.cancel()
    timers.delete(timer)
  }

  return {
    now: () => START + time.now * wallRate + off,
    monotonic: () => awake() * rate,
    every(interval, task) {
      const timer: Timer = {
        interval,
        task,
        due: awake() * rate + interval,
        late: false,
        cancel: () => {},
      }
      timers.add(timer)
      plan(timer)
      return () => remove(timer)
    },
    set(next) {
      off = next
    },
    stop(how) {
      if (stopped) return
      stopped = { how, at: time.now }
      if (how === 'sleep') for (const timer of timers) timer.cancel()
    },
    go() {
      if (!stopped) return
      const { how, at } = stopped
      if (how === 'sleep') slept += time.now - at
      stopped = null
      for (const timer of timers) {
        // However often it was due meanwhile, a timer runs once.
        if (how === 'pause' && timer.late) timer.cancel = time.after(0, () => fire(timer))
        else if (how === 'sleep') plan(timer)
        timer.late = false
      }
    },
    clear() {
      for (const timer of timers) timer.cancel()
      timers.clear()
    },
  }
}
