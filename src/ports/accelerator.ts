// What may stand beside the store, make it quicker, and be gone at any time?
import type { Logger } from './logger.ts'
import type { SessionCache } from './session-cache.ts'
import type { Store } from './store.ts'

/** The store as it is to be used, and what there is beside it. */
export interface Accelerated {
  /** Answers what the store alone would. `close` closes both. */
  readonly store: Store
  /** `null`: sessions are read from the database alone. */
  readonly sessionCache: SessionCache | null
}

/** Decides nothing of what lasts: with it gone everything goes on, a little slower. */
export interface Accelerator {
  /** Begins. Never rejects, and waits for a second at most: `logger` hears of what is not there. */
  attach(store: Store, logger: Logger): Promise<Accelerated>
}
