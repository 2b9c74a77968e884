// Is refresh race-safe? Every racer is served, nobody is signed out, and a thief is found out.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMemory } from 'lockjar/memory'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD, SECRET } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-refresh-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

const DRIVERS = {
  memory: openMemory,
  sqlite: (clock: Parameters<typeof openMemory>[0]) => openSqlite(join(folder, `${files++}.db`), clock),
}

const cookieOf = (sent: Sent, baseName: string): string =>
  sent.cookies.find(({ name }) => name.endsWith(baseName))?.value ?? ''

describe.each(Object.entries(DRIVERS))('refresh on %s', (_name, open) => {
  async function signIn(options = {}) {
    const made = await createTestAuth({ open, baseURL: 'http://localhost:3000', ...options })
    const browser = new TestBrowser(made.auth.handler, made.auth.config.origin)
    await browser.post('/auth/register', { email: 'ada@example.com', password: PASSWORD, remember: true })
    return { ...made, browser }
  }

  it('C3: takes the cookie, rotates it and answers no token', async () => {
    const { browser } = await signIn()
    const before = browser.cookie('refresh_token')
    const sent = await browser.post('/auth/refresh')
    expect(sent.status).toBe(200)
    expect(Object.keys(sent.body)).toEqual(['session'])
    expect(browser.cookie('refresh_token')).not.toBe(before)
    for (const { value } of sent.cookies.slice(0, 2)) expect(sent.text).not.toContain(value)
    expect((await browser.get('/auth/me')).status).toBe(200)
  })

  it('C3: without a refresh cookie is refused, and clears nothing', async () => {
    const { browser } = await signIn()
    browser.forget('refresh_token')
    const sent = await browser.post('/auth/refresh')
    expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'unauthenticated', []])
  })

  it('serves fifty requests with one refresh token the same successor, and in any order of answers the browser stays signed in', async () => {
    const { browser, clock } = await signIn()
    const all = await Promise.all(
      Array.from({ length: 50 }, () => browser.copy().post('/auth/refresh', undefined, { keepJar: true })),
    )
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    const successors = new Set(all.map((sent) => cookieOf(sent, 'refresh_token')))
    expect(successors.size).toBe(1)
    for (const order of [all, [...all].reverse(), [...all].sort(() => (clock.now() % 3) - 1)]) {
      const tab = browser.copy()
      for (const { cookies } of order) tab.keep(cookies)
      expect((await tab.get('/auth/me')).status).toBe(200)
      expect((await tab.post('/auth/refresh')).status).toBe(200)
    }
  })

  it('a reuse after confirmation ends the session for everybody, and says so in the log', async () => {
    const { browser, clock, log } = await signIn()
    const thief = browser.copy()
    await browser.post('/auth/refresh')
    await browser.get('/auth/me')
    clock.advance(11_000)
    const sent = await thief.post('/auth/refresh')
    expect([sent.status, sent.body['code']]).toEqual([401, 'session_revoked'])
    expect(sent.cookies.map(({ name, value }) => [name, value])).toEqual([
      ['access_token', ''],
      ['refresh_token', ''],
      ['csrftoken', ''],
      ['auth_hint', ''],
    ])
    expect((await browser.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await browser.post('/auth/refresh')).body['code']).toBe('session_revoked')
    expect(log.filter(({ fields }) => fields['event'] === 'session.refresh_reuse')).toHaveLength(1)
  })

  it('rotates once in a grace window: a third tab that is still under way with the first token is served', async () => {
    const { browser, clock } = await signIn()
    const slow = browser.copy()
    await browser.post('/auth/refresh')
    const held = browser.cookie('refresh_token')
    const again = await browser.post('/auth/refresh')
    expect(again.status).toBe(200)
    expect(browser.cookie('refresh_token')).toBe(held)
    expect((await slow.post('/auth/refresh')).status).toBe(200)
    expect(slow.cookie('refresh_token')).toBe(held)
    clock.advance(10_001)
    await browser.post('/auth/refresh')
    expect(browser.cookie('refresh_token')).not.toBe(held)
  })

  it('does not set a token again that the browser showed, for a late answer would put it in the place of its successor', async () => {
    const { browser, clock } = await signIn()
    await browser.post('/auth/refresh')
    clock.advance(10_000)
    const late = await browser.post('/auth/refresh', undefined, { keepJar: true })
    expect(late.cookies.map(({ name }) => name)).toEqual(['access_token', 'csrftoken', 'auth_hint'])
    clock.advance(1)
    await browser.post('/auth/refresh')
    browser.keep(late.cookies)
    clock.advance(600_000)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })

  it('the generation before the predecessor ends the session, within the grace too', async () => {
    const { browser, clock } = await signIn()
    const thief = browser.copy()
    await browser.post('/auth/refresh')
    clock.advance(10_001)
    await browser.post('/auth/refresh')
    expect((await thief.post('/auth/refresh')).body['code']).toBe('session_revoked')
  })

  it('with a token of a user whose sessions all end meanwhile mints nothing that is accepted', async () => {
    const { browser, auth, store } = await signIn()
    const other = browser.copy()
    const find = store.users.find.bind(store.users)
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
    let first = true
    Object.assign(store.users, {
      find: async (id: string) => {
        if (first) {
          first = false
          isAsked()
          await ended
        }
        return find(id)
      },
    })
    const refreshing = other.post('/auth/refresh')
    await asked
    const app = other.copy(auth.protect(() => Response.json({})))
    expect((await browser.post('/auth/logout-all')).status).toBe(204)
    resolve()
    const { status, cookies } = await refreshing
    app.keep(cookies)
    expect(status).toBe(200)
    expect((await app.get('/api')).body['code']).toBe('session_revoked')
    expect((await other.post('/auth/sessions/revoke-others')).body['code']).toBe('session_revoked')
  })

  it('an access token does not outlive its session', async () => {
    const { browser, auth, clock } = await signIn({
      accessToken: { lifetime: '1h' },
      session: { remembered: { idleTimeout: '2h', absoluteTimeout: '2h' } },
    })
    clock.advance(2 * 3_600_000 - 1000)
    const { session } = (await browser.post('/auth/refresh')).body as {
      session: { accessExpiresAt: string; expiresAt: string }
    }
    expect(session.accessExpiresAt).toBe(session.expiresAt)
    const app = browser.copy(auth.protect(() => Response.json({})))
    expect((await app.get('/api')).status).toBe(200)
    clock.advance(1000)
    expect((await app.get('/api')).status).toBe(401)
  })

  it('a lost answer never signs the user out: the old token is served again, long after the grace', async () => {
    const { browser, clock } = await signIn()
    await browser.post('/auth/refresh', undefined, { keepJar: true })
    clock.advance(3_600_000)
    const again = await browser.post('/auth/refresh')
    expect(again.status).toBe(200)
    expect((await browser.get('/auth/me')).status).toBe(200)
  })

  it('the generation that was lost is burned: whoever shows it later is found out', async () => {
    const { browser, clock } = await signIn()
    const lost = await browser.post('/auth/refresh', undefined, { keepJar: true })
    clock.advance(60_000)
    await browser.post('/auth/refresh')
    const thief = browser.copy()
    thief.keep(lost.cookies)
    expect((await thief.post('/auth/refresh')).body['code']).toBe('session_revoked')
    expect((await browser.post('/auth/refresh')).body['code']).toBe('session_revoked')
  })

  it('a row that is late takes no racer for a thief, whose successor was seen here while it was on its way', async () => {
    const held = Promise.withResolvers<void>()
    const read = Promise.withResolvers<void>()
    let isHeld = false
    const { browser, clock } = await signIn({
      open: (own: Parameters<typeof open>[0]) => {
        const store = open(own)
        const find: typeof store.sessions.find = async (id) => {
          const row = await store.sessions.find(id)
          if (isHeld) {
            isHeld = false
            read.resolve()
            await held.promise
          }
          return row
        }
        return { ...store, sessions: { ...store.sessions, find } }
      },
    })
    await browser.post('/auth/refresh', undefined, { keepJar: true })
    clock.advance(12_000)
    const other = browser.copy()
    isHeld = true
    const late = other.post('/auth/refresh')
    await read.promise
    expect((await browser.post('/auth/refresh')).status).toBe(200)
    expect((await browser.get('/auth/me')).status).toBe(200)
    held.resolve()
    expect((await late).status).toBe(200)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })

  it('logout beats a refresh in flight', async () => {
    const { browser } = await signIn()
    const other = browser.copy()
    const [refreshed, out] = await Promise.all([other.post('/auth/refresh'), browser.post('/auth/logout')])
    expect(out.status).toBe(204)
    expect([200, 401]).toContain(refreshed.status)
    expect((await other.get('/auth/me')).body['code']).toBe('session_revoked')
    const after = await other.post('/auth/refresh')
    expect([after.body['code'], after.cookies]).toEqual(['session_revoked', []])
  })

  it('ends with the idle timeout and, used or not, with the absolute one', async () => {
    const idle = await signIn()
    idle.clock.advance(14 * 86_400_000)
    expect((await idle.browser.post('/auth/refresh')).body['code']).toBe('unauthenticated')

    const used = await signIn({ session: { remembered: { idleTimeout: '2d', absoluteTimeout: '3d' } } })
    used.clock.advance(2 * 86_400_000 - 1)
    expect((await used.browser.post('/auth/refresh')).status).toBe(200)
    used.clock.advance(86_400_001)
    const last = await used.browser.post('/auth/refresh')
    expect([last.status, last.cookies]).toEqual([401, []])
  })

  it('B5: a user who has been disabled, or is no more, is not refreshed', async () => {
    for (const gone of [(user: object) => ({ ...user, disabledAt: 1 }), () => null]) {
      const { browser, store } = await signIn()
      const find = store.users.find.bind(store.users)
      Object.assign(store.users, { find: async (id: string) => gone((await find(id)) ?? {}) })
      const sent = await browser.post('/auth/refresh')
      expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'session_revoked', []])
    }
  })

  it('needs the hint cookie, which no sibling sub-domain can plant, to name the same session', async () => {
    const { browser, auth } = await signIn()
    const stranger = new TestBrowser(auth.handler, auth.config.origin)
    await stranger.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    const tossed = browser.copy()
    tossed.setCookie('refresh_token', stranger.cookie('refresh_token'))
    expect((await tossed.post('/auth/refresh')).body['code']).toBe('unauthenticated')
    const hintless = browser.copy()
    hintless.forget('auth_hint')
    expect((await hintless.post('/auth/refresh')).body['code']).toBe('unauthenticated')
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })

  it('passes over a planted refresh cookie and takes the one that matches', async () => {
    const { browser, auth } = await signIn()
    const stranger = new TestBrowser(auth.handler, auth.config.origin)
    await stranger.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    const both = `${browser.cookieHeader('/auth')}; refresh_token=${stranger.cookie('refresh_token')}; refresh_token=rubbish`
    const sent = await browser.post('/auth/refresh', undefined, { headers: { cookie: both } })
    expect(sent.status).toBe(200)
  })

  it('is not kept from the one that matches by any number of planted ones', async () => {
    const { browser } = await signIn()
    const planted = Array.from({ length: 50 }, (_, index) => `refresh_token=rubbish${index}`).join('; ')
    const cookie = `${planted}; ${browser.cookieHeader('/auth')}`
    expect((await browser.post('/auth/refresh', undefined, { headers: { cookie } })).status).toBe(200)
  })

  it('accepts a token that is newer than the row, for the database may have been restored', async () => {
    const { browser, store, log, clock } = await signIn()
    const find = store.sessions.find.bind(store.sessions)
    await browser.post('/auth/refresh')
    clock.advance(10_001)
    await browser.post('/auth/refresh')
    const { body } = await browser.get('/auth/me')
    const { id } = body['session'] as { id: string }
    const row = (await find(id))?.session
    expect(row?.generation).toBe(2)
    const older = await createTestAuth({ open: () => store, baseURL: 'http://localhost:3000' })
    const swap = store.sessions.swap.bind(store.sessions)
    // The swap is first tried blindly and misses, as it would on a row of generation 0.
    let first = true
    Object.assign(store.sessions, {
      find: async () =>
        row && {
          session: { ...row, generation: 0, predecessor: null, confirmedGeneration: -1 },
          now: older.clock.now(),
        },
      swap: async (command: Parameters<typeof swap>[0]) => {
        if (first) {
          first = false
          return null
        }
        return swap({ ...command, swap: { ...command.swap, from: 2 } })
      },
    })
    const sent = await browser.post('/auth/refresh')
    expect(sent.status).toBe(200)
    expect(cookieOf(sent, 'refresh_token').split('.')[2]).toBe('3')
    expect(log.some(({ fields }) => fields['event'] === 'session.generation_ahead')).toBe(true)
  })

  it('refuses a forged or foreign refresh token with no database read, and clears nothing', async () => {
    const { browser, store } = await signIn()
    const fail = () => {
      throw new Error('the database was read')
    }
    Object.assign(store.sessions, { find: fail, swap: fail })
    const [sid, nonce, generation, kid, mac = ''] = browser.cookie('refresh_token').split('.')
    const forged = [
      [sid, nonce, '1', kid, mac],
      [sid, nonce, generation, kid, `${mac.slice(0, -1)}${mac.endsWith('A') ? 'E' : 'A'}`],
      [sid, nonce, generation, 'AAAAAAAA', mac],
      [sid, nonce, `0${generation}`, kid, mac],
      [sid?.toUpperCase(), nonce, generation, kid, mac],
    ]
    for (const parts of forged) {
      const thief = browser.copy()
      thief.setCookie('refresh_token', parts.join('.'))
      const sent = await thief.post('/auth/refresh')
      expect([sent.status, sent.body['code'], sent.cookies], parts.join('.')).toEqual([
        401,
        'unauthenticated',
        [],
      ])
    }
  })

  it('a refresh token with a good MAC but another nonce is refused and ends nothing: a leaked key alone makes no token', async () => {
    const { browser, store } = await signIn()
    const { body } = await browser.get('/auth/me')
    const { id } = body['session'] as { id: string }
    const { createRefreshToken } = await import('../../src/core/refresh-token/create.ts')
    const { createKeyRing } = await import('../../src/core/keys/ring.ts')
    const secret = new Uint8Array(Buffer.from(SECRET, 'base64url'))
    const ring = await createKeyRing([secret])
    const forger = browser.copy()
    forger.setCookie(
      'refresh_token',
      await createRefreshToken({ sessionId: id, nonce: 'A'.repeat(22), generation: 0 }, ring),
    )
    expect((await forger.post('/auth/refresh')).body['code']).toBe('unauthenticated')
    expect((await store.sessions.find(id))?.session.revokedAt).toBeNull()
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })
})
