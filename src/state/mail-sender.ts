// How do waiting mails leave, in the background, whatever the mail server does?
import type { RecordEvent } from '../core/audit/event.ts'
import type { KeyRing } from '../core/keys/ring.ts'
import type { MailStyle } from '../core/mail/compose.ts'
import { composeMail } from '../core/mail/compose.ts'
import type { MailRecipient } from '../core/mail/letter.ts'
import type { WaitingMail } from '../core/mail/mail.ts'
import { openMail } from '../core/mail/sealed.ts'
import { pauseAfter, waitAfter } from '../core/mail/wait.ts'
import { MailError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Mailer, OutgoingMail } from '../ports/mailer.ts'
import type { ClaimedRow, Outbox } from '../ports/outbox.ts'

/** Milliseconds between two looks for mails that are due again, or that another process has left behind. */
const POLL = 5000
/** Milliseconds for one try; the lease of a row is longer, so that nobody else sends it meanwhile. */
const SEND_LIMIT = 60_000
const LEASE = 2 * SEND_LIMIT
/** Milliseconds for which `close` waits for mails that are on their way. */
const CLOSE_LIMIT = 10_000
/** Mails on their way at once, from one process. */
const MOST_AT_ONCE = 4

export interface MailSender {
  /** Something has been queued. */
  kick(): void
  /** Begins no more mails, and waits for those that are on their way, for ten seconds at most. */
  close(): Promise<void>
}

/** How mails of this installation look, and who writes them. */
export interface MailSetting extends MailStyle {
  readonly host: string
  readonly from: OutgoingMail['from']
  readonly language: (recipient: MailRecipient) => string | Promise<string>
}

export interface MailSenderParts {
  readonly outbox: Outbox
  readonly mailer: Mailer
  readonly setting: MailSetting
  readonly ring: KeyRing
  readonly clock: Clock
  readonly logger: Logger
  readonly record: RecordEvent
}

/**
 * Sends at least once: a process that dies between the server's yes and the removal of the row leaves a mail that is sent
 * again when its lease ends, with the same Message-ID.
 */
export function startMailSender({
  outbox,
  mailer,
  setting,
  ring,
  clock,
  logger,
  record,
}: MailSenderParts): MailSender {
  const sending = new Set<Promise<void>>()
  const closing = new AbortController()
  let isClosed = false
  let working: Promise<void> | undefined
  let again = false
  /** Failures to reach the server, one after the other, and until when nothing is tried after them. */
  let failures = 0
  let pausedUntil = 0

  const failed = (event: string, error: unknown): void => {
    if (isClosed) return
    logger.error({ event, error: error instanceof Error ? error : undefined }, 'the outbox could not be used')
  }

  const kick = (): void => {
    again = true
    working ??= work().finally(() => {
      working = undefined
      if (again && !isClosed) kick()
    })
  }

  async function work(): Promise<void> {
    while (again && !isClosed) {
      again = false
      await drain().catch((error: unknown) => failed('mail.outbox_failed', error))
    }
  }

  /** While the server cannot be reached, one mail after each pause finds out whether it is back. */
  async function drain(): Promise<void> {
    while (!isClosed && clock.monotonic() >= pausedUntil) {
      const room = (failures > 0 ? 1 : MOST_AT_ONCE) - sending.size
      if (room <= 0) {
        await Promise.race(sending)
        continue
      }
      const rows = await outbox.claim(room, LEASE)
      for (const row of rows) track(deliver(row))
      if (rows.length < room) return
    }
  }

  async function finish(): Promise<void> {
    await working
    await Promise.allSettled(sending)
  }

  function track(delivery: Promise<void>): void {
    const tracked = delivery
      .catch((error: unknown) => failed('mail.outbox_failed', error))
      .finally(() => sending.delete(tracked))
    sending.add(tracked)
  }

  async function deliver(row: ClaimedRow): Promise<void> {
    const mail = await openMail(row.sealed, row.id, ring)
    if (mail === null) return keepUnreadable(row)
    if (mail === 'decoy') return void (await outbox.remove(row))
    if (row.now >= mail.endsAt) return drop(row, mail, 'ended')
    try {
      await send(await toOutgoing(row, mail))
    } catch (error) {
      return retry(row, mail, error)
    }
    failures = 0
    await outbox.remove(row)
    await record('mail.sent', { user: mail.user, details: { kind: mail.kind } })
  }

  /** Sealed by a process with another secret, which may be about to send it: it is not this one's to throw away. */
  async function keepUnreadable(row: ClaimedRow): Promise<void> {
    if (row.now >= row.endsAt) return drop(row, null, 'unreadable')
    logger.warn(
      { event: 'mail.unreadable' },
      'a mail was sealed with a secret that this process does not have',
    )
    await outbox.postpone(row, Math.min(waitAfter(row.now - row.createdAt, 'deferred'), row.endsAt - row.now))
  }

  async function toOutgoing(row: ClaimedRow, mail: WaitingMail): Promise<OutgoingMail> {
    const { content, problem } = composeMail(mail, await languageOf(mail), setting, row.now)
    if (problem !== null) tellOfTemplate(mail, problem)
    return {
      ...content,
      to: mail.to,
      from: setting.from,
      messageId: `<${row.id}@${setting.host}>`,
      // RFC 3834 section 5; the other one is what Exchange heeds. No machine answers, and nobody's absence is told.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    }
  }

  async function languageOf(mail: WaitingMail): Promise<string> {
    try {
      return await setting.language({ user: mail.user, to: mail.to })
    } catch (error) {
      tellOfTemplate(mail, error)
      return 'en'
    }
  }

  /** What an application's function throws may hold an address, so its words are left out. */
  function tellOfTemplate({ kind, user }: WaitingMail, problem: unknown): void {
    const error = problem instanceof Error ? problem.name : 'unknown'
    logger.error(
      { event: 'mail.template_failed', kind, user, error },
      'a mail template failed; sent in English',
    )
  }

  /** Nobody waits for a mailer that does not answer. */
  async function send(mail: OutgoingMail): Promise<void> {
    const limit = new AbortController()
    const stop = clock.every(SEND_LIMIT, () => limit.abort())
    const signal = AbortSignal.any([limit.signal, closing.signal])
    const tooLong = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new MailError('unreachable', { code: 'timeout' })))
    })
    try {
      await Promise.race([mailer.send(mail, signal), tooLong])
    } finally {
      stop()
    }
  }

  async function retry(row: ClaimedRow, mail: WaitingMail, error: unknown): Promise<void> {
    const { failure, code } =
      error instanceof MailError ? error : new MailError('deferred', { code: 'error', cause: error })
    if (failure === 'refused') return drop(row, mail, 'refused', code)
    if (failure === 'unreachable') pausedUntil = clock.monotonic() + pauseAfter(++failures)
    const wait = waitAfter(row.now - row.createdAt, failure)
    if (row.now + wait >= mail.endsAt) return drop(row, mail, 'ended', code)
    logger.warn(
      { event: 'mail.deferred', user: mail.user, kind: mail.kind, failure, code, wait },
      'a mail was not taken; it is tried again',
    )
    await outbox.postpone(row, wait)
  }

  async function drop(
    row: ClaimedRow,
    mail: WaitingMail | null,
    reason: 'unreadable' | 'ended' | 'refused',
    code: string | null = null,
  ): Promise<void> {
    await outbox.remove(row)
    await record('mail.failed', {
      user: mail?.user ?? null,
      details: { kind: mail?.kind ?? null, reason, code },
    })
  }

  let asking = false
  const stopPolling = clock.every(POLL, () => {
    if (asking) return
    asking = true
    void outbox
      .isDue()
      .then(
        (isDue) => isDue && kick(),
        () => {},
      )
      .finally(() => {
        asking = false
      })
  })
  kick()

  return {
    kick,
    async close() {
      stopPolling()
      isClosed = true
      await within(clock, CLOSE_LIMIT, finish())
      closing.abort()
      await mailer.close?.().catch(() => {})
    },
  }
}

/** Resolves with the promise, or after so many milliseconds. */
function within(clock: Clock, limit: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stop = clock.every(limit, () => done())
    const done = (): void => {
      stop()
      resolve()
    }
    void promise.finally(done)
  })
}
