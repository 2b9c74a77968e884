// Is the documentation true? Its examples compile, its tables say what the code says, its links lead somewhere.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import type { Argument, Command } from 'commander'
import type { AuthOptions, OwnCookieOptions } from 'lockjar'
import { createAuth, readEnvironment } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'
import { GROUPS } from '../src/cli/main.ts'
import { createProgram } from '../src/cli/program.ts'
import { EXIT } from '../src/cli/refusal.ts'
import { DEFAULTS } from '../src/config/defaults.ts'
import { ENVIRONMENT_VARIABLES } from '../src/config/env.ts'
import { resolveConfig } from '../src/config/resolve.ts'
import { EVENTS } from '../src/core/audit/event.ts'
import { resolveOwnCookie } from '../src/core/cookie/own.ts'
import { createCookiePolicy } from '../src/core/cookie/policy.ts'
import { LONGEST_COOKIE } from '../src/core/cookie/serialize.ts'
import {
  KEY_PAIR_ALGORITHMS,
  KEY_SHAPES,
  SECRET_ALGORITHMS,
  SECRET_BYTES,
} from '../src/core/keys/algorithms.ts'
import { KEY_PURPOSES } from '../src/core/keys/ring.ts'
import { importSigningKeys } from '../src/core/keys/signing.ts'
import {
  LARGEST_CONTAINER,
  LARGEST_VALUE,
  LONGEST_KEY,
  MOST_KEYS,
} from '../src/core/session-data/container.ts'
import { DEEPEST } from '../src/core/session-data/json.ts'
import { CODES } from '../src/errors.ts'
import { createOpenApi } from '../src/http/openapi.ts'
import { ROUTES } from '../src/http/routes/index.ts'
import { JWKS_MAX_AGE } from '../src/http/routes/jwks.ts'
import { SECRET } from './support/auth.ts'
import { createWorld } from './support/cli.ts'
import { createTestClock } from './support/clock.ts'

const ROOT = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const SKIPPED = /^(?:node_modules|dist|data|coverage|test-results|\..*)$/

/** Files below a folder, by their path from the root. */
function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.test(entry.name) ? [] : filesBelow(path, ending)
    return ending.test(entry.name) ? [path] : []
  })
}

const PAGES = filesBelow('.', /\.md$/)

interface Table {
  /** The nearest heading above, without its number signs. */
  readonly heading: string
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

const cellsOf = (line: string): readonly string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())

function tablesOf(page: string): readonly Table[] {
  const tables: { heading: string; header: readonly string[]; rows: (readonly string[])[] }[] = []
  let heading = ''
  let inside = false
  for (const line of page.split('\n')) {
    const [, title] = /^#+ (.*)$/.exec(line) ?? []
    heading = title ?? heading
    const isRow = /^\|.*\|$/.test(line)
    if (isRow && !inside) tables.push({ heading, header: cellsOf(line), rows: [] })
    else if (isRow && !/^\|[-| ]*\|$/.test(line)) tables.at(-1)?.rows.push(cellsOf(line))
    inside = isRow
  }
  return tables
}

/** Rows of every table of the page whose first column is headed so. */
const rowsOf = (page: string, first: string): readonly (readonly string[])[] =>
  tablesOf(read(page)).flatMap(({ header, rows }) => (header[0] === first ? rows : []))

/** The text of a cell that is one piece of code, or `null`. */
const codeOf = (cell: string | undefined): string | null => /^`([^`]+)`$/.exec(cell ?? '')?.[1] ?? null
const codesOf = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** Milliseconds; a compiler that is alone needs seconds, and one of many that share two cores a minute. */
const PATIENCE = 180_000

describe('every example', { timeout: PATIENCE }, () => {
  interface Block {
    readonly path: string
    /** Of the fence. */
    readonly line: number
    readonly language: string
    readonly code: string
  }

  /** In source files the blocks stand in comments, behind an asterisk. */
  function blocksOf(path: string): readonly Block[] {
    const margin = path.endsWith('.md') ? /^$/ : /^\s*\* ?/
    const lines = read(path)
      .split('\n')
      .map((line) => line.replace(margin, ''))
    const blocks: Block[] = []
    for (let index = 0; index < lines.length; index++) {
      const [, language] = /^```(\w+)$/.exec(lines[index] ?? '') ?? []
      if (language === undefined) continue
      const end = lines.indexOf('```', index + 1)
      blocks.push({ path, line: index + 1, language, code: lines.slice(index + 1, end).join('\n') })
      index = end
    }
    return blocks.filter(({ language }) => language === 'ts' || language === 'tsx')
  }

  /** Compiles all in one run, each as a module of its own, and answers the errors by page and line. */
  function compile(blocks: readonly Block[]): readonly string[] {
    const folder = join(ROOT, 'node_modules/.cache/docs')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const byFile = new Map<string, Block>()
    for (const block of blocks) {
      const name = `${block.path.replaceAll(/[^A-Za-z0-9]+/g, '-')}.${block.line}.${block.language}`
      byFile.set(name, block)
      // The first line makes it a module, and keeps the count: line n of the file is line n - 1 below the fence.
      writeFileSync(join(folder, name), `export {}\n${block.code}\n`)
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const config = {
      extends: '../../../tsconfig.json',
      compilerOptions: {
        noEmit: true,
        noUnusedLocals: false,
        noUnusedParameters: false,
        jsx: 'react-jsx',
        customConditions: ['lockjar-source'],
      },
      // The declarations are the source's own, for packages that bring none.
      include: ['./*.ts', './*.tsx', '../../../src/**/*.d.ts'],
      exclude: [],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
      { cwd: folder, encoding: 'utf8' },
    )
    const errors = stdout.split('\n').filter((line) => line.includes('error TS'))
    if (status !== 0 && errors.length === 0) errors.push(`tsc ended with ${status}: ${stdout}`)
    return errors.map((line) =>
      line.replace(/^(?:.*[\\/])?([\w.-]+)\((\d+),\d+\)/, (whole, file: string, at: string) => {
        const block = byFile.get(file)
        return block ? `${block.path}:${block.line + Number(at) - 1}` : whole
      }),
    )
  }

  // Next compiles the blocks of its own page, when it is built.
  const pages = PAGES.filter((path) => /^(?:README\.md$|docs|examples\W(?!next))/.test(path))
  const blocks = [...pages, ...filesBelow('src', /\.tsx?$/)].flatMap(blocksOf)

  it('compiles, in the documentation and in the comments of the source', () => {
    const paths = new Set(blocks.map(({ path }) => path))
    expect(paths).toContain(join('docs', 'guide', 'getting-started.md'))
    expect(paths).toContain(join('src', 'index.ts'))
    expect(compile(blocks)).toEqual([])
  }, 240_000)

  it('that does not compile is found, by page and line', () => {
    const planted = {
      path: 'docs/planted.md',
      line: 40,
      language: 'ts',
      code: 'const a = 1\nconst b: string = a',
    }
    expect(compile([planted])).toEqual([expect.stringMatching(/^docs\/planted\.md:42: error TS2322/)])
  })
})

const ORIGIN = 'https://app.example.com'

type Tree = { [key: string]: unknown }

function withPath(path: string, value: unknown): Tree {
  const [head = '', ...rest] = path.split('.')
  return { [head]: rest.length === 0 ? value : withPath(rest.join('.'), value) }
}

const configOf = (options: object) =>
  resolveConfig({ baseURL: ORIGIN, ...options } as AuthOptions, () => false)

describe('the reference of options', () => {
  const rows = rowsOf('docs/reference/options.md', 'option')

  /** Like no option, so that the refusal lists all there are instead of the nearest. */
  const UNKNOWN = 'q'.repeat(40)

  /** What the schema knows below a path, by its own refusal of what it does not know; `null` where no options can stand. */
  function keysBelow(path: string): readonly string[] | null {
    try {
      configOf(withPath(path === '' ? UNKNOWN : `${path}.${UNKNOWN}`, 1))
    } catch (error) {
      const [, keys] =
        /^lockjar: unknown option .*; there are (.*)$/.exec(String((error as Error).message)) ?? []
      return keys?.split(', ') ?? null
    }
    return null
  }

  const pathsBelow = (path: string): readonly string[] =>
    keysBelow(path)?.flatMap((key) => pathsBelow(path === '' ? key : `${path}.${key}`)) ?? [path]

  it('lists exactly the options that there are', () => {
    const paths = pathsBelow('')
    expect(paths).toContain('session.remembered.idleTimeout')
    expect(rows.map(([option]) => codeOf(option)).sort()).toEqual([...paths].sort())
  })

  it('says the default of each', () => {
    for (const [option, , value] of rows) {
      const [path, text] = [codeOf(option) ?? '', codeOf(value)]
      if (text === null) continue
      const literal = /^(?:true|false|\d+)$/.test(text) ? JSON.parse(text) : text
      expect(configOf(withPath(path, literal)), path).toEqual(configOf({}))
    }
  })

  it('lists exactly the parts of the world that may be replaced', () => {
    const { program } = parseSync('index.ts', read('src/index.ts'))
    const parts = program.body.flatMap((node) => {
      const declared = node.type === 'ExportNamedDeclaration' ? node.declaration : null
      if (declared?.type !== 'TSInterfaceDeclaration' || declared.id.name !== 'NodeOptions') return []
      return declared.body.body.map((member) =>
        member.type === 'TSPropertySignature' && member.key.type === 'Identifier' ? member.key.name : '',
      )
    })
    expect(parts).toContain('clock')
    expect(rowsOf('docs/reference/options.md', 'part').map(([part]) => codeOf(part))).toEqual(parts)
  })
})

describe('environment variables', () => {
  const rows = rowsOf('docs/reference/environment.md', 'variable')
  const all = [...ENVIRONMENT_VARIABLES, 'HOST', 'PORT'].sort()
  const settings = (environment: Record<string, string>) => {
    const { options, server } = readEnvironment(environment)
    return { config: configOf({ ...options, baseURL: ORIGIN }), server }
  }

  it('are in the reference, all that there are and no other', () => {
    expect(rows.map(([name]) => codeOf(name)).sort()).toEqual(all)
  })

  it('have the defaults that the reference says', () => {
    for (const [name, , value] of rows) {
      const [variable, text] = [codeOf(name) ?? '', codeOf(value)]
      if (text !== null) expect(settings({ [variable]: text }), variable).toEqual(settings({}))
    }
  })

  it('set the options that the reference says', () => {
    for (const [name, option, value] of rows) {
      const path = codeOf(option)
      if (path === null) continue
      const { options } = readEnvironment({ [codeOf(name) ?? '']: codeOf(value) ?? 'on' })
      const set = path.split('.').reduce<unknown>((tree, key) => (tree as Tree | undefined)?.[key], options)
      expect(set, `${name} sets ${path}`).toBeDefined()
    }
  })

  it('are in .env.example with their defaults, so that taking the comments away changes nothing', () => {
    const lines = [...read('.env.example').matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)]
    const example = Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value]))
    expect(Object.keys(example).sort()).toEqual(all)
    expect(lines.length).toBe(all.length)
    expect(readEnvironment(example).options.baseURL).toBe('http://localhost:3000')
    expect(settings(example)).toEqual(settings({}))
  })
})

it('the guide of limits has every budget with the numbers that hold', () => {
  const written = (windows: readonly { limit: number; period: string; longestWait?: string }[]) =>
    windows.map(
      ({ limit, period, longestWait }) =>
        `${limit} in ${period}${longestWait ? `, waits up to ${longestWait}` : ''}`,
    )
  const budgets = Object.entries(DEFAULTS.budgets).flatMap(([act, scopes]) =>
    Object.entries(scopes).map(([scope, windows]) => [`${act}.${scope}`, ...written(windows)]),
  )
  const rows = rowsOf('docs/guide/limits.md', 'budget')
  expect(rows.map(([budget, , ...windows]) => [codeOf(budget), ...windows.filter(Boolean)])).toEqual(budgets)
})

it('the reference of errors has every code with its status and title, and no other', () => {
  const rows = rowsOf('docs/reference/errors.md', 'code')
  expect(rows.map(([code, status, title]) => [codeOf(code), Number(status), title])).toEqual(
    Object.entries(CODES).map(([code, { status, title }]) => [code, status, title]),
  )
  for (const [code, , , when] of rows) expect(when, code).toBeTruthy()
})

it('the reference of events has every event with its level and meaning, and no other', () => {
  const rows = rowsOf('docs/reference/events.md', 'event')
  expect(rows.map(([name, ...rest]) => [codeOf(name), ...rest])).toEqual(
    Object.entries(EVENTS).map(([name, { level, message, repeats }]) => [
      name,
      level,
      message,
      repeats ? { refused: 'counted after 3', done: 'counted after 20' }[repeats] : '',
    ]),
  )
})

describe('the reference of keys', () => {
  it('names every purpose, and what its key can do', () => {
    const rows = rowsOf('docs/reference/keys.md', 'purpose')
    expect(rows.map(([purpose, use]) => [codeOf(purpose), use])).toEqual(Object.entries(KEY_PURPOSES))
  })

  it('names every algorithm, its key and who can verify', () => {
    const secret = SECRET_ALGORITHMS.map((name) => [
      name,
      `derived from \`secret\`, ${SECRET_BYTES[name] * 8} bits`,
      'whoever can sign',
    ])
    const pairs = KEY_PAIR_ALGORITHMS.map((name) => {
      const { kty, crv } = KEY_SHAPES[name]
      return [name, crv ? `${kty}, ${crv}` : `${kty}, at least 2048 bits`, 'anybody']
    })
    const rows = rowsOf('docs/reference/keys.md', 'algorithm')
    expect(rows.map(([name, ...rest]) => [codeOf(name), ...rest])).toEqual([...secret, ...pairs])
  })

  it('shows a set of public keys as it is answered', async () => {
    const [, example = ''] = /^```json\n([\s\S]*?)^```$/m.exec(read('docs/reference/keys.md')) ?? []
    const d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'
    const { x } = JSON.parse(example).keys[0]
    const made = await importSigningKeys([{ kty: 'OKP', crv: 'Ed25519', x, d }], 'Ed25519')
    expect(made.ok && { keys: made.keys.published }).toEqual(JSON.parse(example))
  })

  it('says how long public keys are kept', () => {
    expect(read('docs/reference/keys.md')).toContain(`for caches to keep ${JWKS_MAX_AGE} s`)
  })
})

describe('the reference of HTTP', () => {
  const page = read('docs/reference/http.md')
  const sections = [...page.matchAll(/^### ([A-Z]+) \/auth(\S+)\n((?:(?!##).*\n)*)/gm)].map(
    ([, method = '', path = '', text = '']) => ({
      request: `${method} ${path}`,
      status: Number(/^- Answers (\d+)/m.exec(text)?.[1]),
      refusals: codesOf(/^- Refuses with (.*)$/m.exec(text)?.[1] ?? '').toSorted(),
    }),
  )

  it('names every route with its success and its refusals', () => {
    const routes = ROUTES.map(({ method, path, success, refusals }) => ({
      request: `${method} ${path}`,
      status: success.status,
      refusals: [...refusals].sort(),
    }))
    const document = { request: 'GET /openapi.json', status: 200, refusals: [] }
    const byRequest = (a: { request: string }, b: { request: string }) => (a.request < b.request ? -1 : 1)
    expect(sections.toSorted(byRequest)).toEqual([...routes, document].sort(byRequest))
  })

  it('names what any request can be refused with, as the OpenAPI document does', () => {
    const { paths } = createOpenApi(ROUTES, configOf({}), createCookiePolicy(configOf({}).cookies)) as {
      paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>
    }
    const codes = (path: string, method: string): readonly string[] =>
      Object.values(paths[path]?.[method]?.responses ?? {}).flatMap(({ description }) => codesOf(description))
    const any = codes('/auth/csrf', 'get')
    const own = ROUTES.find(({ operationId }) => operationId === 'logout')?.refusals ?? []
    const withBody = codes('/auth/logout', 'post').filter(
      (code) => !any.includes(code) && !own.some((each) => each === code),
    )
    const [, said = ''] = /^- Any request may be refused with (.*)$/m.exec(page) ?? []
    const [, saidOfBodies = ''] = /^- Any request with a body also with (.*)$/m.exec(page) ?? []
    expect([codesOf(said).toSorted(), codesOf(saidOfBodies).toSorted()]).toEqual([
      any.toSorted(),
      withBody.toSorted(),
    ])
  })
})

it.each([
  ['On https', ORIGIN],
  ['On http://localhost', 'http://localhost:3000'],
])('the reference of cookies says of those %s what the policy sets there', (heading, baseURL) => {
  const { attributes } = createCookiePolicy(configOf({ baseURL }).cookies)
  const yes = (value: boolean): string => (value ? 'yes' : 'no')
  const rows = tablesOf(read('docs/reference/cookies.md')).find((table) => table.heading === heading)?.rows
  expect(rows).toEqual(
    Object.entries(attributes).map(
      ([kind, { name, secure, httpOnly, sameSite, path, domain, partitioned }]) => {
        expect([domain, partitioned]).toEqual([undefined, false])
        return [kind, `\`${name}\``, yes(secure), yes(httpOnly), sameSite, `\`${path}\``]
      },
    ),
  )
})

describe('the reference of the command line', () => {
  const PATH = 'docs/reference/command-line.md'
  const program = createProgram(GROUPS, createWorld().io)

  /** Those that do something, as they are called. */
  const leaves = (command: Command, words: string): readonly (readonly [string, Command])[] =>
    command.commands.length === 0
      ? [[[words, ...command.registeredArguments.map((each) => argumentOf(each))].join(' '), command]]
      : command.commands.flatMap((inner) => leaves(inner, `${words} ${inner.name()}`))
  const argumentOf = (argument: Argument): string =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`
  const commands = leaves(program, 'lockjar')

  it('names every command with what it does, and no other', () => {
    const sections = [...read(PATH).matchAll(/^### `(lockjar .*)`\n\n(.*)$/gm)].map(([, name, text]) => [
      name,
      text,
    ])
    expect(sections).toEqual(commands.map(([name, command]) => [name, command.description()]))
  })

  it('names every option of each, with its default', () => {
    const tables = tablesOf(read(PATH)).filter(({ header }) => header[0] === 'option')
    const said = (name: string): readonly (readonly (string | null)[])[] =>
      tables.flatMap(({ heading, rows }) =>
        heading === `\`${name}\`` ? rows.map(([flags, value]) => [codeOf(flags), codeOf(value)]) : [],
      )
    for (const [name, command] of commands) {
      const options = command.options
        .filter(({ hidden }) => !hidden)
        .map(({ flags, defaultValue, defaultValueDescription: text }) => [
          flags,
          text ?? (defaultValue === undefined ? null : String(defaultValue)),
        ])
      expect(said(name), name).toEqual(options)
    }
  })

  it('names every exit code, as the help does', () => {
    const rows = rowsOf(PATH, 'exit code')
    expect(rows.map(([code]) => Number(codeOf(code)))).toEqual(Object.values(EXIT))
  })
})

describe('the references of session data and of own cookies', () => {
  it('say the limits that there are', () => {
    const rows = rowsOf('docs/reference/session-data.md', 'limit')
    expect(rows.map(([, value]) => Number(codeOf(value)))).toEqual([
      MOST_KEYS,
      LONGEST_KEY,
      LARGEST_VALUE,
      DEEPEST,
      LARGEST_CONTAINER,
      LONGEST_COOKIE,
    ])
  })

  it('say the default of each attribute, and the names that follow', () => {
    const { cookies } = configOf({})
    const { attributes, maxAge, form } = resolveOwnCookie('name', {}, cookies)
    const rows = rowsOf('docs/reference/cookies.md', 'attribute')
    const said = Object.fromEntries(rows.map(([name, value]) => [codeOf(name), codeOf(value)]))
    expect(said).toEqual({
      maxAge: maxAge ?? null,
      path: attributes.path,
      sameSite: attributes.sameSite,
      httpOnly: String(attributes.httpOnly),
      sign: String(form === 'signed'),
      seal: String(form === 'sealed'),
    })
    const nameOf = (options: OwnCookieOptions) => resolveOwnCookie('name', options, cookies).attributes.name
    expect(rowsOf('docs/reference/cookies.md', 'on https').map(([, name]) => codeOf(name))).toEqual(
      [{}, { httpOnly: false }, { path: '/shop' }].map(nameOf),
    )
  })

  it('name every call that a visit has', async () => {
    const clock = createTestClock()
    const auth = await createAuth({
      baseURL: 'http://localhost:3000',
      database: openMemory(clock),
      clock,
      secret: SECRET,
    })
    const visit = await auth.visit(new Request('http://localhost:3000/'))
    const called = (path: string, object: string): readonly string[] =>
      rowsOf(path, 'call').flatMap(
        ([call]) => new RegExp(`${object}\\.(\\w+)\\(`).exec(call ?? '')?.[1] ?? [],
      )
    const own = (object: object) => Object.keys(object).filter((name) => name !== 'setCookies')
    expect(called('docs/reference/session-data.md', 'session').toSorted()).toEqual(
      own(visit.session).toSorted(),
    )
    expect(called('docs/reference/cookies.md', 'cookies').toSorted()).toEqual(own(visit.cookies).toSorted())
    await auth.close()
  })
})

describe('the import table of the architecture', () => {
  interface Node {
    readonly type: string
    readonly [key: string]: unknown
  }
  type Scope = ReadonlyMap<string, Node>

  /** The value of a literal as the architecture test writes it: lists, objects, names, and one arrow function. */
  function evaluate(node: Node, scope: Scope): unknown {
    const each = (nodes: unknown) => (nodes as readonly Node[]).map((inner) => evaluate(inner, scope))
    switch (node.type) {
      case 'Literal':
        return node['value']
      case 'Identifier':
        return evaluate(scope.get(String(node['name'])) ?? { type: 'unknown name' }, scope)
      case 'ParenthesizedExpression':
        return evaluate(node['expression'] as Node, scope)
      case 'ArrayExpression':
        return (node['elements'] as readonly Node[]).flatMap((inner) =>
          inner.type === 'SpreadElement'
            ? evaluate(inner['argument'] as Node, scope)
            : [evaluate(inner, scope)],
        )
      case 'ObjectExpression':
        return Object.fromEntries(
          (node['properties'] as readonly Node[]).map((property) => {
            const key = property['key'] as Node
            return [String(key['name'] ?? key['value']), evaluate(property['value'] as Node, scope)]
          }),
        )
      case 'CallExpression': {
        const made = scope.get(String((node['callee'] as Node)['name'])) ?? { type: 'unknown function' }
        const names = (made['params'] as readonly Node[]).map((parameter) => String(parameter['name']))
        const given = each(node['arguments']).map((value): Node => ({ type: 'Literal', value }))
        const inner = new Map([
          ...scope,
          ...names.map((name, at): [string, Node] => [name, given[at] as Node]),
        ])
        const body = made['body'] as Node
        const [only] = body.type === 'FunctionBody' ? (body['statements'] as readonly Node[]) : []
        return evaluate((only?.['expression'] as Node | undefined) ?? body, inner)
      }
      default:
        throw new Error(
          `test/architecture.test.ts writes its table with ${node.type}, which is not read here`,
        )
    }
  }

  interface Allowance {
    readonly values: readonly string[]
    readonly types?: readonly string[]
    readonly packages?: readonly string[]
    readonly node?: true
  }

  function assertedTable(): Readonly<Record<string, Allowance>> {
    const { program } = parseSync('architecture.test.ts', read('test/architecture.test.ts'))
    const scope = new Map<string, Node>()
    for (const statement of program.body as unknown as readonly Node[]) {
      if (statement.type !== 'VariableDeclaration') continue
      for (const { id, init } of statement['declarations'] as readonly { id: Node; init: Node }[])
        scope.set(String(id['name']), init)
    }
    return evaluate({ type: 'Identifier', name: 'TABLE' }, scope) as Readonly<Record<string, Allowance>>
  }

  it('is the one that its test asserts, for the rooms that are built', () => {
    const isBuilt = (name: string): boolean =>
      existsSync(join(ROOT, 'src', name)) || existsSync(join(ROOT, 'src', `${name}.ts`))
    const list = (names: readonly string[] = []): string => names.map((name) => `\`${name}\``).join(', ')
    const rows = Object.entries(assertedTable())
      .filter(([room]) => isBuilt(room))
      .map(([room, { values, types = [], packages, node }]) => [
        `\`${room}\``,
        list(values.filter(isBuilt)),
        list(types.filter(isBuilt)),
        list(packages),
        node ? 'yes' : '',
      ])
    expect(rowsOf('docs/architecture.md', 'from')).toEqual(rows)
  })
})

describe('every page', () => {
  /** As GitHub makes them. */
  const anchorOf = (heading: string): string =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')

  const withoutCode = (page: string): string =>
    page.replaceAll(/^```\w*\n(?:(?!```).*\n)*```$/gm, '').replaceAll(/`[^`\n]*`/g, '`')
  const anchorsOf = (path: string): readonly string[] =>
    [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

  const leadsNowhere = (path: string, target: string): boolean => {
    const [file = '', anchor] = target.split('#')
    const named = file === '' ? path : relative(ROOT, resolve(ROOT, dirname(path), file))
    if (named.startsWith('..') || !existsSync(join(ROOT, named))) return true
    return anchor !== undefined && !(named.endsWith('.md') && anchorsOf(named).includes(anchor))
  }

  it('has links that lead somewhere', () => {
    const broken = PAGES.flatMap((path) =>
      [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/i.test(target) && leadsNowhere(path, target))
        .map((target) => `${path}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  it('names tests that there are, by their titles', () => {
    const named = PAGES.flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)\s]+\.test\.ts)\)\s+"([^"]+)"/g)].map(([, file = '', title = '']) => ({
        file: resolve(ROOT, dirname(path), file),
        title,
      })),
    )
    expect(named.length).toBeGreaterThan(40)
    const missing = named.filter(
      ({ file, title }) => !existsSync(file) || !readFileSync(file, 'utf8').includes(title),
    )
    expect(missing).toEqual([])
  })

  it('names no path of a machine', () => {
    const places = [ROOT, dirname(ROOT), homedir()].filter((place) => dirname(place) !== place)
    for (const path of PAGES) {
      const page = read(path)
      for (const place of places) expect(page.includes(`${place}/`), `${path}: ${place}`).toBe(false)
      expect(page, path).not.toMatch(/(?:^|[\s"'`(=:])(?:\/(?:home|Users|root|tmp)\/|[A-Z]:\\)/)
    }
  })
})
