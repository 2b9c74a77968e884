// Is somebody who guesses slowed down, and is the owner of the account not locked out with them?
import { describe, expect, it } from 'vitest'
import { openMemory } from '../../src/drivers/memory/index.ts'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import { AuthError } from '../../src/errors.ts'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { SendOptions, Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'
import { NO_MAILER, watchOutbox } from '../support/mailbox.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }
const EVE = { email: 'eve@example.com', password: PASSWORD }
const HOME = '198.51.100.7'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The n-th network of an attacker who has many. */
const bot = (n: number): string => `2001:db8:${n.toString(16)}::1`

async function open(options: TestOptions = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, rateLimits: 'on', ...options })
  /** A browser at an address; `null`: where the platform does not say. */
  const at = (ip: string | null): TestBrowser =>
    new TestBrowser((request) => made.auth.handler(request, ip === null ? {} : { ip }), LOCAL)
  const signIn = (ip: string | null, account: object, password = PASSWORD, sending: SendOptions = {}) =>
    at(ip).post('/auth/login', { ...account, password }, sending)
  const guess = (ip: string | null, account: object = { email: ADA.email }, sending: SendOptions = {}) =>
    signIn(ip, account, 'wrong password', sending)
  return { ...made, at, signIn, guess }
}

/** The same with Ada registered at home. */
async function openWithAda(options: TestOptions = {}) {
  const made = await open(options)
  const browser = made.at(HOME)
  expect((await browser.post('/auth/register', ADA)).status).toBe(201)
  expect((await browser.post('/auth/login', { email: ADA.email, password: PASSWORD })).status).toBe(200)
  return { ...made, browser }
}

const statuses = (sent: readonly Sent[]): readonly number[] => sent.map(({ status }) => status)

async function repeat<T>(times: number, act: (n: number) => Promise<T>): Promise<readonly T[]> {
  const done: T[] = []
  for (let n = 0; n < times; n++) done.push(await act(n))
  return done
}

const times = (count: number, status: number): readonly number[] => new Array(count).fill(status)

describe('tries of a password', () => {
  it('of one account from one network are five a minute, and waits double after each hit', async () => {
    const { guess, clock } = await open({ budgets: { password: { account: [] } } })
    for (const wait of [60, 120, 240, 480]) {
      expect(statuses(await repeat(5, () => guess(HOME)))).toEqual(times(5, 401))
      const refused = await guess(HOME)
      expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited'])
      expect(refused.headers.get('retry-after')).toBe(String(wait))
      expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      clock.advance(wait * 1000 - 1)
      expect((await guess(HOME)).headers.get('retry-after')).toBe('1')
      clock.advance(1)
    }
  })

  it('that are refused do not make the wait longer', async () => {
    const { guess, clock } = await open()
    await repeat(5, () => guess(HOME))
    for (let second = 0; second < 59; second++) {
      clock.advance(1000)
      expect((await guess(HOME)).status).toBe(429)
    }
    clock.advance(1000)
    expect((await guess(HOME)).status).toBe(401)
  })

  it('are counted before the hash is computed, and a refused one computes none', async () => {
    let hashed = 0
    const { guess } = await open({
      passwordHasher: {
        hash: async () => 'hash',
        verify: async () => ({ ok: false, mustRehash: false }),
        async verifyAbsent() {
          hashed++
        },
        close: async () => {},
      },
    })
    const sent = await Promise.all(Array.from({ length: 30 }, () => guess(HOME)))
    expect(sent.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(hashed).toBe(5)
  })

  it('share one budget at every door: sign-in by e-mail in any case, step-up, change and deletion', async () => {
    const { browser, guess } = await openWithAda()
    const password = 'wrong password'
    const doors: readonly (() => Promise<Sent>)[] = [
      () => guess(HOME, { email: 'ADA@example.COM' }),
      () => guess(HOME, { identifier: ADA.email }),
      () => browser.post('/auth/step-up', { password }),
      () =>
        browser.post('/auth/password/change', {
          currentPassword: password,
          newPassword: 'another battery staple',
        }),
      () => browser.send('DELETE', '/auth/me', { body: { password } }),
    ]
    for (const door of doors) expect((await door()).body.code).toBe('invalid_credentials')
    for (const door of doors) expect((await door()).body.code).toBe('rate_limited')
    // Who is signed in stays so, and everything else goes on.
    expect((await browser.get('/auth/me')).status).toBe(200)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })

  it('are not counted where nobody has looked at the password: 503 gives them back', async () => {
    let busy = true
    const { guess } = await open({
      passwordHasher: {
        hash: async () => 'hash',
        verify: async () => ({ ok: false, mustRehash: false }),
        async verifyAbsent() {
          if (busy) throw new AuthError('unavailable', { retryAfter: 2 })
        },
        close: async () => {},
      },
    })
    expect(statuses(await repeat(10, () => guess(HOME)))).toEqual(times(10, 503))
    busy = false
    expect(statuses(await repeat(6, () => guess(HOME)))).toEqual([...times(5, 401), 429])
  })

  it('that are right are not counted, however many', async () => {
    const { signIn } = await openWithAda()
    expect(statuses(await repeat(15, () => signIn(HOME, { username: 'ada' })))).toEqual(times(15, 200))
  })

  it('are not limited where limits are off', async () => {
    const { guess } = await open({ rateLimits: 'off' })
    const sent = await repeat(12, () => guess(HOME))
    expect(statuses(sent)).toEqual(times(12, 401))
    expect(sent[0]?.headers.has('ratelimit')).toBe(false)
  })
})

describe('a success', () => {
  const network = [{ limit: 8, period: '10m' }] as const

  it('gives back what its account has used up from its network', async () => {
    const { guess, signIn } = await openWithAda()
    await repeat(4, () => guess(HOME))
    expect((await signIn(HOME, { email: ADA.email })).status).toBe(200)
    expect(statuses(await repeat(6, () => guess(HOME)))).toEqual([...times(5, 401), 429])
  })

  it('clears nothing of the network itself: whoever has an account there goes on guessing no longer', async () => {
    const { guess, signIn, at } = await openWithAda({ budgets: { password: { network } } })
    await at(HOME).post('/auth/register', EVE)
    const victim = (n: number) => ({ email: `victim${n}@example.com` })
    const sent = await repeat(10, async (n) => {
      expect((await signIn(HOME, EVE)).status).toBe(n < 8 ? 200 : 429)
      return guess(HOME, victim(n))
    })
    expect(statuses(sent)).toEqual([...times(8, 401), 429, 429])
  })

  it('clears nothing of the same account at other networks', async () => {
    const { guess, signIn } = await openWithAda()
    await repeat(5, () => guess(bot(1)))
    expect((await signIn(HOME, { email: ADA.email })).status).toBe(200)
    expect((await guess(bot(1))).status).toBe(429)
  })
})

/** What differs between any two answers. */
const VARYING = new Set(['date'])

const answerOf = ({ status, text, headers }: Sent): object => ({
  status,
  text,
  headers: [...headers].filter(([name]) => !VARYING.has(name)),
})

describe('an attacker with many networks', () => {
  it('does not stop the owner at a network that the account knows, and does at others', async () => {
    const { guess, signIn, clock } = await openWithAda()
    await repeat(20, (n) => guess(bot(n)))
    expect(statuses(await repeat(3, (n) => guess(bot(100 + n))))).toEqual(times(3, 429))
    expect((await signIn('203.0.113.9', { email: ADA.email })).status).toBe(429)
    expect((await signIn(HOME, { email: ADA.email })).status).toBe(200)
    // Also the owner who mistypes: the network has a budget of its own.
    expect(statuses(await repeat(4, () => guess(HOME)))).toEqual(times(4, 401))
    expect((await signIn(HOME, { email: ADA.email })).status).toBe(200)
    // A network is known for 90 days after the last time.
    for (const _ of [1, 2]) {
      clock.advance(89 * DAY)
      await repeat(20, (n) => guess(bot(n)))
      expect((await signIn(HOME, { email: ADA.email })).status).toBe(200)
    }
    clock.advance(91 * DAY)
    await repeat(20, (n) => guess(bot(n)))
    expect((await signIn(HOME, { email: ADA.email })).status).toBe(429)
  })

  it('does not stop the owner’s reset, by which a new network is known; nor do mails that others ask for', async () => {
    const { guess, signIn, at, store } = await openWithAda({ mailer: NO_MAILER })
    const mails = watchOutbox(store)
    const newPassword = 'another horse, another battery'
    await repeat(20, (n) => guess(bot(n)))
    const owner = at('203.0.113.9')
    expect((await signIn('203.0.113.9', { email: ADA.email })).status).toBe(429)
    expect((await owner.post('/auth/password/forgot', { email: ADA.email })).status).toBe(202)
    const token = await mails.token('reset-password')
    expect((await owner.post('/auth/password/reset', { token, newPassword })).status).toBe(204)
    expect((await signIn('203.0.113.9', { email: ADA.email }, newPassword)).status).toBe(200)

    const forget = (ip: string) => at(ip).post('/auth/password/forgot', { email: ADA.email })
    expect(statuses(await repeat(12, (n) => forget(bot(n))))).toEqual(times(12, 202))
    expect((await forget(HOME)).status).toBe(202)
  })

  it('does not keep a reset from the owner: mails are spaced out, and the link that came stays good', async () => {
    const { at, store, clock } = await openWithAda({ mailer: NO_MAILER })
    const mails = watchOutbox(store)
    const forget = (ip: string, email = ADA.email) => at(ip).post('/auth/password/forgot', { email })
    const sent = async () => (await mails.all()).filter((mail) => mail !== 'decoy').length
    const reset = async (ip: string, newPassword: string) =>
      (
        await at(ip).post('/auth/password/reset', {
          token: await mails.token('reset-password'),
          newPassword,
        })
      ).status

    expect(statuses(await repeat(40, (n) => forget(bot(n))))).toEqual(times(40, 202))
    expect(await sent()).toBe(1)
    expect(await reset('203.0.113.9', 'another horse, another battery')).toBe(204)
    // The link is used up, so the next one need not wait.
    expect((await forget('203.0.113.9')).status).toBe(202)
    expect(await reset('203.0.113.9', 'a third horse, a third battery')).toBe(204)

    const began = await sent()
    for (let minute = 0; minute < 24 * 60; minute++) {
      await forget(bot(1000 + minute))
      clock.advance(MINUTE)
    }
    const day = (await sent()) - began
    expect(day).toBeGreaterThan(60)
    expect(day).toBeLessThan(80)
    expect(await reset('203.0.113.10', 'a fourth horse, a fourth battery')).toBe(204)
  })

  it('learns from no spaced mail whether there is such an account: answers and steps are the same', async () => {
    const { at, store } = await openWithAda({ mailer: NO_MAILER })
    const steps: string[] = []
    const spy = (part: object, name: string) => {
      const method = (part as Record<string, (...args: unknown[]) => unknown>)[name]
      Object.assign(part, {
        [name]: (...args: unknown[]) => {
          steps.push(name)
          return method?.apply(part, args)
        },
      })
    }
    spy(store.users, 'findByEmail')
    spy(store.limits, 'consume')
    spy(store.oneTimeTokens, 'issue')
    spy(store.outbox, 'add')
    const ask = async (email: string, ip: string) => {
      steps.length = 0
      const answer = await at(ip).post('/auth/password/forgot', { email })
      return [answerOf(answer), [...steps]]
    }
    const known = await repeat(3, (n) => ask(ADA.email, bot(n)))
    const unknown = await repeat(3, (n) => ask('bob@example.com', bot(10 + n)))
    expect(unknown).toEqual(known)
    expect(known[2]).toEqual([
      expect.objectContaining({ status: 202 }),
      ['findByEmail', 'consume', 'consume', 'issue', 'add'],
    ])
  })

  it('gives the turn back where no mail could be queued', async () => {
    const { at, store } = await openWithAda({ mailer: NO_MAILER })
    const mails = watchOutbox(store)
    const { add } = store.outbox
    const forget = (ip: string) => at(ip).post('/auth/password/forgot', { email: ADA.email })
    Object.assign(store.outbox, { add: async () => false })
    expect((await forget(bot(1))).status).toBe(503)
    Object.assign(store.outbox, { add })
    expect((await forget(bot(2))).status).toBe(202)
    expect((await mails.newest('reset-password')).to).toBe(ADA.email)
  })

  it('who is at home in an account of their own sends no more mails to another’s address', async () => {
    const { at, signIn } = await open({
      mailer: NO_MAILER,
      registration: 'open',
      budgets: { change: { account: [] } },
    })
    const eve = at(HOME)
    await eve.post('/auth/register', EVE)
    const asked: number[] = []
    for (let n = 0; n < 12; n++) {
      await signIn(bot(n), EVE)
      const browser = at(bot(n))
      await browser.post('/auth/login', EVE)
      asked.push((await browser.post('/auth/email/change', { email: ADA.email, password: PASSWORD })).status)
    }
    expect(asked).toEqual([...times(10, 202), 429, 429])
  })

  it('who has an account of their own asks for few changes of address, whatever the new ones are', async () => {
    const { browser, store } = await openWithAda({ mailer: NO_MAILER })
    const mails = watchOutbox(store)
    const sent = await repeat(7, (n) =>
      browser.post('/auth/email/change', { email: `new${n}@example.com`, password: PASSWORD }),
    )
    expect(statuses(sent)).toEqual([...times(5, 202), 429, 429])
    const notices = (await mails.all()).filter(
      (mail) => mail !== 'decoy' && mail.kind === 'email-change-requested',
    )
    expect(notices).toHaveLength(5)
  })

  it('who signs in to an account with an unproved address sends it no more verifications', async () => {
    const { at } = await open({ mailer: NO_MAILER })
    await at(HOME).post('/auth/register', ADA)
    const asked: number[] = []
    for (let n = 0; n < 12; n++) {
      const browser = at(bot(n))
      await browser.post('/auth/login', { email: ADA.email, password: PASSWORD })
      asked.push((await browser.post('/auth/email/verify/request')).status)
    }
    // One went out with the registration.
    expect(asked).toEqual([...times(9, 202), 429, 429, 429])
  })

  it('has 50 tries in 30 days under each of the two names of an account, 100 together (NIST SP 800-63B-4)', async () => {
    const { guess, clock } = await openWithAda()
    for (const account of [{ email: ADA.email }, { username: ADA.username }]) {
      const began = clock.now()
      let tried = 0
      for (let n = 0; clock.now() < began + 30 * DAY; n++) {
        const { status, headers } = await guess(bot(n), account)
        if (status === 401) tried++
        else clock.advance(Number(headers.get('retry-after')) * 1000)
      }
      expect(tried).toBe(50)
    }
  })

  it('meets a valve for all that fails, which the networks of owners pass', async () => {
    const { guess, signIn } = await openWithAda({
      budgets: { password: { global: [{ limit: 30, period: '1m' }] } },
    })
    const account = (n: number) => ({ email: `victim${n}@example.com` })
    expect(statuses(await repeat(30, (n) => guess(bot(n), account(n))))).toEqual(times(30, 401))
    expect((await guess(bot(99), account(99))).status).toBe(429)
    expect((await signIn('203.0.113.9', { email: ADA.email })).status).toBe(429)
    expect((await signIn(HOME, { email: ADA.email })).status).toBe(200)
  })

  it('learns from no answer whether there is such an account', async () => {
    const { guess } = await openWithAda()
    const known = await repeat(30, (n) => guess(bot(n % 7)))
    const other = await openWithAda()
    const unknown = await repeat(30, (n) => other.guess(bot(n % 7), { email: 'bob@example.com' }))
    expect(unknown.map(answerOf)).toEqual(known.map(answerOf))
    expect(new Set(statuses(known))).toEqual(new Set([401, 429]))
  })

  it('has no advantage where the platform tells no address: nobody is at home there', async () => {
    const { signIn, guess, at } = await open()
    await at(null).post('/auth/register', ADA)
    expect((await signIn(null, { email: ADA.email })).status).toBe(200)
    await repeat(20, (n) => guess(bot(n)))
    expect((await signIn(null, { email: ADA.email })).status).toBe(429)
  })

  it('has not been at home by a registration alone: its address may be another’s', async () => {
    const { at, guess, signIn } = await open()
    await at(HOME).post('/auth/register', ADA)
    await repeat(20, (n) => guess(bot(n)))
    expect((await signIn(HOME, { email: ADA.email })).status).toBe(429)
  })
})

describe('a network', () => {
  it('is a /64 of IPv6, one address of IPv4 however it is written', async () => {
    const networks: readonly (readonly (string | null)[])[] = [
      [
        '2001:db8::1',
        '2001:db8::2',
        '2001:db8:0:0:ffff::3',
        '2001:DB8::4%eth0',
        '2001:db8::5',
        '2001:db8::6',
      ],
      [
        '192.0.2.1',
        '::ffff:192.0.2.1',
        '::ffff:c000:201',
        '192.0.2.1',
        '2002:c000:201::1',
        '64:ff9b::192.0.2.1',
      ],
    ]
    const { guess } = await open()
    for (const [at, ips] of networks.entries()) {
      const account = { email: `user${at}@example.com` }
      const sent = await repeat(6, (n) => guess(ips[n] ?? null, account))
      expect(statuses(sent)).toEqual([...times(5, 401), 429])
    }
    expect((await guess('::ffff:192.0.2.2', { email: 'user1@example.com' })).status).toBe(401)
    expect((await guess('2001:db8:0:1::1', { email: 'user0@example.com' })).status).toBe(401)
  })

  it('is none where nobody knows the address, so that one sender does not close it for all', async () => {
    const { guess, at } = await open()
    const ips = [null, 'unknown', '', 'not an address']
    const sent = await repeat(80, (n) => guess(ips[n % 4] ?? null, { email: `user${n}@example.com` }))
    expect(statuses(sent)).toEqual(times(80, 401))
    expect(sent[0]?.headers.has('ratelimit')).toBe(false)
    for (let n = 0; n < 25; n++) {
      const account = { email: `new${n}@example.com`, password: PASSWORD }
      expect((await at(null).post('/auth/register', account)).status).toBe(201)
    }
    // One account still has no more tries than it has.
    expect(statuses(await repeat(21, () => guess(null)))).toEqual([...times(20, 401), 429])
  })

  it('that is none is warned of once, on https alone', async () => {
    const warnings = async (options: TestOptions, ip?: string): Promise<number> => {
      const { auth, log } = await createTestAuth({ rateLimits: 'on', ...options })
      const origin = options.baseURL ?? 'https://app.example.com'
      const browser = new TestBrowser((request) => auth.handler(request, ip ? { ip } : {}), origin)
      for (const _ of [1, 2]) await browser.get('/auth/me')
      return log.filter(({ fields }) => fields.event === 'address.unknown').length
    }
    expect(await warnings({})).toBe(1)
    expect(await warnings({}, HOME)).toBe(0)
    expect(await warnings({ baseURL: LOCAL })).toBe(0)
    expect(await warnings({ rateLimits: 'off' })).toBe(0)
  })

  it('has a budget for all accounts together', async () => {
    const { guess } = await open()
    const sent = await repeat(61, (n) => guess(HOME, { email: `user${n}@example.com` }))
    expect(statuses(sent)).toEqual([...times(60, 401), 429])
    expect((await guess(bot(1), { email: 'user61@example.com' })).status).toBe(401)
  })

  it('is not chosen by X-Forwarded-For, nor by any header like it', async () => {
    const { guess } = await open()
    const headers = (n: number) => ({
      'x-forwarded-for': `203.0.113.${n}`,
      'x-real-ip': `203.0.113.${n}`,
      forwarded: `for=203.0.113.${n}`,
      'cf-connecting-ip': `203.0.113.${n}`,
      'x-client-ip': `203.0.113.${n}`,
      'true-client-ip': `203.0.113.${n}`,
    })
    const sent = await repeat(6, (n) => guess(HOME, { email: ADA.email }, { headers: headers(n) }))
    expect(statuses(sent)).toEqual([...times(5, 401), 429])
  })

  it.each<[trustedProxies: number | readonly string[]]>([[1], [['10.0.0.0/8']]])(
    'behind proxies (%j) is that of whom they heard, and what stands further left changes nothing',
    async (trustedProxies) => {
      const { guess, signIn, browser } = await openWithAda({ trustedProxies })
      const via = (client: string) => ({ headers: { 'x-forwarded-for': client } })
      const sent = await repeat(6, (n) => guess('10.0.0.1', undefined, via(`203.0.113.${n}, 192.0.2.1`)))
      expect(statuses(sent)).toEqual([...times(5, 401), 429])
      expect((await guess('10.0.0.1', undefined, via('192.0.2.2'))).status).toBe(401)
      await signIn('10.0.0.1', { email: ADA.email }, PASSWORD, via('::ffff:192.0.2.3'))
      const { sessions } = (await browser.get('/auth/sessions')).body as { sessions: { ip: string }[] }
      expect(sessions.map(({ ip }) => ip).toSorted()).toEqual(['192.0.2.3', HOME])
    },
  )

  it('that is believed without being trusted is warned of once, on https alone', async () => {
    const warnings = async (options: TestOptions): Promise<number> => {
      const { auth, log } = await createTestAuth({ rateLimits: 'on', ...options })
      const origin = options.baseURL ?? 'https://app.example.com'
      const browser = new TestBrowser((request) => auth.handler(request, { ip: '10.0.0.1' }), origin)
      await browser.get('/auth/me')
      for (const n of [1, 2])
        await browser.get('/auth/me', { headers: { 'x-forwarded-for': `192.0.2.${n}` } })
      return log.filter(({ fields }) => fields.event === 'proxy.not_trusted').length
    }
    expect(await warnings({})).toBe(1)
    expect(await warnings({ trustedProxies: 1 })).toBe(0)
    expect(await warnings({ baseURL: LOCAL })).toBe(0)
  })
})

describe('what is known of an account’s networks', () => {
  const NEW = 'another horse, another battery'
  const OFFICE = '203.0.113.9'

  /** Of Ada's two, those at which the guesses of strangers leave her a try. */
  async function known(act: (made: Awaited<ReturnType<typeof start>>) => Promise<unknown>) {
    const made = await start()
    await act(made)
    const { knownNetworks } = made.store
    const asked: string[] = []
    const { knows } = knownNetworks
    Object.assign(knownNetworks, {
      knows: async (...args: Parameters<typeof knows>) => {
        const is = await knows.apply(knownNetworks, args)
        asked.push(is ? 'known' : 'forgotten')
        return is
      },
    })
    for (const ip of [HOME, OFFICE]) await made.guess(ip)
    return asked
  }

  async function start() {
    const made = await openWithAda({ mailer: NO_MAILER })
    const mails = watchOutbox(made.store)
    expect((await made.signIn(OFFICE, { email: ADA.email })).status).toBe(200)
    const me = await made.browser.get('/auth/me')
    return { ...made, mails, id: (me.body['user'] as { id: string }).id }
  }

  it.each<[what: string, act: (made: Awaited<ReturnType<typeof start>>) => Promise<unknown>, string[]]>([
    ['nothing happens', async () => {}, ['known', 'known']],
    [
      'the password is reset',
      async ({ at, mails }) => {
        await at(OFFICE).post('/auth/password/forgot', { email: ADA.email })
        const token = await mails.token('reset-password')
        await at(OFFICE).post('/auth/password/reset', { token, newPassword: NEW })
      },
      ['forgotten', 'known'],
    ],
    [
      'the password is changed',
      ({ browser }) => browser.post('/auth/password/change', { currentPassword: PASSWORD, newPassword: NEW }),
      ['known', 'forgotten'],
    ],
    [
      'the owner of the address takes the account over',
      async ({ at, browser, mails }) => {
        await browser.post('/auth/email/verify/request')
        const token = await mails.token('verify-email')
        await at(OFFICE).post('/auth/email/verify', { token, newPassword: NEW })
      },
      ['forgotten', 'known'],
    ],
    ['the account is disabled', ({ auth, id }) => auth.users.disable(id), ['forgotten', 'forgotten']],
  ])('is forgotten, but for the sender’s, when %s', async (_what, act, expected) => {
    expect(await known(act)).toEqual(expected)
  })

  it('is forgotten with the account', async () => {
    const { browser, store, id } = await start()
    const forgotten: string[] = []
    const { forget } = store.knownNetworks
    Object.assign(store.knownNetworks, {
      forget: (user: string) => {
        forgotten.push(user)
        return forget.call(store.knownNetworks, user)
      },
    })
    expect((await browser.send('DELETE', '/auth/me', { body: { password: PASSWORD } })).status).toBe(204)
    expect(forgotten).toEqual([id])
  })

  it('is kept as a MAC, which tells no address to whoever has the table alone', async () => {
    const { store, signIn } = await openWithAda()
    const kept: string[] = []
    const { remember } = store.knownNetworks
    Object.assign(store.knownNetworks, {
      remember: (user: string, network: string) => {
        kept.push(network)
        return remember.call(store.knownNetworks, user, network)
      },
    })
    await signIn(HOME, { email: ADA.email })
    expect(kept).toHaveLength(1)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(HOME))
    expect(kept[0]).not.toBe(Buffer.from(digest).toString('base64url'))
    expect(kept[0]).toHaveLength(21)
  })
})

describe('a right password that lets nobody in', () => {
  it.each<[what: string, options: TestOptions]>([
    ['of an address that is not proved', { registration: 'verified', mailer: NO_MAILER }],
    ['of an account that is disabled', {}],
  ])('%s counts as any other try, and makes no network known', async (_what, options) => {
    const { auth, guess, signIn } = await open(options)
    const { id } = await auth.users.create({ email: ADA.email, password: PASSWORD })
    if (options.registration !== 'verified') await auth.users.disable(id)
    await repeat(4, () => signIn(HOME, { email: ADA.email }))
    const last = await guess(HOME)
    expect(last.headers.get('ratelimit')).toContain('"password-pair-60";r=0;')
    const other = await guess(bot(1))
    expect(other.status).toBe(401)
    await repeat(14, (n) => guess(bot(2 + n)))
    expect((await guess(bot(99))).status).toBe(429)
  })
})

describe('registrations', () => {
  it('are twenty in ten minutes from one network, those that are refused as taken too', async () => {
    const { at } = await openWithAda()
    const register = (ip: string, n: number) =>
      at(ip).post('/auth/register', n % 2 ? ADA : { email: `user${n}@example.com`, password: PASSWORD })
    const sent = await repeat(20, (n) => register(HOME, n))
    expect(new Set(statuses(sent.slice(0, 19)))).toEqual(new Set([201, 409]))
    expect(sent[19]?.body.code).toBe('rate_limited')
    expect((await register(bot(1), 100)).status).toBe(201)
  })

  it('that could not be are not counted: a weak password', async () => {
    const { at } = await open()
    const weak = { email: ADA.email, password: 'password' }
    await repeat(30, () => at(HOME).post('/auth/register', weak))
    expect((await at(HOME).post('/auth/register', ADA)).status).toBe(201)
  })
})

describe('the headers of a limited route', () => {
  const WINDOWS = '"password-pair-60";q=5;w=60, "password-pair-86400";q=30;w=86400'
  const NETWORK = '"password-network-60";q=60;w=60, "password-network-86400";q=1000;w=86400'

  it('say what is left of the budgets that the sender shares with no stranger elsewhere', async () => {
    const { guess, clock } = await open()
    const first = await guess(HOME)
    expect(first.headers.get('ratelimit-policy')).toBe(`${WINDOWS}, ${NETWORK}`)
    expect(first.headers.get('ratelimit')).toBe(
      '"password-pair-60";r=4;t=60, "password-pair-86400";r=29;t=86400, "password-network-60";r=59;t=60, "password-network-86400";r=999;t=86400',
    )
    clock.advance(500)
    await repeat(4, () => guess(HOME))
    const refused = await guess(HOME)
    expect(refused.headers.get('ratelimit')).toMatch(
      /^"password-pair-60";r=0;t=60, "password-pair-86400";r=25;t=86400, /,
    )
    expect(refused.headers.get('retry-after')).toBe('60')
  })

  it('are on a success, too, and on no route that is not limited', async () => {
    const { browser, signIn } = await openWithAda()
    expect((await signIn(HOME, { email: ADA.email })).headers.get('ratelimit-policy')).toContain(
      'password-pair',
    )
    for (const path of ['/auth/me', '/auth/csrf', '/auth/sessions'])
      expect((await browser.get(path)).headers.has('ratelimit')).toBe(false)
    expect((await browser.post('/auth/refresh')).headers.has('ratelimit')).toBe(false)
  })

  it('can be read by the scripts of trusted origins', async () => {
    const origin = 'https://front.example.com'
    const { guess } = await open({ trustedOrigins: [origin] })
    const { headers } = await guess(HOME, undefined, { site: 'cross-site', origin })
    expect(headers.get('ratelimit')).toBeTruthy()
    expect(headers.get('access-control-expose-headers')).toContain('ratelimit, ratelimit-policy, retry-after')
  })
})

describe('the event limit.hit', () => {
  it('is told once for each budget and wait, however many are refused, and names no address', async () => {
    const { guess, clock, log } = await openWithAda()
    const hits = () => log.filter(({ fields }) => fields.event === 'limit.hit')
    await repeat(5, () => guess(HOME))
    expect(hits()).toEqual([])
    await repeat(20, () => guess(HOME))
    expect(hits()).toHaveLength(1)
    expect(hits()[0]).toMatchObject({
      level: 'warn',
      fields: { act: 'password', scope: 'pair', seconds: 60 },
    })
    clock.advance(MINUTE)
    await repeat(20, () => guess(HOME))
    expect(hits()).toHaveLength(2)
    expect(JSON.stringify(log)).not.toMatch(/ada@example|198\.51|wrong password/)
  })
})

describe.each([
  ['memory', openMemory],
  ['SQLite', (clock: Parameters<typeof openMemory>[0]) => openSqlite(':memory:', clock)],
] as const)('two simultaneous tries at a limit of one left, on %s', (_name, openStore) => {
  it('exactly one passes', async () => {
    const { guess } = await open({ open: openStore })
    for (let round = 0; round < 5; round++) {
      const account = { email: `user${round}@example.com` }
      await repeat(4, () => guess(HOME, account))
      const both = await Promise.all([guess(HOME, account), guess(HOME, account)])
      expect(statuses(both).toSorted()).toEqual([401, 429])
    }
  })
})
