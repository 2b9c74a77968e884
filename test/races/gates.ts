// Who may go on? Every operation stops at a gate before each step, and the scheduler opens one gate at a time.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Store } from 'lockjar'
import type { Arithmetic } from './arithmetic.ts'

/** A piece of work in one process: a request, a timer. It dies with its process. */
export interface Work {
  /** Position of its operation in the set. */
  readonly actor: number
  readonly node: number
  /** Everything it has read from outside: what it will do next is a function of this. */
  readonly seen: string[]
  readonly died: PromiseWithResolvers<null>
}

export interface Gate {
  readonly actor: number
  readonly node: number
  readonly label: string
  /** Arguments, so that two states that wait for different things are different states. */
  readonly asks: string
  readonly work: Work | null
  /** Whether it may be opened now: no request reaches a process that is down. */
  readonly enabled: () => boolean
  readonly open: () => void
}

export interface Gates {
  readonly waiting: readonly Gate[]
  /** Waits for the scheduler. */
  pass(gate: Omit<Gate, 'open'>): Promise<void>
  open(gate: Gate): void
  /** Whose work this is, wherever it has got to. */
  current(): Work | undefined
  run<T>(work: Work, task: () => T): T
  /** The process dies: what waits for it never goes on. */
  drop(works: ReadonlySet<Work>): void
  /** Wraps every command of a store: each is one step, atomic as its port promises. */
  guard(store: Store, moment: () => string, onStep: StepListener): Store
  /** From now on nobody waits. */
  removeAll(): void
}

export type StepListener = (name: string, given: readonly unknown[], work: Work) => (answer: unknown) => void

export function createGates(arithmetic: Arithmetic): Gates {
  const works = new AsyncLocalStorage<Work>()
  let waiting: Gate[] = []
  let removed = false

  const pass: Gates['pass'] = (gate) => {
    if (removed) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push({ ...gate, open: resolve })
    return promise
  }

  const guardPart = <Part extends object>(
    part: Part,
    prefix: string,
    moment: () => string,
    onStep: StepListener,
  ): Part =>
    new Proxy(part, {
      get(target, name) {
        const command: unknown = Reflect.get(target, name, target)
        if (typeof command !== 'function' || typeof name !== 'string') return command
        return async (...given: readonly unknown[]) => {
          const work = works.getStore()
          const call = (): Promise<unknown> => arithmetic.track(Promise.resolve(command.apply(target, given)))
          if (work === undefined || removed) return call()
          const label = `${prefix}.${name}`
          const asks = JSON.stringify(given, spell)
          await pass({ actor: work.actor, node: work.node, label, asks, work, enabled: () => true })
          const finish = onStep(label, given, work)
          const answer = await call()
          finish(answer)
          work.seen.push(`${label}${moment()}=${JSON.stringify(answer, spell)}`)
          return answer
        }
      },
    })

  return {
    get waiting() {
      return waiting
    },
    pass,
    open(gate) {
      waiting = waiting.filter((other) => other !== gate)
      gate.open()
    },
    current: () => works.getStore(),
    run: (work, task) => works.run(work, task),
    drop(dead) {
      waiting = waiting.filter(({ work }) => work === null || !dead.has(work))
    },
    guard: (store, moment, onStep) => ({
      ...store,
      sessions: guardPart(store.sessions, 'sessions', moment, onStep),
      users: guardPart(store.users, 'users', moment, onStep),
      revocations: guardPart(store.revocations, 'revocations', moment, onStep),
      close: () => store.close(),
    }),
    removeAll() {
      removed = true
      for (const gate of waiting) gate.open()
      waiting = []
    },
  }
}

/** JSON has no word for it. */
export const spell = (_name: string, value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY ? 'infinite' : value
