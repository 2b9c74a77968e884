// Where do mails wait until they are sent, whatever becomes of the process?

/** Instants in milliseconds since 1970. */
export interface NewOutboxRow {
  readonly id: string
  /** What is to be sent, which only the key ring opens. */
  readonly sealed: string
  /** From when on it is of no use to anybody. */
  readonly endsAt: number
}

/** A row that its claimer has, until the lease ends. */
export interface ClaimedRow {
  readonly id: string
  readonly sealed: string
  /** When it was added, and the present, both by the store's clock. */
  readonly createdAt: number
  readonly now: number
  /** From when on it is of no use to anybody. */
  readonly endsAt: number
  /** Which claim of the row this is, from 1. Whoever lost the row to a later claim can do nothing to it. */
  readonly claim: number
}

type Hold = Pick<ClaimedRow, 'id' | 'claim'>

/**
 * A resolved promise means durable. Every method is one atomic command. A store that cannot be reached rejects with
 * `AuthError('unavailable')`.
 */
export interface Outbox {
  /** Due at once. False, and nothing written, where `most` rows or more are there already. */
  add(row: NewOutboxRow, most: number): Promise<boolean>
  /** Whether a row is due. */
  isDue(): Promise<boolean>
  /**
   * At most `limit` rows that are due, the one due first at the head; they are due again after `lease` milliseconds. Of any number
   * of concurrent callers each row goes to one.
   */
  claim(limit: number, lease: number): Promise<readonly ClaimedRow[]>
  /** It is dealt with. False, and nothing removed, where the row is somebody else's by now. */
  remove(hold: Hold): Promise<boolean>
  /** Due again after `wait` milliseconds. False where the row is somebody else's by now. */
  postpone(hold: Hold, wait: number): Promise<boolean>
  /** Removes at most `limit` rows that ended more than an hour ago, in which somebody could have told of them. Answers how many. */
  prune(limit: number): Promise<number>
}
