// How does a mail reach a mail server? Over SMTP, by nodemailer, which the application installs.
import type { SmtpServer } from '../../core/mail/smtp.ts'
import { MailError } from '../../errors.ts'
import type { Mailer } from '../../ports/mailer.ts'

/** Milliseconds. None is longer than what the sender waits for one mail. */
const TIMEOUTS = {
  dnsTimeout: 10_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
}
/** Connections, as many as mails are sent at once. */
const MOST_CONNECTIONS = 4
/** Milliseconds for which a connection is kept for the next mail. */
const IDLE_TIMEOUT = 10_000

/** What of nodemailer's errors says what went wrong, and holds no word of the server's. */
interface SmtpFailure {
  readonly code?: unknown
  readonly command?: unknown
  readonly responseCode?: unknown
}

/**
 * Connections are made when there is something to send. `name` is the host as which this one greets (RFC 5321 section 4.1.1.1).
 *
 * @throws {TypeError} where nodemailer is not installed.
 */
export async function openSmtp({ host, port, tls, login }: SmtpServer, name: string): Promise<Mailer> {
  const { createTransport } = await importNodemailer()
  const transport = createTransport({
    ...TIMEOUTS,
    pool: true,
    maxConnections: MOST_CONNECTIONS,
    idleTimeout: IDLE_TIMEOUT,
    // The outbox tries again, and says so.
    maxRequeues: 0,
    name,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'off',
    ...(login && { auth: { user: login.user, pass: login.password } }),
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ to, from, subject, text, html, messageId, headers }, signal) {
      try {
        await transport.sendMail({
          // As objects, which are never read as a list of addresses; copied, for nodemailer writes into them.
          to: { name: '', address: to },
          from: { ...from },
          subject,
          text,
          html,
          messageId,
          headers: { ...headers },
          signal,
        })
      } catch (error) {
        throw toMailError(error)
      }
    },
    async close() {
      transport.close({ force: true })
    },
  }
}

async function importNodemailer(): Promise<typeof import('nodemailer')> {
  try {
    return await import('nodemailer')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    throw new TypeError(
      'lockjar: option mail.smtp: needs the package nodemailer; add it with: npm install nodemailer',
      {
        cause,
      },
    )
  }
}

/**
 * Only a refusal of this recipient or this text is the mail's own fault. A password that is refused, a sender that is not allowed or a
 * certificate that is not trusted is ours, and no mail is dropped for it.
 */
function toMailError(error: unknown): MailError {
  const { code, command, responseCode } = error as SmtpFailure
  const status = typeof responseCode === 'number' ? responseCode : 0
  const word = typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'unknown'
  const facts = { code: status === 0 ? word : `${word} ${status}`, cause: error }
  // Never sent at all: no server would take it.
  if (status === 0 && (word === 'EENVELOPE' || word === 'EMESSAGE')) return new MailError('refused', facts)
  const isOfThisMail = command === 'RCPT TO' || command === 'DATA'
  if (!isOfThisMail || status === 0) return new MailError('unreachable', facts)
  // 503 is of the session, not of the mail.
  return new MailError(status >= 500 && status !== 503 ? 'refused' : 'deferred', facts)
}
