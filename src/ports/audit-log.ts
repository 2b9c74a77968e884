// How is kept, so that nobody changes it unseen, what has happened?
import type { AuditAnchor, AuditEntry, AuditHead, AuditKey, AuditRow } from '../core/audit/chain.ts'

/** Left out: everything. */
export interface AuditFilter {
  readonly user?: string | undefined
  readonly event?: string | undefined
  /** Milliseconds, inclusive. */
  readonly since?: number | undefined
  /** Milliseconds, exclusive. */
  readonly until?: number | undefined
}

/** A place in the order of time, in which the id decides between rows of one instant. */
export interface AuditPlace {
  readonly at: number
  readonly id: number
}

export interface AuditPage extends AuditFilter {
  readonly order: 'oldest-first' | 'newest-first'
  /** Begins behind this row, in the order that is asked for. It need not be there any more. */
  readonly after: AuditPlace | null
  readonly limit: number
}

/** Both ends of the chain as it is. */
export interface AuditEnds {
  readonly anchor: AuditAnchor | null
  /** The newest row; where there is none, the anchor, or the beginning. */
  readonly head: AuditHead
  /** The highest id that was ever given. Higher than the head's: rows are missing at the end. */
  readonly lastId: number
}

/** Newest first; never empty. */
export type AuditKeyList = readonly [AuditKey, ...AuditKey[]]

export interface AuditPruned {
  /** How many rows are gone. */
  readonly removed: number
  /** The id of the anchor or row that does not fit, so that nothing was removed; `null`: all fitted. */
  readonly unfit: number | null
}

/**
 * Rows are appended and read; nothing changes one, and only `prune` removes any. A resolved promise means durable. Every method is
 * atomic by itself. A store that cannot be reached rejects with `AuthError('unavailable')`.
 */
export interface AuditLog {
  /**
   * Appends in the order given, all or none. The hash of each row covers the row and the hash before it, whoever appended that:
   * of any number of concurrent callers, in any number of processes, each continues where another ended. Answers the new head.
   */
  append(entries: readonly AuditEntry[], key: AuditKey): Promise<AuditHead>
  /** In the order of time. Costs as much as it answers, with one filter; two of them are tried row by row. */
  page(query: AuditPage): Promise<readonly AuditRow[]>
  /** In the order of ids, as the chain goes: at most `limit` rows whose id is above `after`. */
  chain(after: number, limit: number): Promise<readonly AuditRow[]>
  ends(): Promise<AuditEnds>
  /**
   * Removes at most `limit` rows from the old end, as far as they are from before `before`, and moves the anchor with them. A row
   * that is newer protects all behind it. First the anchor and exactly those rows are verified, under whichever of the keys each
   * names: where one does not fit, none is removed. The first key makes the new anchor.
   */
  prune(before: number, limit: number, keys: AuditKeyList): Promise<AuditPruned>
}
