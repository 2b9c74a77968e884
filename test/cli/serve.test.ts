// Does the standalone server answer, and does it stop without breaking off what is under way?
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createProbes } from '../../src/cli/probes.ts'
import { AuthError } from '../../src/errors.ts'
import { PASSWORD } from '../support/auth.ts'
import { createCertificate } from '../support/certificate.ts'
import { createFolder, runCli, startCli } from '../support/cli.ts'
import { freePort, SECRET } from '../support/demo.ts'

interface Server {
  readonly port: number
  readonly child: ChildProcess
  /** What it has written to standard error. */
  stderr(): string
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

async function start(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const port = await freePort()
  const child = startCli(['serve', '--port', String(port), ...args], { env })
  started.push(child)
  let written = ''
  child.stderr?.on('data', (chunk) => {
    written += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const [line] = (await Promise.race([once(child.stdout ?? child, 'data'), ended.then(() => [written])])) as [
    Buffer,
  ]
  const scheme = env['LOCKJAR_TLS_CERT'] ? 'https' : 'http'
  expect(String(line)).toBe(`lockjar serves ${scheme}://localhost:${port} on 127.0.0.1:${port}\n`)
  return { port, child, ended, stderr: () => written }
}

interface Reply {
  readonly status: number | undefined
  readonly body: Record<string, unknown>
  readonly headers: IncomingMessage['headers']
}

async function readReply(response: IncomingMessage): Promise<Reply> {
  const body = await text(response)
  return {
    status: response.statusCode,
    headers: response.headers,
    body: body === '' ? {} : (JSON.parse(body) as Reply['body']),
  }
}

async function send({ port }: Server, method: string, path: string, body?: object): Promise<Reply> {
  const sending = requestHttp({ host: '127.0.0.1', port, method, path, agent: false })
  sending.setHeader('host', `localhost:${port}`)
  if (body) sending.setHeader('content-type', 'application/json')
  sending.end(body && JSON.stringify(body))
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  return readReply(response)
}

/** A request whose body has not all been sent. */
async function sendSlowly(server: Server): Promise<{ readonly socket: Socket; finish(): Promise<string> }> {
  const { port } = server
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const body = JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
  const head = [
    'POST /auth/login HTTP/1.1',
    `Host: localhost:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 5)}`)
  // The server has begun with it once it has answered a later one.
  await send(server, 'GET', '/healthz')
  return {
    socket,
    finish() {
      socket.write(body.slice(5))
      return text(socket)
    },
  }
}

describe('the server', () => {
  it('logs one JSON object a line, at the level that is wanted', async () => {
    const server = await start([], { LOCKJAR_SECRET: SECRET, LOCKJAR_LOG_LEVEL: 'info' })
    await send(server, 'POST', '/auth/login', { email: 'ada@example.com', password: PASSWORD })
    server.child.kill('SIGTERM')
    await server.ended
    const lines = server
      .stderr()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(lines).toContainEqual({
      level: 'info',
      time: expect.any(String),
      event: 'login.failed',
      reason: 'invalid_credentials',
      message: 'sign-in refused',
    })
    expect(server.stderr()).not.toContain('ada@')
  })

  it('answers Lockjar’s routes and its probes, and to everything else that there is nothing', async () => {
    const server = await start()
    const register = await send(server, 'POST', '/auth/register', {
      email: 'ada@example.com',
      password: PASSWORD,
    })
    expect([register.status, register.headers['set-cookie']?.length]).toEqual([201, 4])
    expect((await send(server, 'GET', '/auth/me')).body['code']).toBe('unauthenticated')
    for (const path of ['/healthz', '/readyz']) {
      const reply = await send(server, 'GET', path)
      expect([reply.status, reply.body, reply.headers['cache-control']]).toEqual([
        200,
        { status: 'ok' },
        'no-store',
      ])
      expect((await send(server, 'HEAD', path)).status).toBe(200)
      expect(await send(server, 'POST', path)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    }
    for (const path of ['/', '/healthz/', '/metrics', '/authx', '//readyz']) {
      const reply = await send(server, 'GET', path)
      expect([reply.status, reply.headers['content-type']], path).toEqual([
        404,
        'application/problem+json; charset=utf-8',
      ])
    }
    server.child.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    // On plain http mails are printed there, and nothing else is.
    expect(server.stderr()).toMatch(/^-+\nMail to ada@example\.com[\s\S]*\n-+\n$/)
  })

  it('keeps what was there when it stopped', async () => {
    const cwd = createFolder()
    const database = `sqlite:${join(cwd, 'kept.db')}`
    const user = { email: 'ada@example.com', password: PASSWORD }
    const first = await start(['--database', database])
    await send(first, 'POST', '/auth/register', user)
    first.child.kill('SIGINT')
    expect(await first.ended).toBe(0)
    const second = await start(['--database', database])
    expect((await send(second, 'POST', '/auth/login', user)).status).toBe(200)
  })

  it('stops in this order: it is not ready, it accepts no more, what is under way is answered, it ends', async () => {
    const server = await start(['--drain', '1s'])
    const slow = await sendSlowly(server)
    server.child.kill('SIGTERM')
    const readiness = async (): Promise<number | undefined> => (await send(server, 'GET', '/readyz')).status
    while ((await readiness()) === 200) await pause(10)
    const reply = await send(server, 'GET', '/readyz')
    expect([reply.status, reply.body['code'], reply.headers['retry-after']]).toEqual([
      503,
      'unavailable',
      '1',
    ])
    expect((await send(server, 'GET', '/healthz')).status).toBe(200)
    while (await send(server, 'GET', '/healthz').catch(() => null)) await pause(20)
    const answer = await slow.finish()
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).toMatch(/^connection: close\r$/im)
    expect(answer).toContain('invalid_credentials')
    expect([await server.ended, server.stderr()]).toEqual([0, ''])
  })

  it('breaks off what takes longer than the grace, and says so', async () => {
    const server = await start(['--grace', '200ms'])
    const slow = await sendSlowly(server)
    slow.socket.on('error', () => {})
    server.child.kill('SIGTERM')
    expect(await server.ended).toBe(1)
    expect(server.stderr()).toBe('lockjar: some requests took too long to wait for, and were broken off\n')
  })

  it.each([['--drain'], ['--grace']])('ends at once on a second signal, whatever %s says', async (option) => {
    const server = await start([option, '60s'])
    const slow = await sendSlowly(server)
    slow.socket.on('error', () => {})
    server.child.kill('SIGTERM')
    while ((await send(server, 'GET', '/readyz').catch(() => null))?.status === 200) await pause(10)
    server.child.kill('SIGINT')
    expect(await server.ended).toBe(1)
  })

  it('serves https with a certificate', async () => {
    const { certFile, keyFile } = await createCertificate(['localhost'])
    const server = await start([], {
      LOCKJAR_TLS_CERT: certFile,
      LOCKJAR_TLS_KEY: keyFile,
      LOCKJAR_SECRET: SECRET,
    })
    const ca = readFileSync(certFile)
    const sending = requestHttps({ host: 'localhost', port: server.port, path: '/readyz', ca, agent: false })
    sending.end()
    const [response] = (await once(sending, 'response')) as [IncomingMessage]
    expect((await readReply(response)).status).toBe(200)
  })

  it('takes its settings from .env in the folder, over which the environment wins', async () => {
    const cwd = createFolder()
    const [inFile, inEnvironment] = [await freePort(), await freePort()]
    writeFileSync(join(cwd, '.env'), `PORT=${inFile}\nLOCKJAR_BASE_PATH=/signin\n`)
    const child = startCli(['serve'], { cwd, env: { PORT: String(inEnvironment) } })
    started.push(child)
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
    expect(String(line)).toContain(`127.0.0.1:${inEnvironment}`)
    const server = { port: inEnvironment } as Server
    expect((await send(server, 'GET', '/signin/me')).status).toBe(401)
    expect((await send(server, 'GET', '/auth/me')).status).toBe(404)
  })
})

describe('the server does not start, and says why in one line', () => {
  it('where the port is in use', async () => {
    const server = await start()
    const { status, stdout, stderr } = await runCli(['serve', '--port', String(server.port)])
    expect([status, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(
      new RegExp(`^lockjar: port ${server.port} is in use; set another, such as PORT=.*\\n$`),
    )
  })

  it.each<[what: string, env: Record<string, string>, line: RegExp]>([
    [
      'with a variable that is unknown',
      { LOCKJAR_BASE_ULR: 'x' },
      /unknown variable LOCKJAR_BASE_ULR; did you mean LOCKJAR_BASE_URL\?/,
    ],
    ['with a base URL that cannot work', { LOCKJAR_BASE_URL: 'http://app.example.com' }, /plain http/],
    ['on https without a secret', { LOCKJAR_BASE_URL: 'https://app.example.com' }, /option secret/],
    ['with a database that is none', { LOCKJAR_DATABASE_URL: 'mysql://x' }, /write sqlite:PATH/],
    [
      'with a certificate that is none',
      { LOCKJAR_TLS_CERT: 'no.pem', LOCKJAR_TLS_KEY: 'no.key', LOCKJAR_SECRET: SECRET },
      /no\.pem and no\.key are not a certificate and its key/,
    ],
  ])('%s', async (_what, env, line) => {
    const { status, stdout, stderr } = await runCli(['serve'], { env })
    expect([status, stdout, stderr.split('\n').length]).toEqual([3, '', 2])
    expect(stderr).toMatch(line)
    expect(stderr).toMatch(/^lockjar: /)
  })
})

describe('the probe of readiness', () => {
  const respond = (refusal: AuthError) => Response.json({ code: refusal.code }, { status: refusal.status })
  const ask = async (ready: () => Promise<void>) =>
    (await createProbes({ ready, respond }).answer(new Request('http://localhost/readyz'))).status

  it('says 503 while the database is away, whatever its error', async () => {
    expect(await ask(async () => {})).toBe(200)
    expect(await ask(() => Promise.reject(new AuthError('unavailable')))).toBe(503)
    expect(await ask(() => Promise.reject(new Error('gone')))).toBe(503)
  })
})
