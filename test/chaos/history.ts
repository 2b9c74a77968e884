// What is written down of a storm, so that it can be judged afterwards?

export type Kind =
  | 'register'
  | 'login'
  | 'refresh'
  | 'logout'
  | 'logout-all'
  | 'revoke'
  | 'revoke-others'
  | 'change-password'
  | 'set-roles'
  /** Reads the account and the session. */
  | 'me'
  /** A route of the application, behind `auth.protect`: reads nothing. */
  | 'verify'

/**
 * `ok`: acknowledged. `failed`: refused by the server, for a reason that it names. `unknown`: no answer, one that was cut off, or
 * 503, of which nobody can say how far the work had come.
 */
export type Outcome = 'ok' | 'failed' | 'unknown'

/** A refresh token, without being one. */
export interface TokenPrint {
  readonly generation: number
  /** The beginning of its SHA-256. */
  readonly hash: string
}

/** One request, or one order to a node. Every instant is in milliseconds of the one monotonic clock of the driving process. */
export interface Operation {
  readonly id: number
  readonly kind: Kind
  /** `storm`: while faults are injected. `end`: all is whole again, and what was promised is asked for. */
  readonly phase: 'storm' | 'end'
  readonly node: number
  /** How many times the node had been started again. */
  readonly life: number
  /** A number in place of an address. */
  readonly user: string
  /** Before it was sent. */
  readonly start: number
  /** After the answer had arrived whole, or was given up. */
  readonly end: number
  /**
   * After this the node can have begun nothing more of it: `end` where it answered; else when the node said that it was done with it, or
   * was killed; `Infinity` where that was never learnt.
   */
  readonly until: number
  readonly outcome: Outcome
  /** `null`: none arrived. */
  readonly status: number | null
  /** Of a refusal. */
  readonly code: string | null
  /** Seconds, as the answer said; `null` where it did not. */
  readonly retryAfter: number | null
  /** Id of the session whose credentials were shown. */
  readonly session: string | null
  /** They were a copy that somebody had kept, not those that the browser holds. */
  readonly stolen: boolean
  /** Id of the session that was to end. */
  readonly target: string | null
  /** Id of the session that the answer began. */
  readonly begun: string | null
  /** The refresh token that was shown, and the one that was in the answer. */
  readonly shown: TokenPrint | null
  readonly given: TokenPrint | null
  /** Which password was tried, or written: each that is written is another. */
  readonly password: string | null
  /** Which roles were written, or seen. */
  readonly roles: string | null
}

export type FaultKind =
  | 'kill'
  | 'pause'
  | 'database stopped'
  | 'database killed'
  | 'database locked'
  | 'database cut'
  | 'database stalled'
  | 'database half-open'
  | 'redis gone'
  | 'redis flushed'
  | 'redis stalled'
  | 'hints lost'

export interface Fault {
  readonly kind: FaultKind
  /** `null`: it met all. */
  readonly node: number | null
  /** Of a pause: when the process was seen to have stopped. */
  readonly start: number
  /** Of a pause: just before it was told to go on. */
  readonly end: number
}

/** A node that ended without having been told to. */
export interface Exit {
  readonly node: number
  readonly at: number
  readonly code: number | string | null
}

export interface History {
  readonly seed: number
  readonly nodes: number
  readonly operations: readonly Operation[]
  readonly faults: readonly Fault[]
  readonly exits: readonly Exit[]
}

/** One line of JSON each, for whoever wants to ask more of it. */
export function* toLines({ seed, nodes, operations, faults, exits }: History): Generator<string> {
  yield JSON.stringify({ seed, nodes })
  for (const fault of faults) yield JSON.stringify({ fault })
  for (const exit of exits) yield JSON.stringify({ exit })
  for (const operation of operations) yield JSON.stringify(operation)
}
