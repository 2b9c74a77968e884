// What may the application itself do with accounts? Through `auth.users`, as its own code would.
import type { ImportResult, NewUser, UserCreation, UserList } from 'lockjar'
import { AuthError } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from './support/auth.ts'
import { TestBrowser } from './support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ANY = { search: null, disabled: null, verified: null, order: 'oldest', after: null, limit: 10 } as const

async function start() {
  const made = await createTestAuth({ baseURL: LOCAL })
  const { users } = made.auth
  const events = (name: string) => made.log.filter(({ fields }) => fields['event'] === name)
  const browser = () => new TestBrowser(made.auth.handler, LOCAL)
  return { ...made, users, events, browser }
}

describe('an account that the application makes', () => {
  it('signs in with the password that it was given, and no event holds address or password', async () => {
    const { users, browser, events, log } = await start()
    const made = await users.create({
      email: 'Ada@Example.com',
      username: 'ada',
      name: ' Ada ',
      password: PASSWORD,
      roles: ['editor', 'editor'],
      emailVerified: true,
    })
    expect(made).toMatchObject({
      email: 'Ada@Example.com',
      username: 'ada',
      name: 'Ada',
      roles: ['editor'],
      emailVerified: true,
      disabledAt: null,
      lastLoginAt: null,
      hasPassword: true,
    })
    expect((await browser().post('/auth/login', { username: 'ada', password: PASSWORD })).status).toBe(200)
    expect((await users.get(made.id)).lastLoginAt).not.toBeNull()
    expect(events('user.created')).toMatchObject([
      { fields: { user: made.id, actor: 'app', roles: 'editor' } },
    ])
    expect(JSON.stringify(log)).not.toMatch(/example\.com|correct horse/i)
  })

  it('takes the hash of another system, which its password then fits', async () => {
    const { users, browser } = await start()
    // `PASSWORD`, by Django: test/fixtures/django-hashes.json.
    const passwordHash =
      'pbkdf2_sha256$1000$03l3FflzHWnHHuDSbZen59$dH4ht7fdV6h0+9qEqx/Gn0IT9xihmDUKj0MA14F9u/o='
    const { hasPassword } = await users.create({ email: 'ada@example.com', passwordHash })
    expect(hasPassword).toBe(true)
    const signIn = (password: string) => browser().post('/auth/login', { email: 'ada@example.com', password })
    expect((await signIn('another password')).status).toBe(401)
    expect((await signIn(PASSWORD)).status).toBe(200)
  })

  it('has no password unless it was given one, and nobody signs in to it', async () => {
    const { users, browser } = await start()
    expect(await users.create({ email: 'ada@example.com' })).toMatchObject({ hasPassword: false })
    for (const password of [PASSWORD, 'null', '!'])
      expect((await browser().post('/auth/login', { email: 'ada@example.com', password })).status).toBe(401)
  })

  it.each<[what: string, change: Partial<UserCreation>, field: string]>([
    ['no address', { email: 'ada' }, 'email'],
    ['a user name that could be an address', { username: 'a@b' }, 'username'],
    ['a name with a line break', { name: 'Ada\nBcc: eve' }, 'name'],
    ['an empty name', { name: ' ' }, 'name'],
    ['a name without end', { name: 'x'.repeat(101) }, 'name'],
    ['a role that is none', { roles: ['not a role'] }, 'roles'],
    ['roles without end', { roles: Array.from({ length: 33 }, (_, n) => `r${n}`) }, 'roles'],
    ['a password that is guessed first', { password: 'password' }, 'password'],
    ['a password like the name', { name: 'Ada Lovelace', password: 'adalovelace' }, 'password'],
    ['a hash of no form', { passwordHash: 'plain text' }, 'passwordHash'],
    ["Django's unusable hash", { passwordHash: '!abc' }, 'passwordHash'],
    ['both password and hash', { password: PASSWORD, passwordHash: '$2b$10$x' }, 'passwordHash'],
  ])('is refused with %s, and not made', async (_what, change, field) => {
    const { users } = await start()
    const refused = users.create({ email: 'ada@example.com', ...change })
    await expect(refused).rejects.toMatchObject({ code: 'validation_failed', facts: { errors: [{ field }] } })
    expect((await users.list()).users).toEqual([])
  })

  it('has an address and a user name of its own', async () => {
    const { users } = await start()
    await users.create({ email: 'ada@example.com', username: 'ada' })
    for (const [user, field] of [
      [{ email: 'ADA@example.com' }, 'email'],
      [{ email: 'eve@example.com', username: 'Ada' }, 'username'],
    ] as const)
      await expect(users.create(user)).rejects.toMatchObject({
        code: 'conflict',
        facts: { errors: [{ field, code: 'taken' }] },
      })
  })
})

describe('users', () => {
  it('are found by the whole address, user name or id, in any case', async () => {
    const { users } = await start()
    const { id } = await users.create({ email: 'Ada@Example.com', username: 'Ada' })
    expect(await users.find({ email: 'aDa@example.COM' })).toMatchObject({ id })
    expect(await users.find({ username: 'ADA' })).toMatchObject({ id })
    expect(await users.find({ username: 'ad' })).toBeNull()
    expect((await users.list({ search: id })).users).toMatchObject([{ id }])
    expect((await users.list({ search: 'ADA@ex' })).users).toMatchObject([{ id }])
    await expect(users.get('nobody')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('come in pages, newest first', async () => {
    const { users, clock } = await start()
    for (const n of [1, 2, 3]) {
      await users.create({ email: `ada${n}@example.com` })
      clock.advance(1)
    }
    const names = ({ users: page }: Awaited<ReturnType<typeof users.list>>) =>
      page.map(({ email }) => email[3])
    const first = await users.list({ limit: 2 })
    expect(names(first)).toEqual(['3', '2'])
    const second = await users.list({ limit: 2, after: String(first.next) })
    expect([names(second), second.next]).toEqual([['1'], null])
    expect(names(await users.list({ order: 'oldest' }))).toEqual(['1', '2', '3'])
  })

  it.each<[what: string, list: UserList, field: string]>([
    ['a page of none', { limit: 0 }, 'limit'],
    ['a page of too many', { limit: 101 }, 'limit'],
    ['a page of half a user', { limit: 1.5 }, 'limit'],
    ['an `after` of nobody’s', { after: 'x' }, 'after'],
    ['an `after` of a search', { after: 'e.YQ' }, 'after'],
    ['an `after` of no search', { search: 'a', after: 'i.YQ' }, 'after'],
  ])('are not listed by %s', async (_what, list, field) => {
    const { users } = await start()
    await expect(users.list(list)).rejects.toMatchObject({
      code: 'validation_failed',
      facts: { errors: [{ field }] },
    })
  })

  it('have sessions that can be ended one by one, by their own id only', async () => {
    const { users, browser, auth, events } = await start()
    const { id } = await users.create({ email: 'ada@example.com', password: PASSWORD })
    const eve = await users.create({ email: 'eve@example.com', password: PASSWORD })
    const [one, two] = [browser(), browser()]
    for (const each of [one, two])
      await each.post('/auth/login', { email: 'ada@example.com', password: PASSWORD })
    const sessions = await users.sessions(id)
    expect(sessions).toHaveLength(2)
    const current = (await one.get('/auth/me')).body['session'] as { id: string }
    await expect(users.endSession(eve.id, current.id)).rejects.toMatchObject({ code: 'not_found' })
    await users.endSession(id, current.id)
    await expect(users.endSession(id, current.id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(users.sessions('nobody')).rejects.toMatchObject({ code: 'not_found' })
    expect((await one.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await two.get('/auth/me')).status).toBe(200)
    expect(await auth.users.sessions(id)).toHaveLength(1)
    expect(events('session.revoked')).toMatchObject([
      { fields: { user: id, session: current.id, actor: 'app', reason: 'revoked_by_admin' } },
    ])
  })
})

describe('the last superuser who is enabled', () => {
  it('is neither disabled nor loses the role, nor deletes the account, and stays signed in', async () => {
    const { users, browser } = await start()
    const admin = { email: 'ada@example.com', password: PASSWORD, roles: ['superuser'] }
    const { id } = await users.create(admin)
    const other = await users.create({ ...admin, email: 'eve@example.com' })
    await users.disable(other.id)
    const own = browser()
    await own.post('/auth/login', { email: admin.email, password: PASSWORD })
    await expect(users.disable(id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(users.setRoles(id, ['editor'])).rejects.toMatchObject({ code: 'conflict' })
    const deleted = await own.send('DELETE', '/auth/me', { body: { password: PASSWORD } })
    expect([deleted.status, deleted.body['code']]).toEqual([409, 'conflict'])
    expect((await own.get('/auth/me')).status).toBe(200)
    await users.enable(other.id)
    expect((await own.send('DELETE', '/auth/me', { body: { password: PASSWORD } })).status).toBe(204)
  })
})

describe('the last superuser, where another one goes in the same instant', () => {
  it.each<[what: string, act: (made: Awaited<ReturnType<typeof start>>, id: string) => Promise<unknown>]>([
    ['is not disabled', ({ users }, id) => users.disable(id)],
    ['keeps the role', ({ users }, id) => users.setRoles(id, [])],
    [
      'is not deleted',
      async ({ browser }) => {
        const own = browser()
        await own.post('/auth/login', { email: 'ada@example.com', password: PASSWORD })
        const { status, body } = await own.send('DELETE', '/auth/me', { body: { password: PASSWORD } })
        expect(status).toBe(409)
        throw new AuthError(body['code'] as 'conflict')
      },
    ],
  ])('%s, though the other was there a moment ago', async (_what, act) => {
    const made = await start()
    const { users, store } = made
    const ada = { email: 'ada@example.com', password: PASSWORD, roles: ['superuser'] }
    const { id } = await users.create(ada)
    const other = await users.create({ ...ada, email: 'eve@example.com' })
    const before = await store.users.list({ ...ANY, role: 'superuser' })
    await users.disable(other.id)
    const { list } = store.users
    Object.assign(store.users, { list: async () => before })
    await expect(act(made, id)).rejects.toMatchObject({ code: 'conflict' })
    Object.assign(store.users, { list })
    expect((await users.list({ role: 'superuser', disabled: false })).users).toMatchObject([{ id }])
  })
})

describe('an import', () => {
  const row = (line: number, fields: Readonly<Record<string, unknown>>) => ({ line, fields })

  it('tells of each row in order once it is durable, and is one event, without addresses', async () => {
    const { users, events, log } = await start()
    await users.create({ email: 'there@example.com' })
    const results: ImportResult[] = []
    const rows = [
      row(1, { email: 'ada@example.com', roles: ['editor'], created_at: '2024-01-01' }),
      row(2, { email: 'There@example.com' }),
      row(3, { email: 'nobody' }),
      { line: 4, errors: [{ field: '', code: 'json', message: 'No JSON.' }] },
      row(5, { email: 'ADA@example.com' }),
    ]
    const onResults = async (told: readonly ImportResult[]) => {
      results.push(...told)
      if (told.some(({ line }) => line === 1))
        expect(await users.find({ email: 'ada@example.com' })).not.toBeNull()
    }
    expect(await users.import(rows, { onResults })).toEqual({ created: 1, exists: 1, refused: 3 })
    expect(results).toMatchObject([
      { line: 1, verdict: 'created' },
      { line: 2, verdict: 'exists' },
      { line: 3, verdict: 'refused', errors: [{ field: 'email', code: 'invalid' }], email: 'nobody' },
      { line: 4, verdict: 'refused', errors: [{ code: 'json' }], email: null },
      { line: 5, verdict: 'refused', errors: [{ code: 'duplicate' }], duplicateOf: 1 },
    ])
    expect(events('users.imported')).toMatchObject([
      { fields: { actor: 'app', created: 1, exists: 1, refused: 3 } },
    ])
    expect(JSON.stringify(log)).not.toContain('example.com')
    expect((await users.list({ order: 'oldest' })).users.map(({ email }) => email)).toEqual([
      'ada@example.com',
      'there@example.com',
    ])
  })

  it('that the database breaks off is an event all the same, and tells what was done', async () => {
    const { users, store, events } = await start()
    const createMany = store.users.createMany.bind(store.users)
    let calls = 0
    Object.assign(store.users, {
      createMany: (all: readonly NewUser[]) =>
        ++calls === 2 ? Promise.reject(new AuthError('unavailable')) : createMany(all),
    })
    const rows = Array.from({ length: 1001 }, (_, n) => row(n + 1, { email: `user${n}@example.com` }))
    await expect(users.import(rows)).rejects.toMatchObject({ code: 'unavailable' })
    expect(events('users.imported')).toMatchObject([{ fields: { created: 1000 } }])
    expect(await users.import(rows)).toEqual({ created: 1, exists: 1000, refused: 0 })
  })

  it('in a dry run writes nothing, and is no event', async () => {
    const { users, events } = await start()
    const rows = [row(1, { email: 'ada@example.com' })]
    expect(await users.import(rows, { dryRun: true })).toEqual({ created: 1, exists: 0, refused: 0 })
    expect([(await users.list()).users, events('users.imported')]).toEqual([[], []])
  })
})
