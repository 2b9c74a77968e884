// Do Lockjar and the real SimpleJWT accept each other's access tokens, and nothing else of each other?
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/http/routes/index.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'
import { createTestClock } from '../support/clock.ts'
import { askSimpleJwt } from '../support/simplejwt.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }
const KEY = 'django-insecure-ü0123456789-abcdefghijklmnopqrstuvwxyz'
const OTHER_KEY = 'django-insecure-x9876543210-abcdefghijklmnopqrstuvwxyz'

async function setUp(accessToken: object = {}) {
  const made = await createTestAuth({
    baseURL: LOCAL,
    // Python reads the system's clock.
    clock: createTestClock(Date.now()),
    accessToken: { preset: 'simplejwt', djangoSecretKey: KEY, ...accessToken },
  })
  const { auth, clock } = made
  const app = auth.protect((_request, who) => Response.json(who))
  const browser = new TestBrowser(auth.handler, LOCAL)
  const { body } = await browser.post('/auth/register', ADA)
  const { id } = body['user'] as { id: string }
  /** The application's own route, with a token as header. */
  const visit = (token: string) =>
    new TestBrowser(app, LOCAL).get('/api', { headers: { authorization: `Bearer ${token}` } })
  /** As SimpleJWT makes them, with whatever is to be wrong. */
  const sign = (change: Record<string, unknown> = {}, { key = KEY, typ = 'JWT', alg = 'HS256' } = {}) => {
    const iat = Math.floor(clock.now() / 1000)
    const claims = { token_type: 'access', user_id: 42, jti: 'a1', iat, exp: iat + 300, ...change }
    return new SignJWT(claims).setProtectedHeader({ alg, typ }).sign(new TextEncoder().encode(key))
  }
  return { ...made, app, browser, id, visit, sign }
}

const codeOf = ({ status, body }: Sent) => [status, body['code']]

describe('B3: SimpleJWT', () => {
  it('accepts an access token of ours, and reads its user', async () => {
    const { browser, id } = await setUp()
    const token = browser.cookie('access_token')
    expect(JSON.parse(atob(token.split('.')[0] ?? ''))).toEqual({ alg: 'HS256', typ: 'JWT' })
    const [accepted, foreign] = [
      ...askSimpleJwt(KEY, [{ act: 'verify', token }]),
      ...askSimpleJwt(OTHER_KEY, [{ act: 'verify', token }]),
    ]
    expect(accepted).toMatchObject({ ok: true, userId: id, payload: { token_type: 'access', user_id: id } })
    expect(Object.keys(accepted?.payload ?? {})).toEqual(
      expect.arrayContaining(['jti', 'iat', 'exp', 'sid', 'gen', 'rev']),
    )
    expect(accepted?.payload).not.toHaveProperty('iss')
    expect(accepted?.payload).not.toHaveProperty('aud')
    expect(foreign?.ok).toBe(false)
  })

  it('accepts it with issuer, audience and the name of the claim that it was told, and not with others', async () => {
    const claims = { userId: 'uid' }
    const { browser, id } = await setUp({ issuer: 'https://id.example', audience: 'api', claims })
    const verify = { act: 'verify', token: browser.cookie('access_token') } as const
    const settings = { ISSUER: 'https://id.example', AUDIENCE: 'api', USER_ID_CLAIM: 'uid' }
    expect(askSimpleJwt(KEY, [verify], settings)[0]).toMatchObject({ ok: true, userId: id })
    expect(askSimpleJwt(KEY, [verify], { ...settings, AUDIENCE: 'other' })[0]?.ok).toBe(false)
  })

  it('accepts no refresh token of ours', async () => {
    const { browser } = await setUp()
    const [reply] = askSimpleJwt(KEY, [{ act: 'verify', token: browser.cookie('refresh_token') }])
    expect(reply?.ok).toBe(false)
  })
})

describe('a token that SimpleJWT made', () => {
  it('is accepted on an application’s route, as its user, without roles and without a recent proof of the password', async () => {
    const { visit } = await setUp()
    const uuid = '0b7c6f5e-1c1b-4e2d-9d3c-3f0a7d1b2c4d'
    const [number, text] = askSimpleJwt(KEY, [
      { act: 'make', kind: 'access', userId: 42 },
      { act: 'make', kind: 'access', userId: uuid },
    ])
    const sent = await visit(number?.token ?? '')
    expect(sent.status).toBe(200)
    expect(sent.body).toMatchObject({
      status: 'authenticated',
      user: { id: '42', roles: [] },
      session: {
        id: expect.stringMatching(/^jti:[0-9a-f]{32}$/),
        authTime: '1970-01-01T00:00:00.000Z',
        amr: [],
      },
    })
    expect((await visit(text?.token ?? '')).body).toMatchObject({ user: { id: uuid } })
  })

  it('is accepted as a cookie too, with the CSRF check of every cookie', async () => {
    const { app, sign } = await setUp()
    const browser = new TestBrowser(app, LOCAL)
    const headers = { cookie: `access_token=${await sign()}` }
    expect((await browser.get('/api', { headers })).status).toBe(200)
    expect((await browser.post('/api', {}, { headers })).status).toBe(200)
    const forged = { headers, site: 'cross-site', origin: 'https://evil.example' } as const
    expect(codeOf(await browser.post('/api', {}, forged))).toEqual([403, 'csrf_failed'])
  })

  it('is refused when it is a refresh or a sliding token, of another key, or when it has expired', async () => {
    const { visit, clock } = await setUp()
    const make = { act: 'make', userId: 42 } as const
    const [refresh, sliding, access] = askSimpleJwt(KEY, [
      { ...make, kind: 'refresh' },
      { ...make, kind: 'sliding' },
      { ...make, kind: 'access' },
    ])
    const [foreign] = askSimpleJwt(OTHER_KEY, [{ ...make, kind: 'access' }])
    for (const reply of [refresh, sliding, foreign])
      expect(codeOf(await visit(reply?.token ?? ''))).toEqual([401, 'unauthenticated'])
    expect((await visit(access?.token ?? '')).status).toBe(200)
    // SimpleJWT goes by the clock of the machine, and was asked a while after this one was set.
    clock.advance(900_000)
    expect(codeOf(await visit(access?.token ?? ''))).toEqual([401, 'token_expired'])
  })

  it('may be an hour long and not more; one that was renewed later needs an iat of its own', async () => {
    const { visit } = await setUp()
    const make = { act: 'make', kind: 'access', userId: 42 } as const
    const renew = { act: 'renew', userId: 42, age: 3600 } as const
    // In the order given: the last command changes what SimpleJWT copies.
    const [hour, longer, copied, own] = askSimpleJwt(KEY, [
      { ...make, lifetime: 3600 },
      { ...make, lifetime: 3601 },
      { ...renew, ownIat: false },
      { ...renew, ownIat: true },
    ])
    const statuses = await Promise.all(
      [hour, longer, copied, own].map(async (reply) => (await visit(reply?.token ?? '')).status),
    )
    expect(statuses).toEqual([200, 401, 401, 200])
  })

  it.each<[why: string, change: Record<string, unknown>, header?: Record<string, string>]>([
    ['without a type', { token_type: undefined }],
    ['of the type refresh', { token_type: 'refresh' }],
    ['of a type that is no text', { token_type: ['access'] }],
    ['without a user', { user_id: undefined }],
    ['with an empty user', { user_id: '' }],
    ['with a user that is a list', { user_id: ['42'] }],
    ['with a user of a half', { user_id: 4.2 }],
    ['without an id', { jti: undefined }],
    ['with an empty id', { jti: '' }],
    ['without iat', { iat: undefined }],
    ['without exp', { exp: undefined }],
    ['before its nbf', { nbf: 99_999_999_999 }],
    ['with a session but nothing more of one', { sid: 'x' }],
    ['with a generation only', { gen: 0 }],
    ['with a revision only', { rev: 0 }],
    ['with a subject in place of a user', { user_id: undefined, sub: '42' }],
    ['of our own type', {}, { typ: 'at+jwt' }],
    ['of HS512', {}, { alg: 'HS512' }],
    ['of another key', {}, { key: OTHER_KEY }],
  ])('%s is refused', async (_why, change, header = {}) => {
    const { visit, sign } = await setUp()
    expect((await visit(await sign())).status).toBe(200)
    expect(codeOf(await visit(await sign(change, header)))).toEqual([401, 'unauthenticated'])
  })

  it('is refused without the preset, whatever it says', async () => {
    const { sign } = await setUp()
    const { auth } = await createTestAuth({ baseURL: LOCAL, clock: createTestClock(Date.now()) })
    const browser = new TestBrowser(
      auth.protect(() => new Response()),
      LOCAL,
    )
    const headers = { authorization: `Bearer ${await sign()}` }
    expect((await browser.get('/api', { headers })).status).toBe(401)
  })

  it('with the issuer or audience of another is refused where they are configured', async () => {
    const { visit, sign } = await setUp({ issuer: 'me', audience: 'you' })
    expect((await visit(await sign({ iss: 'me', aud: ['you', 'they'] }))).status).toBe(200)
    for (const change of [
      {},
      { iss: 'me' },
      { aud: 'you' },
      { iss: 'x', aud: 'you' },
      { iss: 'me', aud: 'x' },
    ])
      expect((await visit(await sign(change))).status).toBe(401)
  })

  it('opens none of Lockjar’s own routes that need a session, and says why', async () => {
    const { auth, sign, store } = await setUp()
    const headers = { authorization: `Bearer ${await sign()}` }
    const browser = new TestBrowser(auth.handler, LOCAL)
    const closed = ROUTES.filter(
      ({ refusals }) => refusals.includes('session_revoked') && refusals.includes('token_expired'),
    )
    expect(closed.length).toBeGreaterThanOrEqual(8)
    for (const { method, path } of closed) {
      const bodies = [
        {},
        { password: PASSWORD },
        { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` },
        { email: 'ada@example.com' },
        { email: 'ada@example.com', password: PASSWORD },
        { roles: ['editor'] },
        { search: 'ada' },
      ].map((body) => (method === 'GET' ? undefined : body))
      const answers = await Promise.all(
        bodies.map((body) => browser.send(method, `/auth${path.replace(':id', 'x')}`, { headers, body })),
      )
      const refused = answers.filter(({ status }) => status !== 422)
      expect(refused.length, path).toBeGreaterThan(0)
      for (const sent of refused) {
        expect(codeOf(sent), path).toEqual([401, 'unauthenticated'])
        expect(sent.body['detail']).toMatch(/made by another service/)
      }
    }
    // Nor is it told that it is signed out: other processes would go on accepting it.
    expect(codeOf(await browser.post('/auth/logout', undefined, { headers }))).toEqual([
      401,
      'unauthenticated',
    ])
    expect((await store.sessions.list('42')).sessions).toEqual([])
  })

  it('is refused when it was issued before its user changed, and always of a user who was deleted', async () => {
    const { auth, id, sign, visit, clock } = await setUp()
    const before = await sign({ user_id: id })
    expect((await visit(before)).status).toBe(200)
    clock.advance(2000)
    await auth.users.setRoles(id, ['editor'])
    expect(codeOf(await visit(before))).toEqual([401, 'token_expired'])
    clock.advance(1000)
    const after = await sign({ user_id: id })
    expect((await visit(after)).status).toBe(200)
    // Somebody else's stay good.
    expect((await visit(await sign())).status).toBe(200)
    for (const act of ['endSessions', 'disable'] as const) {
      clock.advance(2000)
      const token = await sign({ user_id: id })
      expect((await visit(token)).status).toBe(200)
      clock.advance(2000)
      await auth.users[act](id)
      expect(codeOf(await visit(token)), act).toEqual([401, 'token_expired'])
    }
    await auth.users.enable(id)
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/login', ADA)
    expect((await browser.send('DELETE', '/auth/me', { body: { password: PASSWORD } })).status).toBe(204)
    clock.advance(2000)
    expect(codeOf(await visit(await sign({ user_id: id })))).toEqual([401, 'session_revoked'])
  })

  it('changes nothing for our own tokens, which are revoked as ever', async () => {
    const { auth, browser, visit, id } = await setUp()
    const token = browser.cookie('access_token')
    expect((await visit(token)).status).toBe(200)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    await auth.users.endSessions(id)
    expect(codeOf(await visit(token))).toEqual([401, 'session_revoked'])
  })
})
