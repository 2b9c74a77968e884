// How is session data kept on the server?
import type { SessionRecord } from '../core/session/session.ts'

/** Whose request it is: what it shows, and the sign-in session as which it is authenticated, or `null`. */
export interface Holder {
  /** SHA-256 of the secret in its cookie, whose MAC is right. */
  readonly idHash: string
  readonly sessionId: string | null
}

/** A key and its value as JSON. */
export type DataEntry = readonly [key: string, json: string]

/** The session to which a container is bound; it says how long the browser should keep the cookie. */
export type BoundSession = Pick<SessionRecord, 'remember' | 'expiresAt'>

export interface ContainerRead {
  readonly entries: readonly DataEntry[]
  readonly bound: BoundSession | null
  /** Both by the store's clock. */
  readonly lastSeenAt: number
  readonly now: number
}

/** `ended`: the container was flushed or went over to another id within the last minute. `absent`: there is none for this holder. */
export type HolderVerdict = 'done' | 'ended' | 'absent'

export type WriteVerdict = HolderVerdict | 'too_many_keys' | 'too_large'

export interface WriteCommand extends Holder {
  readonly key: string
  /** `null`: removed. */
  readonly json: string | null
  /** Milliseconds. */
  readonly idleTimeout: number
}

export interface AdoptCommand {
  readonly from: string
  readonly to: string
  /** The session that has just begun, and its user. */
  readonly sessionId: string
  readonly userId: string
  readonly idleTimeout: number
}

/**
 * A resolved promise means durable. Every method is one atomic command. Which container a holder may use is
 * `containerState` in `core/session-data/container.ts`, judged with the bound session's row as it is then. A store that
 * cannot be reached rejects with `AuthError('unavailable')`.
 */
export interface SessionDataStore {
  /** Every entry, in the order of the keys. `null`: there is no container for this holder. */
  read(holder: Holder): Promise<ContainerRead | null>
  /**
   * Writes one key of an open container and counts as use of it. Limits are judged with the write: of any number of concurrent
   * writers of different keys each is written, or learns which limit it would break; of one key, the last one stays.
   */
  write(command: WriteCommand): Promise<WriteVerdict>
  /**
   * A new container with its first entry, bound to `sessionId` if that is given. `null`, and nothing written, where that
   * session is not live. The id is new: nobody has shown it before.
   */
  begin(
    command: WriteCommand & { readonly json: string },
  ): Promise<{ readonly bound: BoundSession | null } | null>
  /** An open container has been used. Others are passed over. */
  touch(holder: Holder & { readonly idleTimeout: number }): Promise<void>
  /** An open container goes over to the id `to`, data and binding with it. Of concurrent callers exactly one is `done`. */
  rotate(holder: Holder & { readonly to: string }): Promise<HolderVerdict>
  /**
   * Somebody has signed in. Ends the container `from`, whoever's it was; where it was a visitor's or the same user's, its data
   * goes over to `to`, bound to the new session: `done`. `ended`: another sign-in has just taken it along.
   */
  adopt(command: AdoptCommand): Promise<HolderVerdict>
  /** Ends a container and removes its data, whoever asks: showing its id is enough. */
  end(idHash: string): Promise<HolderVerdict>
  /** Removes at most `limit` containers that nobody can use any more. Answers how many. */
  prune(limit: number): Promise<number>
}
