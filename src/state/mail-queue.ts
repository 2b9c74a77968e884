// How does a mail come to wait, durably, until it is sent?
import type { RecordEvent } from '../core/audit/event.ts'
import { createUuid } from '../core/encoding/uuid.ts'
import type { KeyRing } from '../core/keys/ring.ts'
import { IV_BYTES } from '../core/keys/seal.ts'
import { describeBrowser } from '../core/mail/browser.ts'
import type { Mail, Notice, WaitingMail } from '../core/mail/mail.ts'
import { NOTICE_LIFETIME } from '../core/mail/mail.ts'
import { sealMail } from '../core/mail/sealed.ts'
import { AuthError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Outbox } from '../ports/outbox.ts'
import type { Random } from '../ports/random.ts'

/** About 30 MB. Whoever comes after that is told to come back. */
const MOST_WAITING = 20_000
/** Of these, kept for notices of what has happened: somebody may fill the rest to silence them. */
const RESERVED = 2000
/** Seconds. */
const RETRY_AFTER = 60

export interface MailQueue {
  /**
   * Puts a mail into the outbox, from which it is sent soon, and again until the mail server takes it. Durable when it resolves;
   * whether the mail server can be reached plays no part. `null` does the same work for nobody, so that what is known of
   * an address does not show in the time it takes; it is sent to no one.
   *
   * @throws {AuthError} `unavailable` where no mail can be sent from here, the outbox is full or the database is down: the same for
   * everybody.
   */
  queue(mail: Mail | null): Promise<void>
  /**
   * The same for what has happened already and is not undone because nobody can be told: it never rejects, and where no mail can be
   * sent from here it does nothing.
   */
  notify(notice: Notice): Promise<void>
  /** @throws {AuthError} `unavailable` where no mail can be sent from here: for acts that make no sense without, to be asked first. */
  requireOpen(): void
  /** Calls `heard` after each mail. */
  onQueued(heard: () => void): void
}

export interface MailQueueParts {
  readonly outbox: Outbox
  /** Whether anything sends what waits. */
  readonly isOpen: boolean
  /** The application's own, to which every link leads. */
  readonly origin: string
  readonly ring: KeyRing
  readonly clock: Clock
  readonly random: Random
  readonly record: RecordEvent
}

export function createMailQueue({
  outbox,
  isOpen,
  origin,
  ring,
  clock,
  random,
  record,
}: MailQueueParts): MailQueue {
  let heard = (): void => {}

  const requireOpen = (): void => {
    if (!isOpen) throw new AuthError('unavailable', { detail: 'This server sends no mail.' })
  }

  const queue = async (mail: Mail | null, most = MOST_WAITING - RESERVED): Promise<void> => {
    requireOpen()
    const now = clock.now()
    const id = createUuid(now, random.bytes(10))
    const waiting = mail && toWaiting(mail, origin, now)
    const sealed = await sealMail(waiting ?? 'decoy', id, random.bytes(IV_BYTES), ring)
    const row = { id, sealed, endsAt: waiting?.endsAt ?? now }
    if (!(await outbox.add(row, most))) {
      throw new AuthError('unavailable', {
        detail: 'Too many mails are waiting to be sent.',
        retryAfter: RETRY_AFTER,
      })
    }
    heard()
  }

  return {
    queue: (mail) => queue(mail),
    requireOpen,
    async notify(notice) {
      if (!isOpen) return
      try {
        await queue(notice, MOST_WAITING)
      } catch (error) {
        const reason = error instanceof AuthError ? error.code : 'error'
        const told = record('mail.failed', { user: notice.user, details: { kind: notice.kind, reason } })
        await told.catch(() => {})
      }
    },
    onQueued(listener) {
      heard = listener
    },
  }
}

/** @throws {TypeError} for a link that leads elsewhere: a request's `Host` must never come into a mail. */
function toWaiting(mail: Mail, origin: string, now: number): WaitingMail {
  const { kind, to, user, name, sender, link = origin } = mail
  if (link !== origin && !link.startsWith(`${origin}/`)) {
    throw new TypeError(`lockjar: the link of a ${kind} mail leads to another origin`)
  }
  const endsAt = 'endsAt' in mail ? mail.endsAt : now + NOTICE_LIFETIME
  const browser = describeBrowser(sender?.userAgent ?? null)
  return { kind, to, user, name, link, at: now, endsAt, ip: sender?.ip ?? null, browser }
}
