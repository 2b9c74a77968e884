// Does each example run as it stands, and is it what its page shows?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort } from './support/demo.ts'
import { sendRaw, until } from './support/raw-http.ts'
import { takeTour } from './support/tour.ts'

const ROOT = join(import.meta.dirname, '..')
const ALL = readdirSync(join(ROOT, 'examples'))
/** Next is built first: `next-served.test.ts`. */
const EXAMPLES = ALL.filter((name) => name !== 'next')
const read = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), 'utf8')

const running = new Set<ChildProcess>()
const folders: string[] = []
/** In here, so that packages are found. */
const RESULTS = join(ROOT, 'test-results')
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

/** The example as a process of its own, in an empty folder. */
async function start(name: string): Promise<number> {
  const port = await freePort()
  const { child, output } = run(name, port)
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${output()}`)
    return sendRaw(port, 'GET', '/', [['Host', `localhost:${port}`]]).then(
      () => true,
      () => false,
    )
  })
  return port
}

function run(name: string, port: number) {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-example-'))
  folders.push(folder)
  const child = spawn(process.execPath, ['--conditions=lockjar-source', scriptOf(name)], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return { child, output: () => output }
}

/** Where a server needs more lines on Node, its page shows them: the one block of plain JavaScript. */
function scriptOf(name: string): string {
  const server = join(ROOT, 'examples', name, 'server.ts')
  const more = /^```js\n([\s\S]*?)^```$/m.exec(read('examples', name, 'README.md'))?.[1]
  if (more === undefined) return server
  mkdirSync(RESULTS, { recursive: true })
  const folder = mkdtempSync(join(RESULTS, 'example-'))
  folders.push(folder)
  writeFileSync(join(folder, 'server.ts'), readFileSync(server, 'utf8') + more)
  return join(folder, 'server.ts')
}

it('there is one for every framework of the guide and of the README', () => {
  for (const page of ['docs/guide/frameworks.md', 'README.md']) {
    const linked = [...read(page).matchAll(/examples\/(\w+)\/README\.md/g)].map(([, name]) => name)
    expect(linked.toSorted(), page).toEqual(ALL.toSorted())
  }
})

describe.each(EXAMPLES)('the example %s', (name) => {
  it('fits on a page, and its page shows it as it is', () => {
    const server = read('examples', name, 'server.ts')
    const page = read('examples', name, 'README.md')
    expect(/^```ts\n([\s\S]*?)^```$/m.exec(page)?.[1]).toBe(server)
    expect(server.split('\n').length).toBeLessThan(60)
    expect(page.split('\n').length).toBeLessThan(100)
  })

  it('names the packages that it needs, in the versions that are tested', () => {
    const { dependencies } = JSON.parse(read('examples', name, 'package.json')) as {
      dependencies: Readonly<Record<string, string>>
    }
    const server = read('examples', name, 'server.ts')
    const imported = [...server.matchAll(/from '([^'./][^'/]*)/g)].map(([, from = '']) => from)
    const packages = imported.filter((from) => !from.startsWith('node:'))
    expect(Object.keys(dependencies).toSorted()).toEqual([...new Set(packages)].toSorted())
    for (const [each, version] of Object.entries(dependencies))
      expect([each, version]).toEqual([
        each,
        JSON.parse(read(each === 'lockjar' ? '' : `node_modules/${each}`, 'package.json')).version,
      ])
  })

  it('runs: signs up, serves visitors, users and nobody else, and no other site', async () => {
    const port = await start(name)
    await takeTour(port)
    if (!read('examples', name, 'server.ts').includes('/health')) return
    const health = await sendRaw(port, 'GET', '/health', [['Host', '10.0.0.7']])
    expect([health.status, health.text]).toEqual([200, 'well'])
  })

  it('ends with an error where its port is taken, and does not say that it runs', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { child, output } = run(name, (other.address() as AddressInfo).port)
    const [code] = await once(child, 'exit')
    running.delete(child)
    other.close()
    expect(code, output()).toBe(1)
    expect(output()).toContain('EADDRINUSE')
    expect(output()).not.toMatch(/^http:/m)
  })
})

it('the page of Next shows its files as they are, each under its name', () => {
  const page = read('examples', 'next', 'README.md')
  const blocks = [...page.matchAll(/^```tsx?\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)]
  expect(blocks.map(([, , file]) => file)).toEqual([
    'lib/auth.ts',
    'app/auth/[...path]/route.ts',
    'app/page.tsx',
    'app/layout.tsx',
    'lib/notes.ts',
    'app/sign-in.tsx',
    'app/actions.ts',
    'app/api/me/route.ts',
    'proxy.ts',
  ])
  for (const [, code, file = ''] of blocks) expect(read('examples', 'next', file), file).toBe(code)
  expect(page.split('\n').length).toBeLessThan(205)
})
