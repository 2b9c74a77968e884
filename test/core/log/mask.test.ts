// Does anything that is a secret or an address stay in a text that is made safe for a log?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCsrfToken } from '../../../src/core/csrf/token.ts'
import { encodeBase64url } from '../../../src/core/encoding/base64url.ts'
import { signText } from '../../../src/core/keys/mac.ts'
import { toSafeFields } from '../../../src/core/log/fields.ts'
import { maskText } from '../../../src/core/log/mask.ts'
import { createRefreshToken } from '../../../src/core/refresh-token/create.ts'
import { createSessionToken } from '../../../src/core/session-token/create.ts'
import { isEmail } from '../../../src/core/user/identifier.ts'
import django from '../../fixtures/django-hashes.json' with { type: 'json' }
import libraries from '../../fixtures/library-hashes.json' with { type: 'json' }
import { testRing } from '../ring.ts'

const SESSION = '01999999-1234-7abc-8def-0123456789ab'

/** Where a text may stand in somebody's message. */
const PLACES: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `failed for ${text}`,
  (text) => `failed for ${text}: no such row`,
  (text) => `failed for ${text}, and for nobody else.`,
  (text) => `"${text}"`,
  (text) => `near '${text}' at line 1`,
  (text) => `\`${text}\``,
  (text) => `<${text}>`,
  (text) => `(${text})`,
  (text) => `[${text}]`,
  (text) => `a=${text}&b=1`,
  (text) => `https://app.example.com/reset?t=${text}#top`,
  (text) => JSON.stringify({ value: text, other: 1 }),
  (text) => JSON.stringify(JSON.stringify({ value: text })),
  (text) => `line one\n\tline two ${text}\nline three`,
  (text) => encodeURIComponent(text),
]

const random = fc.uint8Array({ minLength: 32, maxLength: 64 }).map((bytes) => encodeBase64url(bytes.slice()))
const nonce = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => encodeBase64url(bytes.slice()))
const place = fc.constantFrom(...PLACES)

describe('of a text for the log', () => {
  it('no token of any of our kinds is left, wherever it stands', async () => {
    const ring = await testRing(1)
    await fc.assert(
      fc.asyncProperty(nonce, fc.nat(), place, async (secret, generation, put) => {
        const claims = { sessionId: SESSION, nonce: secret, generation }
        for (const token of [
          await createRefreshToken(claims, ring),
          await createSessionToken('session-token', claims, ring),
          await createCsrfToken(SESSION, secret, ring),
        ]) {
          const masked = maskText(put(token))
          for (const part of token.split('.')) if (part.length > 36) expect(masked).not.toContain(part)
          expect(masked).not.toContain(token)
        }
      }),
    )
  })

  it('nothing of a session’s token is left: not even the part that is secret by itself', async () => {
    const ring = await testRing(1)
    await fc.assert(
      fc.asyncProperty(nonce, place, async (secret, put) => {
        const token = await createRefreshToken({ sessionId: SESSION, nonce: secret, generation: 7 }, ring)
        expect(maskText(put(token))).not.toContain(secret)
      }),
    )
  })

  it('no access token is left', async () => {
    const ring = await testRing(1)
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), place, async (claims, put) => {
        const encode = (value: unknown) => encodeBase64url(new TextEncoder().encode(JSON.stringify(value)))
        const text = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'x' })}.${encode({ claims })}`
        const mac = await signText(ring.current.for['cookie'], text)
        const masked = maskText(put(`${text}.${mac}`))
        for (const part of [text, mac]) expect(masked).not.toContain(part)
      }),
    )
  })

  it('no random text of 32 bytes or more is left', () => {
    fc.assert(
      fc.property(random, place, (token, put) => {
        expect(maskText(put(token))).not.toContain(token)
      }),
      { numRuns: 1000 },
    )
  })

  it('no e-mail address that may be registered is left', () => {
    const local = fc.string({
      unit: fc.constantFrom(..."abzABZ019.!#$%&'*+/=?^_`{|}~-"),
      minLength: 1,
      maxLength: 64,
    })
    const domain = fc.constantFrom('example.com', 'a.b-c.co.uk', 'xn--bcher-kva.example', 'EXAMPLE.COM')
    const address = fc.tuple(local, domain).map((parts) => parts.join('@'))
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), address).filter(isEmail), place, (email, put) => {
        const at = email.lastIndexOf('@')
        const masked = maskText(put(email)).toLowerCase()
        expect(masked).not.toContain(email.toLowerCase())
        expect(masked).not.toContain(email.slice(at).toLowerCase())
        expect(masked).not.toContain(encodeURIComponent(email.slice(at)).toLowerCase())
        if (at > 12) expect(masked).not.toContain(email.slice(0, at).toLowerCase())
      }),
      { numRuns: 2000 },
    )
  })

  it('no hash of a password is left, of any library whose hashes are verified here', () => {
    for (const { hash } of [...django.cases, ...libraries.cases]) {
      for (const put of PLACES.filter((each) => each('$') !== '%24')) {
        const masked = maskText(put(hash))
        for (const part of hash.split(/[$:]/)) if (part.length >= 20) expect(masked, hash).not.toContain(part)
      }
    }
  })

  const password = fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' })
  const named = fc.constantFrom(
    'password',
    'newPassword',
    'current_password',
    'pass',
    'secret',
    'refresh_token',
  )
  it.each<[where: string, write: (name: string, text: string) => string]>([
    ['a JSON body', (name, text) => JSON.stringify({ a: 1, [name]: text, z: 2 })],
    ['JSON within JSON', (name, text) => JSON.stringify(JSON.stringify({ [name]: text }))],
    ['a JSON body that was cut', (name, text) => `${JSON.stringify({ [name]: text }).slice(0, -2)}`],
    ['a form', (name, text) => new URLSearchParams({ a: '1', [name]: text, z: '2' }).toString()],
    ['a sentence', (name, text) => `wrong ${name}: ${text.replaceAll(/[\r\n&]/g, ' ')}`],
    ['a printed object', (name, text) => `{ ${name}: '${text.replaceAll(/[\r\n&]/g, ' ')}' }`],
  ])('no password is left in %s, where its name stands before it', (_where, write) => {
    fc.assert(
      fc.property(password, named, (text, name) => {
        const written = write(name, text)
        const masked = maskText(written)
        const secret = text.replaceAll(/[\r\n&]/g, ' ').trim()
        fc.pre(secret.length >= 8)
        expect(masked).not.toContain(secret)
        expect(masked).not.toContain(JSON.stringify(text).slice(1, -1))
        expect(masked).not.toContain(encodeURIComponent(text))
      }),
      { numRuns: 500 },
    )
  })

  it.each<[text: string, masked: string]>([
    ['Cookie: a=1; b=two', 'Cookie: [cookies]'],
    ["{ 'set-cookie': [ 'a=1; Path=/' ] }\nnext", "{ 'set-cookie': [cookies]\nnext"],
    ['Authorization: Token abc', 'Authorization: [credentials]'],
    ['sent Bearer abc.def to', 'sent Bearer [credentials] to'],
    ['535 AUTH PLAIN AGFkYQBwYXNz refused', '535 AUTH PLAIN [credentials] refused'],
    ['connect smtp://ada:pass@mail.example.com:587', 'connect smtp://[credentials]@mail.example.com:587'],
    ['550 5.1.1 <ada@example.com>: unknown', '550 5.1.1 <[address]>: unknown'],
    [
      'Unexpected token \'h\', ..."word":hunter2}" is not valid JSON',
      "Unexpected token 'h', [text] is not valid JSON",
    ],
    ['-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nrest', '[key]\nrest'],
    [`reset ${'A1b2'.repeat(12)} used`, 'reset [token] used'],
  ])('%j becomes %j', (text, masked) => {
    expect(maskText(text)).toBe(masked)
  })

  it.each([
    'the store is down',
    'UNIQUE constraint failed: lockjar_users.email_key',
    'SQLITE_BUSY: database is locked',
    `session ${SESSION} of user ${SESSION} has ended`,
    'password hash not brought up to date',
    'connect ECONNREFUSED 127.0.0.1:587',
    '    at processTicksAndRejections (node:internal/process/task_queues:103:5)',
    '    at file:///app/node_modules/lockjar/dist/drivers/sqlite/connection.js:119:12',
    '    at file:///app/node_modules/@hono/node-server/dist/index.js:12:3',
    'a used refresh token came back; the session has been revoked',
    '2026-01-31T12:00:00.000Z 192.0.2.1 2001:db8::1',
  ])('%j stays as it is', (text) => {
    expect(maskText(text)).toBe(text)
  })

  it('what is very long is cut between words, in time that is in proportion', () => {
    const token = encodeBase64url(new Uint8Array(32).fill(250))
    const masked = maskText(`${'word '.repeat(3275)}${token} ${token}`)
    expect(masked.endsWith('word [cut]')).toBe(true)
    for (const hard of [
      '@',
      'a',
      'a@',
      '$2b$',
      'eyJ.',
      'password=',
      '"',
      '://',
      'Unexpected token ',
      '%40',
      '-',
      ' ',
    ]) {
      maskText(hard.repeat(20_000))
    }
  })
})

describe('of an error for the log', () => {
  const plants = ['ada@example.com', 'A1b2'.repeat(12), `password: ${'hunter2 '.repeat(3)}`]
  const secrets = ['ada@', 'A1b2A1b2', 'hunter2']

  it.each(plants)('nothing of %j is left, wherever the error carries it', (plant) => {
    const error = Object.assign(new Error(`failed: ${plant}`), {
      code: plant,
      envelope: { to: [plant] },
      response: plant,
      rejected: [plant],
      parameters: [plant],
    })
    error.name = plant
    error.cause = Object.assign(new Error(plant, { cause: new AggregateError([new Error(plant)], plant) }), {
      facts: { detail: plant },
    })
    const safe = toSafeFields({ event: 'x', error, note: plant })
    for (const secret of secrets) expect(JSON.stringify(safe)).not.toContain(secret)
    for (const value of Object.values(safe)) expect(typeof value).not.toBe('object')
  })

  it('its message, code and causes are told, and where the first of them began', () => {
    const error = Object.assign(new Error('no room', { cause: new Error('disk full', { cause: 'quota' }) }), {
      code: 'ENOSPC',
    })
    expect(toSafeFields({ event: 'x', code: 'unavailable', left: undefined, error })).toEqual({
      event: 'x',
      code: 'unavailable',
      error: 'Error: no room',
      errorCode: 'ENOSPC',
      cause: 'disk full; quota',
      stack: expect.stringMatching(/^Error: disk full\n +at /),
    })
  })

  it('what is no proper error is none of ours', () => {
    const circular = new Error('a')
    circular.cause = circular
    const hostile = Object.create(Error.prototype, {
      message: {
        get() {
          throw new Error('x')
        },
      },
      stack: { value: 7 },
      name: { value: { toString: null } },
    }) as Error
    expect(toSafeFields({ error: circular })).toMatchObject({ error: 'Error: a', cause: 'a; a; a; a' })
    expect(toSafeFields({ error: hostile })).toMatchObject({ error: ': ', stack: '' })
  })
})
