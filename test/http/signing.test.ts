// Can others verify our access tokens, and are keys replaced without anybody being signed out?

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose'
import type { Store } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { toNodeListener } from 'lockjar/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KEY_PAIR_ALGORITHMS, SECRET_ALGORITHMS } from '../../src/core/keys/algorithms.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { read, TestBrowser } from '../support/browser.ts'
import { createTestClock } from '../support/clock.ts'
import { keyPair } from '../support/keys.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, remember: true }

const es256 = (...keys: number[]) => ({
  algorithm: 'ES256' as const,
  keys: keys.map((which) => keyPair('ES256', which).privatePem),
})

/** One process after another on one database, each with its own keys. */
function deployments() {
  const clock = createTestClock()
  let store: Store | undefined
  const open = () => {
    store ??= openMemory(clock)
    return store
  }
  return {
    clock,
    start: (accessToken: object, secret?: string) =>
      createTestAuth({ baseURL: LOCAL, accessToken, open, clock, ...(secret && { secret }) }),
  }
}

describe('GET /auth/jwks.json', () => {
  it.each(KEY_PAIR_ALGORITHMS)('gives what a third party verifies tokens of %s with', async (algorithm) => {
    const keys = [keyPair(algorithm).privatePem, keyPair(algorithm, 1).publicPem]
    const { auth, clock } = await createTestAuth({
      baseURL: LOCAL,
      accessToken: { signing: { algorithm, keys } },
    })
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const { body, headers, cookies } = await browser.get('/auth/jwks.json')
    expect(body['keys']).toHaveLength(2)
    expect(cookies).toEqual([])
    expect(headers.get('cache-control')).toBe('public, max-age=300')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    const verified = await jwtVerify(browser.cookie('access_token'), createLocalJWKSet(body as never), {
      issuer: LOCAL,
      audience: LOCAL,
      typ: 'at+jwt',
      currentDate: new Date(clock.now()),
    })
    expect(verified.protectedHeader.alg).toBe(algorithm)
    expect(verified.payload).toMatchObject({ roles: [], gen: 0 })
  })

  it('never holds a private member, whatever key was configured', async () => {
    for (const algorithm of KEY_PAIR_ALGORITHMS) {
      const { privateJwk, privatePem } = keyPair(algorithm)
      for (const keys of [privatePem, { ...privateJwk, x5c: ['AAAA'], secret: 'x' }]) {
        const { auth } = await createTestAuth({
          baseURL: LOCAL,
          accessToken: { signing: { algorithm, keys } },
        })
        const { body, text } = await new TestBrowser(auth.handler, LOCAL).get('/auth/jwks.json')
        const [key = {}] = body['keys'] as readonly Record<string, unknown>[]
        for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth', 'x5c', 'secret'])
          expect(Object.hasOwn(key, name), name).toBe(false)
        expect(text).not.toContain(String(privateJwk['d']))
      }
    }
  })

  it.each(SECRET_ALGORITHMS)('is not found with %s: a secret has no public half', async (algorithm) => {
    const { auth } = await createTestAuth({ baseURL: LOCAL, accessToken: { signing: { algorithm } } })
    const { status, body, headers } = await new TestBrowser(auth.handler, LOCAL).get('/auth/jwks.json')
    expect([status, body['code'], headers.get('cache-control')]).toEqual([404, 'not_found', 'no-store'])
  })

  it('is read over the network by a verifier that knows nothing but the address', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`
    const { auth, clock } = await createTestAuth({ baseURL: origin, accessToken: { signing: es256(0) } })
    server.on(
      'request',
      toNodeListener(auth, () => new Response()),
    )
    const browser = new TestBrowser(auth.handler, origin)
    await browser.post('/auth/register', ADA)
    const jwks = createRemoteJWKSet(new URL(`${origin}/auth/jwks.json`))
    const { payload } = await jwtVerify(browser.cookie('access_token'), jwks, {
      issuer: origin,
      audience: origin,
      algorithms: ['ES256'],
      currentDate: new Date(clock.now()),
    })
    expect(payload.sub).toMatch(/^[0-9a-f-]{36}$/)
    server.close()
    server.closeAllConnections()
    await auth.close()
  })
})

describe('keys are replaced', () => {
  const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => [
    status,
    body['code'],
  ]

  it('with an overlap, and nobody notices: added last, then moved first, then the old one dropped', async () => {
    const { start } = deployments()
    const browser = new TestBrowser((await start({ signing: es256(0) })).auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    for (const keys of [
      [0, 1],
      [1, 0],
    ]) {
      const { auth } = await start({ signing: es256(...keys) })
      expect((await browser.copy(auth.handler).get('/auth/me')).status).toBe(200)
    }
    const renewed = browser.copy((await start({ signing: es256(1, 0) })).auth.handler)
    expect((await renewed.post('/auth/refresh')).status).toBe(200)
    const { auth } = await start({ signing: es256(1) })
    expect((await renewed.copy(auth.handler).get('/auth/me')).status).toBe(200)
  })

  it('in an emergency: tokens of the old key are refused at once, and sessions go on by a silent refresh', async () => {
    const { start } = deployments()
    const browser = new TestBrowser((await start({ signing: es256(0) })).auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const stolen = browser.cookie('access_token')

    const { auth } = await start({ signing: es256(1) })
    const after = browser.copy(auth.handler)
    const refused = await after.get('/auth/me')
    expect(codeOf(refused)).toEqual([401, 'token_expired'])
    expect(refused.cookies).toEqual([])
    const asHeader = await new TestBrowser(auth.handler, LOCAL).get('/auth/me', {
      headers: { authorization: `Bearer ${stolen}` },
    })
    expect(codeOf(asHeader)).toEqual([401, 'unauthenticated'])
    expect((await after.post('/auth/refresh')).status).toBe(200)
    expect((await after.get('/auth/me')).status).toBe(200)
  })

  it.each<[from: string, to: string, before: object, after: object]>([
    ['HS256', 'ES256', {}, { signing: es256(0) }],
    ['ES256', 'HS256', { signing: es256(0) }, {}],
    ['HS256', 'HS512', {}, { signing: { algorithm: 'HS512' } }],
    [
      'Ed25519',
      'EdDSA',
      { signing: { algorithm: 'Ed25519', keys: keyPair('Ed25519').privatePem } },
      { signing: { algorithm: 'EdDSA', keys: keyPair('Ed25519').privatePem } },
    ],
  ])('from %s to %s by one silent refresh', async (_from, _to, before, after) => {
    const { start } = deployments()
    const browser = new TestBrowser((await start(before)).auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const switched = browser.copy((await start(after)).auth.handler)
    expect(codeOf(await switched.get('/auth/me'))).toEqual([401, 'token_expired'])
    expect((await switched.post('/auth/refresh')).status).toBe(200)
    expect((await switched.get('/auth/me')).status).toBe(200)
  })

  it('and an unknown kid clears nothing: not of an access cookie, nor of a refresh cookie', async () => {
    const { start } = deployments()
    const browser = new TestBrowser((await start({})).auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const { auth } = await start({}, Buffer.from(Array.from({ length: 32 }, (_, n) => n * 7)).toString('hex'))
    const other = browser.copy(auth.handler)
    for (const sent of [await other.get('/auth/me'), await other.post('/auth/refresh')]) {
      expect(sent.status).toBe(401)
      expect(sent.cookies).toEqual([])
    }
  })
})

describe('a cookie that does not verify', () => {
  it('is worth a refresh while the browser says that it has a session, and only then', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL })
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    browser.setCookie('access_token', 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA')
    expect((await browser.get('/auth/me')).body['code']).toBe('token_expired')
    const bad = await browser.get('/auth/me', {
      headers: { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA' },
    })
    expect(bad.body['code']).toBe('unauthenticated')
    browser.forget('auth_hint')
    expect((await browser.get('/auth/me')).body['code']).toBe('unauthenticated')
  })
})

describe('a key file', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockjar-keys-'))
    writeFileSync(join(folder, 'new.pem'), keyPair('ES256', 1).privatePem)
    writeFileSync(join(folder, 'old.jwk'), JSON.stringify(keyPair('ES256').publicJwk))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const start = (...keys: string[]) =>
    createTestAuth({ baseURL: LOCAL, accessToken: { signing: { algorithm: 'ES256', keys } } })

  it('is read at the start, as PEM or JWK', async () => {
    const { auth } = await start(`file:${folder}/new.pem`, `file://${folder}/old.jwk`)
    const { body } = await read(await auth.handler(new Request(`${LOCAL}/auth/jwks.json`)))
    expect(body['keys']).toHaveLength(2)
  })

  it('that cannot be read, or holds no such key, stops the start with one line that names it', async () => {
    await expect(start(`file:${folder}/gone.pem`)).rejects.toThrow(
      `lockjar: option accessToken.signing.keys: ${folder}/gone.pem cannot be read (ENOENT)`,
    )
    await expect(start(`file:${folder}/new.pem`, `file:${folder}/new.pem`)).rejects.toThrow(
      new TypeError('lockjar: option accessToken.signing.keys: key 2 is there twice'),
    )
    await expect(start(`file:${folder}/old.jwk`)).rejects.toThrow(
      /^lockjar: option accessToken\.signing\.keys: key 1 is public, but the first key signs$/,
    )
  })
})

describe('another header than Authorization', () => {
  it('carries the credential of API clients, and Authorization then carries none', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL, authorizationHeader: 'X-Access-Token' })
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const credential = `Bearer ${browser.cookie('access_token')}`
    const other = new TestBrowser(auth.handler, LOCAL)
    expect((await other.get('/auth/me', { headers: { 'x-access-token': credential } })).status).toBe(200)
    expect((await other.get('/auth/me', { headers: { authorization: credential } })).status).toBe(401)
    const { body } = await other.get('/auth/openapi.json')
    expect(body).toMatchObject({
      components: { securitySchemes: { header: { type: 'apiKey', in: 'header', name: 'x-access-token' } } },
    })
  })
})
