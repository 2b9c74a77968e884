// Do several workers serve one port as one server would, when one dies, when all are replaced, and when all stop?
import type { ChildProcess } from 'node:child_process'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import { request as requestTls } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import { createCertificate } from '../support/certificate.ts'
import { createFolder, createWorld, runCli, runHere, startCli } from '../support/cli.ts'
import { SECRET } from '../support/demo.ts'
import { ProcessVisitor } from '../support/processes.ts'
import { until } from '../support/raw-http.ts'
import type { Load } from '../support/stream-of-requests.ts'
import { startLoad } from '../support/stream-of-requests.ts'

const ORIGIN = 'http://localhost:3000'
const HOST = 'localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }
/** Signs in so often that old sessions give way. */
const BOB = { email: 'bob@example.com', password: PASSWORD }

/** Dozens of processes read the same code. */
const COMPILED = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/compiled') }

interface Logged {
  readonly event: string
  readonly pid?: number
  readonly place?: number
  readonly reason?: string
}

interface Server {
  readonly port: number
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly logged: () => readonly Logged[]
  /** Lines on standard error for a person. */
  readonly lines: () => readonly string[]
  /** Process ids of those that serve, by place. */
  readonly workers: () => readonly number[]
  /** SIGHUP; resolves when all workers are new. */
  restart(): Promise<void>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

const started: ChildProcess[] = []
function killAll(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL')
}

interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

async function start(
  args: readonly string[],
  { cwd = createFolder(), env = {} }: StartOptions = {},
): Promise<Server> {
  const child = startCli(['serve', '--port', '0', ...args], {
    cwd,
    env: {
      LOCKJAR_BASE_URL: ORIGIN,
      LOCKJAR_SECRET: SECRET,
      LOCKJAR_ARGON2_MEMORY: '64',
      LOCKJAR_ARGON2_PASSES: '1',
      LOCKJAR_RATE_LIMITS: 'off',
      LOCKJAR_LOG_LEVEL: 'info',
      ...COMPILED,
      ...env,
    },
  })
  started.push(child)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  await Promise.race([once(child.stdout ?? child, 'data'), ended])
  const [, port] = /^lockjar serves \S+ on 127\.0\.0\.1:(\d+) with \d workers?\n$/.exec(stdout) ?? []
  expect(Number(port), `${stdout}${stderr}`).toBeGreaterThan(0)
  const written = (): readonly string[] => stderr.split('\n')
  const logged = (): readonly Logged[] =>
    written().flatMap((line) => (/^\{.*\}$/.test(line) ? [JSON.parse(line) as Logged] : []))
  const restarts = (): number => stdout.split(' new worker').length - 1
  return {
    port: Number(port),
    child,
    stdout: () => stdout,
    logged,
    lines: () => written().filter((line) => line.startsWith('lockjar: ')),
    workers: () => [
      ...new Map(
        logged().flatMap(({ event, place, pid }) => (event === 'worker.started' ? [[place, pid ?? 0]] : [])),
      ).values(),
    ],
    async restart() {
      const before = restarts()
      child.kill('SIGHUP')
      while (restarts() === before) await pause(10)
    },
    ended,
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Connections are handed out in turn: two that are kept lead to two workers. */
interface Line {
  get(path: string, cookie?: string): Promise<number | undefined>
  close(): void
}

async function openLine({ port }: Server): Promise<Line> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const get = async (path: string, cookie = ''): Promise<number | undefined> => {
    const headers = { host: HOST, ...(cookie && { cookie }) }
    const sending = request({ host: '127.0.0.1', port, path, agent, headers })
    sending.end()
    const [response] = (await once(sending, 'response')) as [IncomingMessage]
    await text(response)
    return response.statusCode
  }
  await get('/healthz')
  return { get, close: () => agent.destroy() }
}

/** On a connection of its own; with `ca` over TLS. */
async function ask({ port }: Server, path: string, ca?: Buffer): Promise<{ status: number | undefined }> {
  const headers = { host: HOST }
  const sending = ca
    ? requestTls({ host: 'localhost', port, path, headers, ca, agent: false })
    : request({ host: '127.0.0.1', port, path, headers, agent: false })
  sending.end()
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  await text(response)
  return { status: response.statusCode }
}

async function certificateOf({ port }: Server): Promise<string> {
  const socket = connectTls({ host: 'localhost', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

/** A sign-in whose body has not all been sent. */
async function signInSlowly({ port }: Server): Promise<{ finish(): Promise<string> }> {
  const socket: Socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const body = JSON.stringify(ADA)
  const head = ['POST /auth/login HTTP/1.1', `Host: ${HOST}`, 'Content-Type: application/json']
  socket.write(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`)
  return {
    finish() {
      socket.write(body.slice(5))
      return text(socket)
    },
  }
}

describe('two workers', () => {
  let server: Server
  const ada = new ProcessVisitor(ORIGIN)
  beforeAll(async () => {
    server = await start(['--workers', '2'])
    expect((await ada.send(server, 'POST', '/auth/register', ADA)).status).toBe(201)
    expect((await new ProcessVisitor(ORIGIN).send(server, 'POST', '/auth/register', BOB)).status).toBe(201)
  }, 60_000)
  afterAll(killAll)

  const load = (kinds = 3): Load => {
    const every = { port: server.port, host: HOST, cookie: ada.cookies('/auth/me'), status: 200 }
    const me = { ...every, method: 'GET', path: '/auth/me' }
    const login = { ...every, method: 'POST', path: '/auth/login', body: BOB, cookie: '' }
    const ready = { ...every, method: 'GET', path: '/readyz' }
    return startLoad([me, login, ready].slice(0, kinds))
  }

  it('know a sign-in and a sign-out of each other, and one that is killed breaks off no connection but its own', async () => {
    const visitor = new ProcessVisitor(ORIGIN)
    await visitor.send(server, 'POST', '/auth/login', ADA)
    const [one, other] = [await openLine(server), await openLine(server)]
    const cookie = visitor.cookies('/auth/me')
    expect([await one.get('/auth/me', cookie), await other.get('/auth/me', cookie)]).toEqual([200, 200])
    await visitor.send(server, 'POST', '/auth/logout')
    await until(async () => (await one.get('/auth/me', cookie)) === 401)
    await until(async () => (await other.get('/auth/me', cookie)) === 401)

    const [victim = 0] = server.workers()
    process.kill(victim, 'SIGKILL')
    const broken = await Promise.allSettled([one.get('/healthz'), other.get('/healthz')])
    // Where the client notices in time it opens another connection, to the one that is left.
    expect(broken.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1)
    await until(() => server.workers().length === 2 && !server.workers().includes(victim))
    expect(server.logged()).toContainEqual(
      expect.objectContaining({ event: 'worker.ended', reason: 'a worker was ended by SIGKILL' }),
    )
    for (const line of [one, other]) line.close()
  })

  it('are replaced three times under load, and not one request fails', async () => {
    const requests = load()
    await requests.more(3)
    const before = server.workers()
    for (let restart = 0; restart < 3; restart++) {
      for (const pid of server.workers()) process.kill(pid, 'SIGHUP')
      await server.restart()
      await requests.more(3)
    }
    await requests.end()
    expect(requests).toMatchObject({ failures: [], refused: 0 })
    for (const pid of before) await until(() => !isAlive(pid))
    expect(server.logged().filter(({ event }) => event === 'worker.ended')).toHaveLength(1)
  }, 120_000)

  it('go on under load where one is killed: only what that one was answering is lost', async () => {
    const requests = load()
    await requests.more(3)
    const [victim = 0] = server.workers()
    process.kill(victim, 'SIGKILL')
    await until(() => !server.workers().includes(victim))
    await requests.more(3)
    await requests.end()
    // Three clients, each of which loses what it was waiting for, and may find that the connection of the next one is gone too.
    expect(requests.failures.length + requests.refused).toBeLessThanOrEqual(6)
    expect(requests.failures.filter((line) => !/ECONNRESET|EPIPE/.test(line))).toEqual([])
  })

  it('stop under load without a broken answer, and end well', async () => {
    // Not the probe, which has to say that it stops.
    const requests = load(2)
    await requests.more(3)
    // As terminals and service managers do, to all of them.
    for (const pid of server.workers()) process.kill(pid, 'SIGTERM')
    server.child.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    await requests.end()
    expect(requests.failures).toEqual([])
    expect([server.lines(), server.workers().filter(isAlive)]).toEqual([[], []])
  })
})

describe('a server of workers', () => {
  afterEach(killAll)

  it('has new settings after SIGHUP, keeps old workers where they are wrong, and gives up where none starts: nobody waits for ever', async () => {
    const cwd = createFolder()
    const settings = join(cwd, '.env')
    writeFileSync(settings, 'LOCKJAR_WORKERS=1\n')
    const server = await start([], { cwd })
    const [first = 0] = server.workers()
    expect((await ask(server, '/signin/me')).status).toBe(404)

    writeFileSync(settings, 'LOCKJAR_WORKERS=1\nLOCKJAR_BASE_PATH=/signin\n')
    await server.restart()
    await until(() => !isAlive(first))
    expect((await ask(server, '/signin/me')).status).toBe(401)

    writeFileSync(settings, 'LOCKJAR_WORKERS=1\nLOCKJAR_STRATEGIE=jwt\n')
    server.child.kill('SIGHUP')
    const failed = (): readonly Logged[] => server.logged().filter(({ event }) => event === 'restart.failed')
    await until(() => failed().length > 0)
    expect(failed()).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(/^unknown variable /) }),
    ])
    expect((await ask(server, '/signin/me')).status).toBe(401)

    const [last = 0] = server.workers()
    // Its connections are handed to it, and it does not take them.
    process.kill(last, 'SIGSTOP')
    const asked = expect(ask(server, '/healthz')).rejects.toThrow()
    await pause(200)
    process.kill(last, 'SIGKILL')
    await asked
    // Long before the primary gives up, with whose end all is closed.
    expect(server.logged().filter(({ event }) => event === 'worker.ended').length).toBeLessThan(5)
    expect(await server.ended).toBe(3)
    expect(server.lines()).toEqual([
      expect.stringMatching(
        /^lockjar: workers end as fast as they are started, and the last one so: unknown variable /,
      ),
    ])
  })

  it('has a new certificate after SIGHUP; says at a stop that it is not ready, and hurries at the next signal', async () => {
    const [old, renewed] = [await createCertificate(['localhost']), await createCertificate(['localhost'])]
    const server = await start(['--workers', '1', '--drain', '60s'], {
      env: {
        LOCKJAR_BASE_URL: 'https://localhost:3000',
        LOCKJAR_ARGON2_MEMORY: '',
        LOCKJAR_ARGON2_PASSES: '',
        LOCKJAR_TLS_CERT: old.certFile,
        LOCKJAR_TLS_KEY: old.keyFile,
      },
    })
    expect(server.stdout()).toMatch(/ with 1 worker\n$/)
    const before = await certificateOf(server)
    writeFileSync(old.certFile, readFileSync(renewed.certFile))
    writeFileSync(old.keyFile, readFileSync(renewed.keyFile))
    expect(await certificateOf(server)).toBe(before)
    await server.restart()
    // The old one is told to retire then, and may take one more.
    await until(async () => (await certificateOf(server)) !== before)

    const ca = readFileSync(renewed.certFile)
    server.child.kill('SIGTERM')
    await until(async () => (await ask(server, '/readyz', ca)).status === 503)
    expect((await ask(server, '/healthz', ca)).status).toBe(200)
    server.child.kill('SIGINT')
    expect([await server.ended, server.lines()]).toEqual([0, []])
  })

  it('ends when its primary is killed: what is under way is answered, what was seen is written, the port is free', async () => {
    const cwd = createFolder()
    const server = await start(['--workers', '1'], { cwd, env: { LOCKJAR_DATABASE_URL: 'sqlite:here.db' } })
    const ada = new ProcessVisitor(ORIGIN)
    const { body } = await ada.send(server, 'POST', '/auth/register', ADA)
    const slow = await signInSlowly(server)
    // It has begun with that one once it has answered a later one.
    expect((await ada.send(server, 'GET', '/auth/me')).status).toBe(200)
    await ask(server, '/healthz')
    server.child.kill('SIGKILL')
    expect(await slow.finish()).toMatch(/^HTTP\/1\.1 200 /)
    await until(() => !server.workers().some(isAlive))
    const database = new DatabaseSync(join(cwd, 'here.db'), { readOnly: true })
    const { session } = body as { session: { id: string } }
    expect(
      database.prepare('select confirmed_generation from lockjar_sessions where id = ?').get(session.id),
    ).toEqual({ confirmed_generation: 0 })
    database.close()
    await expect(ask(server, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

it('a terminal that is closed stops the server, though it sends SIGHUP as well', async () => {
  const [python, main] = ['../support/closed_terminal.py', '../../src/cli/main.ts'].map((path) =>
    join(import.meta.dirname, path),
  ) as [string, string]
  const command = [
    process.execPath,
    '--conditions=lockjar-source',
    main,
    'serve',
    '--workers',
    '1',
    '--port',
    '0',
  ]
  const { stdout } = await promisify(execFile)('python3', [python, 'lockjar serves', ...command], {
    cwd: createFolder(),
    env: { ...process.env, ...COMPILED, LOCKJAR_BASE_URL: ORIGIN },
  })
  expect(stdout).toBe('0\n')
})

describe('workers do not start, and one line says why', () => {
  it.each<[what: string, args: readonly string[], env: Record<string, string>, exit: number, line: RegExp]>([
    [
      'on a database in memory, of which each would have its own',
      ['--workers', '1'],
      { LOCKJAR_DATABASE_URL: 'sqlite::memory:' },
      3,
      /^lockjar: workers share a database/,
    ],
    ['with a number that is none', ['--workers', '0'], {}, 2, /Write a whole number from 1 to 256/],
    ['where a person asks for what a primary does', ['--as-worker'], {}, 2, /write --workers 2/],
  ])('%s', async (_what, args, env, exit, line) => {
    const { status, stdout, stderr } = await runHere(['serve', ...args], createWorld({ env }))
    expect([status, stdout, stderr.split('\n').length]).toEqual([exit, '', 2])
    expect(stderr).toMatch(line)
  })

  it('with settings that cannot work, which every one of them would find out', async () => {
    const { status, stdout, stderr } = await runCli(['serve', '--workers', '3'], {
      env: { LOCKJAR_BASE_URL: 'http://app.example.com', ...COMPILED },
    })
    expect([status, stdout, stderr.split('\n').length]).toEqual([3, '', 2])
    expect(stderr).toMatch(/^lockjar: .*plain http/)
  })

  it('where the port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const { status, stdout, stderr } = await runCli(['serve', '--workers', '2', '--port', String(port)], {
      env: COMPILED,
    })
    taken.close()
    expect([status, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(new RegExp(`^lockjar: port ${port} is in use; set another, such as PORT=.*\\n$`))
  })
})
