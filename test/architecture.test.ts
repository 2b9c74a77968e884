// Do imports go down only, and does every file keep to the rules of the house (STYLE.md)?
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'

interface SourceFile {
  /** Below `src/`, with forward slashes. */
  readonly path: string
  readonly text: string
}

interface Import {
  readonly specifier: string
  readonly typesOnly: boolean
}

/** What a layer may import. A name is a layer, or a path below `src/` with everything under it. */
interface Allowance {
  readonly values: readonly string[]
  readonly types?: readonly string[]
  readonly packages?: readonly string[]
  readonly node?: true
}

const ALL_BELOW_AUTH = [
  'errors',
  'protocol',
  'core',
  'ports',
  'config',
  'pages',
  'checks',
  'state',
  'actions',
  'http',
]

/** Rows and formats that a driver has to read and write as everybody else does; policy is not among them. */
const ROWS_AND_FORMATS = [
  'core/audit/chain',
  'core/audit/fit',
  'core/session/session',
  'core/session-data/container',
  'core/revocation/floors',
  'core/password/phc',
  'core/password/kdf',
  'core/password/stored',
  'core/rate-limit',
  'core/encoding',
  'core/one-time-token',
  'core/user/identifier',
  'core/user/page',
]

const driver = (packages: readonly string[], rooms: readonly string[]): Allowance => ({
  values: ['errors', ...rooms, ...ROWS_AND_FORMATS],
  types: ['ports', 'core'],
  packages,
  node: true,
})

/** STYLE.md, "Imports go down only", with the room `state` for what a process remembers. */
const TABLE: Readonly<Record<string, Allowance>> = {
  errors: { values: [] },
  protocol: { values: [] },
  core: { values: ['errors'], packages: ['ipaddr.js', 'jose', 'valibot'] },
  ports: { values: ['errors'], types: ['core'] },
  config: { values: ['core', 'errors'], types: ['ports'], packages: ['psl', 'valibot'] },
  pages: { values: ['protocol'], types: ['core'] },
  checks: { values: ['config'] },
  state: { values: ['core', 'ports', 'errors'] },
  actions: { values: ['core', 'ports', 'state', 'errors'], types: ['config'] },
  http: {
    values: ['actions', 'core', 'pages', 'protocol', 'errors'],
    types: ['config'],
    packages: ['hono', 'valibot', '@valibot/to-json-schema'],
  },
  'drivers/memory': driver([], []),
  'drivers/node': driver(['bcryptjs', 'pino'], []),
  'drivers/smtp': { values: ['errors'], types: ['ports', 'core'], packages: ['nodemailer'] },
  'drivers/sql': { values: ['errors', ...ROWS_AND_FORMATS], types: ['ports', 'core'], packages: ['kysely'] },
  'drivers/sqlite': driver(['kysely'], ['drivers/sql']),
  'drivers/postgres': driver(['kysely', 'pg'], ['drivers/sql']),
  'drivers/redis': driver(['ioredis'], []),
  audit: { values: ALL_BELOW_AUTH },
  users: { values: ALL_BELOW_AUTH },
  auth: { values: [...ALL_BELOW_AUTH, 'audit', 'users'] },
  // A preset, and the list of what has a public name.
  index: {
    values: [
      'auth',
      'drivers/sqlite',
      'drivers/postgres',
      'drivers/node',
      'drivers/redis',
      'drivers/smtp',
      'errors',
      'config/database',
      'config/env',
    ],
    types: ['config', 'core', 'http', 'ports', 'protocol', 'audit', 'users'],
  },
  adapters: {
    values: ['http/requirement'],
    types: ['auth', 'errors', 'http'],
    packages: ['fastify', 'hono'],
    node: true,
  },
  client: { values: ['protocol'] },
  react: { values: ['client'], types: ['protocol'], packages: ['react'] },
  cli: {
    values: [
      'index',
      'config/database',
      'config/env',
      'config/nearest',
      'core/user',
      'core/encoding/uuid',
      'errors',
      'checks',
      'adapters',
      'drivers',
      'testing',
    ],
    types: ['auth', 'config', 'core', 'ports', 'protocol', 'users'],
    packages: ['commander', 'papaparse'],
    node: true,
  },
  testing: {
    values: ['index', 'core', 'drivers/memory', 'drivers/node/clock', 'protocol'],
    types: ['config', 'http', 'ports'],
    packages: ['psl', 'valibot', 'vitest'],
    node: true,
  },
}

function layerOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  if (first === 'drivers') return `drivers/${second}`
  return first.replace(/\.tsx?$/, '')
}

function importsOf({ path, text }: SourceFile): readonly Import[] {
  const { module } = parseSync(path, text)
  const imports = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    typesOnly: entries.length > 0 && entries.every(({ isType }) => isType),
  }))
  const reexports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest ? [{ specifier: moduleRequest.value, typesOnly: isType }] : [],
    ),
  )
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => ({
    specifier: text.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^['"`]|['"`]$/g, ''),
    typesOnly: false,
  }))
  return [...imports, ...reexports, ...dynamic]
}

/** The file that a relative import names, below `src/`. */
const resolveImport = (from: string, specifier: string): string =>
  new URL(specifier, `file:///${from}`).pathname.slice(1)

const covers = (names: readonly string[], target: string): boolean =>
  names.some((name) => target === `${name}.ts` || target === `${name}.tsx` || target.startsWith(`${name}/`))

function refusal(path: string, { specifier, typesOnly }: Import): string | null {
  const layer = layerOf(path)
  const allowed = TABLE[layer]
  if (!allowed) return `${path}: ${layer} is no room of the house`
  if (specifier.startsWith('node:')) return allowed.node ? null : `${path}: ${layer} may not use ${specifier}`
  if (!specifier.startsWith('.')) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    return allowed.packages?.includes(name) ? null : `${path}: ${layer} may not use the package ${name}`
  }
  const target = resolveImport(path, specifier)
  if (layerOf(target) === layer) return null
  if (covers(allowed.values, target)) return null
  if (typesOnly && covers(allowed.types ?? [], target)) return null
  return `${path}: ${layer} may not import ${typesOnly ? 'types of ' : ''}${target}`
}

/** The first circle found from each file, each told once. Types count: a circle of types is one too. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file)
    if (start >= 0) {
      found.push(`circle: ${[...trail.slice(start), file].join(' -> ')}`)
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return found
}

/** What hands the world to all others: the drivers of this machine, the process of the command line, the browser. */
const AT_THE_DOOR = /^(?:drivers\/node\/|cli\/process\.ts$|client\/platform\.ts$)/

/** Time, chance and the environment come through the door (rule 12). */
const THROUGH_THE_DOOR: readonly RegExp[] = [
  /\bprocess\s*\.\s*env\b/,
  /\bDate\s*\.\s*now\s*\(/,
  /\bMath\s*\.\s*random\s*\(/,
  /\bnew\s+Date\s*(?:\(\s*\)|(?![\w\s(]))/,
  /\bset(?:Timeout|Interval)\s*\(/,
]

function withoutComments({ path, text }: SourceFile): string {
  let code = text
  for (const { start, end } of parseSync(path, text).comments) {
    code = code.slice(0, start) + ' '.repeat(end - start) + code.slice(end)
  }
  return code
}

function habits(file: SourceFile): readonly string[] {
  const { path, text } = file
  const broken: string[] = []
  const [first = ''] = text.replace(/^#!.*\n/, '').split('\n')
  if (!/^\/\/ \S.*[.?:]/.test(first))
    broken.push(`${path}: the first line does not say what the file answers`)
  if (/(?:^|\/)(?:types|utils|helpers)(?:\.tsx?$|\/)/.test(path))
    broken.push(`${path}: is named after nothing`)
  if (!AT_THE_DOOR.test(path)) {
    const code = withoutComments(file)
    for (const pattern of THROUGH_THE_DOOR) {
      const [hit] = pattern.exec(code) ?? []
      if (hit) broken.push(`${path}: ${hit} does not come through the door`)
    }
  }
  return broken
}

function violations(files: readonly SourceFile[]): readonly string[] {
  const graph = new Map<string, readonly string[]>()
  const broken: string[] = []
  for (const file of files) {
    const imports = importsOf(file)
    graph.set(
      file.path,
      imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => resolveImport(file.path, specifier)),
    )
    for (const each of imports) {
      const reason = refusal(file.path, each)
      if (reason) broken.push(reason)
    }
    broken.push(...habits(file))
  }
  return [...broken, ...circles(graph)]
}

const SRC = fileURLToPath(new URL('../src/', import.meta.url))
const FILES: readonly SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(SRC + path, 'utf8') }))

describe('the house', () => {
  it('is where this test looks', () => {
    expect(FILES.map(({ path }) => path)).toEqual(expect.arrayContaining(['index.ts', 'core/csrf/judge.ts']))
  })

  it('has imports that go down only, no circle, and files that keep its habits', () => {
    expect(violations(FILES)).toEqual([])
  })
})

describe('what would not be at home is found', () => {
  const planted = (path: string, text: string): SourceFile => ({
    path,
    text: `// Who planted this?\n${text}\n`,
  })

  it.each<[what: string, files: readonly SourceFile[], told: string]>([
    [
      'an import that goes up',
      [planted('core/csrf/judge.ts', "import { x } from '../../http/guard.ts'")],
      'core may not import http/guard.ts',
    ],
    [
      'a type from above',
      [planted('core/csrf/judge.ts', "import type { X } from '../../config/config.ts'")],
      'core may not import types of config/config.ts',
    ],
    [
      'an export from above',
      [planted('ports/clock.ts', "export { x } from '../drivers/node/clock.ts'")],
      'ports may not import drivers/node/clock.ts',
    ],
    [
      'a dynamic import from above',
      [planted('actions/login.ts', "const x = await import('../http/guard.ts')")],
      'actions may not import http/guard.ts',
    ],
    [
      'a value where only types may be taken',
      [planted('http/guard.ts', "import { DEFAULTS } from '../config/defaults.ts'")],
      'http may not import config/defaults.ts',
    ],
    [
      'process state in the HTTP layer',
      [planted('http/guard.ts', "import type { Revocations } from '../state/revocations.ts'")],
      'http may not import types of state/revocations.ts',
    ],
    [
      'one driver in another',
      [planted('drivers/sqlite/index.ts', "import { openMemory } from '../memory/index.ts'")],
      'drivers/sqlite may not import drivers/memory/index.ts',
    ],
    [
      'policy in a driver',
      [planted('drivers/sqlite/index.ts', "import { decideRotation } from '../../core/session/rotation.ts'")],
      'drivers/sqlite may not import core/session/rotation.ts',
    ],
    [
      'server code in the browser',
      [planted('client/index.ts', "import { AuthError } from '../errors.ts'")],
      'client may not import errors.ts',
    ],
    [
      'Node in the core',
      [planted('core/csrf/judge.ts', "import { createHmac } from 'node:crypto'")],
      'core may not use node:crypto',
    ],
    [
      'a package that nobody asked for',
      [planted('core/csrf/judge.ts', "import { x } from '@scope/name/deep'")],
      'core may not use the package @scope/name',
    ],
    [
      'a room that is not drawn',
      [planted('helpers.d/x.ts', "import { x } from './y.ts'")],
      'helpers.d is no room',
    ],
    [
      'a circle',
      [
        planted('core/a.ts', "import { b } from './b.ts'"),
        planted('core/b.ts', "import type { c } from './c.ts'"),
        planted('core/c.ts', "export { a } from './a.ts'"),
      ],
      'circle: core/a.ts -> core/b.ts -> core/c.ts -> core/a.ts',
    ],
    ['a clock of its own', [planted('core/a.ts', 'export const at = Date.now()')], 'Date.now( does not come'],
    ['a date of its own', [planted('core/a.ts', 'export const at = new Date()')], 'new Date() does not come'],
    [
      'chance of its own',
      [planted('core/a.ts', 'export const n = Math.random()')],
      'Math.random( does not come',
    ],
    ['a timer of its own', [planted('client/a.ts', 'setTimeout(() => {}, 1)')], 'setTimeout( does not come'],
    [
      'the environment',
      [planted('config/a.ts', 'export const e = process.env.HOME')],
      'process.env does not come',
    ],
    [
      'a file without its question',
      [{ path: 'core/a.ts', text: 'export const a = 1\n' }],
      'the first line does not',
    ],
    ['a file of types', [planted('core/types.ts', '')], 'core/types.ts: is named after nothing'],
    ['a folder of utilities', [planted('core/utils/a.ts', '')], 'core/utils/a.ts: is named after nothing'],
  ])('%s', (_what, files, told) => {
    expect(violations(files)).toEqual([expect.stringContaining(told)])
  })

  it.each<[what: string, file: SourceFile]>([
    ['a comment that speaks of the clock', planted('core/a.ts', '// Date.now() is read at the edge.')],
    ['a date of a given instant', planted('core/a.ts', 'export const at = (ms: number) => new Date(ms)')],
    ['the clock driver', planted('drivers/node/clock.ts', 'export const now = () => Date.now()')],
    ["the browser's clock", planted('client/platform.ts', 'export const now = () => Date.now()')],
    [
      'a driver that reads a contract',
      planted('drivers/sqlite/a.ts', "import type { Store } from '../../ports/store.ts'"),
    ],
    [
      'an action that uses process state',
      planted('actions/a.ts', "import { x } from '../state/revocations.ts'"),
    ],
  ])('but %s is at home', (_what, file) => {
    expect(violations([file])).toEqual([])
  })
})
