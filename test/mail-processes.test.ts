// Is every mail sent by processes that share a database, and die, and seldom twice?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { PASSWORD } from './support/auth.ts'
import { freePort } from './support/demo.ts'
import type { ArrivedMail, MailBox } from './support/mail.ts'
import { startMailServer } from './support/mail.ts'
import type { ServerProcess } from './support/processes.ts'
import { ProcessVisitor, startServer } from './support/processes.ts'

const LEASE = 120_000
const folder = mkdtempSync(join(tmpdir(), 'lockjar-mail-'))
afterAll(() => rmSync(folder, { recursive: true }))

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function startOne(origin: string, file: string, smtp: string): Promise<ServerProcess> {
  const server = await startServer({
    port: await freePort(),
    origin,
    file,
    env: { LOCKJAR_SMTP_URL: smtp, LOCKJAR_MAIL_FROM: 'Example <no-reply@example.com>' },
  })
  open.push(() => server.kill())
  return server
}

/** Registers, and has one mail sent. */
async function changePassword(origin: string, server: ServerProcess, email: string): Promise<void> {
  const visitor = new ProcessVisitor(origin)
  const registered = await visitor.send(server, 'POST', '/auth/register', { email, password: PASSWORD })
  expect(registered.status).toBe(201)
  const change = { currentPassword: PASSWORD, newPassword: `${PASSWORD} again` }
  expect((await visitor.send(server, 'POST', '/auth/password/change', change)).status).toBe(200)
}

/** Registration sends one too. */
const SUBJECT = /has been changed$/
const changes = (box: MailBox): readonly ArrivedMail[] =>
  box.mails.filter(({ subject }) => SUBJECT.test(subject))
const idOf = (mail: ArrivedMail): string | undefined => mail.headers.get('message-id')

it('two processes send every mail once between them', async () => {
  const mails = await startMailServer()
  open.push(() => mails.stop())
  const origin = `http://localhost:${await freePort()}`
  const file = join(folder, 'shared.db')
  const servers = [await startOne(origin, file, mails.url), await startOne(origin, file, mails.url)]
  const people = Array.from({ length: 20 }, (_, n) => `user${n}@example.com`)
  await Promise.all(
    people.map(async (email, n) => {
      const server = servers[n % servers.length]
      if (server) await changePassword(origin, server, email)
    }),
  )
  await Promise.all(people.map((email) => mails.box.next({ to: email, subject: SUBJECT })))
  for (const server of servers) expect(await server.stop()).toBe(0)
  expect(changes(mails.box)).toHaveLength(people.length)
})

it('a process that is killed before it hears the server’s yes has its mail sent again by another, with the same Message-ID', async () => {
  const port = await freePort()
  // Takes the whole mail, and never says so.
  const silent = await startMailServer({ silent: true }, port)
  const origin = `http://localhost:${await freePort()}`
  const file = join(folder, 'killed.db')
  const first = await startOne(origin, file, silent.url)
  await changePassword(origin, first, 'ada@example.com')
  const lost = await silent.box.next({ subject: SUBJECT })
  await first.kill()
  await silent.stop()

  const mails = await startMailServer({}, port)
  open.push(() => mails.stop())
  const second = await startOne(origin, file, mails.url)
  await changePassword(origin, second, 'bob@example.com')
  expect((await mails.box.next({ subject: SUBJECT })).to).toBe('bob@example.com')
  await second.order('step', LEASE)
  const again = await mails.box.next({ subject: SUBJECT })
  expect([again.to, idOf(again)]).toEqual(['ada@example.com', idOf(lost)])
  expect(await second.stop()).toBe(0)
  expect(changes(mails.box)).toHaveLength(2)
})

it('a process that is told to stop sends what is on its way', async () => {
  const mails = await startMailServer()
  open.push(() => mails.stop())
  const origin = `http://localhost:${await freePort()}`
  const server = await startOne(origin, join(folder, 'stopped.db'), mails.url)
  await changePassword(origin, server, 'ada@example.com')
  expect(await server.stop()).toBe(0)
  expect(changes(mails.box).length).toBeLessThanOrEqual(1)
  const next = await startOne(origin, join(folder, 'stopped.db'), mails.url)
  expect((await mails.box.next({ subject: SUBJECT })).to).toBe('ada@example.com')
  await next.stop()
  expect(changes(mails.box)).toHaveLength(1)
})
