// What holds when a write fails, or a session ends, in the middle of an act?
import type { Store } from 'lockjar'
import { AuthError } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }
const CHANGE = { currentPassword: PASSWORD, newPassword: 'another long enough phrase' }

async function setUp(options: Parameters<typeof createTestAuth>[0]) {
  const made = await createTestAuth({ baseURL: LOCAL, ...options })
  const browser = new TestBrowser(made.auth.handler, LOCAL)
  const sent = await browser.post('/auth/register', ADA)
  const { user, session } = sent.body as { user: { id: string }; session: { id: string } }
  const another = async () => {
    const other = new TestBrowser(made.auth.handler, LOCAL)
    await other.post('/auth/login', { username: 'ada', password: PASSWORD, remember: true })
    return other
  }
  return { ...made, browser, user, session, another }
}

type Part = 'users' | 'sessions' | 'revocations'

/** Runs `first` as the next call of a method begins, which then goes on or fails. */
function interrupt(store: Store, part: Part, method: string, first: () => unknown, fails = false): void {
  const target = store[part] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const real = target[method]
  target[method] = async (...args) => {
    if (real) target[method] = real
    await first()
    if (fails) throw new AuthError('unavailable', { retryAfter: 1 })
    return real?.(...args)
  }
}
const failNext = (store: Store, part: Part, method: string): void =>
  interrupt(store, part, method, () => {}, true)

describe.each(['jwt', 'opaque'] as const)('%s: a write that fails half-way', (strategy) => {
  it.each(['revokeOthers', 'revokeAll'])(
    'of a password change (%s) leaves no other session',
    async (method) => {
      const { browser, store, another, clock } = await setUp({ strategy })
      const thief = await another()
      failNext(store, 'sessions', method)
      expect((await browser.post('/auth/password/change', CHANGE)).status).toBe(503)
      if (method === 'revokeOthers')
        expect((await browser.post('/auth/password/change', CHANGE)).status).toBe(200)
      clock.advance(660_000)
      expect((await thief.post('/auth/refresh')).status).toBe(401)
      expect((await thief.get('/auth/me')).status).toBe(401)
    },
  )

  it.each([
    ['sessions', 'revokeAll'],
    ['users', 'setDisabled'],
  ] as const)(
    'of disabling (%s.%s) leaves no session that could come back with the account',
    async (part, method) => {
      const { auth, browser, store, user, clock } = await setUp({ strategy })
      failNext(store, part, method)
      await expect(auth.users.disable(user.id)).rejects.toMatchObject({ code: 'unavailable' })
      await auth.users.disable(user.id)
      await auth.users.enable(user.id)
      clock.advance(660_000)
      expect((await browser.post('/auth/refresh')).status).toBe(401)
    },
  )

  it('of a session that is live in a disabled account is not brought back by enabling it', async () => {
    const { auth, browser, store, user, clock } = await setUp({ strategy })
    await store.users.setDisabled(user.id, true)
    await auth.users.enable(user.id)
    expect((await browser.get('/auth/me')).body['code']).toBe('session_revoked')
    clock.advance(660_000)
    expect((await browser.post('/auth/refresh')).status).toBe(401)
  })

  it('of a change of roles has changed nothing, and locks nobody out', async () => {
    const { auth, browser, store, user } = await setUp({ strategy })
    await auth.users.setRoles(user.id, ['admin'])
    await browser.post('/auth/refresh')
    failNext(store, 'users', 'setRoles')
    await expect(auth.users.setRoles(user.id, [])).rejects.toMatchObject({ code: 'unavailable' })
    const app = browser.copy(auth.protect((_request, who) => Response.json(who.user.roles)))
    expect((await app.get('/api')).text).toBe('["admin"]')
    await auth.users.setRoles(user.id, [])
    expect((await app.get('/api')).text).not.toContain('admin')
  })

  it('of deleting an account leaves one in which the user can sign in and try again', async () => {
    const { auth, browser, store } = await setUp({ strategy })
    failNext(store, 'users', 'delete')
    const remove = (who: TestBrowser) => who.send('DELETE', '/auth/me', { body: { password: PASSWORD } })
    expect((await remove(browser)).status).toBe(503)
    expect((await browser.get('/auth/me')).body['code']).toBe('session_revoked')
    const again = new TestBrowser(auth.handler, LOCAL)
    await again.post('/auth/login', { username: 'ada', password: PASSWORD })
    expect((await again.get('/auth/me')).status).toBe(200)
    expect((await remove(again)).status).toBe(204)
    expect((await again.post('/auth/login', { username: 'ada', password: PASSWORD })).status).toBe(401)
  })
})

describe.each(['jwt', 'opaque'] as const)(
  '%s: a session that ends while a password is hashed',
  (strategy) => {
    it('does not change the password, and is not followed by a new one', async () => {
      const { auth, browser, store, session } = await setUp({ strategy })
      const owner = new TestBrowser(auth.handler, LOCAL)
      await owner.post('/auth/login', { username: 'ada', password: PASSWORD })
      // The first read finds it live; it ends before the second.
      interrupt(store, 'sessions', 'find', () =>
        interrupt(store, 'sessions', 'find', () => owner.send('DELETE', `/auth/sessions/${session.id}`)),
      )
      const sent = await browser.post('/auth/password/change', CHANGE)
      expect([sent.status, sent.body['code']]).toEqual([401, 'session_revoked'])
      expect((await owner.get('/auth/me')).status).toBe(200)
      expect((await owner.post('/auth/login', { username: 'ada', password: PASSWORD })).status).toBe(200)
    })

    it('does not delete the account', async () => {
      const { auth, browser, store, session } = await setUp({ strategy })
      const owner = new TestBrowser(auth.handler, LOCAL)
      await owner.post('/auth/login', { username: 'ada', password: PASSWORD })
      interrupt(store, 'sessions', 'find', () =>
        interrupt(store, 'sessions', 'find', () => owner.send('DELETE', `/auth/sessions/${session.id}`)),
      )
      const sent = await browser.send('DELETE', '/auth/me', { body: { password: PASSWORD } })
      expect([sent.status, sent.body['code']]).toEqual([401, 'session_revoked'])
      expect((await owner.get('/auth/me')).status).toBe(200)
    })
  },
)
