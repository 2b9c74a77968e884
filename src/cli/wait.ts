// How does a command wait: for a time, or for somebody to stop it?
import type { Io } from './io.ts'

export function wait({ clock }: Pick<Io, 'clock'>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.every(milliseconds, () => {
      cancel()
      resolve()
    })
  })
}

/** What `work` resolves with; `null` where it takes longer than so many milliseconds. */
export function within<T>(
  { clock }: Pick<Io, 'clock'>,
  milliseconds: number,
  work: Promise<T>,
): Promise<T | null> {
  const late = Promise.withResolvers<null>()
  const cancel = clock.every(milliseconds, () => late.resolve(null))
  return Promise.race([work, late.promise]).finally(cancel)
}

export interface Stop {
  /** Resolves at the first signal. */
  readonly first: Promise<void>
  /** At the next one: somebody is in a hurry. */
  readonly second: Promise<void>
  forget(): void
}

export function listenForStop(io: Pick<Io, 'onStop'>): Stop {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let signals = 0
  const forget = io.onStop(() => {
    signals++
    const { resolve } = signals === 1 ? first : second
    resolve()
  })
  return { first: first.promise, second: second.promise, forget }
}
