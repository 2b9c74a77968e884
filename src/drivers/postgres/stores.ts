// Which stores does one database carry?
import type { Expression } from 'kysely'
import type { Store } from '../../ports/store.ts'
import { createAuditLog } from './audit-log.ts'
import type { Database } from './connection.ts'
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

/** `now` judges ages and times. */
export function createStores(database: Database, now: Expression<number>): Stores {
  return {
    audit: createAuditLog(database),
    users: createUserStore(database, now),
    oneTimeTokens: createOneTimeTokenStore(database, now),
    sessions: createSessionStore(database, now),
    sessionData: createSessionDataStore(database, now),
    revocations: createRevocationLog(database, now),
    outbox: createOutbox(database, now),
    limits: createRateLimiter(database, now),
    knownNetworks: createKnownNetworks(database, now),
  }
}
