// What does the rest of the code know about the configuration? Everything, total and frozen.
import type { AccessTokenPolicy } from '../core/access-token/claims.ts'
import type { CookieChoices } from '../core/cookie/policy.ts'
import type { KeyPairAlgorithm, SecretAlgorithm } from '../core/keys/algorithms.ts'
import type { KeySource } from '../core/keys/import.ts'
import type { MailRecipient, MailTemplates } from '../core/mail/letter.ts'
import type { SmtpServer } from '../core/mail/smtp.ts'
import type { TrustedProxies } from '../core/network/client-address.ts'
import type { Argon2Cost } from '../core/password/kdf.ts'
import type { PasswordPolicy } from '../core/password/policy.ts'
import type { Budgets } from '../core/rate-limit/budget.ts'
import type { SessionTimeouts } from '../core/session/session.ts'

/** Where the keys of access tokens come from. */
export type SigningChoice =
  | { readonly from: 'secret'; readonly algorithm: SecretAlgorithm }
  | { readonly from: 'keys'; readonly algorithm: KeyPairAlgorithm; readonly keys: readonly KeySource[] }
  /** A secret that another service has too, used as it is. */
  | { readonly from: 'shared'; readonly secret: Uint8Array<ArrayBuffer> }

/** A kind of link: the path of the page that it opens, and how long it is good, in milliseconds. */
export interface LinkConfig {
  readonly path: string
  readonly lifetime: number
}

export type Links = Readonly<Record<'verify' | 'reset' | 'changeEmail', LinkConfig>>

/** What an application may see of it: nothing that is a secret, so that it can be logged. */
export type PublicConfig = Omit<Config, 'secrets' | 'auditSecrets' | 'peppers' | 'signing' | 'smtp'>

/** Durations in milliseconds. */
export interface Config {
  /** The application's own origin. */
  readonly origin: string
  readonly hostname: string
  /** Host and port, as the `Host` header must say it. */
  readonly host: string
  readonly secure: boolean
  readonly basePath: string
  /** Empty where none was configured. */
  readonly secrets: readonly Uint8Array<ArrayBuffer>[]
  /** Of the audit log: the first chains, all verify. Never empty where `secrets` is not. */
  readonly auditSecrets: readonly Uint8Array<ArrayBuffer>[]
  readonly trustedOrigins: ReadonlySet<string>
  readonly csrf: 'auto' | 'token'
  readonly strategy: 'jwt' | 'opaque'
  readonly registration: 'open' | 'verified' | 'closed'
  readonly links: Links
  readonly accessToken: AccessTokenPolicy
  readonly signing: SigningChoice
  readonly refreshGrace: number
  /** Live sessions of one user; one more ends the one seen longest ago. */
  readonly sessionsPerUser: number
  /** Tokens that a process keeps as verified. */
  readonly cacheSize: number
  readonly timeouts: { readonly plain: SessionTimeouts; readonly remembered: SessionTimeouts }
  readonly sessionData: { readonly store: 'server' | 'sealed'; readonly idleTimeout: number }
  readonly cookies: CookieChoices
  readonly password: PasswordPolicy
  /** The first goes into new hashes; empty where none was configured. */
  readonly peppers: readonly Uint8Array[]
  readonly argon2: Argon2Cost
  readonly trustedProxies: TrustedProxies
  /** `null`: nothing is limited. */
  readonly budgets: Budgets | null
  /** `retention` is `null` where events are kept for ever. */
  readonly audit: { readonly retention: number | null }
  readonly mail: MailConfig
  /** Its password is in it. `null` where none was configured. */
  readonly smtp: SmtpServer | null
  /** As it is to be shown; compared without regard to case (RFC 9110 section 11.1). */
  readonly authorizationScheme: string
  /** In lower case. */
  readonly authorizationHeader: string
}

/** How mails are written, and by whom. */
export interface MailConfig {
  readonly from: { readonly name: string; readonly address: string }
  readonly appName: string
  readonly language: (recipient: MailRecipient) => string | Promise<string>
  readonly templates: MailTemplates
}
