// Can an operator look at accounts and sessions, and act on those of an installation that is running?
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { stripVTControlCharacters } from 'node:util'
import type { Auth, ListedSession, ManagedUser } from 'lockjar'
import { createAuth, readEnvironment } from 'lockjar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import type { Ran, WorldOptions } from '../support/cli.ts'
import { createFolder, createWorld, runCli, runHere } from '../support/cli.ts'

const CHEAP = { LOCKJAR_ARGON2_MEMORY: '64', LOCKJAR_ARGON2_PASSES: '1' }
const LOCAL = 'http://localhost:3000'
const OTHER_SECRET = 'b3RoZXItc2VjcmV0LWZvci10ZXN0cy1vbmx5LTAxMjM0NQ'

/** An installation on a file, as a server of its own has it open. */
interface Installation {
  readonly cwd: string
  readonly auth: Auth
  /** Someone new, signed in. */
  signUp(name: string): Promise<{ readonly id: string; readonly browser: TestBrowser }>
  /** `lockjar …` in the same folder, in this process. */
  run(...args: string[]): Promise<Ran>
  runWith(options: WorldOptions & { readonly keys?: string }, ...args: string[]): Promise<Ran>
}

async function start(): Promise<Installation> {
  const cwd = createFolder()
  const file = join(cwd, 'data/lockjar.db')
  const auth = await createAuth({ ...readEnvironment(CHEAP).options, database: `sqlite:${file}` })
  const run: Installation['runWith'] = ({ keys, ...options }, ...args) => {
    const world = createWorld({ cwd, env: CHEAP, ...options })
    if (keys !== undefined) world.stdin.end(keys)
    return runHere(args, world)
  }
  return {
    cwd,
    auth,
    async signUp(name) {
      const browser = new TestBrowser(auth.handler, LOCAL)
      const headers = { 'user-agent': `Browser of ${name}` }
      const body = { email: `${name}@example.com`, username: name, password: PASSWORD }
      const sent = await browser.post('/auth/register', body, { headers })
      return { id: (sent.body['user'] as { id: string }).id, browser }
    },
    run: (...args) => run({}, ...args),
    runWith: run,
  }
}

const linesOf = <T>({ stdout }: Ran): readonly T[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)

describe('a command beside a server', () => {
  /** A server whose mails cannot leave yet, with one that waits. */
  async function startWaiting() {
    const cwd = createFolder()
    const file = join(cwd, 'prod.db')
    const secret = SECRET
    const mailer = { send: () => Promise.reject(new Error('the mail server is away')) }
    const options = { ...readEnvironment(CHEAP).options, secret, database: `sqlite:${file}`, mailer }
    const auth = await createAuth(options)
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', { email: 'ada@example.com', password: PASSWORD })
    await browser.post('/auth/password/forgot', { email: 'ada@example.com' })
    const waiting = (): unknown => {
      const db = new DatabaseSync(file, { readOnly: true })
      const rows = db
        .prepare(
          'select count(*) as mails, (select count(distinct key_id) from lockjar_audit) as keys from lockjar_outbox',
        )
        .get()
      db.close()
      return rows
    }
    const list = (env: Record<string, string>) =>
      runHere(['users', 'list', '--database', 'sqlite:prod.db'], createWorld({ cwd, env }))
    return { auth, file, secret, waiting, list }
  }

  it('sends and loses none of its mails, though it knows of no mail server', async () => {
    const { auth, secret, waiting, list } = await startWaiting()
    const before = waiting()
    const { status, stdout, stderr } = await list({ LOCKJAR_SECRET: secret })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).not.toContain('token=')
    expect(waiting()).toEqual(before)
    await auth.close()
  })

  it.each<[what: string, env: Record<string, string>]>([
    ['without its secret', {}],
    ['with another secret', { LOCKJAR_SECRET: OTHER_SECRET }],
  ])('%s is refused: it makes no secret of its own and breaks no chain', async (_what, env) => {
    const { auth, file, waiting, list } = await startWaiting()
    const before = waiting()
    const { status, stderr } = await list(env)
    expect(status).toBe(3)
    expect(stderr).toContain('set LOCKJAR_SECRET as its servers have it')
    expect(existsSync(`${file}.secret`)).toBe(false)
    expect(waiting()).toEqual(before)
    await auth.close()
  })
})

describe('lockjar users', () => {
  let here: Installation
  let ada: string
  beforeAll(async () => {
    here = await start()
    ada = (await here.signUp('ada')).id
    await here.auth.users.setRoles(ada, ['editor'])
    for (let n = 0; n < 120; n++)
      await here.auth.users.create({
        email: `user${String(n).padStart(3, '0')}@example.com`,
        name: `User ${n}`,
      })
  })
  afterAll(() => here.auth.close())

  it('list prints the newest 50, and from where to go on', async () => {
    const first = await here.run('users', 'list', '--json')
    const users = linesOf<ManagedUser>(first)
    expect([first.status, users.length, users[0]?.email]).toEqual([0, 50, 'user119@example.com'])
    expect(Object.keys(users[0] ?? {}).toSorted()).toEqual([
      'createdAt',
      'disabledAt',
      'email',
      'emailVerified',
      'hasPassword',
      'id',
      'lastLoginAt',
      'name',
      'roles',
      'username',
    ])
    const [, place = ''] = /^more with: --after (\S+)\n$/.exec(first.stderr) ?? []
    const second = await here.run('users', 'list', '--json', '--after', place)
    expect(linesOf<ManagedUser>(second)[0]?.email).toBe('user069@example.com')
  })

  it.each<[args: readonly string[], count: number, first: string]>([
    [['--all'], 121, 'user119@example.com'],
    [['--limit', '110'], 110, 'user119@example.com'],
    [['--limit', '1', '--order', 'oldest'], 1, 'ada@example.com'],
    [['--role', 'editor'], 1, 'ada@example.com'],
    [['--role', 'nobody'], 0, ''],
    [['--search', 'USER01'], 10, 'user010@example.com'],
    [['--disabled'], 0, ''],
  ])('list %j finds %i', async (args, count, first) => {
    const { status, stdout } = await here.run('users', 'list', ...args)
    const [header = '', ...rows] = stdout.split('\n').filter(Boolean)
    expect([status, rows.length]).toEqual([0, count])
    if (count > 0) expect([header.startsWith('ID '), rows[0]?.includes(first)]).toEqual([true, true])
  })

  it('list fits on a terminal of 80 columns, and shows ids whole', async () => {
    const { stdout } = await here.runWith({ terminal: true }, 'users', 'list', '--limit', '3')
    for (const line of stripVTControlCharacters(stdout).split('\n'))
      expect(line.length).toBeLessThanOrEqual(80)
    expect(stdout.match(/^[0-9a-f-]{36} {2}/gm)).toHaveLength(3)
  })

  it('find says by its exit code whether there is anybody', async () => {
    expect(linesOf(await here.run('users', 'find', 'ada', '--json'))).toMatchObject([{ id: ada }])
    expect((await here.run('users', 'find', ada)).stdout).toContain('ada@example.com')
    const nobody = await here.run('users', 'find', 'zzz')
    expect(nobody).toEqual({
      status: 1,
      stdout: '',
      stderr: 'lockjar: nobody’s address or user name begins so\n',
    })
  })

  it.each([['id'], ['e-mail address'], ['user name']])('show knows a user by %s', async (by) => {
    const whom = { id: ada, 'e-mail address': 'ADA@example.com', 'user name': 'Ada' }[by] ?? ''
    const shown = await here.run('users', 'show', whom, '--json')
    expect(linesOf(shown)).toMatchObject([
      { id: ada, email: 'ada@example.com', roles: ['editor'], hasPassword: true },
    ])
    expect((await here.run('users', 'show', whom)).stdout).toMatch(
      /^e-mail +ada@example\.com \(not verified\)$/m,
    )
  })

  it.each([
    ['show', 'nobody@example.com'],
    ['show', '01890000-0000-7000-8000-000000000000'],
    ['disable', 'nobody'],
    ['enable', 'nobody'],
    ['end-sessions', 'nobody'],
    ['reset', 'nobody'],
    ['set-role', 'nobody', 'editor'],
  ])('%s %s says that there is no such user', async (...args) => {
    const { status, stdout, stderr } = await here.run('users', ...args)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^lockjar: there is no such user.*\n$/i)
  })

  it.each<[args: readonly string[], status: number, line: RegExp]>([
    [['list', '--limit', '0'], 2, /Write a whole number from 1 to 1000000/],
    [['list', '--limit', 'many'], 2, /Write a whole number/],
    [['list', '--order', 'random'], 2, /Allowed choices are newest, oldest/],
    [['list', '--after', 'x'], 1, /Send `next` of the page before/],
    [['show'], 2, /missing required argument 'user'/],
    [['set-role', 'ada'], 2, /name the roles, or write --none/],
    [['set-role', 'ada', 'x', '--none'], 2, /name the roles, or write --none/],
    [['set-role', 'ada', '--add', '--remove', 'x'], 2, /cannot be used with/],
    [['set-role', 'ada', 'no role!'], 1, /A role is 1 to 64 letters/],
    [['lst'], 2, /unknown command 'lst' \(Did you mean list\?\)/],
  ])('refuses %j with exit code %i', async (args, status, line) => {
    const ran = await here.run('users', ...args)
    expect([ran.status, ran.stdout, ran.stderr.split('\n').length]).toEqual([status, '', 2])
    expect(ran.stderr).toMatch(line)
  })

  it('set-role sets, adds, removes and takes all', async () => {
    const roles = async (...args: string[]) =>
      linesOf<ManagedUser>(await here.run('users', 'set-role', 'user000@example.com', ...args, '--json'))[0]
        ?.roles
    expect(await roles('a', 'b')).toEqual(['a', 'b'])
    expect(await roles('--add', 'b', 'c')).toEqual(['a', 'b', 'c'])
    expect(await roles('--remove', 'a', 'x')).toEqual(['b', 'c'])
    expect(await roles('d')).toEqual(['d'])
    expect(await roles('--none')).toEqual([])
  })

  it('writes out what a user’s name would do to the terminal', async () => {
    const db = new DatabaseSync(join(here.cwd, 'data/lockjar.db'))
    const evil = '\u001b]0;owned\u0007\u202eeman'
    db.prepare("update lockjar_users set name = ? where email_key = 'user001@example.com'").run(evil)
    db.close()
    const { stdout } = await here.run('users', 'show', 'user001@example.com')
    expect(stdout).toContain('name          \\u{1b}]0;owned\\u{7}\\u{202e}eman\n')
    expect(linesOf(await here.run('users', 'show', 'user001@example.com', '--json'))).toMatchObject([
      { name: evil },
    ])
  })
})

describe('on an installation that is running', () => {
  /** What the server answers its user, as soon as it is not 200. */
  async function refusal(browser: TestBrowser): Promise<unknown> {
    for (let tries = 0; tries < 100; tries++) {
      const { status, body } = await browser.get('/auth/me')
      if (status !== 200) return body['code']
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return 200
  }

  it('disable and enable reach the server, end-sessions signs out, in processes of their own', async () => {
    const here = await start()
    const ada = await here.signUp('ada')
    const options = { cwd: here.cwd, env: CHEAP }
    const disabled = await runCli(['users', 'disable', 'ada@example.com'], options)
    expect(disabled).toEqual({ status: 0, stdout: `disabled ${ada.id}\n`, stderr: '' })
    expect(await refusal(ada.browser)).toBe('session_revoked')
    const login = () => ada.browser.post('/auth/login', { username: 'ada', password: PASSWORD })
    expect((await login()).body['code']).toBe('account_disabled')
    const enabled = await runCli(['users', 'enable', ada.id, '--json'], options)
    expect(linesOf(enabled)).toMatchObject([{ id: ada.id, disabledAt: null }])
    expect((await login()).status).toBe(200)
    const events = linesOf(await here.run('audit', 'export', '--event', 'user.disabled'))
    expect(events).toMatchObject([{ user: ada.id, actor: 'cli' }])
    expect((await runCli(['users', 'end-sessions', 'ada'], options)).stdout).toBe(
      `ended all sessions of ${ada.id}\n`,
    )
    expect(await refusal(ada.browser)).toBe('session_revoked')
    await here.auth.close()
  })

  it('sessions are listed, and one is revoked', async () => {
    const here = await start()
    const ada = await here.signUp('ada')
    await here.signUp('grace')
    const [session] = linesOf<ListedSession>(await here.run('sessions', 'list', 'ada', '--json'))
    expect(session).toMatchObject({ ip: '192.0.2.1', userAgent: 'Browser of ada' })
    expect(session).not.toHaveProperty('current')
    const { stdout } = await here.run('sessions', 'list', 'ada')
    expect(stdout).toMatch(
      /^ID +SEEN +ADDRESS +USER AGENT\n[0-9a-f-]{36} {2}now +192\.0\.2\.1 +Browser of ada\n$/,
    )
    const id = session?.id ?? ''
    const revoked = await runCli(['sessions', 'revoke', id], { cwd: here.cwd, env: CHEAP })
    expect(revoked).toEqual({ status: 0, stdout: `ended ${id}\n`, stderr: '' })
    expect(await refusal(ada.browser)).toBe('session_revoked')
    expect(await here.run('sessions', 'revoke', id)).toMatchObject({ status: 1, stdout: '' })
    expect((await here.run('sessions', 'list', 'ada')).stdout).toBe('')
    await here.auth.close()
  })

  it('reset leaves a link for the server to mail, and says nothing of it', async () => {
    const here = await start()
    const ada = await here.signUp('ada')
    const { status, stdout, stderr } = await runCli(['users', 'reset', 'ada'], { cwd: here.cwd, env: CHEAP })
    expect([status, stdout]).toEqual([0, `queued a link for ${ada.id}\n`])
    expect(stderr).toBe('')
    expect((await ada.browser.get('/auth/me')).status).toBe(200)
    await here.auth.close()
  })

  it('all sessions of a user are revoked, or everybody’s after a yes', async () => {
    const here = await start()
    const [ada, grace] = [await here.signUp('ada'), await here.signUp('grace')]
    expect(linesOf(await here.run('sessions', 'revoke', '--user', 'ada', '--json'))).toEqual([
      { user: ada.id },
    ])
    expect(await refusal(ada.browser)).toBe('session_revoked')
    const all = ['sessions', 'revoke', '--all']
    expect(await here.run(...all)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('add --yes'),
    })
    for (const keys of ['n\r', '\r', 'yep\r'])
      expect(await here.runWith({ terminal: true, keys }, ...all)).toMatchObject({ status: 1, stdout: '' })
    expect(await here.runWith({ terminal: true, keys: '\x03' }, ...all)).toMatchObject({ status: 130 })
    expect((await grace.browser.get('/auth/me')).status).toBe(200)
    expect((await here.runWith({ terminal: true, keys: 'y\r' }, ...all)).stdout).toContain('ended 1 sessions')
    expect(await refusal(grace.browser)).toBe('session_revoked')
    const ran = await runCli([...all, '--yes', '--json'], { cwd: here.cwd, env: CHEAP })
    expect(linesOf(ran)).toEqual([{ ended: 0 }])
    await here.auth.close()
  })

  it.each([[['revoke']], [['revoke', 'x', '--all']], [['revoke', '--user', 'x', '--all']]])(
    'sessions %j is refused: it must be one session, one user’s, or all',
    async (args) => {
      const world = createWorld()
      expect(await runHere(['sessions', ...args], world)).toMatchObject({
        status: 2,
        stderr: 'lockjar: give one of: a session, --user <user>, --all\n',
      })
    },
  )
})

describe('a command that acts on an installation', () => {
  it('makes no database where there is none, and says which one it looked for', async () => {
    const cwd = createFolder()
    const ran = await runCli(['users', 'list'], { cwd })
    expect([ran.status, ran.stdout]).toEqual([3, ''])
    expect(ran.stderr).toMatch(
      /^lockjar: there is no database sqlite:\.\/data\/lockjar\.db here; .*lockjar migrate\n$/,
    )
    expect(existsSync(join(cwd, 'data'))).toBe(false)
  })

  it('does not migrate under a server of another version', async () => {
    const cwd = createFolder()
    await runHere(['migrate'], createWorld({ cwd }))
    const db = new DatabaseSync(join(cwd, 'data/lockjar.db'))
    db.prepare("delete from lockjar_migrations where name = '0002_session_data'").run()
    db.close()
    for (const args of [['users', 'list'], ['createsuperuser'], ['sessions', 'revoke', '--all', '--yes']])
      expect(await runHere(args, createWorld({ cwd }))).toEqual({
        status: 3,
        stdout: '',
        stderr:
          'lockjar: the schema of sqlite:./data/lockjar.db lacks 0002_session_data; bring it up to date with: lockjar migrate\n',
      })
  })

  it('says in one line which setting cannot work', async () => {
    const world = createWorld({ env: { LOCKJAR_BASE_URL: 'nowhere' } })
    await runHere(['migrate'], createWorld({ cwd: world.io.cwd }))
    expect(await runHere(['users', 'list'], world)).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/^lockjar: option baseURL: "nowhere" is not an origin.*\n$/),
    })
  })
})
