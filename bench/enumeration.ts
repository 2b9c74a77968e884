// Can somebody who measures tell who has an account? Requests about known and unknown addresses, one after the other, over a socket.
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { Clock } from 'lockjar'
import { openSqlite } from 'lockjar/sqlite'
import { SMTPServer } from 'smtp-server'
import { createPasswordPool } from '../src/drivers/node/password-pool.ts'
import { PASSWORD } from '../test/support/auth.ts'
import type { Report } from './report.ts'
import { milliseconds, quantile, ratio } from './report.ts'
import { startGroup } from './servers.ts'

/** Of each kind. */
const SAMPLES = 400
const WARM_UP = 40
const KNOWN = 40
/** OWASP's minimum, as an https deployment has it. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 }

interface Sample {
  readonly time: number
  /** Of the request that follows at once: work that goes on behind an answer would show there. */
  readonly after: number
  readonly shape: string
}

type Kind = 'known' | 'unknown'

interface Door {
  readonly name: string
  readonly path: string
  readonly body: (email: string) => object
}

const DOORS: readonly Door[] = [
  { name: 'sign-in', path: '/auth/login', body: (email) => ({ email, password: 'wrong password' }) },
  { name: 'register, verified', path: '/auth/register', body: (email) => ({ email, password: PASSWORD }) },
  { name: 'forgot', path: '/auth/password/forgot', body: (email) => ({ email }) },
]

export async function measureEnumeration(): Promise<Report> {
  const mailServer = await startSink()
  const group = await startGroup({
    count: 1,
    env: {
      LOCKJAR_REGISTRATION: 'verified',
      LOCKJAR_SMTP_URL: mailServer.url,
      LOCKJAR_MAIL_FROM: 'Bench <no-reply@example.com>',
      LOCKJAR_ARGON2_MEMORY: String(COST.memory),
      LOCKJAR_ARGON2_PASSES: String(COST.passes),
    },
  })
  try {
    await createUsers(`${group.folder}/bench.db`)
    const port = group.servers[0]?.port ?? 0
    const rows: (readonly [string, string])[] = []
    for (const door of DOORS) rows.push(...(await measureDoor(door, port, new URL(group.origin).host)))
    return {
      title: `Enumeration: ${SAMPLES} requests each about known and unknown addresses, in turn by lot, limits off, SQLite, SMTP on loopback`,
      rows,
      notes: [
        'AUC (Mann-Whitney): how often a request about a known address takes longer than one about an unknown one; 0.5 is by chance.',
        'Target: 0.45 to 0.55. With so many samples chance alone stays within 0.46 to 0.54, 95 times of 100.',
        'The request that follows is one that reads nothing, sent as soon as the answer is there.',
        'Shapes: status, body and headers by name and value, but for Date and what is random in cookies.',
      ],
    }
  } finally {
    await group.stop()
    await mailServer.stop()
  }
}

async function measureDoor(
  { name, path, body }: Door,
  port: number,
  host: string,
): Promise<readonly (readonly [string, string])[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const samples: Record<Kind, Sample[]> = { known: [], unknown: [] }
  const addressOf = (kind: Kind, n: number): string =>
    kind === 'known'
      ? `known-${n % KNOWN}@example.com`
      : `fresh-${String(n).padStart(5, '0')}-${name.length}@example.com`
  for (let n = -WARM_UP; n < 2 * SAMPLES; n++) {
    // By lot, and of both as many.
    const kinds: readonly Kind[] =
      samples.known.length >= SAMPLES
        ? ['unknown']
        : samples.unknown.length >= SAMPLES
          ? ['known']
          : ['known', 'unknown']
    const kind = kinds[Math.floor(Math.random() * kinds.length)] ?? 'known'
    const sample = await ask(agent, port, host, path, body(addressOf(kind, n + WARM_UP)))
    if (n >= 0) samples[kind].push(sample)
  }
  agent.destroy()
  const times = (kind: Kind, of: 'time' | 'after') => samples[kind].map((sample) => sample[of])
  const shapes = new Set([...samples.known, ...samples.unknown].map(({ shape }) => shape))
  const median = (kind: Kind) => milliseconds(quantile(times(kind, 'time'), 0.5))
  return [
    [`${name}: AUC`, ratio(areaUnderCurve(times('known', 'time'), times('unknown', 'time')))],
    [
      '  of the request that follows',
      ratio(areaUnderCurve(times('known', 'after'), times('unknown', 'after'))),
    ],
    ['  median known, unknown', `${median('known')}, ${median('unknown')}`],
    ['  shapes of answers', `${shapes.size}: ${[...shapes][0]?.slice(0, 3)}`],
  ]
}

/** Mann-Whitney's U, as a share of all pairs; equal times count half. */
export function areaUnderCurve(positive: readonly number[], negative: readonly number[]): number {
  let wins = 0
  for (const a of positive) for (const b of negative) wins += a > b ? 1 : a === b ? 0.5 : 0
  return wins / (positive.length * negative.length)
}

async function ask(agent: Agent, port: number, host: string, path: string, body: object): Promise<Sample> {
  const first = await send(agent, port, host, 'POST', path, JSON.stringify(body))
  const next = await send(agent, port, host, 'GET', '/auth/csrf')
  return { time: first.time, after: next.time, shape: first.shape }
}

async function send(agent: Agent, port: number, host: string, method: string, path: string, body = '') {
  const headers = {
    host,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/json',
    'content-length': body.length,
  }
  const began = performance.now()
  const sending = request({ host: '127.0.0.1', port, method, path, agent, headers })
  sending.end(body)
  const [response] = await once(sending, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const time = performance.now() - began
  const { date: _, 'set-cookie': cookies = [], ...rest } = response.headers
  const masked = (cookies as readonly string[]).map((line) =>
    line.replace(/=[^;]*/, (value) => `=${value.length}`),
  )
  return { time, shape: JSON.stringify([response.statusCode, text, rest, masked]) }
}

/** Straight into the file, with a hash of the cost that the server has. */
async function createUsers(file: string): Promise<void> {
  const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), every: () => () => {} }
  const store = openSqlite(file, clock)
  const pool = createPasswordPool(COST, clock, [])
  const passwordHash = await pool.hash(PASSWORD, '')
  for (let n = 0; n < KNOWN; n++) {
    const email = `known-${n}@example.com`
    const written = await store.users.create({
      id: `known-${n}`,
      email,
      emailKey: email,
      username: null,
      usernameKey: null,
      name: 'Somebody Known',
      passwordHash,
      roles: [],
      emailVerified: true,
    })
    if (!written.ok) throw new Error('not created')
  }
  await pool.close()
  await store.close()
}

/** Takes every mail and keeps none. */
async function startSink(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onData(stream, _session, done) {
      stream.on('end', () => done())
      stream.resume()
    },
  })
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const address = listening.address()
  const port = typeof address === 'object' ? address?.port : 0
  return {
    url: `smtp://localhost:${port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
