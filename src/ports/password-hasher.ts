// How are passwords hashed and verified, off the event loop and within bounds?

export interface PasswordVerdict {
  readonly ok: boolean
  /** The password is right but its hash is weaker than one made now. */
  readonly mustRehash: boolean
}

/**
 * Every method rejects with `AuthError('unavailable')` and a `retryAfter`, at once and without work, when more is
 * waiting than the bound allows. `source` names who asks (a network address); waiting work is shared fairly by it.
 */
export interface PasswordHasher {
  /** A PHC string with a fresh salt. */
  hash(password: string, source: string): Promise<string>
  /** An unknown or damaged `hash` is never right, and costs what a right one costs. */
  verify(password: string, hash: string, source: string): Promise<PasswordVerdict>
  /** Spends what `verify` spends: for users who do not exist. */
  verifyAbsent(password: string, source: string): Promise<void>
  close(): Promise<void>
}
