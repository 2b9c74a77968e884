// Is what is published what a user needs, no more and no less, and does it run as it is?
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { default: string; types: string }>
  dependencies: Record<string, string>
  bin: { lockjar: string }
  version: string
}
const home = mkdtempSync(join(tmpdir(), 'lockjar-package-'))
const installed = join(home, 'node_modules/lockjar')
let files: string[]

/** Builds, packs and unpacks into a project of its own, which shares only the installed packages. */
beforeAll(() => {
  const run = (command: string, args: readonly string[], cwd: string) =>
    execFileSync(command, args, { cwd, encoding: 'utf8' })
  const copy = join(home, 'source')
  mkdirSync(copy)
  for (const name of [
    'src',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'THIRD-PARTY.md',
    'scripts',
    'demo',
    'docs',
  ]) {
    if (existsSync(join(root, name)))
      cpSync(join(root, name), join(copy, name), {
        recursive: true,
        filter: (from) => !from.includes('node_modules'),
      })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  run('tsc', ['-p', 'tsconfig.build.json'], copy)
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--loglevel=error'], copy),
  ) as [{ filename: string; files: { path: string }[] }]
  files = packed.files.map(({ path }) => path)
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', join(copy, packed.filename), '--strip-components=1', '-C', installed], home)
  for (const name of [
    ...Object.keys(manifest.dependencies),
    'punycode',
    'react',
    '@types',
    'typescript',
    'kysely',
  ]) {
    const target = join(home, 'node_modules', name)
    mkdirSync(join(target, '..'), { recursive: true })
    if (!existsSync(target) && existsSync(join(root, 'node_modules', name)))
      symlinkSync(join(root, 'node_modules', name), target)
  }
}, 60_000)
afterAll(() => rmSync(home, { recursive: true }))

describe('the package', () => {
  it('holds only what users need', () => {
    expect(files).toContain('dist/index.js')
    expect(files).toContain('dist/drivers/node/password-worker.js')
    expect(files).toContain('dist/drivers/sqlite/writer-thread.js')
    for (const file of files)
      expect(file).toMatch(
        /^(?:dist\/.*\.(?:js|d\.ts)|README\.md|LICENSE|CHANGELOG\.md|THIRD-PARTY\.md|package\.json)$/,
      )
  })

  it('has every subpath that it promises, with types', () => {
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue
      expect(files, subpath).toContain(target.default.slice(2))
      expect(files, subpath).toContain(target.types.slice(2))
    }
  })

  it('runs as it is, on plain JavaScript: registers, signs in and refuses', () => {
    const script = join(home, 'try.mjs')
    writeFileSync(
      script,
      `import { createAuth } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import { createClient } from 'lockjar/client'
import * as react from 'lockjar/react'
import { openSqlite } from 'lockjar/sqlite'
import { openMemory } from 'lockjar/memory'
import { openPostgres } from 'lockjar/postgres'
import { startServer } from 'lockjar/server'
import { assertSetCookie } from 'lockjar/testing'
import { matchers } from 'lockjar/testing/vitest'
const auth = await createAuth({ baseURL: 'http://localhost:3000', database: 'sqlite:${home}/data/try.db', mailer: { send: async () => {} } })
const post = (path, body) => auth.handler(new Request('http://localhost:3000/auth' + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }))
const user = { email: 'ada@example.com', password: 'correct horse battery staple' }
console.log((await post('/register', user)).status, (await post('/login', user)).status, (await post('/login', { ...user, password: 'wrong' })).status)
console.log([toNodeListener, createClient, react.useAuth, openSqlite, openMemory, openPostgres, startServer, assertSetCookie, matchers.toSetCookie].map((value) => typeof value).join())
await auth.close()
`,
    )
    const { stdout, stderr, status } = spawnSync(process.execPath, [script], { encoding: 'utf8', cwd: home })
    expect([stdout, stderr, status]).toEqual([`201 200 401\n${Array(9).fill('function').join()}\n`, '', 0])
  })

  it('says in one line what to install where a database needs a package that is not there', () => {
    const script = join(home, 'missing.mjs')
    writeFileSync(
      script,
      `import { createAuth } from 'lockjar'
const secret = 'c2VjcmV0LWZvci10ZXN0cy1vbmx5LTAxMjM0NTY3ODk'
await createAuth({ baseURL: 'http://localhost:3000', secret, database: 'postgres://localhost/app' }).catch(({ message }) => console.log(message))`,
    )
    const { stdout, status } = spawnSync(process.execPath, [script], { encoding: 'utf8', cwd: home })
    expect([stdout, status]).toEqual([
      'lockjar: option database: needs the package pg; add it with: npm install pg\n',
      0,
    ])
  })

  it('has a command line that runs as it is', () => {
    const bin = join(installed, manifest.bin.lockjar)
    expect(readFileSync(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    // As npm does when it installs a package.
    chmodSync(bin, 0o755)
    mkdirSync(join(home, 'node_modules/.bin'), { recursive: true })
    symlinkSync(bin, join(home, 'node_modules/.bin/lockjar'))
    const run = (command: string, ...args: readonly string[]) => {
      const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', cwd: home })
      return [status, stdout, stderr]
    }
    const lockjar = (...args: readonly string[]) => run('node_modules/.bin/lockjar', ...args)
    expect(run('npx', '--no', '--loglevel=error', '--', 'lockjar', '--version')).toEqual([
      0,
      `${manifest.version}\n`,
      '',
    ])
    expect(lockjar('secret')).toEqual([0, expect.stringMatching(/^[\w-]{43}\n$/), ''])
    expect(lockjar('migrate')).toEqual([0, expect.stringContaining('applied 0001_'), ''])
    expect(lockjar('users', 'list')).toEqual([0, '', ''])
    expect(lockjar('secrte')).toEqual([2, '', "lockjar: unknown command 'secrte' (Did you mean secret?)\n"])
  })

  it('says on an older Node which one it needs, where its command line would do nothing', () => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '20.19.0' })
      await import(${JSON.stringify(pathToFileURL(join(installed, manifest.bin.lockjar)).href)})`
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script],
      {
        encoding: 'utf8',
      },
    )
    expect([status, stdout, stderr]).toEqual([
      3,
      '',
      'lockjar: needs Node 24.7 or newer, and this is 20.19.0\n',
    ])
  })

  it('has types that a strict project accepts', () => {
    writeFileSync(
      join(home, 'use.ts'),
      `import { createAuth, type Auth, type Store } from 'lockjar'
import { createClient } from 'lockjar/client'
import { useAuth } from 'lockjar/react'
import { assertSetCookie } from 'lockjar/testing'
assertSetCookie(new Response(), { name: 'a', sameSite: null })
export const auth: Promise<Auth> = createAuth({ baseURL: 'http://localhost:3000', session: { idleTimeout: '1h' } })
export const client = createClient()
export const hook: typeof useAuth = useAuth
export type S = Store
// @ts-expect-error: no such option
createAuth({ baseURL: 'http://localhost:3000', baseUrl: '' })
`,
    )
    writeFileSync(
      join(home, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          module: 'nodenext',
          target: 'es2024',
          lib: ['es2024', 'dom'],
          noEmit: true,
          types: ['node'],
          exactOptionalPropertyTypes: true,
        },
        files: ['use.ts'],
      }),
    )
    const { stdout, status } = spawnSync('tsc', ['-p', home], { encoding: 'utf8' })
    expect([stdout, status]).toEqual(['', 0])
  })
})

describe('the browser’s half', () => {
  it('shares no code with the server and stays small', async () => {
    const bundle = async (entry: string) => {
      const { outputFiles, metafile } = await build({
        stdin: { contents: `export * from '${entry}'`, resolveDir: home },
        bundle: true,
        minify: true,
        format: 'esm',
        platform: 'browser',
        write: false,
        metafile: true,
        external: ['react'],
      })
      return {
        size: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length,
        inputs: Object.keys(metafile.inputs),
      }
    }
    const client = await bundle('lockjar/client')
    const react = await bundle('lockjar/react')
    for (const input of [...client.inputs, ...react.inputs])
      expect(input).toMatch(/stdin|lockjar\/dist\/(?:client|react)\/|lockjar\/dist\/protocol\.js$/)
    expect(client.size).toBeLessThan(3 * 1024)
    expect(react.size).toBeLessThan(4.5 * 1024)
  })
})

it('production dependencies are under 10 MB, hold no native code and run no install script', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<
      string,
      {
        dev?: boolean
        hasInstallScript?: boolean
        link?: boolean
        resolved?: string
        optional?: boolean
        dependencies?: Record<string, string>
      }
    >
  }
  for (const entry of Object.values(lock.packages)) if (!entry.link) expect(entry.resolved).toBeUndefined()
  const wanted = new Set<string>()
  const walk = (names: readonly string[]): void => {
    for (const name of names) {
      if (wanted.has(name)) continue
      wanted.add(name)
      const entry = lock.packages[`node_modules/${name}`]
      expect(entry, name).toBeDefined()
      expect(entry?.hasInstallScript, name).toBeUndefined()
      walk(Object.keys(entry?.dependencies ?? {}))
    }
  }
  walk(Object.keys(manifest.dependencies))
  const folders = [...wanted].map((name) => join(root, 'node_modules', name))
  const total = execFileSync('du', ['-sbc', '--apparent-size', ...folders, installed], { encoding: 'utf8' })
  expect(Number(/^(\d+)\ttotal$/m.exec(total)?.[1])).toBeLessThan(10_000_000)
  expect(spawnSync('find', [...folders, '-name', '*.node'], { encoding: 'utf8' }).stdout).toBe('')
})
