// What must every storage driver do? The contracts of src/ports, sentence by sentence.
import { afterEach, describe, expect, it } from 'vitest'
import type { Floor } from '../../src/core/revocation/floors.ts'
import type { Swap } from '../../src/core/session/rotation.ts'
import { nextSwap } from '../../src/core/session/rotation.ts'
import type { NewSession } from '../../src/core/session/session.ts'
import type { UserPage, UserQuery } from '../../src/core/user/page.ts'
import { MOST_LOOKED_AT } from '../../src/core/user/page.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { LogCursor } from '../../src/ports/revocation-log.ts'
import type { SwapCommand } from '../../src/ports/session-store.ts'
import type { Store } from '../../src/ports/store.ts'
import type { NewUser, UserStore } from '../../src/ports/user-store.ts'
import { createTestClock } from '../support/clock.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const user = (n: number, change: Partial<NewUser> = {}): NewUser => ({
  id: `user-${n}`,
  email: `Ada${n}@Example.com`,
  emailKey: `ada${n}@example.com`,
  username: null,
  usernameKey: null,
  name: null,
  passwordHash: 'hash',
  roles: [],
  ...change,
})

const session = (n: number, change: Partial<NewSession> = {}): NewSession => ({
  id: `session-${String(n).padStart(3, '0')}`,
  nonceHash: `nonce-${n}`,
  userId: 'user-1',
  remember: false,
  carriage: 'cookie',
  amr: ['pwd'],
  ip: '192.0.2.1',
  userAgent: 'Test/1.0 "☃"',
  idleTimeout: HOUR,
  absoluteTimeout: DAY,
  ...change,
})

const swapOf = (n: number, swap: Swap, change: Partial<SwapCommand> = {}): SwapCommand => ({
  id: session(n).id,
  nonceHash: `nonce-${n}`,
  carriage: 'cookie',
  swap,
  idleTimeout: { plain: HOUR, remembered: 3 * HOUR },
  ...change,
})

const scopes = (floors: readonly Floor[]): readonly string[] => floors.map(({ scope }) => scope)

export function storeConformance(name: string, open: (clock: Clock) => Promise<Store>): void {
  const opened: Store[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  async function start() {
    const clock = createTestClock()
    const store = await open(clock)
    opened.push(store)
    return { clock, store, ...store }
  }

  describe(`users of ${name}`, () => {
    it('come back as they were created', async () => {
      const { clock, users } = await start()
      const made = await users.create(
        user(1, { username: 'Ada', usernameKey: 'ada', name: 'Ada ☃ "Lovelace"', roles: ['admin', 'x'] }),
      )
      const expected = {
        id: 'user-1',
        email: 'Ada1@Example.com',
        username: 'Ada',
        name: 'Ada ☃ "Lovelace"',
        passwordHash: 'hash',
        roles: ['admin', 'x'],
        emailVerifiedAt: null,
        disabledAt: null,
        revision: 0,
        createdAt: clock.now(),
        lastLoginAt: null,
      }
      expect(made).toEqual({ ok: true, user: expected })
      expect(await users.find('user-1')).toEqual(expected)
      expect(await users.findByEmail('ada1@example.com')).toEqual(expected)
      expect(await users.findByUsername('ada')).toEqual(expected)
    })

    it('who are not there are null', async () => {
      const { users } = await start()
      await users.create(user(1))
      for (const key of ['', 'nobody', "' OR 1=1 --", 'Ada1@Example.com', '%', 'a\0', '\ud800']) {
        expect(await users.find(key)).toBeNull()
        expect(await users.findByEmail(key)).toBeNull()
        expect(await users.findByUsername(key)).toBeNull()
      }
      expect(await users.updateProfile('nobody', { name: 'x' })).toBeNull()
      expect(await users.updateProfile('nobody', { username: { text: 'X', key: 'x' } })).toBeNull()
      expect(await users.updateProfile('nobody', {})).toBeNull()
      expect(await users.replaceHash('nobody', 'hash', 'x')).toBe(false)
      expect(await users.raiseRevision('nobody')).toBeNull()
      expect(await users.setRoles('nobody', ['editor'])).toBeNull()
      expect(await users.setDisabled('nobody', true)).toBeNull()
      expect(await users.setPassword('nobody', 0, 'x')).toBeNull()
      expect(await users.delete('nobody')).toBe(false)
      await users.recordLogin('nobody')
    })

    it('may have any text at all in what is shown of them', async () => {
      const { users } = await start()
      const name = 'A\0d\ud800a'
      expect(await users.create(user(1, { name }))).toMatchObject({ ok: true })
      expect(await users.createMany([user(2, { name }), user(3, { name: '\\u0000' })])).toEqual([
        'created',
        'created',
      ])
      expect((await users.find('user-3'))?.name).toBe('\\u0000')
      expect(await users.updateProfile('user-1', { name: `${name}!` })).toMatchObject({ ok: true })
    })

    it('have one e-mail each: of 20 that create it at once exactly one succeeds, and the others learn what was taken', async () => {
      const { users } = await start()
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => users.create(user(n, { emailKey: 'same@example.com' }))),
      )
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
      expect(answers.filter(({ ok }) => !ok)).toEqual(Array(19).fill({ ok: false, taken: 'email' }))
      const winner = answers.find(({ ok }) => ok)
      expect(await users.findByEmail('same@example.com')).toEqual(winner?.ok && winner.user)
    })

    it('have one username each, and any number have none', async () => {
      const { users } = await start()
      const named = { username: 'Ada', usernameKey: 'ada' }
      const answers = await Promise.all([1, 2, 3].map((n) => users.create(user(n, named))))
      expect(answers.map((answer) => answer.ok || answer.taken).toSorted()).toEqual([
        true,
        'username',
        'username',
      ])
      for (const n of [4, 5]) expect(await users.create(user(n))).toMatchObject({ ok: true })
    })

    it('that are refused have written nothing', async () => {
      const { users } = await start()
      await users.create(user(1, { username: 'Ada', usernameKey: 'ada' }))
      expect(await users.create(user(2, { username: 'ADA', usernameKey: 'ada' }))).toEqual({
        ok: false,
        taken: 'username',
      })
      expect(await users.find('user-2')).toBeNull()
      expect(await users.create(user(3, { emailKey: 'ada2@example.com' }))).toMatchObject({ ok: true })
    })

    it('change what is named and keep what is left out', async () => {
      const { users } = await start()
      await users.create(user(1, { username: 'Ada', usernameKey: 'ada', name: 'Ada' }))
      expect(await users.updateProfile('user-1', { name: null })).toMatchObject({
        ok: true,
        user: { name: null, username: 'Ada' },
      })
      expect(
        await users.updateProfile('user-1', { username: { text: 'Countess', key: 'countess' } }),
      ).toMatchObject({
        ok: true,
        user: { username: 'Countess', name: null },
      })
      expect(await users.findByUsername('ada')).toBeNull()
      expect((await users.findByUsername('countess'))?.id).toBe('user-1')
      expect(await users.updateProfile('user-1', {})).toMatchObject({
        ok: true,
        user: { username: 'Countess' },
      })
      expect(await users.updateProfile('user-1', { username: null })).toMatchObject({
        user: { username: null },
      })
      expect(await users.findByUsername('countess')).toBeNull()
      expect(await users.create(user(2, { username: 'Countess', usernameKey: 'countess' }))).toMatchObject({
        ok: true,
      })
    })

    it('cannot take the username of another, but may spell their own anew', async () => {
      const { users } = await start()
      await users.create(user(1, { username: 'ada', usernameKey: 'ada' }))
      await users.create(user(2, { username: 'eve', usernameKey: 'eve' }))
      expect(
        await users.updateProfile('user-2', { name: 'E', username: { text: 'Ada', key: 'ada' } }),
      ).toEqual({
        ok: false,
        taken: 'username',
      })
      expect(await users.find('user-2')).toMatchObject({ username: 'eve', name: null })
      expect(await users.updateProfile('user-1', { username: { text: 'ADA', key: 'ada' } })).toMatchObject({
        ok: true,
      })
    })

    it('keep their hash unless it still is the one that was seen', async () => {
      const { users } = await start()
      await users.create(user(1))
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => users.replaceHash('user-1', 'hash', `hash-${n}`)),
      )
      expect(answers.filter(Boolean)).toHaveLength(1)
      expect(await users.replaceHash('user-1', 'hash', 'late')).toBe(false)
      expect((await users.find('user-1'))?.passwordHash).toBe(`hash-${answers.indexOf(true)}`)
    })

    it('without a hash have none to replace', async () => {
      const { users } = await start()
      await users.create(user(1, { passwordHash: null }))
      expect(await users.replaceHash('user-1', '', 'x')).toBe(false)
      expect(await users.replaceHash('user-1', 'null', 'x')).toBe(false)
    })

    it('raise their revision by one, each time for another answer', async () => {
      const { users } = await start()
      await users.create(user(1))
      await users.create(user(2))
      const answers = await Promise.all(Array.from({ length: 10 }, () => users.raiseRevision('user-1')))
      expect(new Set(answers)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
      expect((await users.find('user-1'))?.revision).toBe(10)
      expect((await users.find('user-2'))?.revision).toBe(0)
    })

    it('have another revision with every change of what their tokens rest on', async () => {
      const { clock, users } = await start()
      await users.create(user(1))
      expect(await users.setRoles('user-1', ['editor', 'staff'])).toMatchObject({
        user: { roles: ['editor', 'staff'], revision: 1 },
      })
      expect(await users.setDisabled('user-1', true)).toMatchObject({ disabledAt: clock.now(), revision: 2 })
      expect(await users.setDisabled('user-1', false)).toMatchObject({ disabledAt: null, revision: 3 })
      expect(await users.setPassword('user-1', 3, 'new')).toMatchObject({ passwordHash: 'new', revision: 4 })
      expect(await users.find('user-1')).toMatchObject({
        roles: ['editor', 'staff'],
        disabledAt: null,
        passwordHash: 'new',
        revision: 4,
      })
    })

    it('take one of the passwords that are set at once, and none after any other change', async () => {
      const { users } = await start()
      await users.create(user(1))
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => users.setPassword('user-1', 0, `hash-${n}`)),
      )
      expect(answers.filter(Boolean)).toHaveLength(1)
      await users.setRoles('user-1', ['editor'])
      expect(await users.setPassword('user-1', 1, 'late')).toBeNull()
      expect(await users.find('user-1')).toMatchObject({ passwordHash: answers.find(Boolean)?.passwordHash })
    })

    it('are seen to sign in by the store’s clock', async () => {
      const { clock, users } = await start()
      await users.create(user(1))
      clock.advance(5000)
      await users.recordLogin('user-1')
      expect((await users.find('user-1'))?.lastLoginAt).toBe(clock.now())
    })

    it('that are deleted leave their names to others', async () => {
      const { users } = await start()
      await users.create(user(1, { username: 'Ada', usernameKey: 'ada' }))
      expect(await users.delete('user-1')).toBe(true)
      expect(await users.delete('user-1')).toBe(false)
      expect(await users.find('user-1')).toBeNull()
      expect(await users.findByEmail('ada1@example.com')).toBeNull()
      expect(
        await users.create(user(2, { emailKey: 'ada1@example.com', username: 'Ada', usernameKey: 'ada' })),
      ).toMatchObject({ ok: true })
    })
  })

  describe(`lists of users of ${name}`, () => {
    const asked = (change: Partial<UserQuery> = {}): UserQuery => ({
      search: null,
      role: null,
      disabled: null,
      verified: null,
      order: 'oldest',
      after: null,
      limit: 10,
      ...change,
    })
    const numbered = (n: number, change: Partial<NewUser> = {}): NewUser =>
      user(n, { id: `user-${String(n).padStart(5, '0')}`, ...change })
    const idsOf = ({ users }: UserPage): readonly number[] => users.map(({ id }) => Number(id.slice(5)))

    /** Every page of at most `limit`, to the end. */
    async function allPages({ users }: Store, query: UserQuery): Promise<readonly (readonly number[])[]> {
      const pages: (readonly number[])[] = []
      for (let after = query.after; pages.length < 1000; ) {
        const page = await users.list({ ...query, after })
        pages.push(idsOf(page))
        if (page.next === null) return pages
        after = page.next
      }
      throw new Error('no end')
    }

    it('come by id, in either direction, page by page, each user once', async () => {
      const { store, users } = await start()
      await users.createMany(Array.from({ length: 7 }, (_, n) => numbered(n)))
      expect(await allPages(store, asked({ limit: 3 }))).toEqual([[0, 1, 2], [3, 4, 5], [6]])
      expect(await allPages(store, asked({ limit: 3, order: 'newest' }))).toEqual([[6, 5, 4], [3, 2, 1], [0]])
      expect(await allPages(store, asked({ limit: 7 }))).toEqual([[0, 1, 2, 3, 4, 5, 6]])
      expect(await allPages(store, asked({ limit: 100 }))).toEqual([[0, 1, 2, 3, 4, 5, 6]])
    })

    it('go on from where they were, whoever has come or gone meanwhile', async () => {
      const { users } = await start()
      await users.createMany([1, 3, 5, 7].map((n) => numbered(n)))
      const first = await users.list(asked({ limit: 2 }))
      expect(idsOf(first)).toEqual([1, 3])
      await users.delete('user-00003')
      await users.createMany([2, 4].map((n) => numbered(n)))
      expect(idsOf(await users.list(asked({ limit: 2, after: first.next })))).toEqual([4, 5])
    })

    it('find by the beginning of an address, then by that of a user name, each user once', async () => {
      const { store, users } = await start()
      const named = (n: number, email: string, username: string | null) =>
        numbered(n, { email, emailKey: email, username, usernameKey: username })
      await users.createMany([
        named(1, 'eve@example.com', 'adam'),
        named(2, 'ada@example.com', 'ada'),
        named(3, 'adb@example.com', null),
        named(4, 'zoe@example.com', 'ad'),
        named(5, 'bob@example.com', 'bada'),
      ])
      expect(await allPages(store, asked({ search: 'ad', limit: 1 }))).toEqual([[2], [3], [4], [1]])
      expect(await allPages(store, asked({ search: 'ada', limit: 10 }))).toEqual([[2, 1]])
      expect(await allPages(store, asked({ search: 'ada@example.com' }))).toEqual([[2]])
      for (const search of ['%', '_', 'example', "a' or 1=1 --", 'ad\u00e4', '\u{10ffff}', 'x'.repeat(254)])
        expect(await allPages(store, asked({ search })), search).toEqual([[]])
    })

    it('keep to a role, as it is given and taken', async () => {
      const { store, users } = await start()
      const withRoles = (n: number, ...roles: readonly string[]) => numbered(n, { roles })
      await users.createMany([withRoles(1, 'a', 'b'), withRoles(2, 'b'), withRoles(3), withRoles(4, 'ab')])
      await users.create(withRoles(5, 'b'))
      expect(await allPages(store, asked({ role: 'b', limit: 2 }))).toEqual([[1, 2], [5]])
      expect(await allPages(store, asked({ role: 'b', limit: 2, order: 'newest' }))).toEqual([[5, 2], [1]])
      await users.setRoles('user-00001', ['c'])
      await users.setRoles('user-00003', ['b'])
      await users.delete('user-00002')
      await users.createMany([withRoles(2)])
      expect(await allPages(store, asked({ role: 'b' }))).toEqual([[3, 5]])
      expect(await allPages(store, asked({ role: 'c' }))).toEqual([[1]])
      expect(await allPages(store, asked({ role: '' }))).toEqual([[]])
    })

    it('keep to those who are disabled, or verified, or not', async () => {
      const { store, users } = await start()
      await users.createMany([
        numbered(1, { disabled: true }),
        numbered(2, { emailVerified: true, roles: ['a'] }),
        numbered(3, { disabled: true, emailVerified: true, roles: ['a'] }),
        numbered(4),
      ])
      const found = async (change: Partial<UserQuery>) => (await allPages(store, asked(change))).flat()
      expect(await found({ disabled: true })).toEqual([1, 3])
      expect(await found({ disabled: true, order: 'newest', limit: 1 })).toEqual([3, 1])
      expect(await found({ disabled: false })).toEqual([2, 4])
      expect(await found({ verified: true })).toEqual([2, 3])
      expect(await found({ verified: false })).toEqual([1, 4])
      expect(await found({ disabled: true, verified: true })).toEqual([3])
      expect(await found({ role: 'a', disabled: false })).toEqual([2])
      expect(await found({ search: 'ada', disabled: true, verified: false })).toEqual([1])
      await users.setDisabled('user-00001', false)
      await users.setDisabled('user-00004', true)
      expect(await found({ disabled: true })).toEqual([3, 4])
    })

    it('look at a bounded number of rows for a page, and say where to go on', async () => {
      const { store, users } = await start()
      const many = Array.from({ length: MOST_LOOKED_AT + 500 }, (_, n) => numbered(n))
      await users.createMany(many.slice(0, 1000))
      await users.createMany([...many.slice(1000), numbered(9000, { emailVerified: true })])
      const first = await users.list(asked({ verified: true }))
      expect([idsOf(first), first.next]).toEqual([[], { by: 'id', key: numbered(MOST_LOOKED_AT - 1).id }])
      expect(await allPages(store, asked({ verified: true }))).toEqual([[], [9000]])
      expect(await allPages(store, asked({ verified: true, search: 'ada' }))).toEqual([[], [9000]])
    })
  })

  describe(`many users at once of ${name}`, () => {
    it('are created where address and user name are free, and the others are told apart', async () => {
      const { clock, users } = await start()
      const ada = { username: 'Ada', usernameKey: 'ada' }
      await users.create(user(1, { ...ada, name: 'before' }))
      expect(
        await users.createMany([
          user(2, { roles: ['a'], emailVerified: true, disabled: true, createdAt: 12_345, name: 'Two' }),
          user(3, { emailKey: 'ada1@example.com', ...ada, name: 'after' }),
          user(4, ada),
          user(5),
          user(6, { emailKey: 'ada5@example.com' }),
          user(7, { username: 'Zoe', usernameKey: 'zoe' }),
          user(8, { username: 'zoe', usernameKey: 'zoe' }),
        ]),
      ).toEqual(['created', 'exists', 'username_taken', 'created', 'exists', 'created', 'username_taken'])
      expect(await users.find('user-2')).toEqual({
        id: 'user-2',
        email: 'Ada2@Example.com',
        username: null,
        name: 'Two',
        passwordHash: 'hash',
        roles: ['a'],
        emailVerifiedAt: clock.now(),
        disabledAt: clock.now(),
        revision: 0,
        createdAt: 12_345,
        lastLoginAt: null,
      })
      expect(await users.find('user-1')).toMatchObject({ name: 'before' })
      for (const id of ['user-3', 'user-4', 'user-6', 'user-8']) expect(await users.find(id)).toBeNull()
      expect(await users.createMany([])).toEqual([])
    })

    it('are created once by two who create them at the same time', async () => {
      const { users } = await start()
      const all = (first: number) =>
        Array.from({ length: 100 }, (_, n) => user(first + n, { emailKey: `same${n}@example.com` }))
      const answers = await Promise.all([users.createMany(all(0)), users.createMany(all(1000))])
      for (let n = 0; n < 100; n++)
        expect([answers[0][n], answers[1][n]].sort()).toEqual(['created', 'exists'])
    })
  })

  describe(`the last of a role of ${name}`, () => {
    const KEEP = { keepOne: 'superuser' }
    const withRole = (n: number, change: Partial<NewUser> = {}) =>
      user(n, { roles: ['superuser'], ...change })

    it('can neither lose it nor be disabled nor deleted, and is as before', async () => {
      const { users, revocations } = await start()
      // Neither of the others could sign in and give it back.
      const others = [withRole(2, { disabled: true }), withRole(4, { passwordHash: null })]
      await users.createMany([withRole(1), ...others, user(3, { roles: ['x'] })])
      const before = await users.find('user-1')
      const { cursor } = await revocations.read(null)
      expect(await users.setRoles('user-1', ['x'], KEEP)).toBe('last')
      expect(await users.setDisabled('user-1', true, KEEP)).toBe('last')
      expect(await users.delete('user-1', KEEP)).toBe('last')
      expect(await users.find('user-1')).toEqual(before)
      expect((await revocations.read(cursor)).floors).toEqual([])
    })

    it('may change in any other way, and so may whoever is not the last', async () => {
      const { users } = await start()
      await users.createMany([withRole(1), withRole(2, { disabled: true }), user(3)])
      expect(await users.setRoles('user-1', ['superuser', 'x'], KEEP)).toMatchObject({
        user: { revision: 1 },
      })
      expect(await users.setDisabled('user-1', false, KEEP)).toMatchObject({ revision: 2 })
      expect(await users.setRoles('user-3', [], KEEP)).toMatchObject({ user: { revision: 1 } })
      expect(await users.setDisabled('user-3', true, KEEP)).toMatchObject({ revision: 2 })
      expect(await users.setRoles('user-2', [], KEEP)).toMatchObject({ user: { roles: [] } })
      expect(await users.delete('user-2', KEEP)).toBe(true)
      expect(await users.setRoles('nobody', [], KEEP)).toBeNull()
      expect(await users.setDisabled('nobody', true, KEEP)).toBeNull()
      expect(await users.delete('nobody', KEEP)).toBe(false)
    })

    it.each<[what: string, act: (users: UserStore, id: string) => Promise<unknown>]>([
      ['taking it', (users, id) => users.setRoles(id, [], KEEP)],
      ['disabling', (users, id) => users.setDisabled(id, true, KEEP)],
      ['deleting', (users, id) => users.delete(id, KEEP)],
    ])('is left by any number who are %s all of them at once', async (_what, act) => {
      const { users } = await start()
      await users.createMany(Array.from({ length: 8 }, (_, n) => withRole(n)))
      const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => act(users, `user-${n}`)))
      expect(answers.filter((answer) => answer === 'last')).toHaveLength(1)
    })
  })

  describe(`sessions of ${name}`, () => {
    it('come back as they were created, with the store’s time', async () => {
      const { clock, sessions } = await start()
      const { session: made, count, floors } = await sessions.create(session(1, { amr: ['pwd', 'otp'] }), [])
      expect({ count, floors }).toEqual({ count: 0, floors: [] })
      expect(made).toEqual({
        id: 'session-001',
        nonceHash: 'nonce-1',
        userId: 'user-1',
        generation: 0,
        predecessor: null,
        confirmedGeneration: -1,
        rotatedAt: clock.now(),
        createdAt: clock.now(),
        lastSeenAt: clock.now(),
        idleExpiresAt: clock.now() + HOUR,
        expiresAt: clock.now() + DAY,
        revokedAt: null,
        revokedReason: null,
        remember: false,
        carriage: 'cookie',
        amr: ['pwd', 'otp'],
        authTime: clock.now(),
        ip: '192.0.2.1',
        userAgent: 'Test/1.0 "☃"',
      })
      clock.advance(1000)
      expect(await sessions.find('session-001')).toEqual({ session: made, now: clock.now() })
    })

    it('that are not there are null', async () => {
      const { sessions } = await start()
      await sessions.create(session(1), [])
      for (const id of ['', 'session-1', "' OR 1=1 --", 'SESSION-001'])
        expect(await sessions.find(id)).toBeNull()
    })

    it('replace the one that the browser carried, if it is live', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1), [])
      const replaced = await sessions.create(session(2), ['session-001'])
      expect(replaced.count).toBe(1)
      expect(scopes(replaced.floors)).toEqual(['session:session-001'])
      expect(await sessions.find('session-001')).toMatchObject({
        session: { revokedAt: clock.now(), revokedReason: 'replaced' },
      })
      for (const gone of ['session-001', 'session-999']) {
        const { count, floors } = await sessions.create(session(gone === 'session-001' ? 3 : 4), [gone])
        expect({ count, floors }).toEqual({ count: 0, floors: [] })
      }
    })

    it('are found many at a time, live or not, with the store’s time', async () => {
      const { clock, sessions } = await start()
      for (let first = 0; first < 500; first += 50)
        await Promise.all(Array.from({ length: 50 }, (_, n) => sessions.create(session(first + n), [])))
      await sessions.revoke('session-001', null, 'logout')
      clock.advance(1000)
      const ids = Array.from({ length: 500 }, (_, n) => session(n).id)
      const all = await sessions.findAll(ids)
      expect(all.now).toBe(clock.now())
      expect(all.sessions.map(({ id }) => id).sort()).toEqual(ids)
      expect(all.sessions.find(({ id }) => id === 'session-001')?.revokedReason).toBe('logout')
      const [one] = (await sessions.findAll(['nobody', 'session-002', `"' or 1=1 --`])).sessions
      expect(one).toEqual((await sessions.find('session-002'))?.session)
      expect((await sessions.findAll([])).sessions).toEqual([])
      expect((await sessions.findAll(['nobody'])).sessions).toEqual([])
    })

    it('move to the next generation and extend the idle timeout', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1), [])
      clock.advance(30 * MINUTE)
      const moved = await sessions.swap(swapOf(1, nextSwap(0, 0)))
      expect(moved).toMatchObject({
        generation: 1,
        predecessor: 0,
        confirmedGeneration: 0,
        rotatedAt: clock.now(),
        lastSeenAt: clock.now(),
        idleExpiresAt: clock.now() + HOUR,
      })
      expect((await sessions.find('session-001'))?.session).toEqual(moved)
    })

    it('extend by the longer timeout when the user is remembered', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1, { remember: true }), [])
      expect((await sessions.swap(swapOf(1, nextSwap(0, 0))))?.idleExpiresAt).toBe(clock.now() + 3 * HOUR)
    })

    it('never idle past their absolute end', async () => {
      const { clock, sessions } = await start()
      const { session: made } = await sessions.create(session(1, { idleTimeout: DAY }), [])
      clock.advance(DAY - 1)
      const moved = await sessions.swap(swapOf(1, nextSwap(0, 0)))
      expect(moved).toMatchObject({ idleExpiresAt: made.expiresAt, expiresAt: made.expiresAt })
    })

    it('have one winner of 50 concurrent swaps, and the others have changed nothing', async () => {
      const { sessions } = await start()
      await sessions.create(session(1), [])
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => sessions.swap(swapOf(1, nextSwap(0, 0)))),
      )
      const won = answers.filter((answer) => answer !== null)
      expect(won).toHaveLength(1)
      expect((await sessions.find('session-001'))?.session).toEqual(won[0])
      expect(won[0]?.generation).toBe(1)
    })

    it.each<[why: string, swap: SwapCommand]>([
      ['of another nonce', swapOf(1, nextSwap(0, 0), { nonceHash: 'nonce-2' })],
      ['of another carriage', swapOf(1, nextSwap(0, 0), { carriage: 'header' })],
      ['of a session that is not there', swapOf(1, nextSwap(0, 0), { id: 'session-999' })],
      ['from a later generation', swapOf(1, nextSwap(1, 0))],
      ['from an earlier generation', swapOf(1, { ...nextSwap(0, 0), from: -1 })],
    ])('refuse a swap %s', async (_why, swap) => {
      const { sessions } = await start()
      const { session: made } = await sessions.create(session(1), [])
      expect(await sessions.swap(swap)).toBeNull()
      expect((await sessions.find('session-001'))?.session).toEqual(made)
    })

    it('refuse a swap once they have ended: idle, expired or revoked', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1), [])
      await sessions.create(session(2, { idleTimeout: DAY }), [])
      await sessions.create(session(3), [])
      await sessions.revoke('session-003', null, 'logout')
      expect(await sessions.swap(swapOf(3, nextSwap(0, 0)))).toBeNull()
      clock.advance(HOUR - 1)
      expect(await sessions.swap(swapOf(1, nextSwap(0, 0)))).not.toBeNull()
      clock.advance(HOUR)
      expect(await sessions.swap(swapOf(1, nextSwap(1, 0)))).toBeNull()
      clock.advance(DAY - 2 * HOUR)
      expect(await sessions.swap(swapOf(2, nextSwap(0, 0)))).not.toBeNull()
      clock.advance(1)
      expect(await sessions.swap(swapOf(2, nextSwap(1, 0)))).toBeNull()
    })

    it('burn a generation only while nobody has been seen with it', async () => {
      const { sessions } = await start()
      await sessions.create(session(1), [])
      await sessions.swap(swapOf(1, nextSwap(0, 0)))
      const burn = { from: 1, to: 2, predecessor: 0, confirmed: 0, whileUnconfirmed: true, settledFor: 0 }
      expect(await sessions.swap(swapOf(1, burn))).toMatchObject({
        generation: 2,
        predecessor: 0,
        confirmedGeneration: 0,
      })
      await sessions.confirm([{ sessionId: 'session-001', generation: 2 }], null)
      expect(await sessions.swap(swapOf(1, { ...burn, from: 2, to: 3 }))).toBeNull()
      expect(await sessions.swap(swapOf(1, nextSwap(2, 0)))).toMatchObject({ generation: 3 })
    })

    it('do not move again so soon after the last move, forward or back, but for the first time', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1), [])
      expect(await sessions.swap(swapOf(1, nextSwap(0, 1000)))).toMatchObject({ generation: 1 })
      for (const step of [0, 1000, -2000]) {
        clock.step(step)
        expect(await sessions.swap(swapOf(1, nextSwap(1, 1000)))).toBeNull()
      }
      clock.step(2001)
      expect(await sessions.swap(swapOf(1, nextSwap(1, 1000)))).toMatchObject({ generation: 2 })
      clock.step(-1001)
      expect(await sessions.swap(swapOf(1, nextSwap(2, 1000)))).toMatchObject({ generation: 3 })
    })

    it('are as recently authenticated as the last proof, and keep everything else', async () => {
      const { clock, sessions } = await start()
      const { session: made } = await sessions.create(session(1, { amr: ['otp'] }), [])
      await sessions.create(session(2), [])
      clock.advance(1000)
      const proved = { ...made, authTime: clock.now(), amr: ['otp', 'pwd'] }
      expect(await sessions.prove('session-001', ['pwd'], null)).toEqual({ session: proved, floors: [] })
      expect((await sessions.find('session-001'))?.session).toEqual(proved)
      expect((await sessions.find('session-002'))?.session.authTime).toBe(clock.now() - 1000)
      clock.advance(1000)
      expect(await sessions.prove('session-001', ['pwd', 'hwk'], null)).toMatchObject({
        session: { authTime: clock.now(), amr: ['hwk', 'otp', 'pwd'] },
      })
      const moved = await sessions.swap(swapOf(1, nextSwap(0, 0)))
      expect(moved).toMatchObject({ authTime: clock.now(), amr: ['hwk', 'otp', 'pwd'] })
    })

    it('move on with a proof that asks for it: one of 20 does, and every reader hears of it', async () => {
      const { clock, sessions, revocations } = await start()
      const { session: made } = await sessions.create(session(1), [])
      const { cursor } = await revocations.read(null)
      clock.advance(1000)
      const move = { from: 0, to: 1, predecessor: 0, confirmed: 0 }
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => sessions.prove('session-001', ['pwd'], move)),
      )
      const [moved, ...others] = answers.filter((answer) => answer !== null)
      expect(others).toEqual([])
      expect(moved?.session).toEqual({
        ...made,
        generation: 1,
        predecessor: 0,
        confirmedGeneration: 0,
        rotatedAt: clock.now(),
        authTime: clock.now(),
      })
      expect(moved?.floors).toMatchObject([{ scope: 'session:session-001', floor: 1 }])
      expect((await revocations.read(cursor)).floors).toEqual(moved?.floors)
      expect((await sessions.find('session-001'))?.session).toEqual(moved?.session)
    })

    it('take no proof once they have ended: idle, expired or revoked', async () => {
      const { clock, sessions } = await start()
      for (const n of [1, 2, 3]) await sessions.create(session(n, n === 2 ? { idleTimeout: 500 } : {}), [])
      await sessions.create(session(4, { idleTimeout: DAY, absoluteTimeout: 500 }), [])
      await sessions.revoke('session-001', null, 'logout')
      clock.advance(500)
      for (const id of ['session-001', 'session-002', 'session-004', 'nobody']) {
        const before = await sessions.find(id)
        expect(await sessions.prove(id, ['pwd'], null), id).toBeNull()
        expect((await sessions.find(id))?.session, id).toEqual(before?.session)
      }
      expect(await sessions.prove('session-003', ['pwd'], null)).not.toBeNull()
    })

    it('of one user are at most so many: one more ends those seen longest ago, and each has its floor', async () => {
      const { clock, sessions, revocations } = await start()
      for (const n of [1, 2, 3]) {
        await sessions.create(session(n), [], 3)
        clock.advance(1000)
      }
      await sessions.create(session(9, { userId: 'user-2' }), [], 3)
      await sessions.confirm([{ sessionId: 'session-001', generation: 0 }], null)
      const { count, floors } = await sessions.create(session(4), [], 3)
      expect([count, floors.map(({ scope }) => scope)]).toEqual([1, ['session:session-002']])
      expect((await revocations.read(null)).floors).toEqual(floors)
      const live = async (userId: string) => (await sessions.list(userId)).sessions.map(({ id }) => id).sort()
      expect(await live('user-1')).toEqual(['session-001', 'session-003', 'session-004'])
      expect(await live('user-2')).toEqual(['session-009'])
      expect((await sessions.create(session(5), ['session-004'], 3)).count).toBe(1)
      expect((await sessions.create(session(6), [], 1)).count).toBe(3)
      expect(await live('user-1')).toEqual(['session-006'])
    })

    it('are kept from idling out by being seen, where that is asked for, and never brought back', async () => {
      const { clock, sessions } = await start()
      const timeouts = { idleTimeout: 1000, absoluteTimeout: 2500 }
      for (const n of [1, 2, 3, 4]) await sessions.create(session(n, { ...timeouts, remember: n === 2 }), [])
      const begun = clock.now()
      await sessions.revoke('session-003', null, 'logout')
      const seen = (ids: readonly string[]) =>
        sessions.confirm(
          ids.map((sessionId) => ({ sessionId, generation: 0 })),
          { plain: 1000, remembered: 2000 },
        )
      const idleEnd = async (id: string) => ((await sessions.find(id))?.session.idleExpiresAt ?? 0) - begun
      clock.advance(900)
      await seen(['session-001', 'session-002', 'session-003'])
      expect(await Promise.all(['session-001', 'session-002', 'session-003'].map(idleEnd))).toEqual([
        1900, 2500, 1000,
      ])
      await sessions.confirm([{ sessionId: 'session-001', generation: 0 }], { plain: 1, remembered: 1 })
      expect(await idleEnd('session-001')).toBe(1900)
      clock.advance(100)
      await seen(['session-004'])
      expect(await idleEnd('session-004')).toBe(1000)
    })

    it('raise the confirmed generation, never lower it, and never above their generation', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1), [])
      for (const from of [0, 1, 2]) await sessions.swap(swapOf(1, nextSwap(from, 0)))
      const confirmed = async () => (await sessions.find('session-001'))?.session.confirmedGeneration
      clock.advance(1000)
      await sessions.confirm([{ sessionId: 'session-001', generation: 1 }], null)
      expect(await confirmed()).toBe(2)
      await sessions.confirm(
        [
          { sessionId: 'session-999', generation: 1 },
          { sessionId: 'session-001', generation: 99 },
        ],
        null,
      )
      expect(await confirmed()).toBe(3)
      await sessions.confirm(
        [2, 1].map((generation) => ({ sessionId: 'session-001', generation })),
        null,
      )
      await sessions.confirm([], null)
      await sessions.confirm([{ sessionId: 'session-001', generation: 0 }], null)
      expect(await confirmed()).toBe(3)
      expect((await sessions.find('session-001'))?.session.lastSeenAt).toBe(clock.now())
    })

    it('keep a confirmation that a swap knows nothing of', async () => {
      const { sessions } = await start()
      await sessions.create(session(1), [])
      await sessions.swap(swapOf(1, nextSwap(0, 0)))
      await sessions.confirm([{ sessionId: 'session-001', generation: 1 }], null)
      const moved = await sessions.swap(swapOf(1, { ...nextSwap(1, 0), confirmed: 0 }))
      expect(moved?.confirmedGeneration).toBe(1)
    })

    it('are listed while they live, the one seen last first, and only their owner’s', async () => {
      const { clock, sessions } = await start()
      for (const n of [1, 2, 3, 4]) await sessions.create(session(n), [])
      await sessions.create(session(5, { userId: 'user-2' }), [])
      await sessions.create(session(6, { idleTimeout: 500 }), [])
      await sessions.revoke('session-004', null, 'logout')
      clock.advance(500)
      await sessions.confirm([{ sessionId: 'session-001', generation: 0 }], null)
      clock.advance(500)
      await sessions.swap(swapOf(3, nextSwap(0, 0)))
      const { sessions: listed, now } = await sessions.list('user-1')
      expect(listed.map(({ id }) => id)).toEqual(['session-003', 'session-001', 'session-002'])
      expect(now).toBe(clock.now())
      expect((await sessions.list('nobody')).sessions).toEqual([])
    })

    it('are revoked once, by whoever owns them or by the server', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1), [])
      await sessions.create(session(2), [])
      expect(await sessions.revoke('session-001', 'user-2', 'revoked_by_user')).toEqual({
        count: 0,
        floors: [],
        userId: null,
      })
      expect((await sessions.find('session-001'))?.session.revokedAt).toBeNull()
      const ended = await sessions.revoke('session-001', 'user-1', 'revoked_by_user')
      expect(ended.count).toBe(1)
      expect(ended.floors).toEqual([
        { scope: 'session:session-001', floor: Number.POSITIVE_INFINITY, expiresAt: expect.any(Number) },
      ])
      expect(ended.floors[0]?.expiresAt).toBeGreaterThanOrEqual(clock.now() + HOUR)
      clock.advance(1000)
      expect(await sessions.revoke('session-001', null, 'logout')).toEqual({
        count: 0,
        floors: [],
        userId: null,
      })
      expect((await sessions.find('session-001'))?.session).toMatchObject({
        revokedAt: clock.now() - 1000,
        revokedReason: 'revoked_by_user',
      })
      expect(await sessions.revoke('session-002', null, 'refresh_reuse')).toMatchObject({
        count: 1,
        userId: 'user-1',
      })
      expect(await sessions.revoke('session-999', null, 'logout')).toEqual({
        count: 0,
        floors: [],
        userId: null,
      })
    })

    it('that have ended by themselves are not revoked any more', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1), [])
      clock.advance(HOUR)
      expect(await sessions.revoke('session-001', null, 'logout')).toEqual({
        count: 0,
        floors: [],
        userId: null,
      })
      expect((await sessions.find('session-001'))?.session.revokedAt).toBeNull()
    })

    it('are revoked but for the one that is kept', async () => {
      const { sessions } = await start()
      for (const n of [1, 2, 3]) await sessions.create(session(n), [])
      await sessions.create(session(4, { userId: 'user-2' }), [])
      const ended = await sessions.revokeOthers('user-1', 'session-002', 'revoked_by_user')
      expect(ended.count).toBe(2)
      expect(new Set(scopes(ended.floors))).toEqual(new Set(['session:session-001', 'session:session-003']))
      expect((await sessions.list('user-1')).sessions.map(({ id }) => id)).toEqual(['session-002'])
      expect((await sessions.list('user-2')).sessions).toHaveLength(1)
    })

    it.each([7, Number.POSITIVE_INFINITY])(
      'are all revoked, with the user’s floor raised to %d',
      async (revision) => {
        const { sessions, revocations } = await start()
        for (const n of [1, 2]) await sessions.create(session(n), [])
        await sessions.create(session(3, { userId: 'user-2' }), [])
        const ended = await sessions.revokeAll('user-1', revision, 'logout_all')
        expect(ended.count).toBe(2)
        expect(ended.floors).toContainEqual({
          scope: 'user:user-1',
          floor: revision,
          expiresAt: expect.any(Number),
        })
        expect((await sessions.list('user-1')).sessions).toEqual([])
        expect((await sessions.list('user-2')).sessions).toHaveLength(1)
        expect((await revocations.read(null)).floors).toEqual(ended.floors)
        const again = await sessions.revokeAll('nobody', revision, 'logout_all')
        expect(again.count).toBe(0)
        expect(scopes(again.floors)).toEqual(['user:nobody'])
      },
    )

    it('end all at once whoever has them, so many at a time, each time with the floor of everything', async () => {
      const { clock, sessions, revocations } = await start()
      for (const n of [1, 2, 3]) await sessions.create(session(n, { userId: `user-${n}` }), [])
      await sessions.create(session(4), [])
      await sessions.revoke('session-004', null, 'logout')
      const { cursor } = await revocations.read(null)
      const floor = Math.floor(clock.now() / 1000) + 1
      const everything = { scope: '*', floor, expiresAt: expect.any(Number) }
      const first = await sessions.revokeEveryone(2, null, 'revoked_everyone')
      expect(first).toEqual({ count: 2, last: 'session-002', floors: [everything] })
      const second = await sessions.revokeEveryone(2, first.last, 'revoked_everyone')
      expect([second.count, second.last, scopes(second.floors)]).toEqual([
        1,
        null,
        ['*', 'session:session-003'],
      ])
      const none = await sessions.revokeEveryone(2, null, 'revoked_everyone')
      expect(none).toEqual({ count: 0, last: null, floors: [everything] })
      expect((await revocations.read(cursor)).floors).toEqual([...first.floors, ...second.floors, everything])
      for (const n of [1, 2, 3])
        expect((await sessions.find(session(n).id))?.session.revokedReason).toBe('revoked_everyone')
      expect((await sessions.find('session-004'))?.session.revokedReason).toBe('logout')
    })

    it('lose no revocation to swaps that are in flight', async () => {
      const { sessions } = await start()
      await sessions.create(session(1), [])
      const swaps = Array.from({ length: 10 }, (_, from) => sessions.swap(swapOf(1, nextSwap(from, 0))))
      const [ended] = await Promise.all([sessions.revoke('session-001', null, 'logout'), ...swaps])
      expect(ended.count).toBe(1)
      expect((await sessions.find('session-001'))?.session.revokedReason).toBe('logout')
    })

    it('are removed a day after they were revoked or expired, so many at a time', async () => {
      const { clock, sessions } = await start()
      for (const n of [1, 2, 3]) await sessions.create(session(n), [])
      await sessions.create(session(4, { idleTimeout: 9 * DAY, absoluteTimeout: 9 * DAY }), [])
      for (const n of [1, 2]) await sessions.revoke(session(n).id, null, 'logout')
      clock.advance(DAY)
      expect(await sessions.prune(10)).toBe(0)
      clock.advance(1)
      expect(await sessions.prune(1)).toBe(1)
      expect(await sessions.prune(10)).toBe(1)
      clock.advance(DAY)
      expect(await sessions.prune(10)).toBe(1)
      expect(await sessions.prune(10)).toBe(0)
      expect((await sessions.list('user-1')).sessions.map(({ id }) => id)).toEqual(['session-004'])
    })

    it('are removed a day after they ended as idle', async () => {
      const { clock, sessions } = await start()
      await sessions.create(session(1, { absoluteTimeout: 90 * DAY }), [])
      clock.advance(HOUR + DAY + 1)
      expect(await sessions.prune(10)).toBe(1)
      expect(await sessions.find('session-001')).toBeNull()
    })
  })

  describe(`the revocation log of ${name}`, () => {
    it('is empty at first, and a cursor of an empty log misses nothing', async () => {
      const { sessions, revocations } = await start()
      const { floors, cursor } = await revocations.read(null)
      expect(floors).toEqual([])
      await sessions.create(session(1), [])
      const ended = await sessions.revoke('session-001', null, 'logout')
      expect((await revocations.read(cursor)).floors).toEqual(ended.floors)
      expect((await revocations.read(null)).floors).toEqual(ended.floors)
    })

    it('passes over no line, however reading and revoking are mixed', async () => {
      const { sessions, revocations } = await start()
      const seen = new Set<string>()
      let cursor: LogCursor = null
      for (let n = 1; n <= 30; n++) {
        await sessions.create(session(n), [])
        const revoking = sessions.revoke(session(n).id, null, 'logout')
        if (n % 3 === 0) await revoking
        const page = await revocations.read(cursor)
        await revoking
        cursor = page.cursor
        for (const scope of scopes(page.floors)) seen.add(scope)
      }
      for (const scope of scopes((await revocations.read(cursor)).floors)) seen.add(scope)
      expect(seen.size).toBe(30)
    })

    it('tells every reader everything, whatever the others have read', async () => {
      const { sessions, revocations } = await start()
      const early = (await revocations.read(null)).cursor
      await sessions.create(session(1), [])
      await sessions.revoke('session-001', null, 'logout')
      const late = (await revocations.read(early)).cursor
      await sessions.revokeAll('user-1', 3, 'logout_all')
      expect(scopes((await revocations.read(early)).floors)).toEqual(
        expect.arrayContaining(['session:session-001', 'user:user-1']),
      )
      expect(scopes((await revocations.read(late)).floors)).toContain('user:user-1')
      const end = (await revocations.read(late)).cursor
      expect((await revocations.read(end)).floors).toEqual([])
    })

    it('holds the floor of a user whose roles changed, whose sessions go on', async () => {
      const { users, sessions, revocations } = await start()
      await users.create(user(1))
      await sessions.create(session(1), [])
      const { cursor } = await revocations.read(null)
      const floors = [{ scope: 'user:user-1', floor: 1, expiresAt: expect.any(Number) }]
      expect(await users.setRoles('user-1', ['editor'])).toMatchObject({ floors })
      expect((await revocations.read(cursor)).floors).toEqual(floors)
      expect((await sessions.list('user-1')).sessions).toHaveLength(1)
    })

    it('holds what a replaced session and revoked others leave', async () => {
      const { sessions, revocations } = await start()
      for (const n of [1, 2]) await sessions.create(session(n), [])
      await sessions.create(session(3), ['session-001'])
      await sessions.revokeOthers('user-1', 'session-003', 'revoked_by_user')
      expect(new Set(scopes((await revocations.read(null)).floors))).toEqual(
        new Set(['session:session-001', 'session:session-002']),
      )
    })

    it('reads no line that has expired, and forgets it when pruned', async () => {
      const { clock, sessions, revocations } = await start()
      for (const n of [1, 2]) await sessions.create(session(n, { idleTimeout: DAY }), [])
      const [line] = (await sessions.revoke('session-001', null, 'logout')).floors
      const { cursor } = await revocations.read(null)
      clock.advance((line?.expiresAt ?? 0) - clock.now() - 1)
      await revocations.prune()
      expect(scopes((await revocations.read(null)).floors)).toEqual(['session:session-001'])
      clock.advance(1)
      await revocations.prune()
      expect((await revocations.read(null)).floors).toEqual([])
      await sessions.revoke('session-002', null, 'logout')
      expect(scopes((await revocations.read(cursor)).floors)).toEqual(['session:session-002'])
      expect(scopes((await revocations.read(null)).floors)).toEqual(['session:session-002'])
    })
  })
}
