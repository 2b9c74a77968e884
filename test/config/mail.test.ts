// Do the options of mail become a server and a sender, and is a password in them told to nobody?
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { AuthOptions } from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { describe, expect, it } from 'vitest'
import { resolveConfig } from '../../src/config/resolve.ts'
import { SECRET } from '../support/auth.ts'
import { createTestClock } from '../support/clock.ts'

const https = { baseURL: 'https://app.example.com', secret: SECRET }
const from = 'Example <no-reply@example.com>'
const configOf = (mail: object) => resolveConfig({ ...https, mail } as AuthOptions, () => false)
const PASSWORD = 'pass-word-of-the-server'

describe('who writes', () => {
  it.each<[mail: object, name: string, address: string]>([
    [{}, 'app.example.com', 'no-reply@app.example.com'],
    [{ appName: 'Tasks' }, 'Tasks', 'no-reply@app.example.com'],
    [{ from: 'a@example.com' }, 'app.example.com', 'a@example.com'],
    [{ from: '<a@example.com>', appName: 'Tasks' }, 'Tasks', 'a@example.com'],
    [{ from: '  Tasks & Co.  <a@example.com> ' }, 'Tasks & Co.', 'a@example.com'],
  ])('%j is %s, %s', (mail, name, address) => {
    expect(configOf(mail).mail.from).toEqual({ name, address })
  })
})

describe('what cannot work is refused', () => {
  it.each<[mail: object, message: RegExp]>([
    [{ smtp: 'smtp://mail.example.com' }, /option mail\.from: needed with mail\.smtp/],
    [{ smtp: 'http://mail.example.com', from }, /option mail\.smtp: is not a URL such as smtp:/],
    [{ smtp: `smtp://u:${PASSWORD}@mail.example.com/x`, from }, /option mail\.smtp: has nothing after/],
    [{ from: 'nobody' }, /option mail\.from: "nobody" is not an address/],
    [{ from: 'a@example.com, b@example.com' }, /option mail\.from/],
    [{ from: 'A\r\nBcc: b@example.com <a@example.com>' }, /option mail\.from/],
    [{ appName: 'Two\nlines' }, /option mail\.appName: must be one line/],
    [{ appName: '' }, /option mail\.appName: must be one line/],
    [{ language: 'de' }, /option mail\.language: must be a function/],
    [
      { templates: { de: { 'reset-password': 'text' } } },
      /option mail\.templates\.de\.reset-password: must be a function/,
    ],
    [{ templates: { de: { 'reset-pasword': () => '' } } }, /did you mean reset-password/],
    [{ templates: { 'de;x': {} } }, /must be a language such as de/],
  ])('%j', (mail, message) => {
    expect(() => configOf(mail)).toThrow(message)
    expect(() => configOf(mail)).toThrow(TypeError)
    expect(() => configOf(mail)).not.toThrow(PASSWORD)
  })
})

describe('the password of the mail server', () => {
  it('is in no configuration that an application sees', async () => {
    const clock = createTestClock()
    const auth = await createAuth({
      ...https,
      database: openMemory(clock),
      clock,
      mail: { smtp: `smtps://user:${PASSWORD}@mail.example.com`, from },
    })
    expect(auth.config.mail.from.address).toBe('no-reply@example.com')
    expect(JSON.stringify(auth.config)).not.toContain(PASSWORD)
    expect(Object.keys(auth.config)).not.toContain('smtp')
    await auth.close()
  })
})

it('a mail server without the package that speaks to it does not start, and says what to do', async () => {
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(name, context, next) {
        if (name !== 'nodemailer') return next(name, context)
        throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      },
    })
    const { createAuth } = await import('lockjar')
    const start = createAuth({
      baseURL: 'https://app.example.com',
      secret: '${SECRET}',
      database: 'sqlite::memory:',
      mail: { smtp: 'smtp://mail.example.com', from: 'no-reply@example.com' },
    })
    await start.catch(({ name, message }) => console.log(name + ': ' + message))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=lockjar-source', '--input-type=module', '--eval', script],
    { cwd: new URL('../../', import.meta.url) },
  )
  expect(stdout).toBe(
    'TypeError: lockjar: option mail.smtp: needs the package nodemailer; add it with: npm install nodemailer\n',
  )
})
