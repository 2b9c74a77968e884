// Is every code of the table produced through HTTP, with its status and its headers, and never anything else?

import { AuthError } from 'lockjar'
import { afterAll, describe, expect, it } from 'vitest'
import { CODES } from '../../src/errors.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'
import { NO_MAILER, watchOutbox } from '../support/mailbox.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }
const ADA_SIGN_IN = { email: ADA.email, password: 'wrong password' }
const JSON_TYPE = { 'content-type': 'application/json' }

async function signIn(options = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, ...options })
  const browser = new TestBrowser(made.auth.handler, LOCAL)
  await browser.post('/auth/register', ADA)
  return { ...made, browser }
}

type SetUp = Awaited<ReturnType<typeof signIn>>

/** Each code, and one way in which it comes about. */
const CASES: Record<keyof typeof CODES, (setUp: SetUp) => Promise<Sent>> = {
  malformed: ({ browser }) => browser.post('/auth/login', '{"email":', { headers: JSON_TYPE }),
  invalid_credentials: ({ browser }) =>
    browser.post('/auth/login', { username: 'ada', password: 'wrong password' }),
  unauthenticated: ({ auth }) => new TestBrowser(auth.handler, LOCAL).get('/auth/me'),
  token_expired: ({ browser, clock }) => {
    clock.advance(600_000)
    return browser.get('/auth/me')
  },
  session_revoked: async ({ browser }) => {
    const copy = browser.copy()
    await browser.post('/auth/logout')
    return copy.get('/auth/me')
  },
  account_disabled: ({ browser, store }) => {
    const find = store.users.findByUsername.bind(store.users)
    const findByUsername = async (key: string) => {
      const user = await find(key)
      return user && { ...user, disabledAt: 1 }
    }
    Object.assign(store.users, { findByUsername })
    return browser.post('/auth/login', { username: 'ada', password: PASSWORD })
  },
  cookie_conflict: ({ browser }) =>
    browser.get('/auth/me', {
      headers: { cookie: `access_token=${browser.cookie('access_token')}; access_token=other` },
    }),
  csrf_failed: ({ browser }) =>
    browser.post('/auth/logout', undefined, { site: 'cross-site', origin: 'https://evil.example' }),
  step_up_required: ({ auth, browser, clock }) => {
    clock.advance(1000)
    const route = auth.protect(() => new Response(), { recentAuth: '1s' })
    clock.advance(1000)
    return browser.copy(route).get('/api')
  },
  forbidden: async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL, registration: 'closed' })
    return new TestBrowser(auth.handler, LOCAL).post('/auth/register', ADA)
  },
  not_found: ({ browser }) => browser.get('/auth/nothing'),
  method_not_allowed: ({ browser }) => browser.send('PUT', '/auth/me', { body: {} }),
  conflict: ({ browser }) => browser.post('/auth/register', ADA),
  link_ended: ({ browser }) => browser.post('/auth/password/reset', { token: 'x', newPassword: PASSWORD }),
  payload_too_large: ({ browser }) =>
    browser.post('/auth/login', { ...ADA, password: 'x'.repeat(1_000_000) }),
  unsupported_media_type: ({ browser }) =>
    browser.post('/auth/login', '<login/>', { headers: { 'content-type': 'text/xml' } }),
  misdirected: ({ browser }) => browser.get('/auth/me', { headers: { host: 'evil.example' } }),
  validation_failed: ({ browser }) =>
    browser.post('/auth/register', { email: 'no address', password: PASSWORD }),
  rate_limited: async () => {
    const pair = [{ limit: 1, period: '3s' }] as const
    const { auth } = await createTestAuth({
      baseURL: LOCAL,
      rateLimits: 'on',
      budgets: { password: { pair } },
    })
    const guess = () => new TestBrowser(auth.handler, LOCAL).post('/auth/login', ADA_SIGN_IN)
    await guess()
    return guess()
  },
  new_password_needed: async () => {
    const { auth, store } = await createTestAuth({ baseURL: LOCAL, mailer: NO_MAILER })
    const mails = watchOutbox(store)
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const token = await mails.token('verify-email')
    return new TestBrowser(auth.handler, LOCAL).post('/auth/email/verify', { token })
  },
  cookie_too_large: ({ browser, store }) => {
    const find = store.users.find.bind(store.users)
    Object.assign(store.users, {
      find: async (id: string) => ({ ...(await find(id)), roles: ['x'.repeat(5000)] }),
    })
    return browser.post('/auth/login', { username: 'ada', password: PASSWORD })
  },
  internal_error: ({ browser, store }) => {
    const find = () => Promise.reject(new Error('secret detail of the machine'))
    Object.assign(store.users, { find })
    return browser.get('/auth/me')
  },
  unavailable: ({ browser, store }) => {
    const swap = () => Promise.reject(new AuthError('unavailable', { retryAfter: 3 }))
    Object.assign(store.sessions, { swap })
    return browser.post('/auth/refresh')
  },
}

const WAITS = new Set(['rate_limited', 'unavailable'])
const seen = new Set<string>()

describe.each(Object.entries(CASES))('%s', (code, produce) => {
  it('comes with its status, as a problem document that tells nothing it should not', async () => {
    const setUp = await signIn()
    const sent = await produce(setUp)
    const entry = CODES[code as keyof typeof CODES]
    expect(sent.body).toMatchObject({ type: 'about:blank', code, status: entry.status, title: entry.title })
    expect(sent.status).toBe(entry.status)
    expect(sent.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(sent.headers.has('www-authenticate')).toBe(entry.status === 401)
    expect(sent.headers.get('retry-after')).toBe(WAITS.has(code) ? '3' : null)
    expect(sent.headers.get('allow')).toBe(
      code === 'method_not_allowed' ? 'GET, PATCH, DELETE, HEAD, OPTIONS' : null,
    )
    expect(sent.text).not.toMatch(/secret detail|correct horse|\.ts:|node_modules/)
    seen.add(code)
  })
})

afterAll(() => expect([...seen].sort()).toEqual(Object.keys(CODES).sort()))

it('two values of one cookie are no credential: both are cleared, the public route stays anonymous, and a refresh heals', async () => {
  const { browser, auth } = await signIn()
  const cookie = `${browser.cookieHeader('/auth')}; access_token=planted`
  const refused = await browser.get('/auth/me', { headers: { cookie } })
  expect(refused.body['code']).toBe('cookie_conflict')
  const lines = refused.cookies.map(({ line }) => line)
  expect(lines).toContain('access_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax')
  expect(lines).toContain('access_token=; Max-Age=0; Path=/auth/me; HttpOnly; SameSite=Lax')
  const open = auth.protect((_request, { status }) => Response.json({ status }), { anonymous: true })
  expect((await browser.copy(open).get('/api', { headers: { cookie } })).body).toEqual({
    status: 'anonymous',
  })
  expect((await browser.get('/auth/me')).body['code']).toBe('token_expired')
  expect((await browser.post('/auth/refresh')).status).toBe(200)
  expect((await browser.get('/auth/me')).status).toBe(200)
})

it('an access cookie that has ended is told apart from no session at all, so that the page knows to refresh', async () => {
  const { browser } = await signIn()
  browser.forget('access_token')
  expect((await browser.get('/auth/me')).body['code']).toBe('token_expired')
  browser.forget('auth_hint')
  expect((await browser.get('/auth/me')).body['code']).toBe('unauthenticated')
})

it('where revocations cannot be read any more, nothing is accepted: 503, never a 401 and never a pass', async () => {
  const { browser, store, clock } = await signIn()
  Object.assign(store.revocations, { read: () => Promise.reject(new Error('disk gone')) })
  clock.advance(1500)
  expect((await browser.get('/auth/sessions')).status).toBe(200)
  clock.advance(1500)
  const sent = await browser.get('/auth/sessions')
  expect([sent.status, sent.body['code'], sent.headers.get('retry-after')]).toEqual([503, 'unavailable', '1'])
})

it('is one of the table too where a bundler gave the handler a copy of the package', async () => {
  const path = '../../src/errors.ts?copy'
  const copy = (await import(/* @vite-ignore */ path)) as typeof import('../../src/errors.ts')
  expect(copy.AuthError).not.toBe(AuthError)
  const { auth, browser } = await signIn()
  const route = auth.protect(() => {
    throw new copy.AuthError('forbidden')
  })
  expect(await browser.copy(route).get('/api')).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  expect(new Error('forbidden')).not.toBeInstanceOf(AuthError)
})
