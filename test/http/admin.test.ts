// How are users administered over HTTP: by whom, with which proof, and what is left to be known afterwards?
import { describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/http/routes/index.ts'
import { createTestAuth, ORIGIN, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { NO_MAILER, watchOutbox } from '../support/mailbox.ts'

const LOCAL = 'http://localhost:3000'
const USERS = '/auth/admin/users'
const MINUTE = 60_000
const NOBODY = '0198c2f0-0000-7000-8000-000000000000'

async function start() {
  const made = await createTestAuth({ baseURL: LOCAL, mailer: NO_MAILER })
  const mails = watchOutbox(made.store)
  const { users } = made.auth
  const events = (...names: readonly string[]) =>
    made.log.filter(({ fields }) => names.includes(String(fields['event']))).map(({ fields }) => fields)
  const browser = () => new TestBrowser(made.auth.handler, LOCAL)
  const signIn = async (email: string) => {
    const own = browser()
    expect((await own.post('/auth/login', { email, password: PASSWORD })).status).toBe(200)
    return own
  }
  const create = (name: string, ...roles: readonly string[]) =>
    users.create({ email: `${name}@example.com`, password: PASSWORD, roles })
  const ada = await create('ada', 'superuser')
  const eve = await create('eve')
  return {
    ...made,
    mails,
    users,
    events,
    browser,
    signIn,
    create,
    ada,
    eve,
    admin: await signIn('ada@example.com'),
  }
}

const ADMIN_ROUTES = ROUTES.filter(({ path }) => path.startsWith('/admin/')).map(
  ({ method, path }): [string, string, string] => [`${method} ${path}`, method, path],
)

/** Something that each would take. */
const BODIES: Readonly<Record<string, unknown>> = {
  'POST /admin/users/search': { search: 'eve' },
  'POST /admin/users': { email: 'new@example.com' },
  'POST /admin/users/:id/roles': { roles: ['editor'] },
}

describe.each(ADMIN_ROUTES)('%s', (name, method, path) => {
  const send = (browser: TestBrowser, id: string, options = {}) =>
    browser.send(method, `/auth${path.replace(':id', id).replace(':session', NOBODY)}`, {
      ...(method !== 'GET' && { body: BODIES[name] ?? {} }),
      ...options,
    })

  it('is for superusers alone: others are refused, and that is recorded', async () => {
    const { browser, signIn, eve, events, users } = await start()
    expect((await send(browser(), eve.id)).status).toBe(401)
    const before = await users.list()
    const sent = await send(await signIn('eve@example.com'), eve.id)
    expect([sent.status, sent.body['code']]).toEqual([403, 'forbidden'])
    expect(events('admin.refused')).toMatchObject([{ user: eve.id }])
    expect((await users.list()).users.map(({ id }) => id)).toEqual(before.users.map(({ id }) => id))
  })

  it('asks for a password of the last fifteen minutes', async () => {
    const { admin, eve, clock } = await start()
    clock.advance(15 * MINUTE)
    expect((await admin.post('/auth/refresh')).status).toBe(200)
    expect((await send(admin, eve.id)).status).toBeLessThan(405)
    clock.advance(MINUTE)
    const sent = await send(admin, eve.id)
    expect([sent.status, sent.body['code']]).toEqual([403, 'step_up_required'])
    expect((await admin.post('/auth/step-up', { password: PASSWORD })).status).toBe(200)
    expect((await send(admin, eve.id)).body['code']).not.toBe('step_up_required')
  })

  it('is refused at once to whoever has lost the role, whatever their token says', async () => {
    const { admin, ada, eve, store } = await start()
    // Not through `auth.users`, which would have the token refused before the role is looked at.
    await store.users.setRoles(ada.id, ['editor'])
    const sent = await send(admin, eve.id)
    expect([sent.status, sent.body['code']]).toEqual([403, 'forbidden'])
  })

  if (method !== 'GET')
    it('does nothing for another site', async () => {
      const { admin, eve, users } = await start()
      const sent = await send(admin, eve.id, { site: 'cross-site', origin: 'https://evil.example' })
      expect([sent.status, sent.body['code']]).toEqual([403, 'csrf_failed'])
      expect(await users.get(eve.id)).toMatchObject({ disabledAt: null, roles: [] })
    })

  it('says nothing of the hash', async () => {
    const { admin, eve } = await start()
    expect((await send(admin, eve.id)).text).not.toMatch(/argon2|passwordHash/)
  })
})

describe('users', () => {
  it('are listed in pages, by role, by whether they are disabled or verified', async () => {
    const { admin, create, users, clock, ada, eve, events } = await start()
    clock.advance(1)
    const bob = await create('bob', 'editor')
    await users.disable(bob.id)
    const list = async (query: string) => {
      const { status, body } = await admin.get(`${USERS}?${query}`)
      expect(status, query).toBe(200)
      return (body['users'] as { id: string }[]).map(({ id }) => id)
    }
    expect((await list(''))[0]).toBe(bob.id)
    expect((await list('')).toSorted()).toEqual([ada.id, eve.id, bob.id].toSorted())
    expect(await list('role=editor')).toEqual([bob.id])
    expect(await list('disabled=true')).toEqual([bob.id])
    expect(await list('disabled=false&role=superuser&emailVerified=false&order=oldest')).toEqual([ada.id])
    const first = await admin.get(`${USERS}?limit=2`)
    const second = await admin.get(`${USERS}?limit=2&after=${first.body['next']}`)
    expect([(second.body['users'] as unknown[]).length, second.body['next']]).toEqual([1, null])
    expect(events('users.listed').at(-1)).toMatchObject({ actor: ada.id, count: 1 })
  })

  it.each<[query: string, status: number, field: string | null]>([
    ['limit=0', 422, 'limit'],
    ['limit=101', 422, 'limit'],
    ['limit=all', 422, 'limit'],
    ['limit=-1', 422, 'limit'],
    ['after=x', 422, 'after'],
    ['order=sideways', 422, 'order'],
    ['disabled=perhaps', 422, 'disabled'],
    ['search=eve', 422, 'search'],
    ['rolle=editor', 422, 'rolle'],
    ['limit=1&limit=2', 400, null],
  ])('are not listed by ?%s', async (query, status, field) => {
    const { admin } = await start()
    const sent = await admin.get(`${USERS}?${query}`)
    const [error] = (sent.body['errors'] ?? [{ field: null }]) as { field: string | null }[]
    expect([sent.status, error?.field]).toEqual([status, field])
  })

  it('are searched by the beginning of address or user name, or by id, with nothing of it in a URL or an event', async () => {
    const { admin, users, eve, log } = await start()
    const zoe = await users.create({ email: 'zoe@example.com', username: 'everest' })
    const search = async (body: object) => {
      const sent = await admin.post(`${USERS}/search`, body)
      return (sent.body['users'] as { id: string }[] | undefined)?.map(({ id }) => id) ?? sent.status
    }
    expect(await search({ search: 'EVE' })).toEqual([eve.id, zoe.id])
    expect(await search({ search: 'eve', limit: 1 })).toEqual([eve.id])
    expect(await search({ search: zoe.id })).toEqual([zoe.id])
    expect(await search({ search: 'ever', disabled: true })).toEqual([])
    expect(await search({ search: '' })).toBe(422)
    expect(await search({ search: 'x'.repeat(255) })).toBe(422)
    expect(JSON.stringify(log)).not.toContain('example.com')
  })

  it('are shown with what their administrators need', async () => {
    const { admin, eve, ada, clock, signIn, events } = await start()
    await signIn('eve@example.com')
    const { body } = await admin.get(`${USERS}/${eve.id}`)
    expect(body['user']).toEqual({
      id: eve.id,
      email: 'eve@example.com',
      username: null,
      name: null,
      roles: [],
      emailVerified: false,
      createdAt: eve.createdAt,
      disabledAt: null,
      lastLoginAt: new Date(clock.now()).toISOString(),
      hasPassword: true,
    })
    expect((await admin.get(`${USERS}/${NOBODY}`)).body['code']).toBe('not_found')
    expect(events('user.viewed')).toMatchObject([{ user: eve.id, actor: ada.id }])
  })

  it('are made with roles and without a password, which their owner alone chooses, by the mail that invites them', async () => {
    const { admin, ada, events, mails, users, browser } = await start()
    const sent = await admin.post(USERS, { email: 'New@example.com', name: 'New', roles: ['editor'] })
    expect(sent.status).toBe(201)
    const made = sent.body['user'] as { id: string }
    expect(made).toMatchObject({ email: 'New@example.com', roles: ['editor'], hasPassword: false })
    expect(await mails.news()).toEqual([['invitation', 'New@example.com']])
    expect(events('user.created').at(-1)).toMatchObject({ user: made.id, actor: ada.id })
    expect(events('user.registered')).toEqual([])

    const link = { token: await mails.token('invitation'), newPassword: 'another horse, another battery' }
    expect((await browser().post('/auth/password/reset', link)).status).toBe(204)
    const owner = { email: 'new@example.com', password: link.newPassword }
    expect((await browser().post('/auth/login', owner)).body['user']).toMatchObject({ roles: ['editor'] })
    expect(await users.get(made.id)).toMatchObject({ name: 'New', emailVerified: true, hasPassword: true })
  })

  it.each<[what: string, change: object, status: number]>([
    ['a password', { password: PASSWORD }, 422],
    ['a hash', { passwordHash: '$2b$10$x' }, 422],
    ['a proved address', { emailVerified: true }, 422],
    ['a role that is none', { roles: ['no role!'] }, 422],
    ['an address that is taken', { email: 'EVE@example.com' }, 409],
  ])('are not made with %s', async (_what, change, status) => {
    const { admin, mails, users } = await start()
    expect((await admin.post(USERS, { email: 'new@example.com', ...change })).status).toBe(status)
    expect(await users.find({ email: 'new@example.com' })).toBeNull()
    expect(await mails.news()).toEqual([])
  })

  it('are not made where no mail can be sent, for nobody could ever sign in', async () => {
    const { auth } = await createTestAuth()
    await auth.users.create({ email: 'ada@example.com', password: PASSWORD, roles: ['superuser'] })
    const admin = new TestBrowser(auth.handler, ORIGIN)
    await admin.post('/auth/login', { email: 'ada@example.com', password: PASSWORD })
    expect((await admin.post(USERS, { email: 'new@example.com' })).status).toBe(503)
    expect((await auth.users.list()).users).toHaveLength(1)
  })

  it('get a link to choose a new password, and until they use it nothing changes', async () => {
    const { admin, ada, eve, mails, events, browser, signIn, users } = await start()
    const sent = await admin.post(`${USERS}/${eve.id}/reset`)
    expect([sent.status, sent.text]).toEqual([202, ''])
    expect(await mails.news()).toEqual([['reset-password', 'eve@example.com']])
    expect(events('password.reset_requested')).toMatchObject([{ user: eve.id, actor: ada.id }])
    await signIn('eve@example.com')
    const newPassword = 'another horse, another battery'
    const token = await mails.token('reset-password')
    expect((await browser().post('/auth/password/reset', { token, newPassword })).status).toBe(204)
    expect((await admin.post(`${USERS}/${NOBODY}/reset`)).status).toBe(404)
    await users.disable(eve.id)
    expect((await admin.post(`${USERS}/${eve.id}/reset`)).status).toBe(403)
  })

  it('are disabled, enabled and given roles, which their open sessions notice', async () => {
    const { admin, eve, ada, events, signIn } = await start()
    const own = await signIn('eve@example.com')
    expect((await admin.post(`${USERS}/${eve.id}/roles`, { roles: ['editor'] })).body['user']).toMatchObject({
      roles: ['editor'],
    })
    await own.post('/auth/refresh')
    expect((await own.get('/auth/me')).body['user']).toMatchObject({ roles: ['editor'] })
    expect((await admin.post(`${USERS}/${eve.id}/disable`)).body['user']).toMatchObject({
      disabledAt: expect.any(String),
    })
    expect((await own.get('/auth/me')).status).toBe(401)
    expect((await admin.post(`${USERS}/${eve.id}/enable`)).body['user']).toMatchObject({ disabledAt: null })
    await signIn('eve@example.com')
    const done = events('user.roles_changed', 'user.disabled', 'user.enabled')
    expect(done.map(({ user, actor }) => [user, actor])).toEqual(Array(3).fill([eve.id, ada.id]))
    for (const act of ['disable', 'enable'])
      expect((await admin.post(`${USERS}/${NOBODY}/${act}`)).status, act).toBe(404)
    expect((await admin.post(`${USERS}/${eve.id}/roles`, { roles: ['no role!'] })).status).toBe(422)
  })

  it('have sessions, which are ended one by one or all at once', async () => {
    const { admin, eve, ada, signIn, events } = await start()
    const [one, two, three] = [
      await signIn('eve@example.com'),
      await signIn('eve@example.com'),
      await signIn('eve@example.com'),
    ]
    const sessions = (await admin.get(`${USERS}/${eve.id}/sessions`)).body['sessions'] as { id: string }[]
    expect(sessions).toHaveLength(3)
    expect(sessions[0]).toMatchObject({ ip: '192.0.2.1', current: false })
    const { id } = (await one.get('/auth/me')).body['session'] as { id: string }
    const own = (await admin.get('/auth/me')).body['session'] as { id: string }
    expect((await admin.send('DELETE', `${USERS}/${eve.id}/sessions/${own.id}`)).status).toBe(404)
    expect((await admin.send('DELETE', `${USERS}/${eve.id}/sessions/${id}`)).status).toBe(204)
    expect((await admin.send('DELETE', `${USERS}/${eve.id}/sessions/${id}`)).status).toBe(404)
    expect((await one.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await two.get('/auth/me')).status).toBe(200)
    const all = await admin.send('DELETE', `${USERS}/${eve.id}/sessions`)
    expect([all.status, all.cookies]).toEqual([204, []])
    for (const each of [two, three]) expect((await each.get('/auth/me')).status).toBe(401)
    expect((await admin.send('DELETE', `${USERS}/${NOBODY}/sessions`)).status).toBe(404)
    expect(events('session.revoked', 'session.revoked_all')).toMatchObject([
      { user: eve.id, actor: ada.id, session: id },
      { user: eve.id, actor: ada.id },
    ])
  })

  it('of whom one is oneself: ending the own session clears the cookies', async () => {
    const { admin, ada, signIn } = await start()
    const { id } = (await admin.get('/auth/me')).body['session'] as { id: string }
    expect((await admin.get(`${USERS}/${ada.id}/sessions`)).body['sessions']).toMatchObject([
      { current: true },
    ])
    await admin.send('DELETE', `${USERS}/${ada.id}/sessions/${id}`)
    expect(admin.cookie('access_token')).toBe('')
    const again = await signIn('ada@example.com')
    await again.send('DELETE', `${USERS}/${ada.id}/sessions`)
    expect(again.cookie('access_token')).toBe('')
  })
})

describe('one superuser is always left', () => {
  it('nobody disables the own account, and the last one keeps the role', async () => {
    const { admin, ada, users, create } = await start()
    const last = await admin.post(`${USERS}/${ada.id}/roles`, { roles: [] })
    expect([last.status, last.body['code']]).toEqual([409, 'conflict'])
    const { id } = await create('bob', 'superuser')
    const own = await admin.post(`${USERS}/${ada.id}/disable`)
    expect([own.status, own.body['code']]).toEqual([403, 'forbidden'])
    expect((await admin.get('/auth/me')).status).toBe(200)
    expect((await admin.post(`${USERS}/${id}/disable`)).status).toBe(200)
    expect(await users.get(ada.id)).toMatchObject({ roles: ['superuser'], disabledAt: null })
  })

  it.each([
    ['demote', 'roles', { roles: [] }],
    ['disable', 'disable', {}],
  ])('when two %s each other at once', async (_what, act, body) => {
    const { admin, ada, create, signIn, users } = await start()
    const bob = await create('bob', 'superuser')
    const other = await signIn('bob@example.com')
    const sent = await Promise.all([
      admin.post(`${USERS}/${bob.id}/${act}`, body),
      other.post(`${USERS}/${ada.id}/${act}`, body),
    ])
    expect(sent.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await users.list({ role: 'superuser', disabled: false })).users).toHaveLength(1)
  })
})
