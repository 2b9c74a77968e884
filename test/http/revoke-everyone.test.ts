// Is everybody signed out, on every node, when the application says so, as after a restore from a backup?
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from 'lockjar/sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { TestAuth, TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const POLL = 1000

async function signUp({ auth }: TestAuth, name: string): Promise<TestBrowser> {
  const browser = new TestBrowser(auth.handler, LOCAL)
  await browser.post('/auth/register', { email: `${name}@example.com`, password: PASSWORD })
  return browser
}

const codeOf = async (browser: TestBrowser): Promise<unknown> => {
  const { status, body } = await browser.get('/auth/me')
  return status === 200 ? 200 : body['code']
}

describe.each(['jwt', 'opaque'] as const)('with the %s strategy', (strategy) => {
  const start = (options: TestOptions = {}) => createTestAuth({ baseURL: LOCAL, strategy, ...options })

  it('every session ends, here at once and on other nodes with the next poll, and no refresh brings one back', async () => {
    const here = await start()
    const there = await start({ clock: here.clock, open: () => here.store })
    const browsers = [await signUp(here, 'ada'), await signUp(here, 'grace')]
    for (const browser of browsers) {
      expect(await codeOf(browser)).toBe(200)
      expect(await codeOf(browser.copy(there.auth.handler))).toBe(200)
    }
    const told: number[] = []
    expect(await here.auth.sessions.revokeEveryone((ended) => told.push(ended))).toBe(2)
    expect(told).toEqual([2])
    for (const browser of browsers) expect(await codeOf(browser)).toBe('session_revoked')
    here.clock.advance(POLL)
    for (const browser of browsers) {
      expect(await codeOf(browser.copy(there.auth.handler))).toBe('session_revoked')
      expect((await browser.post('/auth/refresh')).status).toBe(401)
      expect((await browser.get('/auth/me')).status).toBe(401)
    }
    expect(here.log.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ event: 'session.revoked_everyone', actor: 'app', count: 2 }),
    )
  })

  it('what a backup brings back ends as well, and so does what it does not know of', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockjar-restore-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = (name: string) => ({
      open: (clock: TestAuth['clock']) => openSqlite(join(folder, name), clock),
    })
    const before = await start(file('lockjar.db'))
    const { clock } = before
    const signedOut = await signUp(before, 'ada')
    const copy = signedOut.copy()
    await before.auth.close()
    copyFileSync(join(folder, 'lockjar.db'), join(folder, 'backup.db'))

    const lost = await start({ ...file('lockjar.db'), clock })
    await signedOut.copy(lost.auth.handler).post('/auth/logout')
    const unknown = await signUp(lost, 'grace')
    await lost.auth.close()

    const restored = await start({ ...file('backup.db'), clock })
    const comesBack = copy.copy(restored.auth.handler)
    const forgotten = unknown.copy(restored.auth.handler)
    expect(await codeOf(comesBack)).toBe(200)
    expect(await restored.auth.sessions.revokeEveryone()).toBe(1)
    expect(await codeOf(comesBack)).toBe('session_revoked')
    expect(await codeOf(forgotten)).toBe(strategy === 'jwt' ? 'token_expired' : 'unauthenticated')
    for (const browser of [comesBack, forgotten]) {
      await browser.post('/auth/refresh')
      expect((await browser.get('/auth/me')).status).toBe(401)
    }
    await restored.auth.close()
  })

  it('whoever signs in a second later is signed in', async () => {
    const made = await start()
    await signUp(made, 'ada')
    await made.auth.sessions.revokeEveryone()
    made.clock.advance(POLL)
    const browser = new TestBrowser(made.auth.handler, LOCAL)
    await browser.post('/auth/login', { email: 'ada@example.com', password: PASSWORD })
    expect(await codeOf(browser)).toBe(200)
  })

  it('an open connection closes', async () => {
    const made = await start()
    const browser = await signUp(made, 'ada')
    const closed: unknown[] = []
    const open = made.auth.protect((_request, who) => {
      made.auth.connections.add(who, { close: (...why) => closed.push(why) })
      return new Response('open')
    })
    await browser.copy(open).get('/stream')
    await made.auth.sessions.revokeEveryone()
    expect(closed).toEqual([[4401, expect.stringMatching(/^(?:session_revoked|token_expired)$/)]])
  })
})

describe('one session', () => {
  it('ends, whoever’s it is', async () => {
    const made = await createTestAuth({ baseURL: LOCAL })
    const browser = await signUp(made, 'ada')
    const { session } = (await browser.get('/auth/me')).body as { session: { id: string } }
    await made.auth.sessions.revoke(session.id)
    expect(await codeOf(browser)).toBe('session_revoked')
    await expect(made.auth.sessions.revoke(session.id)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('readiness', () => {
  it('is there while the database answers and revocations are known, and gone when not', async () => {
    const made = await createTestAuth({ baseURL: LOCAL })
    await expect(made.auth.ready()).resolves.toBeUndefined()
    const { read } = made.store.revocations
    Object.assign(made.store.revocations, { read: () => Promise.reject(new Error('gone')) })
    made.clock.advance(3000)
    await expect(made.auth.ready()).rejects.toMatchObject({ code: 'unavailable' })
    Object.assign(made.store.revocations, { read })
    await expect(made.auth.ready()).resolves.toBeUndefined()
    Object.assign(made.store.sessions, { findAll: () => Promise.reject(new Error('gone')) })
    await expect(made.auth.ready()).rejects.toThrow()
  })
})
