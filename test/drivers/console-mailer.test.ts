// Is a mail printed so that a developer can read it and click on its link?
import { afterEach, expect, it, vi } from 'vitest'
import { consoleMailer } from '../../src/drivers/node/console-mailer.ts'

afterEach(() => vi.restoreAllMocks())

const LINK = 'http://localhost:3000/auth/reset-password#token=abc'

async function print(text: string, subject = 'Choose a new password'): Promise<string> {
  const written: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0)
  const mail = { to: 'ada@example.com', from: { name: 'Example', address: 'a@example.com' } }
  const rest = { subject, text, html: '<p>', messageId: '<1@localhost>', headers: {} }
  await consoleMailer.send({ ...mail, ...rest }, new AbortController().signal)
  return written.join('')
}

it('to whom, about what, and the text, with the link on a line of its own', async () => {
  const printed = await print(`Hello\n\nGo on:\n${LINK}\n`)
  expect(printed).toMatch(/^-+\nMail to ada@example\.com.*: Choose a new password\n\nHello\n/)
  expect(printed.split('\n')).toContain(LINK)
})

it('with nothing that a terminal takes for an order', async () => {
  const printed = await print('a\u001b[2Jb\u0007c\u009b31md\re', 'x\u001b]0;title\u0007')
  expect([...printed].filter((character) => character !== '\n' && /\p{Cc}/u.test(character))).toEqual([])
})
