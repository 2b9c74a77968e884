// What does every action work with?
import type { Config } from '../config/config.ts'
import type { RecordEvent } from '../core/audit/event.ts'
import type { KeyRing } from '../core/keys/ring.ts'
import type { SigningKeys } from '../core/keys/signing.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Random } from '../ports/random.ts'
import type { Store } from '../ports/store.ts'
import type { Confirmations } from '../state/confirmations.ts'
import type { KnownSessions } from '../state/known-sessions.ts'
import type { MailQueue } from '../state/mail-queue.ts'
import type { Revocations } from '../state/revocations.ts'
import type { VerifiedTokens } from '../state/verified-tokens.ts'

export interface Runtime {
  readonly config: Config
  /** Of refresh and CSRF tokens. */
  readonly ring: KeyRing
  /** Of access tokens. */
  readonly signing: SigningKeys
  readonly store: Store
  readonly hasher: PasswordHasher
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Tells of what has happened: log, audit and the application's hook. */
  readonly record: RecordEvent
  readonly mail: MailQueue
  readonly tokens: VerifiedTokens
  /** Of use with the opaque strategy only. */
  readonly knownSessions: KnownSessions
  readonly revocations: Revocations
  readonly confirmations: Confirmations
}
