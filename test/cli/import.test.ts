// Do the users of another system come here, all of them and once, whatever their file looks like?
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { createFolder, createWorld, runCli, runHere, startCli } from '../support/cli.ts'

const HASH = 'pbkdf2_sha256$1000$03l3FflzHWnHHuDSbZen59$dH4ht7fdV6h0+9qEqx/Gn0IT9xihmDUKj0MA14F9u/o='

interface Row {
  email: string
  username: string | null
  name: string | null
  password_hash: string | null
  roles: string
  disabled_at: number | null
  email_verified_at: number | null
  created_at: number
}

function usersIn(cwd: string): readonly Row[] {
  const db = new DatabaseSync(join(cwd, 'data/lockjar.db'))
  const rows = db.prepare('select * from lockjar_users order by email_key').all() as unknown as Row[]
  db.close()
  return rows
}

/** Runs `lockjar import users` on a file of this content. */
async function importText(
  content: string | Uint8Array,
  args: readonly string[] = [],
  name = 'users.csv',
  cwd = createFolder(),
) {
  writeFileSync(join(cwd, name), content)
  const ran = await runHere(['import', 'users', name, ...args], createWorld({ cwd }))
  return { cwd, ...ran }
}

const jsonOf = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>

describe('lockjar import users', () => {
  it('creates the users of a CSV file as they were', async () => {
    const { status, stdout, cwd } = await importText(
      `email,username,name,password_hash,roles,active,email_verified,created_at
Ada@example.com,ada,"Lovelace, Ada ""the first""",${HASH},editor staff,t,t,2024-02-29 12:00:00+00
eve@example.com,,,!unusable,,f,f,
`,
    )
    expect([status, stdout]).toEqual([0, 'created        2\nalready there  0\nrefused        0\n'])
    expect(usersIn(cwd)).toMatchObject([
      {
        email: 'Ada@example.com',
        username: 'ada',
        name: 'Lovelace, Ada "the first"',
        password_hash: HASH,
        roles: '["editor","staff"]',
        disabled_at: null,
        email_verified_at: expect.any(Number),
        created_at: Date.UTC(2024, 1, 29, 12),
      },
      {
        email: 'eve@example.com',
        username: null,
        password_hash: null,
        roles: '[]',
        disabled_at: expect.any(Number),
      },
    ])
  })

  it('creates those of JSON lines, from standard input too', async () => {
    const input =
      '{"email":"ada@example.com","roles":["editor"],"active":true,"created_at":null}\n\n{"email":"eve@example.com"}\n'
    const cwd = createFolder()
    const { status, stdout } = await runCli(['import', 'users', '-', '--format', 'jsonl', '--json'], {
      cwd,
      input,
    })
    expect([status, jsonOf(stdout)]).toEqual([
      0,
      { created: 2, exists: 0, refused: 0, lastLine: 3, complete: true, dryRun: false },
    ])
    expect(usersIn(cwd)).toHaveLength(2)
  })

  it('creates nobody twice: the second run says that all are there, and changes nothing of them', async () => {
    const first = await importText('email,name\nada@example.com,Ada\neve@example.com,Eve\n')
    const before = usersIn(first.cwd)
    const again = await importText(
      'email,name\nADA@example.com,Other\neve@example.com,Eve\nnew@example.com,\n',
      ['--json'],
      'users.csv',
      first.cwd,
    )
    expect(jsonOf(again.stdout)).toMatchObject({ created: 1, exists: 2, refused: 0 })
    expect(usersIn(first.cwd).slice(0, 2)).toEqual(before)
  })

  it('writes nothing in a dry run, and foretells what the run says', async () => {
    const content = `email,username
ada@example.com,ada
eve@example.com,ADA
bad,
ada@example.com,other
bob@example.com,
BOB@example.com,
zoe@example.com,zoe
`
    const { cwd } = await importText('email,username\nzoe@example.com,\nyan@example.com,ada2\n')
    const dry = await importText(content, ['--json', '--dry-run'], 'users.csv', cwd)
    expect(usersIn(cwd)).toHaveLength(2)
    const real = await importText(content, ['--json'], 'users.csv', cwd)
    expect([dry.status, dry.stderr]).toEqual([1, real.stderr])
    expect({ ...jsonOf(dry.stdout), dryRun: false }).toEqual(jsonOf(real.stdout))
    expect(jsonOf(real.stdout)).toMatchObject({ created: 2, exists: 1, refused: 4 })
  })

  it('refuses a second address or user name by the line of the first, and takes it where the first was refused', async () => {
    const { stderr, cwd } = await importText(`email,username,roles
ada@example.com,ada,bad role!
ada@example.com,ada,
Ada@Example.com,other,
eve@example.com,ADA,
`)
    expect(stderr).toContain('line 2: roles:')
    expect(stderr).toContain('line 4: email: Line 3 has the same address.')
    expect(stderr).toContain('line 5: username: Line 3 has the same user name.')
    expect(usersIn(cwd)).toMatchObject([{ email: 'ada@example.com', roles: '[]' }])
  })

  it('tells what was refused: on the terminal without addresses, in the report with them, hashes nowhere', async () => {
    const content = `email,password_hash
=cmd@example.com,secret-hash
nobody,${HASH}
ok@example.com,
`
    for (const name of ['refused.csv', 'refused.jsonl']) {
      const { status, stdout, stderr, cwd } = await importText(content, ['--report', name])
      const report = readFileSync(join(cwd, name), 'utf8')
      expect(status).toBe(1)
      expect(stdout + stderr).not.toMatch(/cmd|nobody/)
      expect(stdout + stderr + report).not.toContain('secret-hash')
      expect(statSync(join(cwd, name)).mode & 0o777).toBe(0o600)
      if (name.endsWith('.csv')) {
        expect(report.split('\n').slice(0, 2)).toEqual([
          'line,column,code,reason,duplicate_of,email',
          `2,password_hash,unknown_form,This is no password hash of a form that is verified here.,,"'=cmd@example.com"`,
        ])
      } else {
        expect(
          report
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        ).toMatchObject([
          { line: 2, column: 'password_hash', code: 'unknown_form', email: '=cmd@example.com' },
          { line: 3, column: 'email', code: 'invalid', email: 'nobody' },
        ])
      }
    }
  })

  it.each<[what: string, content: string | Uint8Array, line: RegExp]>([
    ['nothing', '', /the file is empty/],
    ['an unknown column', 'e-mail,name\n', /unknown column "e-mail"; did you mean email\?/],
    ['Django’s own names', 'email,is_active\n', /unknown column "is_active"/],
    ['no address', 'name,username\n', /no column email/],
    ['a column twice', 'email,name,name\n', /the column name twice/],
    [
      'another encoding',
      Buffer.from('\ufeffemail\nada@example.com\n', 'utf16le'),
      /the first line: The text is not UTF-8/,
    ],
  ])('refuses a file with %s before anything is written', async (_what, content, line) => {
    const { status, stderr, cwd } = await importText(content)
    expect([status, stderr]).toEqual([1, expect.stringMatching(line)])
    expect(() => statSync(join(cwd, 'data/lockjar.db'))).toThrow()
  })

  it.each<[what: string, content: string | Uint8Array, name: string, told: RegExp]>([
    ['too few fields', 'email,name\nx\n', 'u.csv', /line 2: The line has 1 fields, the header 2/],
    ['too many fields', 'email\na@example.com,b\n', 'u.csv', /line 2: The line has 2 fields/],
    ['an open quote', 'email,name\na@example.com,"x\n', 'u.csv', /line 2: A quote is not closed/],
    [
      'Latin-1',
      Buffer.concat([Buffer.from('email,name\na@example.com,'), Uint8Array.of(0xe9, 0x0a)]),
      'u.csv',
      /line 2: The text is not UTF-8/,
    ],
    ['no JSON', '{"email":\n', 'u.jsonl', /line 1: The line is not one JSON object/],
    ['a list', '["a@example.com"]\n', 'u.jsonl', /line 1: The line is not one JSON object/],
    [
      'an unknown key',
      '{"email":"a@example.com","user_name":"a"}\n',
      'u.jsonl',
      /unknown column "user_name"; did you mean username\?/,
    ],
    ['a prototype', '{"__proto__":{"email":"a@example.com"}}\n', 'u.jsonl', /unknown column "__proto__"/],
  ])('refuses a line with %s and goes on', async (_what, content, name, told) => {
    const good = name.endsWith('csv')
      ? content.toString().startsWith('email,name')
        ? 'ok@example.com,\n'
        : 'ok@example.com\n'
      : '{"email":"ok@example.com"}\n'
    const whole = Buffer.concat([Buffer.from(content), Buffer.from(good)])
    const { status, stderr, cwd } = await importText(whole, [], name)
    expect([status, stderr]).toEqual([1, expect.stringMatching(told)])
    const open = told.source.includes('quote')
    expect(usersIn(cwd).map(({ email }) => email)).toEqual(open ? [] : ['ok@example.com'])
  })

  it('reads semicolons, tabs, a byte order mark and the line ends of Windows', async () => {
    for (const [at, content] of [
      '\ufeffemail;name\r\nada@example.com;"A; B"\r\n',
      'email\tname\nada@example.com\tA; B\n',
      '"email","name"\n"ada@example.com","A; B"',
    ].entries()) {
      const { status, cwd } = await importText(content)
      expect([status, usersIn(cwd)], String(at)).toMatchObject([
        0,
        [{ email: 'ada@example.com', name: 'A; B' }],
      ])
    }
  })

  it('takes no line out of the middle of a field: a name cannot bring a superuser along', async () => {
    const { status, cwd } = await importText(
      'email,name,roles\nada@example.com,"x\neve@example.com,y,superuser\nz",\n',
    )
    expect(status).toBe(1)
    expect(usersIn(cwd)).toEqual([])
  })

  it('passes over lines before --from-line', async () => {
    const { stdout, cwd } = await importText('email\na@example.com\nb@example.com\nc@example.com\n', [
      '--from-line',
      '3',
      '--json',
    ])
    expect(jsonOf(stdout)).toMatchObject({ created: 2, lastLine: 4 })
    expect(usersIn(cwd).map(({ email }) => email)).toEqual(['b@example.com', 'c@example.com'])
  })

  it.each<[args: string[], status: number, line: RegExp]>([
    [['import', 'users', 'users.txt'], 2, /say which with --format/],
    [['import', 'users', '-'], 2, /say which with --format/],
    [['import', 'users', 'nothing.csv'], 3, /the file nothing\.csv cannot be read/],
    [['import', 'users', 'users.csv', '--report', 'no/folder/x.csv'], 3, /the report .* cannot be written/],
    [['import', 'users', 'users.csv', '--report', './users.csv'], 2, /would overwrite the file/],
    [['import', 'users', 'users.csv', '--from-line', '0'], 2, /whole number from 1/],
    [['import', 'users', 'users.csv', '--dry-run'], 1, /./],
  ])('%j ends with %i', async (args, status, line) => {
    const cwd = createFolder()
    writeFileSync(join(cwd, 'users.csv'), 'email\nada@example.com\n')
    const ran = await runHere(args, createWorld({ cwd }))
    expect([ran.status, ran.stderr]).toEqual([
      status === 1 ? expect.any(Number) : status,
      expect.stringMatching(line),
    ])
    expect(readFileSync(join(cwd, 'users.csv'), 'utf8')).toContain('ada@example.com')
  })

  it('that is stopped finishes what it has begun, and says where to go on', async () => {
    const cwd = createFolder()
    const world = createWorld({ cwd })
    const running = runHere(['import', 'users', '-', '--format', 'csv', '--json'], world)
    world.stdin.write(`email\n${Array.from({ length: 1500 }, (_, n) => `user${n}@example.com\n`).join('')}`)
    await expect.poll(() => usersThere(cwd), { timeout: 20_000 }).toBe(1000)
    world.stop()
    world.stdin.end('last@example.com\n')
    const { status, stdout, stderr } = await running
    const { created, lastLine, complete } = jsonOf(stdout)
    expect([status, complete]).toEqual([130, false])
    expect(stderr).toContain(`--from-line ${Number(lastLine) + 1}`)
    expect([usersThere(cwd), Number(lastLine)]).toEqual([created, Number(created) + 1])
  })

  it('that is killed is completed by running it again, and ends with the same users', async () => {
    const cwd = createFolder()
    const lines = Array.from(
      { length: 6000 },
      (_, n) => `user${n}@example.com,user${n % 5900},${HASH},${n % 7 ? '' : 'editor'}\n`,
    )
    writeFileSync(join(cwd, 'users.csv'), `email,username,password_hash,roles\n${lines.join('')}`)
    const child = startCli(['import', 'users', 'users.csv'], { cwd })
    await expect.poll(() => usersThere(cwd), { timeout: 30_000, interval: 5 }).toBeGreaterThan(0)
    child.kill('SIGKILL')
    await new Promise((ended) => child.once('close', ended))
    const there = usersThere(cwd)
    const second = await runCli(['import', 'users', 'users.csv', '--json'], { cwd })
    expect(jsonOf(second.stdout)).toMatchObject({ created: 5900 - there, exists: there, refused: 100 })

    const other = createFolder()
    writeFileSync(join(other, 'users.csv'), readFileSync(join(cwd, 'users.csv')))
    await runCli(['import', 'users', 'users.csv'], { cwd: other })
    const told = (folder: string) =>
      usersIn(folder).map(({ email, username, password_hash, roles }) => [
        email,
        username,
        password_hash,
        roles,
      ])
    expect(told(cwd)).toEqual(told(other))
  }, 120_000)
})

function usersThere(cwd: string): number {
  try {
    return usersIn(cwd).length
  } catch {
    return 0
  }
}
