// Which contracts does one storage driver fulfil together?
import type { RevocationLog } from './revocation-log.ts'
import type { SessionStore } from './session-store.ts'
import type { UserStore } from './user-store.ts'

export interface Store {
  readonly users: UserStore
  readonly sessions: SessionStore
  readonly revocations: RevocationLog
  close(): Promise<void>
}
