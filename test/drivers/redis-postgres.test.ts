// Do PostgreSQL and Redis together do what SQLite does alone, for the same application?
import type { Auth } from 'lockjar'
import { createAuth, readEnvironment } from 'lockjar'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import type { RedisServer } from '../support/redis.ts'
import { startRedis } from '../support/redis.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }
const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

let postgres: PostgresServer
let redis: RedisServer
beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
}, 60_000)
afterAll(() => Promise.all([postgres.remove(), redis.remove()]))

it('two variables are all that changes: sessions, revocations and limits go through both', async () => {
  const { options, server } = readEnvironment({
    LOCKJAR_BASE_URL: LOCAL,
    LOCKJAR_SECRET: SECRET,
    LOCKJAR_STRATEGY: 'opaque',
    LOCKJAR_ARGON2_MEMORY: '64',
    LOCKJAR_ARGON2_PASSES: '1',
    LOCKJAR_DATABASE_URL: await postgres.createDatabase(),
    LOCKJAR_REDIS_URL: redis.url,
  })
  const start = (): Promise<Auth> =>
    createAuth({
      ...options,
      database: server.database,
      redis: server.redis,
      logger: QUIET,
      mailer: { async send() {} },
    })
  const [here, there] = await Promise.all([start(), start()])
  try {
    const browser = new TestBrowser(here.handler, LOCAL)
    expect((await browser.post('/auth/register', ADA)).status).toBe(201)
    const asked = async (at: Auth): Promise<number> =>
      (await browser.copy(at.protect(() => new Response())).get('/api')).status
    expect(await asked(here)).toBe(200)
    expect(await asked(there)).toBe(200)
    const thief = browser.copy(there.protect(() => new Response()))
    await browser.post('/auth/logout')
    await vi.waitFor(async () => expect((await thief.get('/api')).status).toBe(401), {
      timeout: 5000,
    })

    let guesses = 0
    const guess = async (): Promise<number> => {
      const stranger = new TestBrowser((guesses++ % 2 ? here : there).handler, LOCAL)
      return (await stranger.post('/auth/login', { ...ADA, password: 'wrong' })).status
    }
    for (let n = 0; n < 5; n++) expect(await guess()).toBe(401)
    // On a busy machine one or the other was late, and the database counted it.
    while ((await guess()) !== 429) expect(guesses).toBeLessThan(11)
    expect(await redis.client.keys('{lockjar:limits}:*')).not.toEqual([])
  } finally {
    await Promise.all([here.close(), there.close()])
  }
})
