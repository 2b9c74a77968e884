// How is a history made up, to see what the checker says of it?
import type { Exit, Fault, History, Kind, Operation } from './history.ts'

export type Told = Partial<Omit<Operation, 'shown' | 'given'>> & {
  /** Generations; their hashes follow from them. */
  readonly shown?: number
  readonly given?: number | { readonly generation: number; readonly hash: string }
}

/** The status of a refusal, by its code. */
const STATUS: Readonly<Record<string, number>> = { conflict: 409, not_found: 404, forbidden: 403 }

const print = (given: NonNullable<Told['given']>): Operation['given'] =>
  typeof given === 'number' ? { generation: given, hash: `hash ${given}` } : given

/** `start` and `end` in seconds. An operation with a `code` has failed; one that is said to be `unknown` has no answer. */
export function tell(kind: Kind, start: number, end: number, told: Told = {}): Operation {
  const { shown, given, code = null, ...facts } = told
  const outcome = facts.outcome ?? (code === null ? 'ok' : 'failed')
  const status = outcome === 'unknown' ? null : code === null ? 200 : (STATUS[code] ?? 401)
  return {
    id: 0,
    kind,
    phase: 'storm',
    node: 0,
    life: 0,
    user: 'ada',
    retryAfter: null,
    session: null,
    stolen: false,
    target: null,
    begun: null,
    password: null,
    roles: null,
    status,
    ...facts,
    start: start * 1000,
    end: end * 1000,
    until: facts.until === undefined ? end * 1000 : facts.until * 1000,
    outcome,
    code,
    shown: shown === undefined ? null : print(shown),
    given: given === undefined ? null : print(given),
  }
}

export const pauseOf = (node: number, start: number, end: number): Fault => ({
  kind: 'pause',
  node,
  start: start * 1000,
  end: end * 1000,
})

export function historyOf(
  operations: readonly Operation[],
  { faults = [], exits = [] }: { readonly faults?: readonly Fault[]; readonly exits?: readonly Exit[] } = {},
): History {
  return { seed: 0, nodes: 3, operations: operations.map((each, id) => ({ ...each, id })), faults, exits }
}
