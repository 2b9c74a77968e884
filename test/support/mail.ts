// Which mails have arrived in a test? At a real SMTP server on loopback, read as a mail program reads them, or in memory.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { Mailer } from 'lockjar'
import PostalMime from 'postal-mime'
import type { SMTPServerOptions } from 'smtp-server'
import { SMTPServer } from 'smtp-server'
import type { TestCertificate } from './certificate.ts'

export interface ArrivedMail {
  readonly to: string
  /** As `Name <address>`. */
  readonly from: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The first line of the text that is a link and nothing else; empty where there is none. */
  readonly link: string
}

/** Which mail is waited for. Default: any. */
export interface Wanted {
  readonly to?: string
  readonly subject?: RegExp
}

const fits = (mail: ArrivedMail, { to = mail.to, subject }: Wanted): boolean =>
  mail.to === to && (subject?.test(mail.subject) ?? true)

/** What has arrived, in order. */
export class MailBox {
  readonly mails: ArrivedMail[] = []
  readonly #waiting: { readonly wanted: Wanted; readonly take: (mail: ArrivedMail) => void }[] = []
  readonly #taken = new Set<ArrivedMail>()

  /** The first that fits and that `next` has not given before: at once, or when it arrives. */
  next(wanted: Wanted = {}): Promise<ArrivedMail> {
    const mail = this.mails.find((each) => !this.#taken.has(each) && fits(each, wanted))
    if (mail) {
      this.#taken.add(mail)
      return Promise.resolve(mail)
    }
    return new Promise((take) => this.#waiting.push({ wanted, take }))
  }

  add(mail: ArrivedMail): void {
    this.mails.push(mail)
    const at = this.#waiting.findIndex(({ wanted }) => fits(mail, wanted))
    const [waiting] = at < 0 ? [] : this.#waiting.splice(at, 1)
    if (!waiting) return
    this.#taken.add(mail)
    waiting.take(mail)
  }
}

const linkIn = (text: string): string => /^https?:\/\/\S+$/m.exec(text)?.[0] ?? ''

/** Mails that go no further than memory: `createTestAuth({ mailer })`. */
export function collectMails(): { readonly mailer: Mailer; readonly box: MailBox } {
  const box = new MailBox()
  const mailer: Mailer = {
    async send({ to, from, subject, text, html, messageId, headers }) {
      const lower = Object.entries(headers).map(([name, value]): [string, string] => [
        name.toLowerCase(),
        value,
      ])
      box.add({
        to,
        from: `${from.name} <${from.address}>`,
        subject,
        text,
        html,
        headers: new Map([['message-id', messageId], ...lower]),
        link: linkIn(text),
      })
    },
  }
  return { mailer, box }
}

export interface MailServerOptions {
  /** Then STARTTLS is offered, and nothing is taken without it. */
  readonly certificate?: TestCertificate
  /** Then nothing is taken without it. */
  readonly login?: { readonly user: string; readonly password: string }
  /** Takes mails, and never says that it has. */
  readonly silent?: boolean
  /** What each step says, before it is done; see `smtp-server`. */
  readonly behaviour?: Pick<SMTPServerOptions, 'onConnect' | 'onMailFrom' | 'onRcptTo' | 'onData'>
}

export interface MailServer {
  /** For `mail.smtp`. */
  readonly url: string
  readonly port: number
  readonly box: MailBox
  stop(): Promise<void>
}

/** `port`: of a server that was stopped, to be back in its place. */
export async function startMailServer(
  { certificate, login, silent = false, behaviour = {} }: MailServerOptions = {},
  port = 0,
  box: MailBox = new MailBox(),
): Promise<MailServer> {
  const server = new SMTPServer({
    authOptional: !login,
    // Nothing but what the test says comes between.
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    ...(certificate
      ? {
          cert: readFileSync(certificate.certFile),
          key: readFileSync(certificate.keyFile),
          needsUpgrade: false,
        }
      : { disabledCommands: ['STARTTLS'] }),
    onAuth({ username, password }, session, done) {
      if (certificate && !session.secure) return done(new Error('not in the clear'))
      if (username === login?.user && password === login?.password) return done(null, { user: username })
      const error = Object.assign(new Error('wrong'), { responseCode: 535 })
      done(error)
    },
    onData(stream, session, done) {
      read(
        stream,
        session.envelope.rcptTo.map(({ address }) => address),
      )
        .then((mail) => {
          box.add(mail)
          if (!silent) done()
        })
        .catch(done)
    },
    ...behaviour,
  })
  // A client that cuts the connection is what some tests are about.
  server.on('error', () => {})
  const listening = server.listen(port, '127.0.0.1')
  await once(listening, 'listening')
  const bound = (listening.address() as AddressInfo).port
  const auth = login ? `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@` : ''
  return {
    url: `smtp://${auth}localhost:${bound}${certificate ? '?tls=required' : ''}`,
    port: bound,
    box,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function read(stream: AsyncIterable<Uint8Array>, recipients: readonly string[]): Promise<ArrivedMail> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const parsed = await PostalMime.parse(Buffer.concat(chunks))
  const text = parsed.text ?? ''
  return {
    to: recipients.join(', '),
    from: `${parsed.from?.name ?? ''} <${parsed.from?.address ?? ''}>`,
    subject: parsed.subject ?? '',
    text,
    html: parsed.html ?? '',
    headers: new Map(parsed.headers.map(({ key, value }) => [key, value])),
    link: linkIn(text),
  }
}
