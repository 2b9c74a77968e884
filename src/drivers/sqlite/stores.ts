// Which stores does one connection carry?
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import { createAuditLog } from './audit-log.ts'
import type { Connection } from './connection.ts'
import { createKnownNetworks } from './known-networks.ts'
import { createOneTimeTokenStore } from './one-time-token-store.ts'
import { createOutbox } from './outbox.ts'
import { createRateLimiter } from './rate-limiter.ts'
import { createRevocationLog } from './revocation-log.ts'
import { createSessionDataStore } from './session-data-store.ts'
import { createSessionStore } from './session-store.ts'
import { createUserStore } from './user-store.ts'

/** What a store consists of. */
export type Stores = Omit<Store, 'close'>

/** The same on the main thread, for reads, and in the writer thread. `clock` judges ages and times. */
export function createStores(connection: Connection, clock: Pick<Clock, 'now'>): Stores {
  const revocations = createRevocationLog(connection, clock)
  return {
    audit: createAuditLog(connection),
    users: createUserStore(connection, clock, revocations),
    oneTimeTokens: createOneTimeTokenStore(connection, clock),
    sessions: createSessionStore(connection, clock, revocations),
    sessionData: createSessionDataStore(connection, clock),
    revocations,
    outbox: createOutbox(connection, clock),
    limits: createRateLimiter(connection, clock),
    knownNetworks: createKnownNetworks(connection, clock),
  }
}
