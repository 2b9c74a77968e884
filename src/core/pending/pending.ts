// How does a step follow one that is answered already, as a rule?

/** To wait for a promise, even a kept one, costs more than all the checks of a known credential. */
export type Pending<T> = T | Promise<T>

/** `next` at once where the answer is known. */
export function andThen<T, U>(answer: Pending<T>, next: (answer: T) => Pending<U>): Pending<U> {
  return answer instanceof Promise ? answer.then(next) : next(answer)
}
