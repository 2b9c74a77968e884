// Which operations, and at which process each?
import type { OperationName, Placed } from './operations.ts'

/** An operation is taken at most as often as it stands here. */
export const CHOICE: readonly OperationName[] = [
  'refresh',
  'refresh',
  'logout',
  'revoke',
  'disable',
  'end all',
  'lost response',
  'use',
  'restart',
  'reuse',
]

/** Every set of `size` operations out of the choice. */
export function sets(size: number, from: readonly OperationName[]): readonly (readonly OperationName[])[] {
  const found = new Map<string, readonly OperationName[]>()
  const pick = (chosen: readonly OperationName[], rest: readonly OperationName[]): void => {
    if (chosen.length === size) found.set(chosen.join(), chosen)
    else for (const [index, name] of rest.entries()) pick([...chosen, name], rest.slice(index + 1))
  }
  pick([], from)
  return [...found.values()]
}

/** Every way to give each operation one of two processes. Where these are alike, the first operation is at the first. */
export function placements(names: readonly OperationName[], alike: boolean): readonly (readonly Placed[])[] {
  const found = new Map<string, readonly Placed[]>()
  for (let bits = 0; bits < 2 ** names.length; bits += alike ? 2 : 1) {
    const placed = names.map((name, index) => ({ name, node: (bits >> index) & 1 }))
    const text = placed
      .map(({ name, node }) => `${name} ${node}`)
      .sort()
      .join()
    found.set(text, placed)
  }
  return [...found.values()]
}

/** What may happen by itself besides, once, at any point. */
export const WEATHERS: readonly (readonly Placed[])[] = [
  [{ name: 'five seconds pass', node: 0 }],
  [{ name: 'the bound passes', node: 0 }],
  [{ name: 'the grace passes', node: 0 }],
  [{ name: 'timers run', node: 0 }],
  [{ name: 'timers run', node: 1 }],
]

/** The opaque strategy has no rotation: no answer of it can be lost to any harm, and no token is used up. */
export const OPAQUE_CHOICE: readonly OperationName[] = CHOICE.filter(
  (name) => name !== 'lost response' && name !== 'reuse',
).concat('use')
