// Which orders of steps cannot be told apart? Of each kind one is tried.
import type { Gate } from './gates.ts'
import type { OperationName, Placed } from './operations.ts'
import type { World } from './world.ts'

/** Operations that read or write the jar of the owner's browser after their first step. */
const SHARE_THE_JAR: ReadonlySet<string> = new Set<OperationName>(['refresh', 'logout', 'lost response'])
const CLOCKS: ReadonlySet<string> = new Set(['five seconds pass', 'the bound passes', 'the grace passes'])

/**
 * A step that commutes with everything that the others may still do is taken at once, and alone (a persistent set of one):
 *
 * - reading the user, where nobody will write users;
 * - a refresh's look at the row of a session that has ended, for an ended row stays as it is;
 * - the arrival of an answer, where it holds no cookie or nobody else will read or write the jar;
 * - the sending of a request that reads no shared jar, and from the memory of its process only what nobody will change;
 *
 * each where nobody will move the clock or kill the process on the way.
 *
 * And two operations that are the same, at the same process, and have not begun, are interchangeable: the first goes first.
 */
export function reduce(enabled: readonly Gate[], world: World, set: readonly Placed[]): readonly Gate[] {
  const alone = enabled.find((gate) => commutes(gate, world, set))
  return alone ? [alone] : enabled.filter(({ actor }) => !hasTwinBefore(actor, world, set))
}

function commutes({ actor, label }: Gate, world: World, set: readonly Placed[]): boolean {
  const others = set
    .map((placed, index) => ({
      ...placed,
      begun: world.begun.has(index),
      over: world.actor(index).stage === 'over',
      index,
    }))
    .filter(({ index, over }) => index !== actor && !over)
  const none = (found: (other: Placed & { begun: boolean }) => boolean): boolean => !others.some(found)
  const timeless = none(({ name }) => CLOCKS.has(name))
  if (label === 'answer []') return timeless

  const calm =
    timeless && none(({ name, begun, node }) => name === 'restart' && !begun && node === set[actor]?.node)
  if (label === 'users.find') return calm && none(writesUsers)
  if (label === 'send reuse' || label === 'ask for the end of all') return calm
  if (label === 'send revoke') return calm && none(writesUsers)
  if (label === 'sessions.swap' || label === 'sessions.find') {
    return calm && world.row.revokedAt !== null && none(({ name }) => name === 'timers run')
  }
  return (
    label.startsWith('answer') &&
    timeless &&
    none(({ name, begun }) => SHARE_THE_JAR.has(name) || (name === 'use' && !begun))
  )
}

const writesUsers = ({ name }: Placed): boolean => name === 'disable' || name === 'end all'

function hasTwinBefore(actor: number, { begun }: World, set: readonly Placed[]): boolean {
  if (begun.has(actor)) return false
  const { name, node } = set[actor] ?? {}
  return set.some(
    (other, index) => index < actor && !begun.has(index) && other.name === name && other.node === node,
  )
}
