// How are passwords hashed and verified, off the event loop and within bounds?

export interface PasswordVerdict {
  readonly ok: boolean
  /** The password is right but its hash is weaker than one made now. */
  readonly mustRehash: boolean
}

/**
 * Every method rejects with `AuthError('unavailable')` and a `retryAfter`, at once and without work, when more is
 * waiting than the bound allows. `source` names who asks (a network); waiting work is shared fairly by it. Work that has not
 * begun when `signal` is aborted is given up, and rejects with the same.
 */
export interface PasswordHasher {
  /** A PHC string with a fresh salt. */
  hash(password: string, source: string, signal?: AbortSignal): Promise<string>
  /** An unknown or damaged `hash` is never right, and costs what a right one costs. */
  verify(password: string, hash: string, source: string, signal?: AbortSignal): Promise<PasswordVerdict>
  /** Spends what `verify` spends: for users who do not exist. */
  verifyAbsent(password: string, source: string, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}
