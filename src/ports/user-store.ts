// How are users kept?
import type { Floor } from '../core/revocation/floors.ts'
import type { UserPage, UserQuery } from '../core/user/page.ts'
import type { UserRecord } from '../core/user/user.ts'

export interface NewUser {
  readonly id: string
  readonly email: string
  /** Unique. */
  readonly emailKey: string
  readonly username: string | null
  /** Unique where not null. */
  readonly usernameKey: string | null
  readonly name: string | null
  readonly passwordHash: string | null
  readonly roles: readonly string[]
  /**
   * Somebody registered it themselves, and nobody has proved the address: whoever proves it from elsewhere takes the account
   * without its profile. Default false.
   */
  readonly selfRegistered?: boolean
  /** Somebody vouches for the address: an administrator, the installation that a user comes from. Default false. */
  readonly emailVerified?: boolean
  /** Default false. */
  readonly disabled?: boolean
  /** Milliseconds since 1970, of an account that is older than its row. Left out: now, by the store's clock. */
  readonly createdAt?: number
}

/** Left out: unchanged. */
export interface ProfileChange {
  readonly name?: string | null
  readonly username?: { readonly text: string; readonly key: string } | null
}

export type UserWrite =
  | { readonly ok: true; readonly user: UserRecord }
  | { readonly ok: false; readonly taken: 'email' | 'username' }

/** What became of one of many. `exists`: somebody has this address already, and is as before. */
export type Creation = 'created' | 'exists' | 'username_taken'

/** What keeps a command from taking a role from the last who has it. */
export interface KeepOne {
  /** Where nobody else who is enabled and has a password has this role: `'last'`, and nothing written. */
  readonly keepOne: string
}

/**
 * A resolved promise means durable. Every method is atomic by itself. A store that cannot be reached rejects with
 * `AuthError('unavailable')`; it never answers `null` instead.
 */
export interface UserStore {
  /** Of two that create one e-mail or username at once, exactly one succeeds; the other learns which was taken. */
  create(user: NewUser): Promise<UserWrite>
  /**
   * Creates those of at most 1000 whose address and user name are free, in this order, in one transaction; says of each what
   * became of it, in the same order.
   */
  createMany(users: readonly NewUser[]): Promise<readonly Creation[]>
  find(id: string): Promise<UserRecord | null>
  /** A page of at most `limit`, with `next` where there may be more. Bounded by `MOST_LOOKED_AT`, however many users there are. */
  list(query: UserQuery): Promise<UserPage>
  findByEmail(emailKey: string): Promise<UserRecord | null>
  findByUsername(usernameKey: string): Promise<UserRecord | null>
  /** `null`: there is no such user. */
  updateProfile(id: string, change: ProfileChange): Promise<UserWrite | null>
  /** Compare-and-swap: false, and nothing written, unless the hash still is `from`. The password stays the same one. */
  replaceHash(id: string, from: string, to: string): Promise<boolean>
  recordLogin(id: string): Promise<void>
  /**
   * Also raises `revision`, and writes the user's new floor to the revocation log, in one transaction: at no time are there
   * tokens with the old roles that nobody refuses, or new ones that nobody accepts. `null`: there is no such user.
   */
  setRoles(
    id: string,
    roles: readonly string[],
    unless?: KeepOne,
  ): Promise<{ readonly user: UserRecord; readonly floors: readonly Floor[] } | 'last' | null>
  /**
   * Also raises `revision`, and removes the user's one-time tokens, in one transaction, as the next does. `null`: there is no such
   * user.
   */
  setDisabled(id: string, disabled: boolean, unless?: KeepOne): Promise<UserRecord | 'last' | null>
  /**
   * Compare-and-swap: `null`, and nothing written, unless the user's revision still is `revision`. So of two changes at once one
   * is written, and no change of a password that was verified overwrites a newer one.
   */
  setPassword(id: string, revision: number, hash: string): Promise<UserRecord | null>
  /** Raises `revision` by one and answers the new one; `null`: there is no such user. */
  raiseRevision(id: string): Promise<number | null>
  /** Removes their one-time tokens, too. Whether there was one to delete. */
  delete(id: string, unless?: KeepOne): Promise<boolean | 'last'>
}
