// How are sessions kept?
import type { Floor } from '../core/revocation/floors.ts'
import type { Swap } from '../core/session/rotation.ts'
import type {
  Carriage,
  NewSession,
  NextGeneration,
  RevokedReason,
  SessionRecord,
} from '../core/session/session.ts'

/** A row as it was at an instant of the store's clock, by which its ages are to be judged. */
export interface SessionRead {
  readonly session: SessionRecord
  readonly now: number
}

/** What a revocation wrote to the revocation log, for the node that asked to apply at once. */
export interface Revocation {
  /** Sessions that were live and now are not. */
  readonly count: number
  readonly floors: readonly Floor[]
}

/** Of one session. `userId`: whose it was, `null` where none has ended. */
export interface OneRevocation extends Revocation {
  readonly userId: string | null
}

export interface RevocationOfMany extends Revocation {
  /** The id after which to go on; `null` when none is left. */
  readonly last: string | null
}

export interface Confirmation {
  readonly sessionId: string
  readonly generation: number
}

/** Milliseconds, by whether the row says `remember`: the caller has not read the row. */
export interface IdleTimeout {
  readonly plain: number
  readonly remembered: number
}

export interface SwapCommand {
  readonly id: string
  readonly nonceHash: string
  readonly carriage: Carriage
  readonly swap: Swap
  readonly idleTimeout: IdleTimeout
}

/** The generation that a proof begins, where a new token goes with it. */
export interface ProofMove extends NextGeneration {
  readonly from: number
}

export interface Proof {
  readonly session: SessionRecord
  /** Of the tokens before the new generation. */
  readonly floors: readonly Floor[]
}

/**
 * A resolved promise means durable. Every method is one atomic command; what revokes also writes the revocation log
 * in the same transaction. A store that cannot be reached rejects with `AuthError('unavailable')`.
 */
export interface SessionStore {
  /**
   * Also revokes those of `replaces`, sessions that the same browser carried, that are live; and of the user's others the ones
   * seen longest ago, where more than `most` would be live.
   */
  create(
    session: NewSession,
    replaces: readonly string[],
    most?: number,
  ): Promise<{ readonly session: SessionRecord } & Revocation>
  find(id: string): Promise<SessionRead | null>
  /** Those of at most 500 that there are, live or not, in any order. */
  findAll(
    ids: readonly string[],
  ): Promise<{ readonly sessions: readonly SessionRecord[]; readonly now: number }>
  /**
   * Moves to `swap.to` if and only if the row still says `swap.from` and what the swap asks of it, nonce and carriage are
   * right and the session is live by the store's clock; extends the idle timeout, never past the absolute one. Of any number of concurrent callers with one `from`, exactly one receives
   * the new row; the others receive `null` and have changed nothing.
   */
  swap(command: SwapCommand): Promise<SessionRecord | null>
  /**
   * The user has just proved who they are: moves `authTime` to the store's clock and adds to `amr` those of `methods` that are
   * missing, if and only if the session is live and, where a generation is asked for, the row still says `move.from`; writes
   * that move's floor to the log. `null`: it is not so, and nothing has changed.
   */
  prove(id: string, methods: readonly string[], move: ProofMove | null): Promise<Proof | null>
  /**
   * Raises `confirmedGeneration`, never lowers it, and moves `lastSeenAt`; with an idle timeout also the idle end of sessions
   * that are live. Unknown sessions are passed over.
   */
  confirm(confirmations: readonly Confirmation[], idleTimeout: IdleTimeout | null): Promise<void>
  /** Live sessions, the one seen last first. */
  list(userId: string): Promise<{ readonly sessions: readonly SessionRecord[]; readonly now: number }>
  /** Ends one session: of `owner` only, or whoever has it where that is `null`. Count 0: it was not live, or not theirs. */
  revoke(id: string, owner: string | null, reason: RevokedReason): Promise<OneRevocation>
  revokeOthers(userId: string, keep: string, reason: RevokedReason): Promise<Revocation>
  /** Ends all, each with a floor of its own, and raises the user's floor to `revision`: `Infinity` for a user who is no more. */
  revokeAll(userId: string, revision: number, reason: RevokedReason): Promise<Revocation>
  /**
   * Ends at most `limit` live sessions, of whomever, by their ids after `after`, and raises the floor of everything: no token
   * issued before is accepted anywhere, whatever the rows know of its session. The last to end have floors of their own as well.
   */
  revokeEveryone(limit: number, after: string | null, reason: RevokedReason): Promise<RevocationOfMany>
  /** Removes at most `limit` rows that ended more than a day ago. Answers how many. */
  prune(limit: number): Promise<number>
}
