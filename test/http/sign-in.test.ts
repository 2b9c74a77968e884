// What do registration and sign-in do, as a browser sees them?
import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import type { Store } from 'lockjar'
import { AuthError } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD, SECRET } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'

const ADA = { email: 'Ada@Example.com', password: PASSWORD, username: 'ada', name: 'Ada Lovelace' }

async function setUp(options = {}) {
  const made = await createTestAuth(options)
  return { ...made, browser: new TestBrowser(made.auth.handler, made.auth.config.origin) }
}

const attributesOf = (sent: Sent): Record<string, string> =>
  Object.fromEntries(sent.cookies.map(({ name, line }) => [name, line.slice(line.indexOf('; ') + 2)]))

describe('auth.config', () => {
  it('is frozen and holds nothing that is a secret, so that it can be logged', async () => {
    const { privateKey } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    const { auth } = await createTestAuth({
      password: { pepper: SECRET },
      accessToken: { signing: { algorithm: 'Ed25519', keys: privateKey } },
    })
    const shown = inspect(auth.config, { depth: 9 }) + JSON.stringify(auth.config)
    expect(shown).not.toMatch(/PRIVATE|secrets|pepper|signing/)
    expect(shown).not.toContain(privateKey.split('\n')[1])
    expect(shown).not.toContain(String(Buffer.from(SECRET, 'base64url')[0]).concat(', '))
    expect(Object.isFrozen(auth.config)).toBe(true)
  })
})

describe('registration', () => {
  it('A1: answers the user and the session, and no token in the body', async () => {
    const { browser, clock } = await setUp()
    const sent = await browser.post('/auth/register', ADA)
    expect(sent.status).toBe(201)
    expect(sent.body).toEqual({
      user: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        email: 'Ada@Example.com',
        username: 'ada',
        name: 'Ada Lovelace',
        roles: [],
        emailVerified: false,
        createdAt: new Date(clock.now()).toISOString(),
      },
      session: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        createdAt: new Date(clock.now()).toISOString(),
        expiresAt: new Date(clock.now() + 24 * 3_600_000).toISOString(),
        idleExpiresAt: new Date(clock.now() + 12 * 3_600_000).toISOString(),
        accessExpiresAt: expect.any(String),
        remember: false,
        current: true,
      },
    })
    for (const { value, name } of sent.cookies.slice(0, 2)) {
      expect(value.length, name).toBeGreaterThan(100)
      expect(sent.text).not.toContain(value)
    }
  })

  it('refuses an address or a user name that is taken, whatever its case', async () => {
    const { browser } = await setUp()
    await browser.post('/auth/register', ADA)
    const address = await browser.post('/auth/register', { email: 'ADA@example.COM', password: PASSWORD })
    expect([address.status, address.body['code']]).toEqual([409, 'conflict'])
    expect(address.body['errors']).toEqual([{ field: 'email', code: 'taken', message: expect.any(String) }])
    const name = await browser.post('/auth/register', {
      email: 'b@example.com',
      username: 'ADA',
      password: PASSWORD,
    })
    expect(name.body['errors']).toEqual([{ field: 'username', code: 'taken', message: expect.any(String) }])
  })

  it('lets exactly one of twenty that register one address at once have it', async () => {
    const { browser } = await setUp({ baseURL: 'http://localhost:3000' })
    const all = await Promise.all(
      Array.from({ length: 20 }, () =>
        browser.copy().post('/auth/register', { email: 'one@example.com', password: PASSWORD }),
      ),
    )
    expect(all.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
  })

  it('tells why a password is refused', async () => {
    const { browser } = await setUp()
    const problem = async (password: string) =>
      (await browser.post('/auth/register', { ...ADA, password })).body['errors']
    expect(await problem('short')).toEqual([
      { field: 'password', code: 'too_short', message: expect.any(String) },
    ])
    expect(await problem('qwertyuiop')).toEqual([
      { field: 'password', code: 'too_common', message: expect.any(String) },
    ])
    expect(await problem('ada@example.com')).toEqual([
      { field: 'password', code: 'too_similar', message: expect.any(String) },
    ])
    expect(await problem(`\ud800${PASSWORD}`)).toEqual([
      { field: 'password', code: 'malformed', message: expect.any(String) },
    ])
    expect(await problem('x'.repeat(257))).toEqual([
      { field: 'password', code: 'too_long', message: expect.any(String) },
    ])
  })

  it('takes a password of any characters exactly as it is, a NUL and spaces too', async () => {
    const { browser } = await setUp({ baseURL: 'http://localhost:3000' })
    const password = '  \u0000pässwörd 🔑  '
    expect((await browser.post('/auth/register', { ...ADA, password })).status).toBe(201)
    const login = (typed: string) => browser.post('/auth/login', { identifier: 'ada', password: typed })
    expect((await login(password)).status).toBe(200)
    for (const other of [password.trim(), password.normalize('NFD'), '  ', password.slice(0, -1)]) {
      expect((await login(other)).body['code'], other).toBe('invalid_credentials')
    }
  })

  it('may be closed', async () => {
    const { browser } = await setUp({ registration: 'closed' })
    const sent = await browser.post('/auth/register', ADA)
    expect([sent.status, sent.body['code']]).toEqual([403, 'forbidden'])
  })
})

describe('sign-in', () => {
  it('A2: finds the user by e-mail, user name or either, whatever the case', async () => {
    const { browser } = await setUp({ baseURL: 'http://localhost:3000' })
    await browser.post('/auth/register', ADA)
    for (const who of [
      { email: 'ada@example.com' },
      { username: 'Ada' },
      { identifier: 'ADA@EXAMPLE.COM' },
      { identifier: 'ada' },
    ]) {
      expect(
        (await browser.post('/auth/login', { ...who, password: PASSWORD })).status,
        JSON.stringify(who),
      ).toBe(200)
    }
  })

  it('A2: answers a wrong password and an unknown user alike, to the letter, after the same hashing', async () => {
    const verified: string[] = []
    const { browser } = await setUp({
      baseURL: 'http://localhost:3000',
      passwordHasher: {
        hash: async (password: string) => `hash of ${password}`,
        verify: async () => {
          verified.push('verify')
          return { ok: false, mustRehash: false }
        },
        verifyAbsent: async () => {
          verified.push('verifyAbsent')
        },
        close: async () => {},
      },
    })
    await browser.post('/auth/register', ADA)
    const wrong = await browser.copy().post('/auth/login', { identifier: 'ada', password: 'wrong password' })
    const unknown = await browser
      .copy()
      .post('/auth/login', { identifier: 'nobody', password: 'wrong password' })
    expect(wrong.status).toBe(401)
    expect(wrong.body['code']).toBe('invalid_credentials')
    expect(unknown.text).toBe(wrong.text)
    expect([...unknown.headers]).toEqual([...wrong.headers])
    expect(verified).toEqual(['verify', 'verifyAbsent'])
  })

  it('B5: tells that an account is disabled only after the right password', async () => {
    const { browser, store } = await setUp({ baseURL: 'http://localhost:3000' })
    await browser.post('/auth/register', ADA)
    const find = store.users.findByUsername.bind(store.users)
    Object.assign(store.users, {
      findByUsername: async (key: string) => {
        const user = await find(key)
        return user && { ...user, disabledAt: 1 }
      },
    })
    const wrong = await browser.post('/auth/login', { username: 'ada', password: 'wrong password' })
    expect(wrong.body['code']).toBe('invalid_credentials')
    const right = await browser.post('/auth/login', { username: 'ada', password: PASSWORD })
    expect([right.status, right.body['code']]).toEqual([401, 'account_disabled'])
    expect(right.cookies).toEqual([])
  })

  it.each([
    ['changed', (store: Store, id: string) => store.users.raiseRevision(id)],
    ['deleted', (store: Store, id: string) => store.users.delete(id)],
  ])('leaves nobody signed in whose account was %s while the password was checked', async (_name, change) => {
    const { browser, store } = await setUp({ baseURL: 'http://localhost:3000' })
    const { user } = (await browser.post('/auth/register', ADA)).body as { user: { id: string } }
    await browser.post('/auth/logout')
    const create = store.sessions.create.bind(store.sessions)
    const made: string[] = []
    Object.assign(store.sessions, {
      create: async (...session: Parameters<typeof create>) => {
        await change(store, user.id)
        made.push(session[0].id)
        return create(...session)
      },
    })
    const sent = await browser.post('/auth/login', { username: 'ada', password: PASSWORD })
    expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'invalid_credentials', []])
    expect((await store.sessions.find(made[0] ?? ''))?.session.revokedAt).not.toBeNull()
  })

  it('B1: records when a user signed in last', async () => {
    const { browser, store, clock } = await setUp({ baseURL: 'http://localhost:3000' })
    await browser.post('/auth/register', ADA)
    clock.advance(60_000)
    await browser.post('/auth/login', { username: 'ada', password: PASSWORD })
    expect((await store.users.findByUsername('ada'))?.lastLoginAt).toBe(clock.now())
  })

  it('gives the browser a new session and ends the one it carried', async () => {
    const { browser } = await setUp({ baseURL: 'http://localhost:3000' })
    await browser.post('/auth/register', ADA)
    const before = browser.copy()
    const { session } = (await browser.post('/auth/login', { username: 'ada', password: PASSWORD })).body as {
      session: { id: string }
    }
    expect((await before.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await before.post('/auth/refresh')).body['code']).toBe('session_revoked')
    const { sessions } = (await browser.get('/auth/sessions')).body as { sessions: { id: string }[] }
    expect(sessions.map(({ id }) => id)).toEqual([session.id])
  })

  it('rehashes a password whose hash is weaker than one made now', async () => {
    const weak = await setUp({ baseURL: 'http://localhost:3000', argon2: { memory: 64, passes: 1 } })
    await weak.browser.post('/auth/register', ADA)
    const strong = await setUp({
      baseURL: 'http://localhost:3000',
      argon2: { memory: 128, passes: 2 },
      open: () => weak.store,
    })
    expect((await strong.browser.post('/auth/login', { username: 'ada', password: PASSWORD })).status).toBe(
      200,
    )
    expect((await weak.store.users.findByUsername('ada'))?.passwordHash).toMatch(
      /^\$argon2id\$v=19\$m=128,t=2,p=1\$/,
    )
    expect((await strong.browser.post('/auth/login', { username: 'ada', password: PASSWORD })).status).toBe(
      200,
    )
  })

  it('does not refuse a right password because there was no room to hash it anew', async () => {
    const passwordHasher = {
      hash: async () => 'first hash',
      verify: async () => ({ ok: true, mustRehash: true }),
      verifyAbsent: async () => {},
      close: async () => {},
    }
    const { browser, store, log } = await setUp({ baseURL: 'http://localhost:3000', passwordHasher })
    await browser.post('/auth/register', ADA)
    passwordHasher.hash = () => Promise.reject(new AuthError('unavailable', { retryAfter: 1 }))
    expect((await browser.post('/auth/login', { username: 'ada', password: PASSWORD })).status).toBe(200)
    expect((await store.users.findByUsername('ada'))?.passwordHash).toBe('first hash')
    expect(log.some(({ fields }) => fields['event'] === 'password.rehash_failed')).toBe(true)
  })

  it('accepts a form as well as JSON', async () => {
    const { browser } = await setUp({ baseURL: 'http://localhost:3000' })
    await browser.post('/auth/register', ADA)
    const form = (body: string) =>
      browser.post('/auth/login', body, { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    const sent = await form(`identifier=ada&password=${encodeURIComponent(PASSWORD)}&remember=on&email=`)
    expect(sent.status).toBe(200)
    expect((sent.body['session'] as { remember: boolean }).remember).toBe(true)
    expect((await form('identifier=ada&identifier=eve&password=x')).body['code']).toBe('malformed')
  })
})

describe('cookies', () => {
  it('D1, B6, C1: are locked down on https with no configuration', async () => {
    const { browser } = await setUp()
    expect(attributesOf(await browser.post('/auth/register', ADA))).toEqual({
      '__Host-Http-access_token': 'Path=/; Secure; HttpOnly; SameSite=Lax',
      '__Secure-refresh_token': 'Path=/auth; Secure; HttpOnly; SameSite=Strict',
      '__Host-csrftoken': 'Path=/; Secure; SameSite=Lax',
      '__Host-auth_hint': 'Path=/; Secure; SameSite=Lax',
    })
  })

  it('A6: work on http://localhost with no configuration', async () => {
    const { browser } = await setUp({ baseURL: 'http://localhost:3000' })
    expect(attributesOf(await browser.post('/auth/register', ADA))).toEqual({
      access_token: 'Path=/; HttpOnly; SameSite=Lax',
      refresh_token: 'Path=/auth; HttpOnly; SameSite=Strict',
      csrftoken: 'Path=/; SameSite=Lax',
      auth_hint: 'Path=/; SameSite=Lax',
    })
  })

  it('D6, C1: a remembered session has cookies that end with what they hold', async () => {
    const { browser, clock } = await setUp()
    const sent = await browser.post('/auth/register', { ...ADA, remember: true })
    const maxAge = Object.fromEntries(
      sent.cookies.map(({ name, attributes }) => [name, Number(attributes.get('max-age'))]),
    )
    const { accessExpiresAt } = sent.body['session'] as Record<string, unknown>
    expect(maxAge).toEqual({
      '__Host-Http-access_token': Math.ceil((Date.parse(String(accessExpiresAt)) - clock.now()) / 1000),
      '__Secure-refresh_token': 14 * 86_400,
      '__Host-csrftoken': 14 * 86_400,
      '__Host-auth_hint': 14 * 86_400,
    })
    expect(sent.body['session']).toMatchObject({
      expiresAt: new Date(clock.now() + 90 * 86_400_000).toISOString(),
      idleExpiresAt: new Date(clock.now() + 14 * 86_400_000).toISOString(),
    })
  })

  it('C2: may be shared with sub-domains, and then give up the host-only prefix', async () => {
    const { browser } = await setUp({ cookies: { domain: 'example.com' } })
    const sent = await browser.post('/auth/register', ADA)
    expect(attributesOf(sent)['__Secure-access_token']).toBe(
      'Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax',
    )
    const out = await browser.post('/auth/logout')
    expect(out.cookies.map(({ line }) => line)).toContain(
      '__Secure-access_token=; Max-Age=0; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax',
    )
  })

  it('A4: are cleared with exactly the attributes they were set with', async () => {
    const { browser } = await setUp()
    const set = await browser.post('/auth/register', ADA)
    const cleared = await browser.post('/auth/logout')
    expect(cleared.status).toBe(204)
    expect(attributesOf(cleared)).toEqual(
      Object.fromEntries(
        Object.entries(attributesOf(set)).map(([name, attributes]) => [name, `Max-Age=0; ${attributes}`]),
      ),
    )
    expect(browser.jar.size).toBe(0)
  })

  it('that would be too large are a named error, and nothing is set', async () => {
    const { auth, store, log } = await setUp({ baseURL: 'http://localhost:3000' })
    const browser = new TestBrowser(auth.handler, 'http://localhost:3000')
    await browser.post('/auth/register', ADA)
    const find = store.users.find.bind(store.users)
    const roles = Array.from({ length: 400 }, (_, index) => `a-role-with-a-long-name-${index}`)
    Object.assign(store.users, { find: async (id: string) => ({ ...(await find(id)), roles }) })
    const sent = await browser.copy().post('/auth/login', { username: 'ada', password: PASSWORD })
    expect([sent.status, sent.body['code']]).toEqual([500, 'cookie_too_large'])
    expect(sent.cookies).toEqual([])
    expect(log.some(({ fields }) => fields['code'] === 'cookie_too_large')).toBe(true)
  })
})

it('every answer forbids storing, sniffing and framing', async () => {
  const { browser } = await setUp()
  for (const sent of [
    await browser.post('/auth/register', ADA),
    await browser.get('/auth/me'),
    await browser.get('/auth/nothing'),
  ]) {
    expect(sent.headers.get('cache-control')).toBe('no-store')
    expect(sent.headers.get('x-content-type-options')).toBe('nosniff')
    expect(sent.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(sent.headers.get('content-type')).toMatch(/^application\/(?:problem\+)?json; charset=utf-8$/)
  }
})
