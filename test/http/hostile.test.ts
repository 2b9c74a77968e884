// What becomes of input that means harm? A clear refusal, nothing changed, never a 5xx.
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccessToken } from '../../src/core/access-token/create.ts'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import { deriveSigningKeys } from '../../src/core/keys/signing.ts'
import { createTestAuth, PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { readVectors } from '../support/vectors.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }
const JSON_TYPE = { 'content-type': 'application/json' }

type SetUp = Awaited<ReturnType<typeof createTestAuth>>
let made: SetUp
let browser: TestBrowser
let before: string

beforeAll(async () => {
  made = await createTestAuth({ baseURL: LOCAL })
  browser = new TestBrowser(made.auth.handler, LOCAL)
  await browser.post('/auth/register', ADA)
  before = JSON.stringify(await made.store.users.findByUsername('ada'))
})

/** Whatever was sent, the user and the session are as they were. */
afterAll(async () => {
  expect(JSON.stringify(await made.store.users.findByUsername('ada'))).toBe(before)
  expect((await browser.get('/auth/me')).status).toBe(200)
  expect(made.log.filter(({ level }) => level === 'error')).toEqual([])
})

describe('bodies', () => {
  const FIELDS: readonly unknown[] = [null, 1, true, [], ['ada@example.com'], {}, { toString: 'x' }, 1e308]

  it('wrong types are named, field by field', async () => {
    for (const wrong of FIELDS) {
      const register = await browser.post('/auth/register', {
        email: wrong,
        password: wrong,
        username: wrong,
        remember: 'yes',
      })
      const fields = (register.body['errors'] as { field: string }[]).map(({ field }) => field)
      expect([register.status, fields], JSON.stringify(wrong)).toEqual([
        422,
        ['email', 'password', 'username', 'remember'],
      ])
      expect((await browser.post('/auth/login', { username: wrong, password: wrong })).status).toBe(422)
      expect((await browser.send('DELETE', '/auth/me', { body: { password: wrong } })).status).toBe(422)
    }
    expect((await browser.send('PATCH', '/auth/me', { body: { username: ['x'] } })).status).toBe(422)
  })

  it.each(['null', '[]', '"text"', '1', 'true', '[[[[]]]]', '{"a":{"b":{"c":1}}}'])(
    '%s is no body for any route',
    async (body) => {
      for (const path of [
        '/auth/register',
        '/auth/login',
        '/auth/refresh',
        '/auth/logout',
        '/auth/logout-all',
      ]) {
        expect((await browser.copy().post(path, body, { headers: JSON_TYPE })).status, path).toBe(422)
      }
    },
  )

  it('prototype keys are unknown fields', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const sent = await browser.post(
        '/auth/login',
        `{"${key}":{"admin":true},"username":"ada","password":"x"}`,
        { headers: JSON_TYPE },
      )
      expect([sent.status, sent.body['errors']], key).toEqual([
        422,
        [{ field: key, code: 'unknown', message: expect.any(String) }],
      ])
      const form = await browser.post('/auth/login', `${key}=1&username=ada&password=x`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
      expect(form.status, key).toBe(422)
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('none, two or three of email, username and identifier are refused', async () => {
    for (const who of [
      {},
      { email: 'a@b.c', username: 'ada' },
      { email: 'a@b.c', username: 'ada', identifier: 'ada' },
    ]) {
      expect((await browser.post('/auth/login', { ...who, password: PASSWORD })).status).toBe(422)
    }
  })

  it.each([
    'text/plain',
    'text/plain; application/json',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    'application/json;',
    'application/x-json',
    'application/vnd.api+json',
  ])('a body declared as %s is 415', async (type) => {
    const sent = await browser
      .copy()
      .post('/auth/login', JSON.stringify(ADA), { headers: { 'content-type': type } })
    expect([sent.status, sent.body['code']]).toEqual([415, 'unsupported_media_type'])
  })

  it('a body without a type, or with an encoding, is 415', async () => {
    const send = async (headers: Record<string, string>) => {
      const body = new TextEncoder().encode(JSON.stringify(ADA))
      const request = new Request(`${LOCAL}/auth/login`, {
        method: 'POST',
        headers: { origin: LOCAL, ...headers },
        body,
      })
      return (await made.auth.handler(request)).status
    }
    expect(await send({})).toBe(415)
    expect(await send({ ...JSON_TYPE, 'content-encoding': 'gzip' })).toBe(415)
  })

  it('a megabyte is refused while it arrives, whatever Content-Length says', async () => {
    let pulled = 0
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        if (pulled > 1000) controller.close()
        else controller.enqueue(new Uint8Array(1024).fill(32))
      },
    })
    const request = new Request(`${LOCAL}/auth/login`, {
      method: 'POST',
      headers: { origin: LOCAL, ...JSON_TYPE },
      body: stream,
      duplex: 'half',
    } as RequestInit)
    expect((await made.auth.handler(request)).status).toBe(413)
    expect(pulled).toBeLessThan(80)
  })

  it('exactly 64 KiB are read, one byte more is not', async () => {
    const pad = (length: number) => `{"username":"ada","password":"x"}${' '.repeat(length - 33)}`
    expect((await browser.post('/auth/login', pad(65_536), { headers: JSON_TYPE })).status).toBe(401)
    expect((await browser.post('/auth/login', pad(65_537), { headers: JSON_TYPE })).status).toBe(413)
  })

  it('an address that another one could be made of is refused', async () => {
    const addresses = [
      'a@attacker.com,b@victim.com',
      '"e@attacker.com"@victim.com',
      'ada＠example.com',
      'ada@exämple.com',
      'ada@example.com\n',
      ' ada@example.com',
      'ada@example.com\r\nBcc: eve@example.com',
      'ada@localhost',
      '<ada@example.com>',
      `${'a'.repeat(65)}@example.com`,
      'ada@-example.com',
      'ada..b@example.com',
    ]
    for (const email of addresses) {
      const sent = await browser.post('/auth/register', { email, password: PASSWORD })
      expect([sent.status, (sent.body['errors'] as { field: string }[])[0]?.field], email).toEqual([
        422,
        'email',
      ])
    }
  })
})

describe('cookies', () => {
  it('U+00A0 before a prefixed name does not make it ours', async () => {
    const secure = await createTestAuth()
    const owner = new TestBrowser(secure.auth.handler, secure.auth.config.origin)
    await owner.post('/auth/register', ADA)
    for (const blank of ['\u00a0', '\u0085', '\x0b', '\x0c']) {
      const headers = { cookie: `${blank}__Host-Http-access_token=${owner.cookie('access_token')}` }
      const sent = await secure.auth.authenticate({
        method: 'GET',
        url: `${secure.auth.config.origin}/`,
        headers: { get: (name) => (name === 'cookie' ? headers.cookie : null) },
      })
      expect(sent.status).toBe('anonymous')
    }
  })

  it('names are compared by case, and without their prefix they are not ours', async () => {
    const secure = await createTestAuth()
    const owner = new TestBrowser(secure.auth.handler, secure.auth.config.origin)
    await owner.post('/auth/register', ADA)
    const token = owner.cookie('access_token')
    for (const name of [
      '__HOST-Http-access_token',
      '__Host-http-access_token',
      '__Host-access_token',
      'access_token',
      '__Secure-access_token',
    ]) {
      expect((await owner.get('/auth/me', { headers: { cookie: `${name}=${token}` } })).status, name).toBe(
        401,
      )
    }
    expect(
      (await owner.get('/auth/me', { headers: { cookie: `__Host-Http-access_token=${token}` } })).status,
    ).toBe(200)
  })

  it('rubbish is simply anonymous on a public route, and a session of one user with another’s refresh cookie is none', async () => {
    for (const value of [
      '',
      'x',
      '"',
      'a.b.c',
      '..',
      '%00',
      'x'.repeat(9000),
      browser.cookie('refresh_token'),
    ]) {
      const sent = await browser.get('/auth/me', { headers: { cookie: `access_token=${value}` } })
      expect([sent.status, sent.body['code'], sent.cookies], value.slice(0, 40)).toEqual([
        401,
        'unauthenticated',
        [],
      ])
      expect((await browser.get('/auth/csrf', { headers: { cookie: `access_token=${value}` } })).status).toBe(
        200,
      )
    }
  })
})

describe('tokens', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  async function parts() {
    const secret = new Uint8Array(Buffer.from(SECRET, 'base64url'))
    const ring = await createKeyRing([secret])
    const { current: key } = await deriveSigningKeys([secret], 'HS256')
    const [header = '', payload = '', signature = ''] = browser.cookie('access_token').split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    return { ring, key, header, payload, signature, claims }
  }

  const isRefused = async (token: string, code = 'unauthenticated') => {
    const sent = await browser.get('/auth/me', { headers: { cookie: `access_token=${token}` } })
    expect([sent.status, sent.body['code']], token.slice(0, 80)).toEqual([401, code])
    const header = await browser.get('/auth/me', { headers: { authorization: `Bearer ${token}` } })
    expect(header.status, token.slice(0, 80)).toBe(401)
  }

  it('alg none, another algorithm, another key, a changed claim and every other spelling are refused', async () => {
    const { ring, header, payload, signature, claims } = await parts()
    const kid = ring.current.id
    await isRefused(`${encode({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.`)
    await isRefused(`${encode({ alg: 'nOnE', typ: 'at+jwt', kid })}.${payload}.${signature}`)
    await isRefused(`${encode({ alg: 'HS512', typ: 'at+jwt', kid })}.${payload}.${signature}`)
    await isRefused(`${encode({ alg: 'HS256', typ: 'at+jwt' })}.${payload}.${signature}`)
    await isRefused(
      `${encode({ alg: 'HS256', typ: 'at+jwt', kid: '../../dev/null' })}.${payload}.${signature}`,
    )
    await isRefused(`${header}.${encode({ ...claims, roles: ['superuser'] })}.${signature}`)
    await isRefused(`${header}.${payload}.${signature}=`)
    await isRefused(`${header}.${payload}.${signature}.`)
    await isRefused(`${header}.${payload}`)
    const last = signature.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const other of alphabet) {
      if (other !== last) await isRefused(`${header}.${payload}.${signature.slice(0, -1)}${other}`)
    }
  })

  it('a good signature over the wrong type, issuer, audience or times is refused', async () => {
    const { ring, key, claims } = await parts()
    const sign = (change: Record<string, unknown>, typ = 'at+jwt') =>
      new SignJWT({ ...claims, ...change })
        .setProtectedHeader({ alg: 'HS256', typ, kid: ring.current.id })
        .sign(key.key)
    const now = Number(claims['iat'])
    await isRefused(await sign({}, 'JWT'))
    await isRefused(await sign({ iss: 'https://evil.example' }))
    await isRefused(await sign({ aud: 'https://evil.example' }))
    await isRefused(await sign({ exp: undefined }))
    await isRefused(await sign({ iat: undefined }))
    await isRefused(await sign({ exp: now + 7200 }))
    await isRefused(await sign({ nbf: now + 3600 }))
    await isRefused(await sign({ exp: now - 1, iat: now - 600 }), 'token_expired')
    await isRefused(await sign({ gen: '0' }))
    await isRefused(await sign({ sub: 1 }))
    const wrongPurpose = await createAccessToken(claims as never, made.auth.config.accessToken, {
      current: { ...key, key: ring.current.for['refresh-token'] },
    })
    await isRefused(wrongPurpose)
  })

  it('every token of Wycheproof, 510 of them, is refused as a header and as a cookie', async () => {
    const names = ['json_web_signature_test', 'json_web_key_test', 'json_web_crypto_test']
    const files = names.map((name) =>
      readVectors<{ testGroups: { tests: { jws?: unknown; jwe?: unknown }[] }[] }>(`wycheproof/${name}.json`),
    )
    if (files.includes(null)) return
    const tests = files.flatMap((file) => file?.testGroups.flatMap((group) => group.tests) ?? [])
    expect(tests).toHaveLength(510)
    for (const { jws, jwe } of tests) {
      const sent = jws ?? jwe
      await isRefused(typeof sent === 'string' ? sent : JSON.stringify(sent))
    }
  })

  it('a refresh token is no access token, and the reverse', async () => {
    await isRefused(browser.cookie('refresh_token'))
    const swapped = browser.copy()
    swapped.setCookie('refresh_token', browser.cookie('access_token'))
    const sent = await swapped.post('/auth/refresh')
    expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'unauthenticated', []])
  })
})

describe('paths and methods', () => {
  it.each([
    '//auth/me',
    '/auth//me',
    '/auth/me/',
    '/AUTH/me',
    '/auth/me;x',
    '/auth/%6de',
    '/auth/../auth/me/x',
    '/auth',
  ])('%s is not another way in', async (path) => {
    const sent = await browser.get(path)
    expect([200, 404]).toContain(sent.status)
    // An encoded letter is the letter (RFC 3986 section 6.2.2.2); everything else is another path.
    if (sent.status === 200) expect(decodeURIComponent(new URL(LOCAL + path).pathname)).toBe('/auth/me')
  })

  it.each(['TRACE', 'PROPFIND', 'PUT', 'get'])('%s is not supported', async (method) => {
    const headers = { host: 'localhost:3000' }
    const request = {
      method,
      url: `${LOCAL}/auth/me`,
      headers: new Headers(headers),
      body: null,
    } as unknown as Request
    expect([404, 405]).toContain((await made.auth.handler(request)).status)
  })
})
