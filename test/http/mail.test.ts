// Do mails about an account arrive at a real mail server, whatever happens on the way?
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Auth } from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { freePort } from '../support/demo.ts'
import type { MailServer, MailServerOptions } from '../support/mail.ts'
import { collectMails, startMailServer } from '../support/mail.ts'

const LOCAL = 'http://localhost:3000'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const CHANGE = { currentPassword: PASSWORD, newPassword: 'another horse battery staple' }
/** Registration sends one too. */
const CHANGED = { subject: /has been changed$/ }
const from = 'Example <no-reply@example.com>'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-mail-'))
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function startMail(options?: MailServerOptions, port?: number): Promise<MailServer> {
  const server = await startMailServer(options, port)
  open.push(() => server.stop())
  return server
}

async function register(auth: Auth, email = 'ada@example.com', name?: string): Promise<TestBrowser> {
  const browser = new TestBrowser(auth.handler, auth.config.origin)
  expect((await browser.post('/auth/register', { email, password: PASSWORD, name })).status).toBe(201)
  return browser
}

describe('after a change of password', () => {
  const start = async (options: TestOptions = {}) => {
    const { mailer, box } = collectMails()
    const test = await createTestAuth({ baseURL: LOCAL, mailer, ...options })
    open.push(() => test.auth.close())
    return { ...test, box }
  }

  it('the owner is told when, with what and from where, and how to get the account back', async () => {
    const { auth, box } = await start({ mail: { appName: 'Tasks' } })
    const browser = await register(auth, 'ada@example.com', '<b>Visit evil.example</b>')
    const changed = await browser.post('/auth/password/change', CHANGE, {
      headers: { 'user-agent': FIREFOX },
    })
    expect(changed.status).toBe(200)
    const mail = await box.next(CHANGED)
    expect(mail).toMatchObject({
      to: 'ada@example.com',
      subject: 'Your password for Tasks has been changed',
      link: LOCAL,
    })
    expect(mail.text).toMatch(/^When: +1 January 2026, 00:00 UTC$/m)
    expect(mail.text).toMatch(/^Browser: +Firefox on Linux$/m)
    expect(mail.text).toMatch(/^IP address: +192\.0\.2\.1$/m)
    expect(mail.text).toContain('ask for a new password at once')
    expect(mail.text + mail.html).not.toContain('evil')
  })

  it('that was refused, nobody is told', async () => {
    const { auth, box, clock } = await start()
    const browser = await register(auth)
    const sent = await browser.post('/auth/password/change', { ...CHANGE, currentPassword: 'wrong password' })
    expect(sent.status).toBe(401)
    clock.advance(10_000)
    expect(box.mails.filter(({ subject }) => CHANGED.subject.test(subject))).toEqual([])
  })

  it('the change stands where nobody can be told', async () => {
    const { auth, log, box } = await start({
      open: (clock) => {
        const store = openMemory(clock)
        return { ...store, outbox: { ...store.outbox, add: async () => false } }
      },
    })
    const browser = await register(auth)
    expect((await browser.post('/auth/password/change', CHANGE)).status).toBe(200)
    expect(log.map(({ fields }) => fields['event'])).toContain('mail.failed')
    expect(box.mails).toEqual([])
  })
})

describe('a mail', () => {
  const serve = async (url: string, file: string): Promise<Auth> => {
    const auth = await createAuth({
      baseURL: LOCAL,
      database: `sqlite:${join(folder, file)}`,
      argon2: { memory: 64, passes: 1 },
      rateLimits: 'off',
      mail: { smtp: url, from },
      logger: { info() {}, warn() {}, error() {} },
    })
    open.push(() => auth.close())
    return auth
  }

  it('is answered for before it is sent: a server that is away holds up no request, and has it once it is back', async () => {
    const port = await freePort()
    const auth = await serve(`smtp://localhost:${port}`, 'away.db')
    const browser = await register(auth)
    expect((await browser.post('/auth/password/change', CHANGE)).status).toBe(200)
    const server = await startMail({}, port)
    expect((await server.box.next(CHANGED)).to).toBe('ada@example.com')
  })

  it('is in no file of the database as it waits, neither address nor words', async () => {
    const port = await freePort()
    const auth = await serve(`smtp://localhost:${port}`, 'sealed.db')
    const browser = await register(auth, 'someone@example.com')
    const before = occurrences('someone@example.com')
    expect((await browser.post('/auth/password/change', CHANGE)).status).toBe(200)
    await auth.close()
    expect(occurrences('someone@example.com')).toBeLessThanOrEqual(before)
    expect(occurrences('password-changed')).toBe(0)
  })

  function occurrences(text: string): number {
    const files = readdirSync(folder).filter((name) => /^sealed\.db(?!\.secret)/.test(name))
    const bytes = files.map((name) => readFileSync(join(folder, name), 'latin1'))
    return bytes.reduce((sum, each) => sum + each.split(text).length - 1, 0)
  }
})
