// What does the one database hold, and what becomes of it? The real memory driver, which can go away and come back older.
import type { Clock, Store } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { START } from './clock.ts'
import type { Time } from './time.ts'

export type Part = 'sessions' | 'users' | 'revocations'

/** A command that has been carried out, with what it answered. */
export interface Done {
  readonly part: Part
  readonly name: string
  readonly given: readonly unknown[]
  readonly answer: unknown
}

export interface Database {
  readonly up: boolean
  /** Rises whenever connections break. */
  readonly life: number
  /** As it is, for the one who judges. */
  readonly store: Store
  run(part: Part, name: string, given: readonly unknown[]): Promise<unknown>
  /** Is told of each command right after it. */
  onDone(listener: (done: Done) => void): void
  /** Gone for so long, and then as it was `lost` milliseconds before it went. */
  restart(gone: number, lost: number, back: () => void): void
}

interface Written {
  readonly at: number
  readonly wall: number
  readonly part: Part
  readonly name: string
  readonly given: readonly unknown[]
}

const READS = new Set(['find', 'findAll', 'list', 'read', 'findByEmail', 'findByUsername', 'prune'])

/** `drift` in parts of a million, of the clock by which it judges ages. */
export function openDatabase(time: Time, drift: number): Database {
  /** While the past is told again: the time it was then. */
  let past: number | null = null
  const clock: Clock = {
    now: () => past ?? Math.floor(START + time.now * (1 + drift / 1e6)),
    monotonic: () => time.now,
    every: () => () => {},
  }
  let store = openMemory(clock)
  let written: Written[] = []
  let up = true
  let life = 0
  const listeners: ((done: Done) => void)[] = []

  const call = (to: Store, part: Part, name: string, given: readonly unknown[]): Promise<unknown> => {
    const commands = to[part] as unknown as Record<string, (...given: readonly unknown[]) => Promise<unknown>>
    const command = commands[name]
    if (!command) throw new TypeError(`the database knows no ${part}.${name}`)
    return command(...given)
  }

  /** The memory driver carries a command out before it answers, so that no time passes and nobody comes between. */
  const goBackTo = (at: number): void => {
    store = openMemory(clock)
    written = written.filter((each) => each.at <= at)
    for (const { wall, part, name, given } of written) {
      past = wall
      call(store, part, name, given).catch(() => {})
    }
    past = null
  }

  return {
    get up() {
      return up
    },
    get life() {
      return life
    },
    get store() {
      return store
    },
    async run(part, name, given) {
      if (!READS.has(name)) written.push({ at: time.now, wall: clock.now(), part, name, given })
      const answer = await call(store, part, name, given)
      for (const listener of listeners) listener({ part, name, given, answer })
      return answer
    },
    onDone: (listener) => {
      listeners.push(listener)
    },
    restart(gone, lost, back) {
      if (!up) return
      const went = time.now
      up = false
      life++
      time.after(gone, () => {
        if (lost > 0) goBackTo(went - lost)
        up = true
        back()
      })
    },
  }
}
