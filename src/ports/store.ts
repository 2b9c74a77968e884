// Which contracts does one storage driver fulfil together?
import type { AuditLog } from './audit-log.ts'

import type { KnownNetworks } from './known-networks.ts'
import type { OneTimeTokenStore } from './one-time-token-store.ts'
import type { Outbox } from './outbox.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { RevocationLog } from './revocation-log.ts'
import type { SessionDataStore } from './session-data-store.ts'
import type { SessionStore } from './session-store.ts'
import type { UserStore } from './user-store.ts'

export interface Store {
  readonly audit: AuditLog
  readonly users: UserStore
  readonly oneTimeTokens: OneTimeTokenStore
  readonly sessions: SessionStore
  readonly sessionData: SessionDataStore
  readonly revocations: RevocationLog
  readonly outbox: Outbox
  readonly limits: RateLimiter
  readonly knownNetworks: KnownNetworks
  close(): Promise<void>
}
