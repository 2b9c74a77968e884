// Which events are there to be known afterwards, and what is said of each?
import type { Quota } from '../rate-limit/budget.ts'

/** As it is kept and told. Never renamed: people search for them years later. */
export type EventName =
  | 'audit.dropped'
  | 'user.registered'
  | 'user.created'
  | 'user.viewed'
  | 'users.listed'
  | 'users.imported'
  | 'user.roles_changed'
  | 'user.disabled'
  | 'user.enabled'
  | 'user.deleted'
  | 'session.created'
  | 'session.proved'
  | 'session.revoked'
  | 'session.revoked_all'
  | 'session.revoked_others'
  | 'session.revoked_everyone'
  | 'session.refresh_reuse'
  | 'session.generation_ahead'
  | 'login.failed'
  | 'proof.failed'
  | 'password.changed'
  | 'password.rehashed'
  | 'mail.sent'
  | 'mail.failed'
  | 'limit.hit'
  | 'password.reset_requested'
  | 'password.reset'
  | 'email.verified'
  | 'email.change_requested'
  | 'email.changed'
  | 'registration.requested'
  | 'admin.refused'

/**
 * What can happen as often as somebody likes, and is then kept with its number: the first of a minute each for itself, the others as one.
 * - `refused`: anybody can make it happen, with no more than a request. Counted by user and network, after three.
 * - `done`: a user, or somebody who acts on them, can. Counted by both, after 20, so that what people do is told in full.
 */
export type Repeats = 'refused' | 'done'

interface EventEntry {
  /** `warn`: somebody should look at it. */
  readonly level: 'info' | 'warn'
  readonly message: string
  readonly repeats?: Repeats
}

/** Every event. */
export const EVENTS: Readonly<Record<EventName, EventEntry>> = {
  'audit.dropped': { level: 'warn', message: 'events were lost, since the audit log could not be written' },
  'user.registered': { level: 'info', message: 'account created' },
  'user.created': { level: 'info', message: 'account created for somebody' },
  'user.viewed': { level: 'info', message: 'account looked at', repeats: 'done' },
  'users.listed': { level: 'info', message: 'accounts listed', repeats: 'done' },
  'users.imported': { level: 'info', message: 'accounts imported' },
  'user.roles_changed': { level: 'info', message: 'roles changed' },
  'user.disabled': { level: 'info', message: 'account disabled' },
  'user.enabled': { level: 'info', message: 'account enabled' },
  'user.deleted': { level: 'info', message: 'account deleted' },
  'session.created': { level: 'info', message: 'signed in', repeats: 'done' },
  'session.proved': { level: 'info', message: 'stepped up', repeats: 'done' },
  'session.revoked': { level: 'info', message: 'session revoked', repeats: 'done' },
  'session.revoked_all': { level: 'info', message: 'signed out everywhere', repeats: 'done' },
  'session.revoked_others': { level: 'info', message: 'other sessions revoked', repeats: 'done' },
  'session.revoked_everyone': { level: 'warn', message: 'everybody signed out everywhere' },
  'session.refresh_reuse': {
    level: 'warn',
    message: 'a used refresh token came back; the session has been revoked',
  },
  'session.generation_ahead': { level: 'warn', message: 'a refresh token was newer than its session' },
  'login.failed': { level: 'info', message: 'sign-in refused', repeats: 'refused' },
  'proof.failed': { level: 'info', message: 'password refused to a signed-in user', repeats: 'refused' },
  'password.changed': { level: 'info', message: 'password changed' },
  'limit.hit': { level: 'warn', message: 'a rate limit refuses for the first time', repeats: 'refused' },
  'password.rehashed': { level: 'info', message: 'password hash brought up to date' },
  'mail.sent': { level: 'info', message: 'the mail server has taken a mail', repeats: 'done' },
  'mail.failed': { level: 'warn', message: 'a mail will not be sent' },
  'password.reset_requested': {
    level: 'info',
    message: 'a link to reset the password was asked for',
    repeats: 'refused',
  },
  'password.reset': { level: 'info', message: 'password reset by the link' },
  'email.verified': { level: 'info', message: 'address proved' },
  'email.change_requested': { level: 'info', message: 'a change of address was asked for' },
  'email.changed': { level: 'info', message: 'address changed' },
  'registration.requested': {
    level: 'info',
    message: 'registration waits for its address to be proved',
    repeats: 'refused',
  },
  'admin.refused': {
    level: 'warn',
    message: 'administration refused to somebody who may not',
    repeats: 'refused',
  },
}

/** Who sent the request behind an event, as far as the network tells; nothing but address and user agent is kept. */
export interface Sender {
  readonly ip: string | null
  readonly userAgent: string | null
  /** Aborted once nobody waits for the answer. */
  readonly signal?: AbortSignal
  /** Is told what is left of the budgets that the request was counted in. */
  readonly onQuotas?: (quotas: readonly Quota[]) => void
}

/** Facts of one kind of event, such as the reason of a refusal. */
export type EventDetails = Readonly<Record<string, string | number | boolean | null>>

/** What is known of one event. Never a token, a password or an e-mail address: people and sessions appear by their public id. */
export interface EventFacts {
  /** Whom it is about. */
  readonly user?: string | null
  /** Who did it, where that is not the user: an administrator's id, `app` for the application's own code, `cli`. */
  readonly actor?: string | null
  readonly session?: string | null
  readonly sender?: Sender | null
  readonly details?: EventDetails
}

/** Tells of an event. Resolves when it is as durable as events are here; a caller for whom it may be lost need not wait. */
export type RecordEvent = (name: EventName, facts: EventFacts) => Promise<void>

/** One event as the application hears and reads it. */
export interface AuditEvent {
  readonly name: EventName
  /** ISO 8601, UTC. */
  readonly at: string
  /** Whom it is about. */
  readonly user: string | null
  /** Who did it, where that is not the user: an administrator's id, `app` for the application's own code, `cli`. */
  readonly actor: string | null
  readonly session: string | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly details: EventDetails
}
