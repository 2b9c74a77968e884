// When does what happen? One queue of events and one true time, which nobody in the simulation can read from a clock.

export interface Time {
  /** True milliseconds since the beginning. */
  readonly now: number
  /** Events that have happened. */
  readonly happened: number
  /** Answers how to call it off. */
  after(delay: number, task: () => void): () => void
  pass(delay: number): Promise<void>
  /** Until then, or until `stop` says so. After each event everything that is ready runs to its end, without time passing. */
  run(until: number, stop: () => boolean): Promise<void>
}

interface Event {
  readonly at: number
  /** Of two at one moment the one that was planned first comes first. */
  readonly order: number
  task: (() => void) | null
}

export function createTime(): Time {
  const queue = createQueue()
  let now = 0
  let planned = 0
  let happened = 0
  const after: Time['after'] = (delay, task) => {
    const event: Event = { at: now + Math.max(0, delay), order: planned++, task }
    queue.push(event)
    return () => {
      event.task = null
    }
  }
  return {
    get now() {
      return now
    },
    get happened() {
      return happened
    },
    after,
    pass: (delay) => new Promise((resolve) => after(delay, resolve)),
    async run(until, stop) {
      for (let event = queue.first(); event && event.at <= until && !stop(); event = queue.first()) {
        queue.removeFirst()
        if (!event.task) continue
        now = event.at
        happened++
        event.task()
        // No promise has a reaction left to run when this goes on: nothing here waits for anything but this queue.
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (!stop()) now = until
    },
  }
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** A binary heap. */
function createQueue() {
  const heap: Event[] = []
  const swap = (a: number, b: number): void => {
    const [one, other] = [heap[a], heap[b]]
    if (one && other) [heap[a], heap[b]] = [other, one]
  }
  const precedes = (a: number, b: number): boolean => {
    const [one, other] = [heap[a], heap[b]]
    return one !== undefined && other !== undefined && isBefore(one, other)
  }
  return {
    first: (): Event | undefined => heap[0],
    push(event: Event): void {
      heap.push(event)
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1
        if (!precedes(at, parent)) break
        swap(at, parent)
        at = parent
      }
    },
    removeFirst(): void {
      const last = heap.pop()
      if (last === undefined || heap.length === 0) return
      heap[0] = last
      for (let at = 0; ; ) {
        const [left, right] = [2 * at + 1, 2 * at + 2]
        const child = precedes(right, left) ? right : left
        if (!precedes(child, at)) break
        swap(child, at)
        at = child
      }
    },
  }
}
