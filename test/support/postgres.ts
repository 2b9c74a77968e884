// How does a test come by a real PostgreSQL of its own?
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { findPostgres } from '../../scripts/find-postgres.mjs'
import { freePort } from './demo.ts'

export interface PostgresServer {
  readonly port: number
  /** Who the servers are run as. */
  readonly account: Account
  /** A new database, empty or a copy of `template`, to which nobody may be connected; its URL. */
  createDatabase(template?: string): Promise<string>
  /** Of a client that is no part of what is tested; ended with the server. */
  connect(url: string): Promise<Client>
  /** SIGKILL, as by the kernel: no time for anything. What was committed is there after `start`. */
  kill(): Promise<void>
  /** As an operator stops it: connections are told, and cut. */
  stop(): Promise<void>
  /** After `kill` or `stop`, on the same port with the same data; as a standby without a primary, until it is promoted. */
  start(options?: { readonly standby?: boolean }): Promise<void>
  /** Stops it for good and removes everything. */
  remove(): Promise<void>
}

export interface PostgresServerOptions {
  /** Settings, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Account {
  readonly uid?: number
  readonly gid?: number
}

/** Whatever becomes of a test, no server outlives it. */
const running = new Map<ChildProcess, string>()
process.once('exit', () => {
  for (const [child, folder] of running) {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

const USER = 'lockjar'

/** Takes about a second. Durable against the death of its process, not of the machine, which nobody tests here. */
export async function startPostgres({ settings = {} }: PostgresServerOptions = {}): Promise<PostgresServer> {
  const programs = findPostgres()
  if (programs === null)
    throw new Error(
      'the tests need PostgreSQL: npm test installs it, or LOCKJAR_POSTGRES_BIN names its folder',
    )
  const account = ordinaryAccount()
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-postgres-'))
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid ?? account.uid)
  chmodSync(folder, 0o700)
  const data = join(folder, 'data')
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const port = await freePort()
  const options = Object.entries({
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    shared_buffers: '32MB',
    fsync: 'off',
    full_page_writes: 'off',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

  let child: ChildProcess | undefined
  const clients = new Set<Client>()
  let databases = 0

  const start = async ({ standby = false } = {}): Promise<void> => {
    if (standby) writeFileSync(join(data, 'standby.signal'), '')
    // The processes of one that was killed need a moment to notice.
    for (let tries = 0; ; tries++) {
      const started = spawn(join(programs, 'postgres'), ['-D', data, ...options], {
        ...account,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      running.set(started, folder)
      started.once('exit', () => running.delete(started))
      const said = await readyOrGone(started)
      if (said === null) {
        child = started
        return
      }
      if (tries === 40) throw new Error(`PostgreSQL does not start: ${said}`)
      await pause(100)
    }
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  const connect = async (url: string): Promise<Client> => {
    const client = new Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    clients.add(client)
    return client
  }
  const urlOf = (name: string): string => `postgres://${USER}@127.0.0.1:${port}/${name}`

  await start()
  return {
    port,
    account,
    connect,
    start,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGINT'),
    async createDatabase(template) {
      const name = `test_${++databases}`
      const client = await connect(urlOf('postgres'))
      const from = template === undefined ? '' : ` template ${new URL(template).pathname.slice(1)}`
      await client.query(`create database ${name}${from}`)
      await client.end()
      clients.delete(client)
      return urlOf(name)
    },
    async remove() {
      for (const client of clients) client.end().catch(() => {})
      await end('SIGINT')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** `null` once it takes connections; what it said where it ended instead. */
async function readyOrGone(child: ChildProcess): Promise<string | null> {
  let said = ''
  const ready = new Promise<null>((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
      if (/ready to accept (?:read-only )?connections/.test(said)) resolve(null)
    })
  })
  const gone = once(child, 'close').then(() => said)
  return Promise.race([ready, gone])
}

/** PostgreSQL and PgBouncer refuse to run as root. */
export function ordinaryAccount(): Account {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((option) =>
        Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
      )
      if (uid !== undefined && gid !== undefined) return { uid, gid }
    } catch {
      // There is no such account here.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no account postgres or nobody')
}

const TABLES = [
  'audit',
  'audit_anchor',
  'users',
  'user_roles',
  'one_time_tokens',
  'sessions',
  'containers',
  'session_data',
  'revocations',
  'outbox',
  'rate_limits',
  'known_networks',
]

/** As new, and much quicker than another database. What keeps rows from being deleted is passed over, as where tables are restored. */
export async function emptyTables(client: Client): Promise<void> {
  await client.query(
    `set session_replication_role = replica;
     ${TABLES.map((table) => `delete from lockjar_${table};`).join(' ')}
     update lockjar_audit_counter set last_id = 0;
     set session_replication_role = origin`,
  )
}
