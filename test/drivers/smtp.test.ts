// Does a mail reach a real SMTP server, and is each way to fail told apart?
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import tls from 'node:tls'
import type { OutgoingMail } from 'lockjar'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseSmtpUrl } from '../../src/core/mail/smtp.ts'
import { openSmtp } from '../../src/drivers/smtp/index.ts'
import type { Mailer } from '../../src/ports/mailer.ts'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { freePort } from '../support/demo.ts'
import type { MailServer, MailServerOptions } from '../support/mail.ts'
import { startMailServer } from '../support/mail.ts'

/** Frozen, as the configuration's part of it is. */
const MAIL: OutgoingMail = Object.freeze({
  to: 'ada@example.com',
  from: Object.freeze({ name: 'Example', address: 'no-reply@example.com' }),
  subject: 'Choose a new password',
  text: `Hello\n\nhttps://app.example.com/auth/reset#${'t'.repeat(90)}\n`,
  html: '<p>Hello ☃</p>',
  messageId: '<0001@app.example.com>',
  headers: Object.freeze({ 'Auto-Submitted': 'auto-generated' }),
})
const LOGIN = { user: 'lock@jar', password: 'p:a/s s#%' }
const never = new AbortController().signal
const refusal = (responseCode: number) =>
  Object.assign(new Error('<ada@example.com> is nobody here'), { responseCode })

const open: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function startServer(options: MailServerOptions = {}): Promise<MailServer> {
  const server = await startMailServer(options)
  open.push(() => server.stop())
  return server
}

async function openAt(url: string): Promise<Mailer> {
  const verdict = parseSmtpUrl(url)
  if (!verdict.ok) throw new Error(verdict.reason)
  const mailer = await openSmtp(verdict.server, 'app.example.com')
  open.push(() => mailer.close?.())
  return mailer
}

let certificate: TestCertificate
beforeAll(async () => {
  certificate = await createCertificate(['localhost'])
})

/** Trusted by this process from here on, as NODE_EXTRA_CA_CERTS would have it. */
function trustCertificate(): void {
  const known = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...known, readFileSync(certificate.certFile, 'utf8')])
  open.push(async () => tls.setDefaultCACertificates(known))
}

describe('a mail', () => {
  it('arrives as it was written', async () => {
    const server = await startServer()
    await (await openAt(server.url)).send(MAIL, never)
    const [arrived] = server.box.mails
    expect(arrived).toMatchObject({
      to: MAIL.to,
      from: 'Example <no-reply@example.com>',
      subject: MAIL.subject,
      link: `https://app.example.com/auth/reset#${'t'.repeat(90)}`,
      html: expect.stringContaining('Hello ☃'),
    })
    expect(arrived?.headers.get('message-id')).toBe(MAIL.messageId)
    expect(arrived?.headers.get('auto-submitted')).toBe('auto-generated')
    expect([...(arrived?.headers.keys() ?? [])].toSorted()).toEqual([
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
    ])
  })

  it('goes over STARTTLS with a password, to a server whose certificate is trusted', async () => {
    const server = await startServer({ certificate, login: LOGIN })
    trustCertificate()
    await (await openAt(server.url)).send(MAIL, never)
    expect(server.box.mails).toHaveLength(1)
  })

  it('shares connections with others, four at most', async () => {
    let connections = 0
    const server = await startServer({
      behaviour: {
        onConnect(_session, done) {
          connections++
          done()
        },
      },
    })
    const mailer = await openAt(server.url)
    await Promise.all(Array.from({ length: 20 }, () => mailer.send(MAIL, never)))
    expect(server.box.mails).toHaveLength(20)
    expect(connections).toBeLessThanOrEqual(4)
  })

  it.each<[what: string, change: Partial<OutgoingMail>]>([
    ['a subject', { subject: 'Hello\r\nBcc: eve@example.com\r\n\r\nbody' }],
    ['a sender’s name', { from: { name: 'A"\r\nBcc: eve@example.com', address: MAIL.from.address } }],
    ['a Message-ID', { messageId: '<a@b>\r\nBcc: eve@example.com' }],
    ['a header', { headers: { 'X-A': 'b\r\nBcc: eve@example.com' } }],
  ])('takes no line of another header from %s', async (_what, change) => {
    const server = await startServer()
    await (await openAt(server.url)).send({ ...MAIL, ...change }, never)
    const [arrived] = server.box.mails
    expect(arrived?.to).toBe(MAIL.to)
    expect(arrived?.headers.has('bcc')).toBe(false)
  })

  it.each([
    'ada@example.com, eve@example.com',
    'ada@example.com\r\nRCPT TO:<eve@example.com>',
    'ada@example.com> BODY=8BITMIME',
  ])('goes to one address or to none: %j', async (to) => {
    const server = await startServer()
    await (await openAt(server.url)).send({ ...MAIL, to }, never).catch(() => {})
    expect(server.box.mails.flatMap((mail) => mail.to.split(', '))).not.toContain('eve@example.com')
  })
})

it.each(['text', 'html'])('a file or an address in place of the %s is not read', async (form) => {
  const server = await startServer()
  const mailer = await openAt(server.url)
  for (const source of [{ path: certificate.certFile }, { href: 'http://localhost:9/' }]) {
    const sent = mailer.send({ ...MAIL, [form]: source as unknown as string }, never)
    await expect(sent).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^(?:File|Url) access rejected/) },
    })
  }
  expect(server.box.mails).toEqual([])
})

describe('a failure', () => {
  const failureAt = async (url: string) => {
    const mailer = await openAt(url)
    return mailer.send(MAIL, never).then(
      () => 'taken',
      ({ failure, code }) => `${failure} ${code}`,
    )
  }

  it.each<[told: string, behaviour: NonNullable<MailServerOptions['behaviour']>]>([
    ['refused EENVELOPE 550', { onRcptTo: (_address, _session, done) => done(refusal(550)) }],
    ['deferred EENVELOPE 503', { onRcptTo: (_address, _session, done) => done(refusal(503)) }],
    ['deferred EENVELOPE 450', { onRcptTo: (_address, _session, done) => done(refusal(450)) }],
    ['unreachable ECONNECTION 421', { onRcptTo: (_address, _session, done) => done(refusal(421)) }],
    [
      'refused EMESSAGE 554',
      { onData: (stream, _session, done) => void stream.resume().on('end', () => done(refusal(554))) },
    ],
    [
      'deferred EMESSAGE 451',
      { onData: (stream, _session, done) => void stream.resume().on('end', () => done(refusal(451))) },
    ],
    // The sender is ours, whoever the mail is for.
    ['unreachable EENVELOPE 550', { onMailFrom: (_address, _session, done) => done(refusal(550)) }],
    ['unreachable EPROTOCOL 554', { onConnect: (_session, done) => done(refusal(554)) }],
  ])('of the server’s making is %s', async (told, behaviour) => {
    const server = await startServer({ behaviour })
    expect(await failureAt(server.url)).toBe(told)
  })

  it('to name a recipient at all is the mail’s own', async () => {
    const server = await startServer()
    const sent = (await openAt(server.url)).send({ ...MAIL, to: '' }, never)
    await expect(sent).rejects.toMatchObject({ failure: 'refused', code: 'EENVELOPE' })
  })

  it('to sign in drops no mail', async () => {
    const server = await startServer({ certificate, login: LOGIN })
    trustCertificate()
    expect(await failureAt(server.url.replace('p%3A', 'x'))).toBe('unreachable EAUTH 535')
  })

  it('to find a server is no mail’s fault', async () => {
    expect(await failureAt(`smtp://localhost:${await freePort()}`)).toMatch(
      /^unreachable E(?:SOCKET|CONNECTION)$/,
    )
  })

  it.each<[how: string, cut: (socket: Socket) => unknown]>([
    ['breaks off', (socket) => socket.resetAndDestroy()],
    ['ends', (socket) => socket.end()],
  ])(
    'in the middle of the text that %s is no mail’s fault, and is not tried twice at once',
    async (_how, cut) => {
      let cuts = 0
      const raw = createServer((socket) => {
        socket.write('220 here\r\n')
        socket.on('data', (data) => {
          const text = data.toString()
          if (/^EHLO/m.test(text)) return socket.write('250 here\r\n')
          if (/^DATA/m.test(text)) return socket.write('354 go on\r\n')
          if (/^(?:MAIL|RCPT)/m.test(text)) return socket.write('250 yes\r\n')
          cuts++
          return cut(socket)
        })
        socket.on('error', () => {})
      })
      const port = await freePort()
      raw.listen(port, '127.0.0.1')
      open.push(() => new Promise((resolve) => raw.close(resolve)))
      expect(await failureAt(`smtp://localhost:${port}`)).toMatch(/^unreachable E/)
      expect(cuts).toBe(1)
    },
  )

  it('to be greeted at all is no mail’s fault, and is not tried again at once', async () => {
    let connections = 0
    const raw = createServer((socket) => {
      connections++
      socket.on('error', () => {}).end()
    })
    const port = await freePort()
    raw.listen(port, '127.0.0.1')
    open.push(() => new Promise((resolve) => raw.close(resolve)))
    expect(await failureAt(`smtp://localhost:${port}`)).toMatch(/^unreachable E/)
    expect(connections).toBe(1)
  })

  it('says nothing of what the server said', async () => {
    const server = await startServer({
      behaviour: { onRcptTo: (_address, _session, done) => done(refusal(550)) },
    })
    const error = await (await openAt(server.url)).send(MAIL, never).catch((thrown: unknown) => thrown)
    expect(String(error)).not.toContain('ada@')
  })
})

describe('nothing goes in the clear', () => {
  it('where the server offers no STARTTLS', async () => {
    const server = await startServer()
    const mailer = await openAt(`${server.url}?tls=required`)
    await expect(mailer.send(MAIL, never)).rejects.toMatchObject({ failure: 'unreachable', code: 'ETLS 500' })
    expect(server.box.mails).toEqual([])
  })

  it('nor to a certificate that nobody trusts', async () => {
    const server = await startServer({ certificate, login: LOGIN })
    const mailer = await openAt(server.url)
    await expect(mailer.send(MAIL, never)).rejects.toMatchObject({ failure: 'unreachable' })
    expect(server.box.mails).toEqual([])
  })
})

it('a mail for which nobody waits any more is let go of', async () => {
  let arrive = (): void => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const server = await startServer({ behaviour: { onMailFrom: () => arrive() } })
  const mailer = await openAt(server.url)
  const given = new AbortController()
  const sent = mailer.send(MAIL, given.signal)
  await arrived
  given.abort()
  await expect(sent).rejects.toMatchObject({ failure: 'unreachable', code: 'EABORT' })
})
