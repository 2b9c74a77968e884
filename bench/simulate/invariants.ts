// What must never happen, whatever else does? Six sentences, and how their breach is told.

/** Milliseconds (DESIGN, promises 2 and 3). */
export const STALENESS = 2000
export const GRACE = 10_000
/** The role that comes and goes. */
export const ADMIN = 'admin'

export const INVARIANTS = {
  ended:
    'nothing of an ended session is accepted: at once by the process that said so, by every other after the staleness bound',
  owner: 'a session that nobody attacked and nobody ended goes on, whatever is raced, lost or slow',
  reuse: 'a used refresh token whose successor was seen is refused, and ends its session',
  lineage:
    'a session has one lineage: its generation rises, whatever is handed out is of the row, and what was burned is never served',
  roles: 'a role that was taken away counts nowhere after the staleness bound',
  ready: 'a process accepts nothing before it has read the whole revocation log',
} as const

export type InvariantName = keyof typeof INVARIANTS

export class Breach extends Error {
  readonly invariant: InvariantName
  readonly session: string | null
  readonly nodes: readonly number[]
  /** True time from which the trace is of interest. */
  readonly since: number

  constructor(
    invariant: InvariantName,
    what: string,
    {
      session = null,
      nodes = [],
      since = 0,
    }: { session?: string | null; nodes?: readonly number[]; since?: number },
  ) {
    super(`${INVARIANTS[invariant]}: but ${what}`)
    this.invariant = invariant
    this.session = session
    this.nodes = nodes
    this.since = since
  }
}
