// What must every driver do with one-time tokens? The contract of src/ports/one-time-token-store.ts, sentence by sentence.
import { afterEach, describe, expect, it } from 'vitest'
import type { PendingRegistration } from '../../src/core/one-time-token/token.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { NewOneTimeToken, OneTimeTokenStore } from '../../src/ports/one-time-token-store.ts'
import type { Store } from '../../src/ports/store.ts'
import type { NewUser } from '../../src/ports/user-store.ts'
import { createTestClock } from '../support/clock.ts'

const MINUTE = 60_000
const LIFETIME = 30 * MINUTE

const ADA: NewUser = {
  id: 'user-1',
  email: 'Ada@Example.com',
  emailKey: 'ada@example.com',
  username: 'Ada',
  usernameKey: 'ada',
  name: 'Ada L.',
  passwordHash: 'old hash',
  roles: ['editor'],
  selfRegistered: true,
}

const PENDING: PendingRegistration = {
  email: 'New@Example.com',
  passwordHash: 'pending hash',
  username: 'Newcomer',
  name: 'New "☃" Comer',
  browserHash: 'browser',
}

const token = (tokenHash: string, change: Partial<NewOneTimeToken> = {}): NewOneTimeToken => ({
  tokenHash,
  purpose: 'reset-password',
  userId: 'user-1',
  emailKey: 'ada@example.com',
  newEmail: null,
  pending: null,
  lifetime: LIFETIME,
  most: 1,
  ...change,
})

const registration = (tokenHash: string, change: Partial<NewOneTimeToken> = {}): NewOneTimeToken =>
  token(tokenHash, {
    purpose: 'register',
    userId: null,
    emailKey: 'new@example.com',
    pending: PENDING,
    most: 4,
    ...change,
  })

const change = (tokenHash: string): NewOneTimeToken =>
  token(tokenHash, { purpose: 'change-email', newEmail: 'Next@Example.com' })

const verification = (tokenHash: string): NewOneTimeToken => token(tokenHash, { purpose: 'verify-email' })

/** Every command that uses a token up, with the purpose that it is for. */
const USES: readonly (readonly [
  purpose: string,
  make: (tokenHash: string) => NewOneTimeToken,
  use: (tokens: OneTimeTokenStore, tokenHash: string) => Promise<unknown>,
])[] = [
  ['reset-password', token, (tokens, hash) => tokens.resetPassword(hash, 'new hash')],
  ['verify-email', verification, (tokens, hash) => tokens.verifyEmail(hash, null)],
  ['change-email', change, (tokens, hash) => tokens.changeEmail(hash)],
  [
    'register',
    registration,
    (tokens, hash) => tokens.completeRegistration(hash, { id: 'user-9', passwordHash: null }),
  ],
]

export function oneTimeTokenConformance(name: string, open: (clock: Clock) => Promise<Store>): void {
  const opened: Store[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  async function start(user: Partial<NewUser> = {}) {
    const clock = createTestClock()
    const store = await open(clock)
    opened.push(store)
    await store.users.create({ ...ADA, ...user })
    return { clock, users: store.users, tokens: store.oneTimeTokens }
  }

  describe(`${name}: one-time tokens`, () => {
    it('are found with their user until they expire, and finding changes nothing', async () => {
      const { clock, tokens, users } = await start()
      const createdAt = clock.now()
      await tokens.issue(registration('r'))
      await tokens.issue(change('c'))
      const { lifetime, most, ...row } = registration('r')
      for (let n = 0; n < 3; n++) {
        expect(await tokens.find('r')).toEqual({
          token: { ...row, createdAt, expiresAt: createdAt + lifetime },
          user: null,
        })
        expect((await tokens.find('c'))?.user).toEqual(await users.find('user-1'))
      }
      expect(most).toBe(4)
      clock.advance(LIFETIME - 1)
      expect(await tokens.find('r')).not.toBeNull()
      clock.advance(1)
      expect([await tokens.find('r'), await tokens.find('c'), await tokens.find('nothing')]).toEqual([
        null,
        null,
        null,
      ])
    })

    it.each(USES)('for %s serve exactly one of sixteen that use one at once', async (_purpose, make, use) => {
      const { tokens } = await start()
      await tokens.issue(make('t'))
      const answers = await Promise.all(Array.from({ length: 16 }, () => use(tokens, 't')))
      expect(answers.filter((answer) => answer !== null)).toHaveLength(1)
      expect(await tokens.find('t')).toBeNull()
    })

    it.each(USES)('for %s serve nobody once they expired', async (_purpose, make, use) => {
      const { clock, tokens, users } = await start()
      const before = await users.find('user-1')
      await tokens.issue(make('t'))
      clock.advance(LIFETIME)
      expect(await use(tokens, 't')).toBeNull()
      expect(await users.find('user-1')).toEqual(before)
    })

    it.each(USES)('for %s are good for nothing else, and stay', async (purpose, make, own) => {
      const { tokens, users } = await start()
      const before = await users.find('user-1')
      await tokens.issue(make('t'))
      for (const [other, , use] of USES) if (other !== purpose) expect(await use(tokens, 't')).toBeNull()
      expect(await users.find('user-1')).toEqual(before)
      expect(await own(tokens, 't')).not.toBeNull()
    })

    it('that are decoys are good for nothing', async () => {
      const { tokens } = await start()
      for (const emailKey of ['new@example.com', ADA.emailKey]) {
        await tokens.issue(registration('t', { purpose: 'decoy', emailKey }))
        for (const [, , use] of USES) expect(await use(tokens, 't')).toBeNull()
        expect(await tokens.find('t')).toBeNull()
        await tokens.issue(registration(`after ${emailKey}`, { purpose: 'decoy', emailKey, most: 1 }))
      }
    })

    it('replace older ones of their user and purpose, and no others', async () => {
      const { tokens } = await start()
      await tokens.issue(token('reset-1'))
      await tokens.issue(verification('verify-1'))
      await tokens.issue(token('others', { userId: 'user-2', emailKey: 'eve@example.com' }))
      await tokens.issue(token('reset-2'))
      const found = await Promise.all(['reset-1', 'reset-2', 'verify-1'].map((hash) => tokens.find(hash)))
      expect(found.map((read) => read?.token.tokenHash)).toEqual([undefined, 'reset-2', 'verify-1'])
    })

    it('of one address are kept up to as many as are asked for, the oldest go', async () => {
      const { clock, tokens } = await start()
      for (const hash of ['a', 'b', 'c', 'd', 'e', 'f']) {
        await tokens.issue(registration(hash))
        clock.advance(1)
      }
      const found = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((hash) => tokens.find(hash)))
      expect(found.map((read) => read?.token.tokenHash)).toEqual([undefined, undefined, 'c', 'd', 'e', 'f'])
    })

    it.each<[what: string, act: (parts: Awaited<ReturnType<typeof start>>) => Promise<unknown>]>([
      ['a new password', ({ users }) => users.setPassword('user-1', 0, 'other')],
      ['disabling', ({ users }) => users.setDisabled('user-1', true)],
      [
        'disabling and enabling again',
        async ({ users }) => {
          await users.setDisabled('user-1', true)
          await users.setDisabled('user-1', false)
        },
      ],
      ['deletion', ({ users }) => users.delete('user-1')],
      [
        'a new address',
        async ({ tokens }) => {
          await tokens.issue(change('change'))
          await tokens.changeEmail('change')
        },
      ],
      [
        'a reset',
        async ({ tokens }) => {
          await tokens.issue(token('reset'))
          await tokens.resetPassword('reset', 'other')
        },
      ],
    ])('of a user end with %s', async (_what, act) => {
      const parts = await start()
      const { tokens } = parts
      for (const [purpose, make] of USES) if (purpose !== 'register') await tokens.issue(make(purpose))
      await act(parts)
      for (const [purpose, , use] of USES) expect(await use(tokens, purpose)).toBeNull()
    })

    it('stay where a change was refused, and with a change of roles or a rehash', async () => {
      const { tokens, users } = await start()
      await tokens.issue(token('t'))
      expect(await users.setPassword('user-1', 7, 'other')).toBeNull()
      await users.setRoles('user-1', ['admin'])
      await users.replaceHash('user-1', 'old hash', 'same password')
      await users.raiseRevision('user-1')
      expect(await tokens.resetPassword('t', 'new hash')).not.toBeNull()
    })

    it('that were issued for an address that is no more the user’s, or for one who is disabled, do nothing', async () => {
      const { tokens, users } = await start()
      await tokens.issue(token('t', { emailKey: 'former@example.com' }))
      expect(await tokens.find('t')).toBeNull()
      expect(await tokens.resetPassword('t', 'new hash')).toBeNull()
      await users.setDisabled('user-1', true)
      await tokens.issue(token('u'))
      expect(await tokens.find('u')).toBeNull()
      expect(await tokens.resetPassword('u', 'new hash')).toBeNull()
      expect((await users.find('user-1'))?.passwordHash).toBe('old hash')
    })

    it('are removed once they expired, at most so many at a time', async () => {
      const { clock, tokens } = await start()
      for (const n of [1, 2, 3])
        await tokens.issue(registration(`old-${n}`, { emailKey: `${n}@example.com` }))
      clock.advance(LIFETIME)
      await tokens.issue(token('live'))
      expect([await tokens.prune(2), await tokens.prune(2), await tokens.prune(2)]).toEqual([2, 1, 0])
      expect(await tokens.find('live')).not.toBeNull()
    })
  })

  describe(`${name}: a reset`, () => {
    it('writes hash, revision and proof of the address at once, and drops the profile of a registration that nobody had proved', async () => {
      const { clock, tokens, users } = await start()
      const before = await users.find('user-1')
      await tokens.issue(token('t'))
      clock.advance(1)
      const expected = {
        ...before,
        passwordHash: 'new hash',
        revision: 1,
        emailVerifiedAt: clock.now(),
        name: null,
        username: null,
      }
      expect(await tokens.resetPassword('t', 'new hash')).toEqual(expected)
      expect(await users.find('user-1')).toEqual(expected)
      expect(await users.findByUsername('ada')).toBeNull()
    })

    it.each<[who: string, user: Partial<NewUser>]>([
      ['who was created by somebody else', { selfRegistered: false }],
      ['whose address is proved', { emailVerified: true }],
    ])('leaves the profile to a user %s', async (_who, user) => {
      const { tokens } = await start(user)
      await tokens.issue(token('t'))
      expect(await tokens.resetPassword('t', 'new hash')).toMatchObject({
        name: 'Ada L.',
        username: 'Ada',
        roles: ['editor'],
        passwordHash: 'new hash',
      })
    })

    it('leaves the profile that the owner wrote after the address was proved', async () => {
      const { tokens, users } = await start()
      await tokens.issue(token('first'))
      await tokens.resetPassword('first', 'hash 1')
      await users.updateProfile('user-1', { name: 'Mine' })
      await tokens.issue(token('second'))
      expect(await tokens.resetPassword('second', 'hash 2')).toMatchObject({ name: 'Mine', revision: 2 })
    })

    it('gives a password to who had none', async () => {
      const { tokens } = await start({ passwordHash: null })
      await tokens.issue(token('t'))
      expect(await tokens.resetPassword('t', 'new hash')).toMatchObject({ passwordHash: 'new hash' })
    })
  })

  describe(`${name}: a verification`, () => {
    it('alone ends no other link of the user, and with a new password every one', async () => {
      for (const [passwordHash, left] of [
        [null, 'reset'],
        ['new hash', undefined],
      ] as const) {
        const { tokens } = await start()
        await tokens.issue(verification('t'))
        await tokens.issue(token('reset'))
        await tokens.verifyEmail('t', passwordHash)
        expect((await tokens.find('reset'))?.token.tokenHash).toBe(left)
      }
    })

    it('alone marks the address as proved and changes nothing else', async () => {
      const { clock, tokens, users } = await start()
      const before = await users.find('user-1')
      await tokens.issue(verification('t'))
      const expected = { ...before, emailVerifiedAt: clock.now() }
      expect(await tokens.verifyEmail('t', null)).toEqual(expected)
      expect(await users.find('user-1')).toEqual(expected)
    })

    it('with a new password leaves nothing of what was registered with', async () => {
      const { tokens } = await start()
      await tokens.issue(verification('t'))
      expect(await tokens.verifyEmail('t', 'new hash')).toMatchObject({
        passwordHash: 'new hash',
        revision: 1,
        name: null,
        username: null,
      })
    })

    it('is not for an address that is proved already', async () => {
      const { tokens } = await start({ emailVerified: true })
      await tokens.issue(verification('t'))
      expect([await tokens.find('t'), await tokens.verifyEmail('t', null)]).toEqual([null, null])
    })
  })

  describe(`${name}: a new address`, () => {
    it('takes the place of the old one, proved', async () => {
      const { clock, tokens, users } = await start()
      const before = await users.find('user-1')
      await tokens.issue(change('t'))
      clock.advance(1)
      const user = { ...before, email: 'Next@Example.com', emailVerifiedAt: clock.now(), revision: 1 }
      expect(await tokens.changeEmail('t')).toEqual({ ok: true, user })
      expect(await users.findByEmail('next@example.com')).toEqual(user)
      expect(await users.findByEmail('ada@example.com')).toBeNull()
      expect((await users.findByUsername('ada'))?.id).toBe('user-1')
    })

    it('that somebody else has by now is refused, and the token is used up', async () => {
      const { tokens, users } = await start()
      await tokens.issue(change('t'))
      const other = { ...ADA, id: 'user-2', username: null, usernameKey: null }
      await users.create({ ...other, email: 'next@example.com', emailKey: 'next@example.com' })
      expect(await tokens.changeEmail('t')).toEqual({ ok: false, taken: 'email' })
      expect(await tokens.changeEmail('t')).toBeNull()
      expect(await users.find('user-1')).toMatchObject({ email: 'Ada@Example.com', revision: 0 })
    })

    it('may be the same in another spelling', async () => {
      const { tokens, users } = await start()
      await tokens.issue(token('t', { purpose: 'change-email', newEmail: 'ADA@example.com' }))
      expect(await tokens.changeEmail('t')).toMatchObject({ ok: true })
      expect((await users.findByEmail('ada@example.com'))?.email).toBe('ADA@example.com')
    })
  })

  describe(`${name}: a registration`, () => {
    const complete = (tokens: OneTimeTokenStore, hash: string, passwordHash: string | null) =>
      tokens.completeRegistration(hash, { id: 'user-9', passwordHash })

    it('that is completed by its browser makes the user as registered, with the address proved', async () => {
      const { clock, tokens, users } = await start()
      await tokens.issue(registration('t'))
      const made = await complete(tokens, 't', null)
      expect(made).toEqual({
        id: 'user-9',
        email: 'New@Example.com',
        username: 'Newcomer',
        name: 'New "☃" Comer',
        passwordHash: 'pending hash',
        roles: [],
        emailVerifiedAt: clock.now(),
        disabledAt: null,
        revision: 0,
        createdAt: clock.now(),
        lastLoginAt: null,
      })
      expect(await users.findByEmail('new@example.com')).toEqual(made)
      expect(await users.findByUsername('newcomer')).toEqual(made)
    })

    it('that is completed elsewhere makes a user of the address and the new password alone', async () => {
      const { tokens } = await start()
      await tokens.issue(registration('t'))
      expect(await complete(tokens, 't', 'new hash')).toMatchObject({
        email: 'New@Example.com',
        username: null,
        name: null,
        passwordHash: 'new hash',
      })
    })

    it('ends every other of its address', async () => {
      const { tokens } = await start()
      for (const hash of ['mine', 'theirs']) await tokens.issue(registration(hash))
      await complete(tokens, 'mine', null)
      expect([await tokens.find('theirs'), await complete(tokens, 'theirs', null)]).toEqual([null, null])
    })

    it('goes without a user name that somebody has by now', async () => {
      const { tokens, users } = await start()
      await tokens.issue(registration('t', { pending: { ...PENDING, username: 'ADA' } }))
      expect(await complete(tokens, 't', null)).toMatchObject({ username: null, name: PENDING.name })
      expect((await users.findByUsername('ada'))?.id).toBe('user-1')
    })

    it('of an address that a user has proved, or who is disabled, makes nothing', async () => {
      for (const user of [{ emailVerified: true }, {}]) {
        const { tokens, users } = await start(user)
        if (!user.emailVerified) await users.setDisabled('user-1', true)
        const before = await users.find('user-1')
        await tokens.issue(registration('t', { emailKey: ADA.emailKey }))
        expect([await tokens.find('t'), await complete(tokens, 't', null)]).toEqual([null, null])
        expect(await users.find('user-1')).toEqual(before)
      }
    })

    it('of an address that a user has and never proved takes that user over', async () => {
      const { tokens } = await start()
      await tokens.issue(registration('t', { emailKey: ADA.emailKey }))
      expect((await tokens.find('t'))?.user?.id).toBe('user-1')
      expect(await complete(tokens, 't', null)).toMatchObject({
        id: 'user-1',
        email: 'Ada@Example.com',
        username: 'Newcomer',
        name: PENDING.name,
        passwordHash: 'pending hash',
        revision: 1,
      })
      await tokens.issue(token('reset'))
      expect(await tokens.find('reset')).not.toBeNull()
    })
  })
}
