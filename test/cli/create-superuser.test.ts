// Does an installation get its first administrator, and does nobody see the password?
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createAuth, readEnvironment } from 'lockjar'
import { describe, expect, it } from 'vitest'
import type { Ran, World } from '../support/cli.ts'
import { createFolder, createWorld, runCli, runHere } from '../support/cli.ts'

const PASSWORD = 'correct horse battery staple'
const CHEAP = { LOCKJAR_ARGON2_MEMORY: '64', LOCKJAR_ARGON2_PASSES: '1' }
const ADA = ['createsuperuser', '--email', 'ada@example.com']

/** Whether somebody can sign in at the installation in this folder. */
async function signIn(cwd: string, email: string, password: string): Promise<Response> {
  const { options } = readEnvironment(CHEAP)
  const auth = await createAuth({ ...options, database: `sqlite:${join(cwd, 'data/lockjar.db')}` })
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ email, password })
  const answer = await auth.handler(
    new Request('http://localhost:3000/auth/login', { method: 'POST', headers, body }),
  )
  await auth.close()
  return answer
}

describe('lockjar createsuperuser, in a script', () => {
  it('takes the password from standard input and prints the id, or the user as JSON', async () => {
    const cwd = createFolder()
    const made = await runCli([...ADA, '--password-stdin'], { cwd, env: CHEAP, input: `${PASSWORD}\n` })
    expect(made).toEqual({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^created superuser [0-9a-f-]{36}\n$/),
    })
    const { user } = (await (await signIn(cwd, 'ada@example.com', PASSWORD)).json()) as { user: object }
    expect(user).toMatchObject({ roles: ['superuser'], emailVerified: true })
    const args = [
      'createsuperuser',
      '--email',
      'Grace@Example.com',
      '--username',
      'grace',
      '--name',
      'Grace Hopper',
    ]
    const { stdout } = await runCli([...args, '--password-stdin', '--json'], {
      cwd,
      env: CHEAP,
      input: PASSWORD,
    })
    expect(JSON.parse(stdout)).toMatchObject({
      email: 'Grace@Example.com',
      username: 'grace',
      name: 'Grace Hopper',
    })
    expect(stdout).not.toContain(PASSWORD)
  })

  it.each<[what: string, args: readonly string[], input: string, status: number, line: RegExp]>([
    [
      'no address',
      ['createsuperuser', '--password-stdin'],
      PASSWORD,
      2,
      /nobody can be asked here: give --email/,
    ],
    ['no password', ADA, '', 2, /pipe the password in, with --password-stdin/],
    [
      'a password on the command line',
      [...ADA, '--password', PASSWORD],
      '',
      2,
      /unknown option '--password'/,
    ],
    ['an empty password', [...ADA, '--password-stdin'], '\n', 1, /must be one line, the password/],
    ['two lines', [...ADA, '--password-stdin'], `${PASSWORD}\n${PASSWORD}\n`, 1, /must be one line/],
    [
      'a weak password',
      [...ADA, '--password-stdin'],
      'password123',
      1,
      /one of the passwords that are guessed first/,
    ],
    [
      'one like the address',
      [...ADA, '--password-stdin'],
      'ada@example.com',
      1,
      /too much like your e-mail address/,
    ],
    [
      'no address at all',
      ['createsuperuser', '--email', 'ada', '--password-stdin'],
      PASSWORD,
      1,
      /Write an e-mail address/,
    ],
    [
      'a user name that is none',
      [...ADA, '--username', 'a b', '--password-stdin'],
      PASSWORD,
      1,
      /Use 3 to 64 letters/,
    ],
    ['an endless password', [...ADA, '--password-stdin'], 'x'.repeat(70_000), 1, /too long for a password/],
  ])('refuses %s in one line', async (_what, args, input, status, line) => {
    const cwd = createFolder()
    const ran = await runCli(args, { cwd, env: CHEAP, input })
    expect([ran.status, ran.stdout, ran.stderr.split('\n').length]).toEqual([status, '', 2])
    expect(ran.stderr).toMatch(line)
    expect(ran.stderr).not.toContain(PASSWORD)
  })

  it('refuses bytes that are not UTF-8, which no browser would send again', async () => {
    const world = createWorld({ env: CHEAP })
    world.stdin.end(Buffer.from('passw\xf6rd of latin-1', 'latin1'))
    const ran = await runHere([...ADA, '--password-stdin'], world)
    expect(ran).toMatchObject({ status: 1, stderr: 'lockjar: standard input is not UTF-8\n' })
  })

  it('does not touch an account that has the address, and says how to make it a superuser', async () => {
    const cwd = createFolder()
    const { stdout } = await runCli([...ADA, '--password-stdin', '--json'], {
      cwd,
      env: CHEAP,
      input: PASSWORD,
    })
    const { id } = JSON.parse(stdout) as { id: string }
    const again = await runCli(['createsuperuser', '--email', 'ADA@example.com', '--password-stdin'], {
      cwd,
      env: CHEAP,
      input: 'quite another phrase',
    })
    expect(again).toEqual({
      status: 1,
      stdout: '',
      stderr: `lockjar: an account with this address exists; to make it a superuser: lockjar users set-role ${id} --add superuser\n`,
    })
    expect((await signIn(cwd, 'ada@example.com', PASSWORD)).status).toBe(200)
  })
})

describe('lockjar createsuperuser, at a terminal', () => {
  interface Seen extends Omit<Ran, 'stderr'> {
    readonly echoes: boolean
  }

  /** On a real pty: whenever `prompt` is shown, `keys` are typed. */
  async function type(
    steps: readonly (readonly [prompt: string, keys: string])[],
    cwd: string,
  ): Promise<Seen> {
    const main = join(import.meta.dirname, '../../src/cli/main.ts')
    const script = join(import.meta.dirname, '../support/terminal.py')
    const command = [process.execPath, '--conditions=lockjar-source', main, 'createsuperuser']
    const { stdout } = await promisify(execFile)('python3', [script, JSON.stringify(steps), ...command], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...CHEAP },
    })
    const lines = stdout.trimEnd().split('\n')
    return { ...(JSON.parse(lines.pop() ?? '{}') as Seen), stdout: lines.join('\n') }
  }

  it('asks for what it needs, the password twice and unseen', async () => {
    const cwd = createFolder()
    const seen = await type(
      [
        ['E-mail address: ', 'ada@example.com\r'],
        ['Name (may be empty): ', 'Ada\r'],
        ['Password: ', `${PASSWORD}\r`],
        ['Password, again: ', `${PASSWORD}\r`],
      ],
      cwd,
    )
    expect([seen.status, seen.echoes]).toEqual([0, true])
    expect(seen.stdout).toMatch(/created superuser [0-9a-f-]{36}/)
    expect(seen.stdout).not.toContain('correct')
    expect((await signIn(cwd, 'ada@example.com', PASSWORD)).status).toBe(200)
  })

  it('shows nothing of a password that is pasted ahead with all the other answers', async () => {
    const cwd = createFolder()
    const all = ['ada@example.com', 'Ada', PASSWORD, PASSWORD].join('\r')
    const seen = await type([['E-mail address: ', `${all}\r`]], cwd)
    expect([seen.status, seen.stdout.includes('correct')]).toEqual([0, false])
    expect((await signIn(cwd, 'ada@example.com', PASSWORD)).status).toBe(200)
  })

  it('gives the terminal back when somebody presses Ctrl-C', async () => {
    const seen = await type(
      [
        ['E-mail address: ', 'ada@example.com\r\r'],
        ['Password: ', 'half\x03'],
      ],
      createFolder(),
    )
    expect([seen.status, seen.echoes]).toEqual([130, true])
    expect(seen.stdout).toContain('lockjar: interrupted; nothing was done')
    expect(seen.stdout).not.toContain('half')
  })

  /** Within this process. */
  async function answer(
    keys: string | Buffer,
    args: readonly string[] = [],
  ): Promise<Ran & { readonly world: World }> {
    const world = createWorld({ terminal: true, env: CHEAP })
    world.stdin.end(keys)
    return { ...(await runHere(['createsuperuser', ...args], world)), world }
  }

  it('asks again where the two differ or the policy refuses, with the reason, three times at most', async () => {
    const tries = ['password1', 'password1', PASSWORD, 'another', PASSWORD, PASSWORD]
    const made = await answer(`${['ada@example.com', '', ...tries].join('\r')}\r`)
    expect([made.status, made.world.raw]).toEqual([0, false])
    expect(made.stderr).toContain('This is one of the passwords that are guessed first.\n')
    expect(made.stderr).toContain('The two are not the same.\n')
    const refused = await answer(`${['ada@example.com', '', ...Array(6).fill('short')].join('\r')}\r`)
    expect([refused.status, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(/lockjar: Use at least 8 characters.* Nothing was created\.\n$/)
  })

  it('understands corrections, and what a terminal sends beside text', async () => {
    const email = 'xx\x7f\badb\x7fa@example.com'
    const name = 'wrong\x15\x1b[D\x1bOAA\x1b[200~da\x1b[201~'
    const { stdout } = await answer(`${[email, name, PASSWORD, PASSWORD].join('\r')}\r`, ['--json'])
    expect(JSON.parse(stdout)).toMatchObject({ email: 'ada@example.com', name: 'Ada' })
  })

  it('takes lines that end as on Windows', async () => {
    const { status } = await answer(`${['ada@example.com', 'Ada', PASSWORD, PASSWORD].join('\r\n')}\r\n`)
    expect(status).toBe(0)
  })

  it.each<[what: string, keys: string | Buffer, status: number, line: string]>([
    ['an end of input', 'ada@example.com\r', 130, 'nobody is at the terminal any more'],
    ['Ctrl-D', '\x04', 130, 'interrupted; nothing was done'],
    ['an address that is none', 'ada\r', 1, 'Write an e-mail address such as ada@example.com.'],
    ['an endless answer', 'a'.repeat(5000), 1, 'that is too long'],
    [
      'bytes that are not UTF-8',
      Buffer.from('ad\xe4@example.com\r', 'latin1'),
      1,
      'what was typed is not UTF-8',
    ],
  ])('ends in one line at %s', async (_what, keys, status, line) => {
    const ended = await answer(keys)
    expect([ended.status, ended.stdout, ended.world.raw]).toEqual([status, '', false])
    expect(ended.stderr.endsWith(`\nlockjar: ${line}\n`)).toBe(true)
  })
})
