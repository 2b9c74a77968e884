// What is true of a session and of a user, as only somebody knows who sees everything?

/** When somebody was told that it is over, and by which process. */
export interface Told {
  readonly at: number
  readonly node: number
  readonly life: number
}

/** All that is true of a session. */
export interface Subject {
  readonly id: string
  readonly userId: string
  readonly createdAt: number
  /** The last access token that was made for it, whoever received it. */
  token: string
  /** The last one that its owner received. One that nobody has received must not be shown: it would seem to have arrived. */
  held: string
  endBegun: boolean
  ended: Told | null
  attacked: boolean
  /** The database went back to a time at which the session was another one, or none. */
  lost: boolean
  readonly burned: Set<number>
  /** By the generation that was exchanged. */
  readonly rotatedAt: Map<number, number>
  /** The newest generation of which the database knows that somebody has it, and since when each. */
  readonly confirmedAt: Map<number, number>
  /** When a node first accepted a token of a generation. */
  readonly seenAt: Map<number, number>
  /** When the legitimate refreshes that are under way were sent. */
  readonly underWay: Set<{ readonly since: number }>
  /**
   * One was under way for longer than the grace, or while what it showed was overtaken, or was answered with what had been burned
   * meanwhile: the limits that the threat model names.
   */
  slow: boolean
}

export interface Person {
  /** As the database has it. */
  isAdmin: boolean
  /** Somebody was told that the role is gone. */
  lowered: Told | null
}

export function createSubject(id: string, userId: string, createdAt: number): Subject {
  return {
    id,
    userId,
    createdAt,
    token: '',
    held: '',
    endBegun: false,
    ended: null,
    attacked: false,
    lost: false,
    burned: new Set(),
    rotatedAt: new Map(),
    confirmedAt: new Map(),
    seenAt: new Map(),
    underWay: new Set(),
    slow: false,
  }
}
