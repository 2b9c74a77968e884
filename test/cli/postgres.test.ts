// Does everything work on PostgreSQL by changing one variable?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import { runCli, startCli } from '../support/cli.ts'
import { freePort, SECRET } from '../support/demo.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import { ProcessVisitor } from '../support/processes.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.remove())

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

const env = (url: string) => ({ LOCKJAR_DATABASE_URL: url, LOCKJAR_SECRET: SECRET })

/** Two of them on one address: the same origin, as behind a load balancer. */
async function serve(url: string, origin: string): Promise<{ readonly port: number }> {
  const port = await freePort()
  const child = startCli(['serve', '--port', String(port)], {
    env: { ...env(url), LOCKJAR_BASE_URL: origin, LOCKJAR_ARGON2_MEMORY: '64', LOCKJAR_ARGON2_PASSES: '1' },
  })
  started.push(child)
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const gone = once(child, 'close').then(() => Promise.reject(new Error(said)))
  await Promise.race([once(child.stdout ?? child, 'data'), gone])
  gone.catch(() => {})
  return { port }
}

describe('lockjar on PostgreSQL', () => {
  it('is migrated, is given a superuser, and signs people in on one node whom another one knows', async () => {
    const url = await postgres.createDatabase()
    const migrated = await runCli(['migrate'], { env: env(url) })
    expect(migrated).toMatchObject({ status: 0, stderr: '' })
    expect(migrated.stdout).toMatch(/^applied 0001_\w+\n/)
    expect(await runCli(['migrate', '--check'], { env: env(url) })).toMatchObject({ stdout: 'up to date\n' })
    const created = await runCli(['createsuperuser', '--email', 'root@example.com', '--password-stdin'], {
      env: env(url),
      input: `${PASSWORD}\n`,
    })
    expect(created).toMatchObject({ status: 0 })

    const origin = 'http://localhost:3000'
    const [one, two] = [await serve(url, origin), await serve(url, origin)]
    const visitor = new ProcessVisitor(origin)
    const user = { email: 'ada@example.com', password: PASSWORD }
    expect((await visitor.send(one, 'POST', '/auth/register', user)).status).toBe(201)
    expect((await visitor.send(two, 'GET', '/auth/me')).body).toMatchObject({ user: { email: user.email } })
    expect((await visitor.send(two, 'POST', '/auth/refresh')).status).toBe(200)
    const thief = visitor.copy()
    expect((await visitor.send(one, 'POST', '/auth/logout')).status).toBe(204)
    await expect
      .poll(async () => (await thief.send(two, 'GET', '/auth/me')).body['code'])
      .toBe('session_revoked')
    const root = new ProcessVisitor(origin)
    const credentials = { email: 'root@example.com', password: PASSWORD }
    expect((await root.send(two, 'POST', '/auth/login', credentials)).status).toBe(200)
    const verified = await runCli(['audit', 'verify'], { env: env(url) })
    expect(verified).toMatchObject({ status: 0 })
  })

  it('ends by itself, and not before it is done, in a script that does one thing', async () => {
    const url = await postgres.createDatabase()
    const script = (end: string) => `
      import { createAuth } from 'lockjar'
      const auth = await createAuth({
        baseURL: 'http://localhost:3000', secret: '${SECRET}', database: '${url}', background: false,
      })
      ${end}
      console.log('done')`
    for (const end of ['await auth.close()', 'await auth.users.list(); await auth.close()', '']) {
      const args = ['--conditions=lockjar-source', '--input-type=module', '--eval', script(end)]
      const child = spawn(process.execPath, args, { cwd: import.meta.dirname })
      started.push(child)
      const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
      expect([end, code, out]).toEqual([end, 0, 'done\n'])
    }
  })

  it('refuses what cannot be in a database as it refuses it on SQLite', async () => {
    const url = await postgres.createDatabase()
    const origin = 'http://localhost:3000'
    const server = await serve(url, origin)
    const visitor = new ProcessVisitor(origin)
    for (const email of ['ada\0@example.com', '\ud800@example.com', 'ada@example.com\0']) {
      const { status } = await visitor.send(server, 'POST', '/auth/login', { email, password: PASSWORD })
      expect([email, status]).toEqual([email, expect.toSatisfy((code) => code === 401 || code === 422)])
    }
    const user = { email: 'ada@example.com', password: `${PASSWORD}\0`, name: 'A\0da', username: 'ada' }
    const { status } = await visitor.send(server, 'POST', '/auth/register', user)
    expect(status).toSatisfy((code) => code === 201 || code === 422)
  })

  it('answers 503 with Retry-After while the database is away, and serves again when it is back', async () => {
    const own = await startPostgres()
    try {
      const origin = 'http://localhost:3000'
      const server = await serve(await own.createDatabase(), origin)
      const visitor = new ProcessVisitor(origin)
      const user = { email: 'ada@example.com', password: PASSWORD }
      expect((await visitor.send(server, 'POST', '/auth/register', user)).status).toBe(201)
      await own.kill()
      const refused = await visitor.send(server, 'POST', '/auth/refresh')
      expect([refused.status, refused.body['code'], refused.headers['retry-after']]).toEqual([
        503,
        'unavailable',
        '1',
      ])
      await expect
        .poll(async () => (await visitor.send(server, 'GET', '/readyz')).status, { timeout: 10_000 })
        .toBe(503)
      await own.start()
      await expect
        .poll(async () => (await visitor.send(server, 'POST', '/auth/refresh')).status, { timeout: 15_000 })
        .toBe(200)
      expect((await visitor.send(server, 'GET', '/auth/me')).status).toBe(200)
    } finally {
      await own.remove()
    }
  })

  it.each<[what: string, settings: Readonly<Record<string, string>>, line: RegExp]>([
    ['without a secret', { LOCKJAR_SECRET: '' }, /option secret: needed where the database is not a file/],
    ['with a pool that is none', { query: '?pool_size=many' }, /pool_size is a whole number from 1 to 1000/],
    ['with a pooler of which nothing is known', { query: '?pgbouncer=maybe' }, /pgbouncer is on or off/],
    ['with a place to listen that is none', { query: '?listen_url=x' }, /listen_url is a URL of PostgreSQL/],
  ])('says in one line what is wrong %s', async (_what, { query = '', ...settings }, line) => {
    const url = `${(await postgres.createDatabase()).replace('//lockjar@', '//lockjar:opensesame@')}${query}`
    const ran = await runCli(['serve', '--port', '3999'], { env: { ...env(url), ...settings } })
    expect(ran).toMatchObject({ status: 3, stdout: '' })
    expect(ran.stderr).toMatch(line)
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(ran.stderr).not.toContain('opensesame')
  })
})
