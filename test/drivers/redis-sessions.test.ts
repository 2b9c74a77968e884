// Do processes show each other sessions by Redis, and is an ended one never let in by what is kept there?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RedisSetting, Store } from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { openRedis } from 'lockjar/redis'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TestAuth, TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createTestClock } from '../support/clock.ts'
import type { RedisServer } from '../support/redis.ts'
import { startRedis } from '../support/redis.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }
const POLL = 1000
const HALF_LIMIT = 100
const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

const folder = mkdtempSync(join(tmpdir(), 'lockjar-shared-'))
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
beforeEach(() => redis.client.flushall())
afterAll(async () => {
  await redis.remove()
  rmSync(folder, { recursive: true })
})

const opened: TestAuth[] = []
afterEach(async () => {
  for (const { auth } of opened.splice(0)) await auth.close()
})

let files = 0

/** Starts processes on one file and one Redis, with a clock each. */
function installation(options: TestOptions = {}) {
  const file = join(folder, `${files++}.db`)
  return async (): Promise<
    TestAuth & { readonly ask: (browser: TestBrowser) => ReturnType<TestBrowser['get']> }
  > => {
    const made = await createTestAuth({
      baseURL: LOCAL,
      strategy: 'opaque',
      redis: redis.url,
      open: (clock) => openSqlite(file, clock),
      ...options,
    })
    opened.push(made)
    const app = made.auth.protect((_request, who) => Response.json({ roles: who.user.roles }))
    return { ...made, ask: (browser) => browser.copy(app).get('/api') }
  }
}

async function signUp({ auth }: TestAuth): Promise<TestBrowser> {
  const browser = new TestBrowser(auth.handler, LOCAL)
  await browser.post('/auth/register', ADA)
  return browser
}

const keptKeys = () => redis.client.keys('lockjar:session:*')
const isKept = () => vi.waitFor(async () => expect(await keptKeys()).toHaveLength(1), { interval: 2 })

/** How often rows of sessions and users are read by id, from now on. */
function countReads({ sessions, users }: Store): () => number {
  let reads = 0
  for (const part of [sessions, users]) {
    const find = part.find as (id: string) => Promise<never>
    Object.assign(part, {
      find(id: string) {
        reads++
        return find(id)
      },
    })
  }
  return () => reads
}

describe('a session that another process has read', () => {
  it('is known without the database, for one access lifetime at most', async () => {
    const start = installation()
    const [here, there] = [await start(), await start()]
    const browser = await signUp(here)
    expect((await here.ask(browser)).status).toBe(200)
    await isKept()
    const [key = ''] = await keptKeys()
    expect(await redis.client.pttl(key)).toBeGreaterThan(590_000)
    expect(await redis.client.pttl(key)).toBeLessThanOrEqual(600_000)
    const reads = countReads(there.store)
    expect((await there.ask(browser)).status).toBe(200)
    expect(reads()).toBe(0)
  })

  it('is read from the database while Redis is stalled, after one wait', async () => {
    const start = installation()
    const [here, there] = [await start(), await start()]
    const browser = await signUp(here)
    await here.ask(browser)
    await isKept()
    redis.stall()
    try {
      const answer = there.ask(browser)
      let isAnswered = false
      void answer.then(() => {
        isAnswered = true
      })
      await vi.waitFor(() => {
        there.clock.advance(HALF_LIMIT)
        expect(isAnswered).toBe(true)
      })
      expect((await answer).status).toBe(200)
    } finally {
      redis.resume()
    }
  })

  it('is kept nowhere with the strategy jwt, nor where the application says so', async () => {
    for (const options of [
      { strategy: 'jwt' },
      { redis: { url: redis.url, sessionCache: false } },
    ] satisfies TestOptions[]) {
      const start = installation(options)
      const [here, there] = [await start(), await start()]
      const browser = await signUp(here)
      for (const each of [here, there]) expect((await each.ask(browser)).status).toBe(200)
      await there.auth.close()
      expect(await keptKeys()).toEqual([])
    }
  })
})

describe('of what strangers put there', () => {
  it('no more is read than a session takes, and no more is put', async () => {
    const clock = createTestClock()
    const accelerator = await openRedis(redis.url, { clock, storeClock: clock })
    const { sessionCache, store } = await accelerator.attach(openMemory(clock), QUIET)
    await redis.client.set('lockjar:session:key', 'x'.repeat(100_000))
    expect(await sessionCache?.get('key')).toHaveLength(16_384)
    expect(await sessionCache?.get('other')).toBeNull()
    sessionCache?.put('long', 'x'.repeat(16_385), 1000)
    sessionCache?.put('short', 'x', 1000)
    await vi.waitFor(async () => expect(await sessionCache?.get('short')).toBe('x'))
    expect(await sessionCache?.get('long')).toBeNull()
    await store.close()
    // And then nothing is, and nobody is told off for it.
    sessionCache?.put('late', 'x', 1000)
    expect(await sessionCache?.get('short')).toBeNull()
  })
})

describe('a database that is a file of this machine', () => {
  it.each<[setting: (url: string) => RedisSetting, kept: number]>([
    [(url) => url, 0],
    [(url) => ({ url, sessionCache: true }), 1],
  ])('is read in place of Redis unless the application says otherwise (%#)', async (setting, kept) => {
    const auth = await createAuth({
      baseURL: LOCAL,
      secret: SECRET,
      strategy: 'opaque',
      argon2: { memory: 64, passes: 1 },
      database: `sqlite:${join(folder, `${files++}.db`)}`,
      redis: setting(redis.url),
      // Stands still, so that no answer is late.
      clock: createTestClock(),
      logger: QUIET,
      mailer: { async send() {} },
    })
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    expect((await browser.get('/auth/me')).status).toBe(200)
    await vi.waitFor(async () => expect(await keptKeys()).toHaveLength(kept))
    await auth.close()
    expect(await keptKeys()).toHaveLength(kept)
    // Counted there all the same.
    expect(await redis.client.keys('{lockjar:limits}:*')).not.toEqual([])
  })
})

describe('what is kept in Redis lets no ended session in:', () => {
  it('one that was signed out, put back by somebody, before processes that were there and that come', async () => {
    const start = installation()
    const [here, there] = [await start(), await start()]
    const browser = await signUp(here)
    await here.ask(browser)
    await isKept()
    const [key = ''] = await keptKeys()
    const text = (await redis.client.get(key)) ?? ''
    const thief = browser.copy()
    await browser.post('/auth/logout')
    await redis.client.set(key, text)
    there.clock.advance(POLL)
    for (const process of [here, there, await start()]) {
      await vi.waitFor(async () => {
        const { status, body } = await process.ask(thief)
        expect([status, body['code']]).toEqual([401, 'session_revoked'])
      })
    }
  })

  it('one whose row was read just before the sign-out, and kept just after', async () => {
    const start = installation()
    const [here, there] = [await start(), await start()]
    const browser = await signUp(here)
    const thief = browser.copy()
    // The process that reads has the row, and is held up before it reads the user.
    const { find } = there.store.users
    const held = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    Object.assign(there.store.users, {
      async find(id: string) {
        const user = await find(id)
        arrived.resolve()
        await held.promise
        return user
      },
    })
    const slow = there.ask(thief)
    await arrived.promise
    await browser.post('/auth/logout')
    held.resolve()
    await slow
    await isKept()
    const last = await start()
    const reads = countReads(last.store)
    const { status, body } = await last.ask(thief)
    expect([status, body['code'], reads()]).toEqual([401, 'session_revoked', 0])
  })

  it('nor old roles, once the new ones are known', async () => {
    const start = installation()
    const [here, there] = [await start(), await start()]
    const browser = await signUp(here)
    await here.ask(browser)
    await isKept()
    const { user } = (await browser.get('/auth/me')).body as { user: { id: string } }
    await here.auth.users.setRoles(user.id, ['editor'])
    there.clock.advance(POLL)
    await vi.waitFor(async () => expect((await there.ask(browser)).body['roles']).toEqual(['editor']))
  })
})
