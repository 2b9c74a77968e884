// How do floors travel from the node that revokes to all others?
import type { Floor } from '../core/revocation/floors.ts'

/** Opaque to the reader; `null` reads from the beginning. */
export type LogCursor = string | null

export interface LogPage {
  readonly floors: readonly Floor[]
  readonly cursor: LogCursor
}

export interface RevocationLog {
  /**
   * Every live line that a reader with this cursor has not seen. No line that was committed before the call is ever
   * passed over; a line may come twice.
   */
  read(after: LogCursor): Promise<LogPage>
  /**
   * Calls `heard` soon after somebody has perhaps written, until the returned function is called. Only hastens: one that is
   * lost costs a poll interval, and one for nothing a read. Left out: there is nothing faster than reading.
   */
  watch?(heard: () => void): () => void
  /**
   * Tells the others, soon, that this process has written: what `watch` hears, where the log itself does not say so. Nobody waits for
   * it, and it may be lost. Left out: there is nobody to be told, or the log does it.
   */
  announce?(): void
  /** Removes lines that have expired. */
  prune(): Promise<void>
}
