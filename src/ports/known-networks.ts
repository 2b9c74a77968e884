// From where has a user proved before who they are?

/**
 * A resolved promise means durable. Every method is one atomic command. A store that cannot be reached rejects with
 * `AuthError('unavailable')`.
 */
export interface KnownNetworks {
  /** Whether `remember` was told of it in the last 90 days, and of not more than 49 others since. */
  knows(userId: string, networkHash: string): Promise<boolean>
  remember(userId: string, networkHash: string): Promise<void>
  /** All of one user: whoever was at home may have been somebody else. */
  forget(userId: string): Promise<void>
  /** Removes at most `limit` that nobody has been at for 90 days. Answers how many. */
  prune(limit: number): Promise<number>
}
