// Is a one-time token used once, and a user written whole, whoever else is at it on other nodes?
import { describe, expect, it } from 'vitest'
import type { NewOneTimeToken, OneTimeTokenStore } from '../../src/ports/one-time-token-store.ts'
import type { NewUser } from '../../src/ports/user-store.ts'
import { startNodes } from '../support/postgres-nodes.ts'

const { node, atOnce, client } = startNodes(4)

const user = (n: number, change: Partial<NewUser> = {}): NewUser => ({
  id: `user-${n}`,
  email: `${n}@example.com`,
  emailKey: `${n}@example.com`,
  username: `Name ${n}`,
  usernameKey: `name ${n}`,
  name: null,
  passwordHash: 'old hash',
  roles: ['editor'],
  ...change,
})

const token = (tokenHash: string, change: Partial<NewOneTimeToken> = {}): NewOneTimeToken => ({
  tokenHash,
  purpose: 'reset-password',
  userId: 'user-1',
  emailKey: '1@example.com',
  newEmail: null,
  pending: null,
  lifetime: 60_000,
  most: 8,
  ...change,
})

const registration = (tokenHash: string, n: number, username: string | null = null): NewOneTimeToken => {
  const pending = {
    email: `${n}@example.com`,
    passwordHash: `by ${tokenHash}`,
    username,
    name: null,
    browserHash: 'b',
  }
  return token(tokenHash, { purpose: 'register', userId: null, emailKey: `${n}@example.com`, pending })
}

type Use = (tokens: OneTimeTokenStore, caller: number) => Promise<unknown>

describe('of 32 callers at once on four nodes exactly one', () => {
  it.each<[act: string, issued: NewOneTimeToken, use: Use]>([
    ['resets the password', token('t'), (tokens, n) => tokens.resetPassword('t', `hash ${n}`)],
    [
      'verifies the address',
      token('t', { purpose: 'verify-email' }),
      (tokens) => tokens.verifyEmail('t', null),
    ],
    [
      'changes the address',
      token('t', { purpose: 'change-email', newEmail: 'next@example.com' }),
      (tokens) => tokens.changeEmail('t'),
    ],
    [
      'completes the registration',
      registration('t', 2),
      (tokens, n) => tokens.completeRegistration('t', { id: `made-${n}`, passwordHash: null }),
    ],
  ])('%s', async (_act, issued, use) => {
    await node(0).users.create(user(1))
    await node(0).oneTimeTokens.issue(issued)
    const answers = await atOnce(32, (store, caller) => use(store.oneTimeTokens, caller))
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1)
  })

  it('is the one whose password holds', async () => {
    await node(0).users.create(user(1))
    await node(0).oneTimeTokens.issue(token('t'))
    const answers = await atOnce(32, (store, n) => store.oneTimeTokens.resetPassword('t', `hash ${n}`))
    const winner = answers.findIndex((answer) => answer !== null)
    expect(await node(0).users.find('user-1')).toMatchObject({ passwordHash: `hash ${winner}`, revision: 1 })
  })
})

describe('links of one user or address', () => {
  it('that are used at once: the first ends the others', async () => {
    await node(0).users.create(user(1))
    for (let n = 0; n < 8; n++) await node(0).oneTimeTokens.issue(token(`t-${n}`))
    const answers = await atOnce(24, (store, n) => store.oneTimeTokens.resetPassword(`t-${n % 8}`, `${n}`))
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1)
    expect(await node(0).users.find('user-1')).toMatchObject({ revision: 1 })
  })

  it('that complete a registration at once make one user, of one of them', async () => {
    for (let n = 0; n < 8; n++) await node(0).oneTimeTokens.issue(registration(`t-${n}`, 1))
    const answers = await atOnce(24, (store, n) =>
      store.oneTimeTokens.completeRegistration(`t-${n % 8}`, { id: `made-${n}`, passwordHash: null }),
    )
    const [made, ...more] = answers.filter((answer) => answer !== null)
    expect(more).toEqual([])
    expect(await node(0).users.findByEmail('1@example.com')).toEqual(made)
  })

  it.each([1, 3])('that are issued at once leave as many as there may be: %i', async (most) => {
    await atOnce(24, (store, n) => store.oneTimeTokens.issue(token(`t-${n}`, { most })))
    await node(0).users.create(user(1))
    const found = await atOnce(24, (store, n) => store.oneTimeTokens.find(`t-${n}`))
    expect(found.filter((answer) => answer !== null)).toHaveLength(most)
  })

  it('that somebody is just removing do not hold up a new one', async () => {
    await node(0).users.create(user(1))
    for (const n of [1, 2, 3]) await node(0).oneTimeTokens.issue(token(`t-${n}`))
    await client().query("begin; delete from lockjar_one_time_tokens where token_hash = 't-2'")
    await node(1).oneTimeTokens.issue(token('new', { most: 1 }))
    await client().query('commit')
    const { rows } = await client().query('select token_hash from lockjar_one_time_tokens')
    expect(rows).toEqual([{ token_hash: 'new' }])
  })

  it('and all else that writes the user or removes links wait for each other in one order', async () => {
    await node(0).users.create(user(1))
    await atOnce(60, async ({ oneTimeTokens, users }, n) => {
      await oneTimeTokens.issue(token(`t-${n}`))
      await Promise.all([
        oneTimeTokens.issue(token(`v-${n}`, { purpose: 'verify-email', most: 2 })),
        oneTimeTokens.resetPassword(`t-${n}`, `hash ${n}`),
        oneTimeTokens.verifyEmail(`v-${n - 1}`, n % 2 ? null : 'hash'),
        users.setDisabled('user-1', false),
        oneTimeTokens.prune(10),
      ])
    })
    expect(await node(0).users.find('user-1')).toMatchObject({ disabledAt: null })
  })
})

describe('a user is written whole', () => {
  it('where somebody else disables them at the same time: neither is lost', async () => {
    for (let round = 0; round < 20; round++) {
      const id = `user-${round}`
      await node(0).users.create(user(round))
      const emailKey = `${round}@example.com`
      await node(0).oneTimeTokens.issue(token(`t-${round}`, { userId: id, emailKey }))
      const [reset] = await Promise.all([
        node(1).oneTimeTokens.resetPassword(`t-${round}`, 'new hash'),
        node(2).users.setDisabled(id, true),
        node(3).users.recordLogin(id),
      ])
      expect(await node(0).users.find(id)).toMatchObject({
        passwordHash: reset ? 'new hash' : 'old hash',
        disabledAt: expect.any(Number),
        lastLoginAt: expect.any(Number),
        revision: reset ? 2 : 1,
      })
    }
  })

  it('where an administrator creates them as the registration is completed: there is one, and no error', async () => {
    for (let round = 0; round < 20; round++) {
      await node(0).oneTimeTokens.issue(registration(`t-${round}`, round))
      const [made, created] = await Promise.all([
        node(1).oneTimeTokens.completeRegistration(`t-${round}`, { id: `made-${round}`, passwordHash: null }),
        node(2).users.create(user(round, { username: null, usernameKey: null })),
      ])
      // Whoever was second takes the account over, whose address nobody had proved.
      const id = created.ok ? `user-${round}` : `made-${round}`
      expect(made?.id).toBe(id)
      expect(await node(0).users.findByEmail(`${round}@example.com`)).toEqual(made)
    }
  })

  it('where two change to one address at once: one has it, and the other link is used up', async () => {
    for (let round = 0; round < 10; round++) {
      const two = [2 * round, 2 * round + 1]
      const newEmail = `next-${round}@example.com`
      for (const n of two) {
        await node(0).users.create(user(n))
        const change = { userId: `user-${n}`, emailKey: `${n}@example.com`, newEmail }
        await node(0).oneTimeTokens.issue(token(`t-${n}`, { purpose: 'change-email', ...change }))
      }
      const answers = await Promise.all(two.map((n) => node(n).oneTimeTokens.changeEmail(`t-${n}`)))
      expect(answers.map((answer) => answer?.ok).toSorted()).toEqual([false, true])
      for (const n of two) expect(await node(0).oneTimeTokens.find(`t-${n}`)).toBeNull()
    }
  })

  it('where many register one user name at once: one has it, and the others go without', async () => {
    await atOnce(8, (store, n) => store.oneTimeTokens.issue(registration(`t-${n}`, n, 'Ada')))
    const made = await atOnce(8, (store, n) =>
      store.oneTimeTokens.completeRegistration(`t-${n}`, { id: `made-${n}`, passwordHash: null }),
    )
    expect(made.map((each) => each?.username).toSorted()).toEqual(['Ada', ...Array(7).fill(null)].toSorted())
  })
})
