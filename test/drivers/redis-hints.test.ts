// Does every process hear by Redis, at once, that one of them has revoked something?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RedisSetting } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TestAuth } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import type { RedisServer } from '../support/redis.ts'
import { startRedis } from '../support/redis.ts'

const LOCAL = 'http://localhost:3000'
const CHANNEL = 'lockjar:revoked'
/** Milliseconds between two announcements that are taken notice of. */
const INTERVAL = 20

const folder = mkdtempSync(join(tmpdir(), 'lockjar-hints-'))
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(async () => {
  await redis.remove()
  rmSync(folder, { recursive: true })
})

const opened: TestAuth[] = []
afterEach(async () => {
  for (const { auth } of opened.splice(0)) await auth.close()
})

let files = 0

/** Processes on one file, whose clocks stand still: none of them looks at the log, or at the file, by itself. */
async function startProcesses(
  count: number,
  setting: RedisSetting = redis.url,
): Promise<readonly TestAuth[]> {
  const file = join(folder, `${files++}.db`)
  const made: TestAuth[] = []
  for (let n = 0; n < count; n++) {
    made.push(
      await createTestAuth({
        baseURL: LOCAL,
        redis: setting,
        open: (clock) => openSqlite(file, clock),
      }),
    )
  }
  opened.push(...made)
  await subscribed(count)
  for (const { clock } of made) clock.advance(INTERVAL)
  return made
}

const subscribers = async (): Promise<number> =>
  Number(((await redis.client.call('PUBSUB', 'NUMSUB', CHANNEL)) as [string, number])[1])
const subscribed = (count: number) =>
  vi.waitFor(async () => expect(await subscribers()).toBe(count), { interval: 5 })

async function signUp({ auth }: TestAuth): Promise<TestBrowser> {
  const browser = new TestBrowser(auth.handler, LOCAL)
  await browser.post('/auth/register', { email: 'ada@example.com', password: PASSWORD })
  return browser
}

/** By a route that reads no row. */
const statusAt = async (browser: TestBrowser, { auth }: TestAuth): Promise<number> =>
  (await browser.copy(auth.protect(() => new Response())).get('/api')).status

/** Counts the reads of a process's log from now on. */
function countReads({ store }: TestAuth): () => number {
  const { read } = store.revocations
  let reads = 0
  Object.assign(store.revocations, {
    read(...args: Parameters<typeof read>) {
      reads++
      return read(...args)
    },
  })
  return () => reads
}

describe('a revocation', () => {
  it('is heard of by every other process within milliseconds, by Redis alone', async () => {
    const [here, there, elsewhere] = (await startProcesses(3)) as [TestAuth, TestAuth, TestAuth]
    const browser = await signUp(here)
    const thief = browser.copy()
    for (const at of [there, elsewhere]) expect(await statusAt(thief, at)).toBe(200)
    await browser.post('/auth/logout')
    for (const at of [there, elsewhere])
      await vi.waitFor(async () => expect(await statusAt(thief, at)).toBe(401), { interval: 2 })
  })

  it('is announced by whatever has revoked: new roles, too', async () => {
    const [here, there] = (await startProcesses(2)) as [TestAuth, TestAuth]
    const browser = await signUp(here)
    expect(await statusAt(browser, there)).toBe(200)
    const { user } = (await browser.get('/auth/me')).body as { user: { id: string } }
    await here.auth.users.setRoles(user.id, ['editor'])
    await vi.waitFor(async () => expect(await statusAt(browser, there)).toBe(401), { interval: 2 })
  })

  it('is announced also by a process that ends the moment after, as a command does', async () => {
    const [here, there] = (await startProcesses(2)) as [TestAuth, TestAuth]
    const browser = await signUp(here)
    const [session] = (await browser.get('/auth/sessions')).body['sessions'] as readonly {
      readonly id: string
    }[]
    expect(await statusAt(browser, there)).toBe(200)
    await here.auth.sessions.revoke(session?.id ?? '')
    await here.auth.close()
    await vi.waitFor(async () => expect(await statusAt(browser, there)).toBe(401), { interval: 2 })
  })

  it('whose announcement is lost is known with the next poll', async () => {
    const [here, there] = (await startProcesses(2)) as [TestAuth, TestAuth]
    const browser = await signUp(here)
    const thief = browser.copy()
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await browser.post('/auth/logout')
    there.clock.advance(1000)
    await vi.waitFor(async () => expect(await statusAt(thief, there)).toBe(401), { interval: 2 })
  })

  it('is heard again on another connection where one has become silent', async () => {
    const [here] = (await startProcesses(1)) as [TestAuth]
    const connections = async (): Promise<readonly string[]> =>
      String(await redis.client.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).match(/(?<=^id=)\d+/gm) ?? []
    const before = await connections()
    redis.stall()
    for (let beat = 0; beat < 2; beat++) here.clock.advance(5000)
    redis.resume()
    await vi.waitFor(async () => {
      const now = await connections()
      expect(now).toHaveLength(1)
      expect(now).not.toEqual(before)
    })
  })

  it('that came while a process did not listen is read once it listens again', async () => {
    const [here, there] = (await startProcesses(2)) as [TestAuth, TestAuth]
    const browser = await signUp(here)
    const thief = browser.copy()
    await redis.kill()
    await browser.post('/auth/logout')
    expect(await statusAt(thief, there)).toBe(200)
    await redis.start()
    await subscribed(2)
    here.clock.advance(INTERVAL)
    there.clock.advance(INTERVAL)
    await vi.waitFor(async () => expect(await statusAt(thief, there)).toBe(401), { interval: 2 })
  })
})

describe('the connections to Redis', () => {
  const count = async (): Promise<number> =>
    String(await redis.client.client('LIST')).match(/^id=/gm)?.length ?? 0

  it('are two for each process, and are closed with it; the application’s own stays', async () => {
    await vi.waitFor(async () => expect(await count()).toBe(1))
    const client = redis.client.duplicate()
    await client.ping()
    const [here] = (await startProcesses(1, client)) as [TestAuth]
    expect(await count()).toBe(4)
    await here.auth.close()
    await vi.waitFor(async () => expect(await count()).toBe(2))
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
    await vi.waitFor(async () => expect(await count()).toBe(1))
  })

  it('are closed where a process cannot start, which else would never end', async () => {
    const starting = createTestAuth({
      baseURL: LOCAL,
      redis: redis.url,
      open(clock) {
        const store = openMemory(clock)
        return {
          ...store,
          revocations: { ...store.revocations, read: () => Promise.reject(new Error('gone')) },
        }
      },
    })
    await expect(starting).rejects.toThrow('cannot be read')
    await vi.waitFor(async () => expect(await count()).toBe(1))
  })
})

describe('whoever can publish on the channel', () => {
  it('causes reads of the log, fifty a second at most, and nothing else', async () => {
    const [here] = (await startProcesses(1)) as [TestAuth]
    const browser = await signUp(here)
    const reads = countReads(here)
    const flood = async () => {
      const pipeline = redis.client.pipeline()
      for (let n = 0; n < 1000; n++) pipeline.publish(CHANNEL, `{"scope":"*","floor":null,"n":${n}}`)
      await pipeline.exec()
      // What was said before this is heard before its answer.
      await here.store.users.find('nobody')
    }
    await flood()
    await vi.waitFor(() => expect(reads()).toBe(1))
    await flood()
    expect(reads()).toBe(1)
    for (let round = 2; round < 5; round++) {
      here.clock.advance(INTERVAL)
      await vi.waitFor(() => expect(reads()).toBe(round))
      await flood()
      expect(reads()).toBe(round)
    }
    expect(await statusAt(browser, here)).toBe(200)
  })
})

describe('two installations on one Redis', () => {
  it('with a prefix each hear nothing of each other', async () => {
    const [here] = (await startProcesses(1)) as [TestAuth]
    const other = await createTestAuth({ baseURL: LOCAL, redis: { url: redis.url, prefix: 'other:' } })
    opened.push(other)
    await vi.waitFor(async () => {
      const [, count] = (await redis.client.call('PUBSUB', 'NUMSUB', 'other:revoked')) as [string, number]
      expect(count).toBe(1)
    })
    const reads = countReads(here)
    const browser = await signUp(other)
    await browser.post('/auth/logout')
    await vi.waitFor(async () => expect(await redis.client.call('PUBSUB', 'NUMPAT')).toBe(0))
    expect(reads()).toBe(0)
  })
})
