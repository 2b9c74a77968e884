// Does Lockjar run where Node does not? For real, where the set-up could bring what is needed.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, it } from 'vitest'
import { freePort } from '../support/demo.ts'
import { sendRaw, until } from '../support/raw-http.ts'
import { takeTour } from '../support/tour.ts'

const ROOT = join(import.meta.dirname, '../..')
const command = (name: string): string => join(ROOT, 'tools/runtimes/node_modules/.bin', name)

const running = new Set<ChildProcess>()
const folders: string[] = []
afterAll(async () => {
  for (const child of running) {
    child.kill()
    await once(child, 'exit')
  }
  for (const folder of folders) rmSync(folder, { recursive: true })
})
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-runtime-'))
  folders.push(folder)
  return folder
}

/** Resolves once it answers. */
async function start(name: string, args: readonly string[], cwd: string, port: number): Promise<void> {
  const child = spawn(command(name), args, {
    cwd,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  await until(() => {
    if (child.exitCode !== null) throw new Error(`it ended: ${output}`)
    return sendRaw(port, 'GET', '/', [['Host', `localhost:${port}`]]).then(
      () => true,
      () => false,
    )
  })
}

/** In one file, as these platforms want it. */
async function bundle(entry: string, to: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'runtimes', entry)],
    outfile: to,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['lockjar-source', 'import'],
    external: ['node:*', 'pino', 'nodemailer', 'pg', 'ioredis'],
    logLevel: 'error',
  })
}

it.skipIf(!existsSync(command('bun')))(
  'Bun runs the example of fetch as it stands, on SQLite and with Argon2id',
  async () => {
    const port = await freePort()
    const example = join(ROOT, 'examples/fetch/server.ts')
    await start('bun', ['--conditions=lockjar-source', example], freshFolder(), port)
    await takeTour(port)
  },
)

it.skipIf(!existsSync(command('deno')))(
  'Deno runs it with a store and a password hasher of its own',
  async () => {
    const [port, folder] = [await freePort(), freshFolder()]
    await bundle('deno.ts', join(folder, 'deno.mjs'))
    const options = ['--allow-all', '--host', '127.0.0.1', '--port', String(port)]
    await start('deno', ['serve', ...options, 'deno.mjs'], folder, port)
    await takeTour(port)
  },
)

it.skipIf(!existsSync(command('workerd')))(
  'workerd runs it put together by hand, with everything in memory',
  async () => {
    const [port, folder] = [await freePort(), freshFolder()]
    await bundle('workerd.ts', join(folder, 'worker.mjs'))
    writeFileSync(
      join(folder, 'workerd.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .app)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-01-01",
  compatibilityFlags = ["nodejs_compat"],
);
`,
    )
    await start('workerd', ['serve', 'workerd.capnp'], folder, port)
    await takeTour(port)
  },
)
