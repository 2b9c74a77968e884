// Which stores does one database carry?
import type { Expression } from 'kysely'
import type { Store } from '../../ports/store.ts'
import type { Database } from './connection.ts'
import { createRevocationLog } from './revocation-log.ts'
import { createSessionStore } from './session-store.ts'
import { createUserStore } from './user-store.ts'

/** What a store consists of. */
export type Stores = Omit<Store, 'close'>

/** `now` judges ages and times. */
export function createStores(database: Database, now: Expression<number>): Stores {
  return {
    audit: missing('audit'),
    users: createUserStore(database, now),
    oneTimeTokens: missing('oneTimeTokens'),
    sessions: createSessionStore(database, now),
    sessionData: missing('sessionData'),
    revocations: createRevocationLog(database, now),
    outbox: missing('outbox'),
    limits: missing('limits'),
    knownNetworks: missing('knownNetworks'),
  }
}

/** Until it is written. */
function missing<Part extends keyof Stores>(part: Part): Stores[Part] {
  return new Proxy({} as Stores[Part], {
    get: () => () => Promise.reject(new Error(`lockjar: the PostgreSQL driver has no ${part} yet`)),
  })
}
