// How does a test put a PgBouncer in transaction mode before its PostgreSQL?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPgBouncer } from '../../scripts/find-pgbouncer.mjs'
import { freePort } from './demo.ts'
import type { PostgresServer } from './postgres.ts'

export interface PgBouncer {
  /** The same database by way of the pooler. */
  through(url: string): string
  remove(): Promise<void>
}

/** Whatever becomes of a test, no pooler outlives it. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Two connections for each database, however many come: whoever relies on having one to itself finds out. */
export async function startPgBouncer({
  port: serverPort,
  account,
}: Pick<PostgresServer, 'port' | 'account'>): Promise<PgBouncer> {
  const program = findPgBouncer()
  if (program === null)
    throw new Error('the tests need PgBouncer: npm test installs it, or LOCKJAR_PGBOUNCER names it')
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-pgbouncer-'))
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid ?? account.uid)
  const port = await freePort()
  const users = join(folder, 'users.txt')
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(users, '"lockjar" ""\n', { mode: 0o644 })
  writeFileSync(
    settings,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${serverPort}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = trust',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      'default_pool_size = 2',
    ].join('\n'),
    { mode: 0o644 },
  )
  const child = spawn(program, [settings], { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  running.add(child)
  const ended = once(child, 'exit').then(() => running.delete(child))
  await ready(child)
  return {
    through(url) {
      const changed = new URL(url)
      changed.port = String(port)
      changed.searchParams.set('pgbouncer', 'on')
      return changed.href
    },
    async remove() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ready(child: ChildProcess): Promise<void> {
  let said = ''
  const up = new Promise<void>((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
      if (said.includes('process up')) resolve()
    })
  })
  const gone = once(child, 'close').then(() => Promise.reject(new Error(`PgBouncer does not start: ${said}`)))
  await Promise.race([up, gone])
  gone.catch(() => {})
}
