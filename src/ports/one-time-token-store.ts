// How are the one-time tokens of links kept, and what does each do to its user, once?
import type { OneTimeTokenRecord } from '../core/one-time-token/token.ts'
import type { UserRecord } from '../core/user/user.ts'
import type { UserWrite } from './user-store.ts'

export interface NewOneTimeToken extends Omit<OneTimeTokenRecord, 'createdAt' | 'expiresAt'> {
  /** Milliseconds. */
  readonly lifetime: number
  /** Live ones of this purpose that its user, or for want of one its address, may have; the oldest go. */
  readonly most: number
}

export interface OneTimeTokenRead {
  readonly token: OneTimeTokenRecord
  /** Whose it is; of a registration: who has its address by now. */
  readonly user: UserRecord | null
}

/** A registration that is completed. */
export interface Completion {
  /** Of the user that comes to be, where there is none yet. */
  readonly id: string
  /**
   * `null`: the browser that registered has opened the link, and what it registered with holds. Otherwise only the address is
   * known to be right: this becomes the password, and the profile is dropped.
   */
  readonly passwordHash: string | null
}

/**
 * Shares commands with `UserStore`, and so is kept where users are. A resolved promise means durable; every method is one
 * atomic command, judged by the store's clock. Those that use a token delete it, and every other of its user or
 * registration unless nothing but the proof of an address is written, in the transaction that writes the user: of any number of
 * concurrent callers with one token exactly one succeeds. `null`: the token is not there, has expired, is of another purpose, or `fitsUser` says no; the user is as before. A
 * store that cannot be reached rejects with `AuthError('unavailable')`.
 */
export interface OneTimeTokenStore {
  issue(token: NewOneTimeToken): Promise<void>
  /** Changes nothing. `null` as for the others, but for the purpose. */
  find(tokenHash: string): Promise<OneTimeTokenRead | null>
  /**
   * A user with the address proved; one who has it unproved is taken over, as by a new password. A user name that is taken by now
   * is left out.
   */
  completeRegistration(tokenHash: string, completion: Completion): Promise<UserRecord | null>
  /** Marks the address as proved; with a hash also as `resetPassword` does. */
  verifyEmail(tokenHash: string, passwordHash: string | null): Promise<UserRecord | null>
  /** Sets the hash, raises the revision, marks the address as proved. The profile of a registration unproved till then is dropped. */
  resetPassword(tokenHash: string, passwordHash: string): Promise<UserRecord | null>
  /** The address becomes the new one, proved, and the revision rises; where somebody else has it by now, the token is used up all the same. */
  changeEmail(tokenHash: string): Promise<UserWrite | null>
  /** Removes at most `limit` that have expired. Answers how many. */
  prune(limit: number): Promise<number>
}
