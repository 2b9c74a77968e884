// What becomes of a server that is asked for two hundred sign-ins at once? Real sockets, real threads, real Argon2id.
import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import type { PasswordHasher } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import { afterEach, expect, it } from 'vitest'
import { createPasswordPool } from '../src/drivers/node/password-pool.ts'
import { createTestAuth, PASSWORD } from './support/auth.ts'

const LOCAL = 'http://localhost:3000'
const WIDTH = Math.max(1, availableParallelism() - 1)
/** Longer than a request takes to arrive, and short enough that a busy machine is done in time. */
const COST = { memory: 9216, passes: 1, parallelism: 1 }
const STORM = 200 * WIDTH
/** As many as may wait where a job is taken for 50 ms and one, those at work, and one that is being refused. */
const MOST_PENDING = 80 * WIDTH + 1 + WIDTH + 1

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly cookie: string
}

interface Asked {
  readonly body?: object
  readonly cookie?: string
  /** The sender, as the proxy in front says. */
  readonly client?: string
}

async function listen(passwordHasher: PasswordHasher) {
  const { auth, log } = await createTestAuth({
    baseURL: LOCAL,
    rateLimits: 'on',
    trustedProxies: 1,
    passwordHasher,
  })
  const server = createServer(toNodeListener(auth, () => new Response('')))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const open = (method: string, path: string, { body, cookie, client }: Asked, agent?: Agent) => {
    const sending = request({ host: '127.0.0.1', port, method, path, agent: agent ?? false })
    sending.setHeader('host', 'localhost:3000')
    if (cookie) sending.setHeader('cookie', cookie)
    if (client) sending.setHeader('x-forwarded-for', client)
    if (body) sending.setHeader('content-type', 'application/json')
    sending.end(body && JSON.stringify(body))
    return sending
  }
  const send = async (...args: Parameters<typeof open>): Promise<Reply> => {
    const [response] = (await once(open(...args), 'response')) as [IncomingMessage]
    await response.resume().toArray()
    const { 'set-cookie': lines = [], 'retry-after': retryAfter } = response.headers
    return {
      status: response.statusCode ?? 0,
      retryAfter,
      cookie: lines.map((line) => line.split(';')[0]).join('; '),
    }
  }
  const login = (n: number): Parameters<typeof open> => [
    'POST',
    '/auth/login',
    { body: { email: `user${n}@example.com`, password: PASSWORD }, client: `198.51.${n >> 8}.${n & 255}` },
  ]
  return { auth, log, open, send, login }
}

/** The real one, which takes no job for shorter than 50 ms, and how much it has in hand. */
function watchPool() {
  let calls = 0
  let pending = 0
  const seen = { most: 0, computed: 0 }
  const clock = { now: () => 0, monotonic: () => 50 * calls++, every: () => () => {} }
  const pool = createPasswordPool(COST, clock)
  const count = async <T>(work: Promise<T>): Promise<T> => {
    seen.most = Math.max(seen.most, ++pending)
    try {
      const value = await work
      seen.computed++
      return value
    } finally {
      pending--
    }
  }
  const hasher: PasswordHasher = {
    hash: (...args) => count(pool.hash(...args)),
    verify: (...args) => count(pool.verify(...args)),
    verifyAbsent: (...args) => count(pool.verifyAbsent(...args)),
    close: () => pool.close(),
  }
  return { hasher, seen }
}

it(`a storm of ${STORM} sign-ins fills the queue and no more; the rest hears 503, and a quiet user is served meanwhile`, async () => {
  const { hasher, seen } = watchPool()
  const { auth, log, send, login } = await listen(hasher)
  const ada = { email: 'ada@example.com', password: PASSWORD }
  const { cookie } = await send('POST', '/auth/register', { body: ada, client: '192.0.2.1' })
  seen.computed = 0

  const order: ('checked' | 'refused' | 'quiet')[] = []
  let over = false
  const storm = Promise.all(
    Array.from({ length: STORM }, async (_, n) => {
      const reply = await send(...login(n))
      order.push(reply.status === 503 ? 'refused' : 'checked')
      return reply
    }),
  ).finally(() => {
    over = true
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  while (!over) {
    expect((await send('GET', '/auth/me', { cookie }, agent)).status).toBe(200)
    order.push('quiet')
  }
  agent.destroy()

  const replies = await storm
  const refused = replies.filter(({ status }) => status === 503)
  expect(replies.filter(({ status }) => status === 401)).toHaveLength(STORM - refused.length)
  expect(seen.most).toBeLessThanOrEqual(MOST_PENDING)
  expect(seen.computed).toBe(STORM - refused.length)
  expect(refused.length).toBeGreaterThan(0)
  for (const { retryAfter } of refused) expect(Number(retryAfter)).toBeGreaterThan(0)
  // The clock of the test stands still: they are one second's.
  const told = log.filter(({ fields }) => fields.event === 'request.refused')
  expect(told).toMatchObject([{ level: 'warn', fields: { code: 'unavailable' } }])
  expect(log.filter(({ level }) => level === 'error')).toEqual([])
  // Between the first password that was refused and the last that was checked.
  const meanwhile = order.slice(order.indexOf('refused'), order.lastIndexOf('checked'))
  expect(meanwhile.filter((what) => what === 'quiet').length).toBeGreaterThan(10)
  await auth.close()
}, 120_000)

it('a sign-in whose sender has gone before its turn is not computed, and does not count as a try', async () => {
  const { hasher, seen } = watchPool()
  const { auth, open, send, login } = await listen(hasher)
  const busy = Array.from({ length: 10 * WIDTH }, (_, n) => send(...login(n)))
  const left = Array.from({ length: 5 }, () => open(...login(900)))
  for (const sending of left) sending.on('error', () => {})
  await Promise.race(busy)
  for (const sending of left) sending.destroy()
  const replies = await Promise.all(busy)
  expect(replies.map(({ status }) => status)).toEqual(busy.map(() => 401))
  expect(seen.computed).toBe(10 * WIDTH)
  // All five were given back.
  for (let n = 0; n < 5; n++) expect((await send(...login(900))).status).toBe(401)
  expect((await send(...login(900))).status).toBe(429)
  await auth.close()
}, 120_000)
