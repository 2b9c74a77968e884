// How is the built demo served, as a user would, in a process of its own?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestCertificate } from './certificate.ts'

export interface Demo {
  readonly origin: string
  /** The SQLite file. */
  readonly file: string
  /** Everything the process has printed. */
  readonly output: readonly string[]
  /** Another process in its place: the same address, database and secret, and what the environment says then. */
  restart(env: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
}

export interface DemoOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly certificate?: TestCertificate
  /** Default `localhost`. */
  readonly host?: string
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

export const SECRET = 'ZGVtby1zZWNyZXQtZm9yLXRlc3RzLW9ubHktMDEyMzQ1'

/** Whatever becomes of a test, no server outlives it. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Resolves once it says that it listens; rejects with what it printed where it ends before. */
export async function startDemo({
  env = {},
  certificate,
  host = 'localhost',
}: DemoOptions = {}): Promise<Demo> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-demo-'))
  const file = join(folder, 'lockjar.db')
  const origin = `${certificate ? 'https' : 'http'}://${host}:${port}`
  const tls = certificate && {
    LOCKJAR_TLS_CERT: certificate.certFile,
    LOCKJAR_TLS_KEY: certificate.keyFile,
    LOCKJAR_SECRET: SECRET,
  }
  const own = {
    HOST: '127.0.0.1',
    PORT: String(port),
    LOCKJAR_BASE_URL: origin,
    LOCKJAR_DATABASE_URL: `sqlite:${file}`,
    LOCKJAR_RATE_LIMITS: 'off',
    ...tls,
  }
  const output: string[] = []
  let end = await runDemo(origin, { ...own, ...env }, output)
  return {
    origin,
    file,
    output,
    async restart(changed) {
      await end()
      end = await runDemo(origin, { ...own, ...env, ...changed }, output)
    },
    async stop() {
      await end()
      rmSync(folder, { recursive: true })
    },
  }
}

/** One process of it. Answers how to end it. */
async function runDemo(
  origin: string,
  env: Readonly<Record<string, string>>,
  output: string[],
): Promise<() => Promise<void>> {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LOCKJAR_')),
  )
  const child = spawn(process.execPath, ['--conditions=lockjar-source', 'demo/src/server.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const ended = once(child, 'exit')
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line)
      if (line.includes(origin)) resolve()
    })
  }
  const early = ended.then(() => {
    throw new Error(`the demo ended: ${output.join('\n')}`)
  })
  await Promise.race([listening, early])
  early.catch(() => {})
  return async () => {
    child.kill('SIGTERM')
    await ended
  }
}
