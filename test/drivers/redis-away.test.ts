// What becomes of limits, sessions and revocations when Redis is killed, stalled, emptied, full or was never there?
import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import type { Logger, RedisSetting, Store } from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { openRedis } from 'lockjar/redis'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Bucket } from '../../src/core/rate-limit/bucket.ts'
import { systemClock } from '../../src/drivers/node/clock.ts'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createCertificate } from '../support/certificate.ts'
import type { TestClock } from '../support/clock.ts'
import { createTestClock } from '../support/clock.ts'
import { freePort } from '../support/demo.ts'
import type { RedisServer } from '../support/redis.ts'
import { startRedis } from '../support/redis.ts'

const LOCAL = 'http://localhost:3000'
const MINUTE = 60_000
/** Half of the milliseconds for which an answer is waited for. */
const HALF_LIMIT = 100
const CHECK_INTERVAL = 1000

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(args: readonly string[] = []): Promise<RedisServer> {
  const redis = await startRedis(args)
  ends.push(() => redis.remove())
  return redis
}

interface Attached {
  readonly store: Store
  /** Without Redis. */
  readonly database: Store
  readonly clock: TestClock
  /** Events that were logged. */
  readonly told: string[]
}

async function attach(setting: RedisSetting): Promise<Attached> {
  const clock = createTestClock()
  const told: string[] = []
  const tell = ({ event, code }: Parameters<Logger['warn']>[0]) =>
    told.push([event, code].filter(Boolean).join(' '))
  const logger = { info: tell, warn: tell, error: tell }
  const database = openMemory(clock)
  const { store } = await (await openRedis(setting, { clock, storeClock: clock })).attach(database, logger)
  ends.push(() => store.close())
  return { store, database, clock, told }
}

const bucket = (limit: number, key = 'a'): Bucket => ({
  key,
  window: { limit, period: MINUTE, longestWait: MINUTE },
})

/** One consumption, for whose answer Redis may take as long as it is given. */
async function consumeStalled({ store, clock }: Attached, buckets: readonly Bucket[]) {
  const answer = store.limits.consume(buckets)
  clock.advance(HALF_LIMIT)
  clock.advance(HALF_LIMIT)
  return answer
}

/** Until it has seen that Redis is back. */
const isBack = (attached: Attached) =>
  vi.waitFor(async () => {
    attached.clock.advance(CHECK_INTERVAL)
    const { countedBy } = await attached.store.limits.consume([bucket(1000, 'probe')])
    expect(countedBy).toBe('redis')
  })

describe('while Redis does not answer', () => {
  it('the first request waits as long as it may, and no further one waits at all', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    redis.stall()
    const waiting = Array.from({ length: 3 }, () => attached.store.limits.consume([bucket(9)]))
    attached.clock.advance(HALF_LIMIT)
    attached.clock.advance(HALF_LIMIT)
    for (const { countedBy } of await Promise.all(waiting)) expect(countedBy).toBe('database')
    // No clock moves here: it is not asked.
    expect((await attached.store.limits.consume([bucket(9)])).countedBy).toBe('database')
    expect(attached.told).toEqual(['redis.unavailable ETIMEDOUT'])
    redis.resume()
    await isBack(attached)
    expect((await attached.store.limits.consume([bucket(9)])).countedBy).toBe('redis')
  })

  it('an answer that lies ready behind a busy event loop is not late', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    const answer = attached.store.limits.consume([bucket(9)])
    attached.clock.advance(10 * HALF_LIMIT)
    expect((await answer).countedBy).toBe('redis')
  })

  it('a try of which nobody knows whether it was counted is counted by the database, too', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    // So that it knows the script.
    await attached.store.limits.consume([bucket(9, 'b')])
    redis.stall()
    expect(await consumeStalled(attached, [bucket(1)])).toMatchObject({
      allowed: true,
      countedBy: 'database',
    })
    expect(await attached.store.limits.consume([bucket(1)])).toMatchObject({ allowed: false })
    redis.resume()
    await isBack(attached)
    expect(await attached.store.limits.consume([bucket(1)])).toMatchObject({
      allowed: false,
      countedBy: 'redis',
    })
  })

  it('nobody has more than twice what there is, however often it comes and goes', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    let allowed = 0
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 7; n++) if ((await attached.store.limits.consume([bucket(5)])).allowed) allowed++
      redis.stall()
      if ((await consumeStalled(attached, [bucket(5)])).allowed) allowed++
      for (let n = 0; n < 7; n++) if ((await attached.store.limits.consume([bucket(5)])).allowed) allowed++
      redis.resume()
      await isBack(attached)
    }
    expect(allowed).toBe(10)
  })

  it('what was taken is given back where it was counted, and nowhere else', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    const { limits } = attached.store
    const two = [bucket(2)]
    const first = await limits.consume(two)
    redis.stall()
    const second = await consumeStalled(attached, two)
    // Redis had the first one; now it cannot be given back, and no sign-in fails for it.
    await limits.giveBack({ takenAt: first.now, countedBy: first.countedBy, buckets: two, cleared: [] })
    await limits.giveBack({ takenAt: second.now, countedBy: second.countedBy, buckets: two, cleared: [] })
    expect((await limits.consume(two)).states).toMatchObject([{ remaining: 1 }])
    redis.resume()
    await isBack(attached)
    // The one of which nobody knew had been counted, too.
    expect((await limits.consume(two)).allowed).toBe(false)
    await limits.giveBack({ takenAt: first.now, countedBy: first.countedBy, buckets: two, cleared: [] })
    expect((await limits.consume(two)).allowed).toBe(true)
    expect((await attached.database.limits.consume(two)).states).toMatchObject([{ remaining: 0 }])
  })

  it.each([
    ['redis', [1, 2]],
    ['database', [2, 1]],
  ] as const)('what %s has counted changes nothing elsewhere', async (countedBy, used) => {
    const redis = await start()
    const attached = await attach(redis.url)
    const { limits } = attached.store
    for (const counter of [limits, attached.database.limits])
      for (let n = 0; n < 2; n++) await counter.consume([bucket(9)])
    await limits.giveBack({ takenAt: attached.clock.now(), countedBy, buckets: [bucket(9)], cleared: [] })
    const left = [limits, attached.database.limits].map(async (counter) => {
      const { states } = await counter.consume([bucket(9)])
      return 9 - (states[0]?.remaining ?? 0) - 1
    })
    expect(await Promise.all(left)).toEqual(used)
  })

  it('what is cleared without having been taken is cleared in both', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    const { limits } = attached.store
    for (const counter of [limits, attached.database.limits]) await counter.consume([bucket(1)])
    await limits.giveBack({ takenAt: 0, buckets: [], cleared: ['a'] })
    for (const counter of [limits, attached.database.limits])
      expect((await counter.consume([bucket(1)])).allowed).toBe(true)
  })

  it('one warning is logged, and not another one within a minute should it come and go', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    for (let round = 0; round < 3; round++) {
      redis.stall()
      await consumeStalled(attached, [bucket(9)])
      for (let n = 0; n < 5; n++) await attached.store.limits.consume([bucket(9)])
      redis.resume()
      await isBack(attached)
    }
    expect(attached.told.filter((line) => line.startsWith('redis.unavailable'))).toHaveLength(1)
    attached.clock.advance(MINUTE)
    redis.stall()
    await consumeStalled(attached, [bucket(9)])
    expect(attached.told.filter((line) => line.startsWith('redis.unavailable'))).toHaveLength(2)
    redis.resume()
  })

  it('where the client gives up by its own options, it is tried again all the same', async () => {
    const redis = await start()
    const client = new Redis(redis.port, '127.0.0.1', { retryStrategy: () => null, lazyConnect: true })
    const attached = await attach(client)
    await redis.kill()
    await vi.waitFor(async () =>
      expect((await attached.store.limits.consume([bucket(99)])).countedBy).toBe('database'),
    )
    await redis.start()
    await isBack(attached)
    let heard = 0
    attached.store.revocations.watch?.(() => heard++)
    await vi.waitFor(() => {
      attached.clock.advance(5000)
      attached.store.revocations.announce?.()
      expect(heard).toBeGreaterThan(0)
    })
  })

  it('on a connection on which nothing comes back, another one is made', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    const connections = async (): Promise<string[]> =>
      String(await redis.client.client('LIST')).match(/(?<=^id=)\d+/gm) ?? []
    const before = await connections()
    redis.stall()
    await consumeStalled(attached, [bucket(9)])
    for (let second = 0; second < 12; second++) {
      attached.clock.advance(CHECK_INTERVAL)
      await new Promise(setImmediate)
    }
    redis.resume()
    await isBack(attached)
    expect((await connections()).filter((id) => !before.includes(id))).not.toEqual([])
  })
})

describe('a Redis that is full', () => {
  it('leaves the counting to the database, and is asked again each time', async () => {
    const redis = await start(['--maxmemory-policy', 'noeviction'])
    const attached = await attach(redis.url)
    await redis.client.config('SET', 'maxmemory', '1')
    expect(await attached.store.limits.consume([bucket(1)])).toMatchObject({
      allowed: true,
      countedBy: 'database',
    })
    expect(await attached.store.limits.consume([bucket(1)])).toMatchObject({ allowed: false })
    expect(attached.told).toEqual(['redis.refused OOM'])
    await redis.client.config('SET', 'maxmemory', '0')
    expect((await attached.store.limits.consume([bucket(1)])).countedBy).toBe('redis')
  })
})

describe('a Redis that was emptied', () => {
  it('has forgotten its counts, and no script needs to be brought back', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    await attached.store.limits.consume([bucket(1)])
    expect((await attached.store.limits.consume([bucket(1)])).allowed).toBe(false)
    await redis.client.flushall()
    expect(await attached.store.limits.consume([bucket(1)])).toMatchObject({
      allowed: true,
      countedBy: 'redis',
    })
    await redis.client.script('FLUSH')
    expect(await attached.store.limits.consume([bucket(1)])).toMatchObject({
      allowed: false,
      countedBy: 'redis',
    })
  })

  it('takes over again when it was started anew', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    await redis.kill()
    await vi.waitFor(async () => {
      const { allowed, countedBy } = await attached.store.limits.consume([bucket(1000)])
      expect([allowed, countedBy]).toEqual([true, 'database'])
    })
    await redis.start()
    await isBack(attached)
    expect((await attached.store.limits.consume([bucket(1000)])).countedBy).toBe('redis')
  })
})

describe('what is found under a key of ours', () => {
  it.each(['', 'x', '1:2:3', '-1:0:0:0:0', '1:0:1e3:9:0', '1:0:0:9:2', ' 1:0:0:9:0'])(
    'and reads %j is no count',
    async (text) => {
      const redis = await start()
      const attached = await attach(redis.url)
      await redis.client.set('{lockjar:limits}:a', text)
      expect(await attached.store.limits.consume([bucket(3)])).toMatchObject({
        countedBy: 'redis',
        states: [{ remaining: 2 }],
      })
    },
  )

  it('and is no text is no count either', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    await redis.client.lpush('{lockjar:limits}:a', 'x')
    await attached.store.limits.giveBack({
      takenAt: 0,
      countedBy: 'redis',
      buckets: [bucket(3)],
      cleared: [],
    })
    expect((await attached.store.limits.consume([bucket(3)])).states).toMatchObject([{ remaining: 2 }])
    expect(attached.told).toEqual([])
  })

  it('ends with the count, by itself', async () => {
    const redis = await start()
    const attached = await attach(redis.url)
    await attached.store.limits.consume([
      bucket(9),
      { key: 'b', window: { limit: 1, period: MINUTE, longestWait: 5 * MINUTE } },
    ])
    const left = async (key: string) => redis.client.pttl(`{lockjar:limits}:${key}`)
    expect(await left('a')).toBeGreaterThan(MINUTE - 10_000)
    expect(await left('a')).toBeLessThanOrEqual(MINUTE)
    // Used up, so that it is known for a while after its end.
    expect(await left('b')).toBeGreaterThan(6 * MINUTE - 10_000)
    expect(await left('b')).toBeLessThanOrEqual(6 * MINUTE)
  })
})

describe('a process', () => {
  const logOf = () => {
    const events: unknown[] = []
    const write = ({ event }: Parameters<Logger['warn']>[0]) => {
      if (String(event).startsWith('redis.')) events.push(event)
    }
    return { events, logger: { info: write, warn: write, error: write } }
  }
  const startAuth = async (redis: string, logger: Logger) => {
    const auth = await createAuth({
      baseURL: LOCAL,
      secret: SECRET,
      strategy: 'opaque',
      argon2: { memory: 64, passes: 1 },
      database: openMemory(systemClock),
      mailer: { async send() {} },
      redis,
      logger,
    })
    ends.push(() => auth.close())
    return auth
  }
  const ADA = { email: 'ada@example.com', password: PASSWORD }

  it('starts where there is no Redis, says so once, is ready, and limits hold', async () => {
    const { events, logger } = logOf()
    const auth = await startAuth(`redis://127.0.0.1:${await freePort()}`, logger)
    await auth.ready()
    const browser = new TestBrowser(auth.handler, LOCAL)
    expect((await browser.post('/auth/register', ADA)).status).toBe(201)
    const statuses: number[] = []
    const stranger = new TestBrowser(auth.handler, LOCAL)
    for (let n = 0; n < 7; n++)
      statuses.push((await stranger.post('/auth/login', { ...ADA, password: 'wrong' })).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    expect(events).toEqual(['redis.unavailable'])
  })

  it('answers no request with an error while Redis is stalled, killed, started and emptied, and lets no ended session in', async () => {
    const redis = await start()
    const { events, logger } = logOf()
    const auth = await startAuth(redis.url, logger)
    const app = auth.protect(() => new Response())
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    const dead = new TestBrowser(auth.handler, LOCAL)
    await dead.post('/auth/login', ADA)
    const thief = dead.copy(app)
    await dead.post('/auth/logout')

    let isOver = false
    onTestFinished(() => {
      isOver = true
    })
    const statuses = new Map<string, number>()
    const note = (text: string): void => void statuses.set(text, (statuses.get(text) ?? 0) + 1)
    const traffic = async (n: number): Promise<void> => {
      for (let turn = 0; !isOver; turn++) {
        note(`alive ${(await browser.copy(app).get('/api')).status}`)
        note(`dead ${(await thief.get('/api')).status}`)
        const visitor = new TestBrowser(auth.handler, LOCAL)
        const email = `${n}-${turn}@example.com`
        note(`guess ${(await visitor.post('/auth/login', { email, password: 'wrong' })).status}`)
      }
    }
    const running = [0, 1, 2].map(traffic)
    const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
    redis.stall()
    await rest(700)
    redis.resume()
    await vi.waitFor(() => expect(events.at(-1)).toBe('redis.available'), { timeout: 5000 })
    await redis.client.flushall()
    await redis.kill()
    await rest(300)
    await redis.start()
    await rest(1500)
    await auth.ready()
    isOver = true
    await Promise.all(running)
    expect(
      [...statuses.keys()].filter((text) => !/^(?:alive 200|dead 401|guess 401|guess 429)$/.test(text)),
    ).toEqual([])
    expect(statuses.get('alive 200')).toBeGreaterThan(10)
  })
})

describe('the rights that the guide gives', () => {
  it('are enough', async () => {
    const guide = readFileSync(new URL('../../docs/guide/redis.md', import.meta.url), 'utf8')
    const [line = ''] = /^user lockjar .*$/m.exec(guide) ?? []
    const [, , ...rules] = line.split(' ')
    const redis = await start()
    await redis.client.call('ACL', 'SETUSER', 'lockjar', 'resetchannels', ...rules)
    const attached = await attach(`redis://lockjar:PASSWORD@127.0.0.1:${redis.port}`)
    const { limits, revocations } = attached.store
    const { countedBy, now } = await limits.consume([bucket(2)])
    expect(countedBy).toBe('redis')
    await limits.giveBack({ takenAt: now, countedBy, buckets: [bucket(2)], cleared: ['b'] })
    let heard = 0
    revocations.watch?.(() => heard++)
    await vi.waitFor(() => {
      revocations.announce?.()
      attached.clock.advance(20)
      expect(heard).toBeGreaterThan(0)
    })
    expect(attached.told).toEqual([])
  })
})

describe('without rights on the channel', () => {
  it('limits are counted in Redis, and one line says that nothing is heard', async () => {
    const redis = await start()
    await redis.client.call('ACL', 'SETUSER', 'deaf', 'on', '>x', 'allkeys', 'allcommands', 'resetchannels')
    const attached = await attach(`redis://deaf:x@127.0.0.1:${redis.port}`)
    await vi.waitFor(() => expect(attached.told).toEqual(['redis.not_subscribed NOPERM']))
    attached.store.revocations.announce?.()
    await vi.waitFor(() => expect(attached.told).toHaveLength(2))
    expect(attached.told[1]).toBe('redis.refused NOPERM')
    expect((await attached.store.limits.consume([bucket(1)])).countedBy).toBe('redis')
  })
})

describe('over TLS', () => {
  it('a client that trusts the certificate counts there, a URL whose certificate nobody vouches for does not', async () => {
    const { certFile, keyFile } = await createCertificate(['localhost'])
    const port = await freePort()
    await start([
      ...['--tls-port', String(port), '--tls-cert-file', certFile, '--tls-key-file', keyFile],
      ...['--tls-ca-cert-file', certFile, '--tls-auth-clients', 'no'],
    ])
    const client = new Redis(port, 'localhost', { tls: { ca: readFileSync(certFile) }, lazyConnect: true })
    const trusting = await attach(client)
    expect((await trusting.store.limits.consume([bucket(1)])).countedBy).toBe('redis')
    const wary = await attach(`rediss://localhost:${port}`)
    expect((await wary.store.limits.consume([bucket(1)])).countedBy).toBe('database')
    expect(wary.told).toEqual(['redis.unavailable DEPTH_ZERO_SELF_SIGNED_CERT'])
  })
})

describe('a setting that cannot work', () => {
  it.each([
    ['http://127.0.0.1:6379', 'option redis: is not a URL'],
    ['redis://', 'option redis: is not a URL'],
    [{}, 'needs a url or a client, and not both'],
    [{ url: 'redis://127.0.0.1', prefix: '{x}' }, 'option redis.prefix'],
    [{ url: 'redis://127.0.0.1', prefix: 'x'.repeat(65) }, 'option redis.prefix'],
  ])('%j is refused in one line', async (setting, message) => {
    await expect(openRedis(setting, { clock: createTestClock(), storeClock: null })).rejects.toThrow(message)
  })
})
