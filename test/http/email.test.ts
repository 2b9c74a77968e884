// How do links in mails prove an address, bring a lost password back and change an address, as a browser sees it?
import { AuthError } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import { createRefreshToken } from '../../src/core/refresh-token/create.ts'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, ORIGIN, PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { NO_MAILER, watchOutbox } from '../support/mailbox.ts'

const LOCAL = 'http://localhost:3000'
const NEW_PASSWORD = 'another horse, another battery'
const ADA = { email: 'Ada@Example.com', password: PASSWORD, username: 'ada', name: 'Ada Lovelace' }
const MINUTE = 60_000

async function setUp(options: TestOptions = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, mailer: NO_MAILER, ...options })
  const mails = watchOutbox(made.store)
  const newBrowser = () => new TestBrowser(made.auth.handler, made.auth.config.origin)
  const signIn = async (password = PASSWORD, email = ADA.email) =>
    (await newBrowser().post('/auth/login', { email, password })).status
  return { ...made, mails, newBrowser, signIn }
}

/** Ada has registered and is signed in. */
async function withAda(options: TestOptions = {}) {
  const made = await setUp(options)
  const ada = made.newBrowser()
  const { status, body } = await ada.post('/auth/register', ADA)
  expect(status).toBe(201)
  const { id } = body['user'] as { id: string }
  const userOf = async () => made.store.users.find(id)
  return { ...made, ada, id, userOf }
}

/** A link that was sent for Ada, of each kind that there is. */
const LINKS: readonly [
  what: string,
  send: (setUp: Awaited<ReturnType<typeof withAda>>) => Promise<string>,
  path: string,
  fields: object,
][] = [
  [
    'a reset',
    async ({ newBrowser, mails }) => {
      await newBrowser().post('/auth/password/forgot', { email: ADA.email })
      return mails.token('reset-password')
    },
    '/auth/password/reset',
    { newPassword: NEW_PASSWORD },
  ],
  [
    'a verification',
    async ({ ada, mails }) => {
      await ada.post('/auth/email/verify/request')
      return mails.token('verify-email')
    },
    '/auth/email/verify',
    { newPassword: NEW_PASSWORD },
  ],
  [
    'a change of address',
    async ({ ada, mails }) => {
      await ada.post('/auth/email/change', { email: 'new@example.com', password: PASSWORD })
      return mails.token('confirm-email-change')
    },
    '/auth/email/change/confirm',
    { password: PASSWORD },
  ],
]

describe.each(LINKS)('the link of %s', (_what, send, path, fields) => {
  it('is good once, and ends with the same answer for whatever reason', async () => {
    const made = await withAda()
    const token = await send(made)
    const use = async (text: string) => {
      const { status, body } = await made.newBrowser().post(path, { token: text, ...fields })
      return status === 204 ? 204 : [status, body['code'], body['detail']]
    }
    const ended = [410, 'link_ended', undefined]
    for (const other of ['x', 'A'.repeat(43), `${token.slice(0, -1)}_`, token.slice(1), `${token} `])
      expect(await use(other), other).toEqual(ended)
    expect(await use(token)).toBe(204)
    expect(await use(token)).toEqual(ended)
  })

  it('lasts as long as is configured, and not a millisecond longer', async () => {
    const lifetime = '10m'
    const made = await withAda({
      links: { verify: { lifetime }, reset: { lifetime }, changeEmail: { lifetime } },
    })
    const late = await send(made)
    made.clock.advance(10 * MINUTE)
    expect((await made.newBrowser().post(path, { token: late, ...fields })).status).toBe(410)
    const { status } = await made.ada.post('/auth/refresh')
    expect(status).toBe(200)
    const inTime = await send(made)
    made.clock.advance(10 * MINUTE - 1)
    expect((await made.newBrowser().post(path, { token: inTime, ...fields })).status).toBe(204)
  })

  it('ends when a newer one of its kind is sent', async () => {
    const made = await withAda()
    const older = await send(made)
    const newer = await send(made)
    expect((await made.newBrowser().post(path, { token: older, ...fields })).status).toBe(410)
    expect((await made.newBrowser().post(path, { token: newer, ...fields })).status).toBe(204)
  })

  it('ends with a new password, with a disabled account and with a deleted one', async () => {
    for (const act of ['change', 'disable', 'delete']) {
      const made = await withAda()
      const token = await send(made)
      if (act === 'change') {
        const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
        expect((await made.ada.post('/auth/password/change', body)).status).toBe(200)
      } else if (act === 'delete') {
        expect((await made.ada.send('DELETE', '/auth/me', { body: { password: PASSWORD } })).status).toBe(204)
      } else {
        await made.auth.users.disable(made.id)
        await made.auth.users.enable(made.id)
      }
      expect((await made.newBrowser().post(path, { token, ...fields })).status, act).toBe(410)
    }
  })

  it('leads to baseURL whatever the request’s Host says, with the token where no browser sends it', async () => {
    const made = await withAda()
    const before = (await made.mails.all()).length
    const poisoned = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    await made.newBrowser().post('/auth/password/forgot', { email: ADA.email }, { headers: poisoned })
    const refused = await made
      .newBrowser()
      .post('/auth/password/forgot', { email: ADA.email }, { headers: { host: 'evil.example' } })
    expect(refused.status).toBe(421)
    await send(made)
    const links = (await made.mails.all()).slice(before).map((mail) => (mail === 'decoy' ? '' : mail.link))
    expect(links.filter((link) => link.includes('#')).length).toBeGreaterThan(1)
    for (const link of links)
      expect(link).toMatch(/^http:\/\/localhost:3000(?:$|\/auth\/[a-z-]+#token=[\w-]{43}$)/)
  })

  it('may lead to a page of the application’s own', async () => {
    const made = await withAda({
      links: { verify: { path: '/hi' }, reset: { path: '/hi' }, changeEmail: { path: '/hi' } },
    })
    const token = await send(made)
    const links = (await made.mails.all()).map((mail) => (mail === 'decoy' ? '' : mail.link))
    expect(links).toContain(`${LOCAL}/hi#token=${token}`)
  })

  it('shows its token in no log, answer or row', async () => {
    const made = await withAda()
    const token = await send(made)
    const browser = made.newBrowser()
    const answers = [
      await browser.post(path, { token, newPassword: 'short', password: 'wrong' }),
      await browser.post(path, { token, ...fields }),
      await browser.post(path, { token, ...fields }),
    ]
    expect(answers.map(({ status }) => status)).toContain(204)
    const told = JSON.stringify([made.log, answers.map(({ text, headers }) => [text, [...headers]])])
    expect(told).not.toContain(token)
    expect(told.toLowerCase()).not.toContain('example.com"')
  })

  it('is refused to a page of another site', async () => {
    const made = await withAda()
    const token = await send(made)
    const sent = await made
      .newBrowser()
      .post(path, { token, ...fields }, { site: 'cross-site', origin: 'https://evil.example' })
    expect([sent.status, sent.body['code']]).toEqual([403, 'csrf_failed'])
    expect((await made.newBrowser().post(path, { token, ...fields })).status).toBe(204)
  })

  it('can be tried so often from one network, and no more', async () => {
    const network = [{ limit: 2, period: '10m' }] as const
    const made = await withAda({ rateLimits: 'on', budgets: { token: { network } } })
    const token = await send(made)
    for (const expected of [410, 410, 429]) {
      const { status } = await made.newBrowser().post(path, { token: 'A'.repeat(43), ...fields })
      expect(status).toBe(expected)
    }
    expect((await made.newBrowser().post(path, { token, ...fields })).status).toBe(429)
  })

  it('opens no other door, and ends nothing there', async () => {
    const made = await withAda()
    const token = await send(made)
    for (const [, , other, others] of LINKS) {
      if (other === path) continue
      expect((await made.newBrowser().post(other, { token, ...others })).status).toBe(410)
    }
    expect((await made.ada.get('/auth/me')).status).toBe(200)
    expect((await made.newBrowser().post(path, { token, ...fields })).status).toBe(204)
  })

  it('ends sessions even where a later write fails, and those that begin meanwhile', async () => {
    for (const failure of ['late', 'meanwhile']) {
      const made = await withAda()
      const token = await send(made)
      const { newBrowser, store } = made
      const late = newBrowser()
      const revokeAll = store.sessions.revokeAll.bind(store.sessions)
      let calls = 0
      Object.assign(store.sessions, {
        async revokeAll(...args: Parameters<typeof revokeAll>) {
          if (failure === 'late' && ++calls > 1) throw new AuthError('unavailable', { retryAfter: 1 })
          const answer = await revokeAll(...args)
          if (failure === 'meanwhile' && ++calls === 1)
            await late.post('/auth/login', { email: ADA.email, password: PASSWORD })
          return answer
        },
      })
      const { status } = await newBrowser().post(path, { token, ...fields })
      expect(status).toBe(failure === 'late' ? 503 : 204)
      for (const browser of [made.ada, late]) expect((await browser.get('/auth/me')).status).toBe(401)
      expect((await late.post('/auth/refresh')).status).toBe(401)
    }
  })

  it('is taken from a form as well', async () => {
    const made = await withAda()
    const token = await send(made)
    const body = new URLSearchParams({ token, ...fields }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await made.newBrowser().post(path, body, { headers })).status).toBe(204)
  })
})

describe('a forgotten password', () => {
  const forget = (browser: TestBrowser, email = ADA.email) => browser.post('/auth/password/forgot', { email })

  it('is answered 202 with the same headers for every address, and mailed to an owner only', async () => {
    const { auth, newBrowser, mails, store, id } = await withAda()
    await store.users.create({
      id: 'eve',
      email: 'eve@example.com',
      emailKey: 'eve@example.com',
      username: null,
      usernameKey: null,
      name: null,
      passwordHash: null,
      roles: [],
    })
    await mails.news()
    const answers = []
    for (const email of [ADA.email, 'ADA@EXAMPLE.COM', 'nobody@example.com', 'eve@example.com'])
      answers.push(await forget(newBrowser(), email))
    await auth.users.disable(id)
    answers.push(await forget(newBrowser()))
    const told = answers.map(({ status, text, headers }) => [status, text, [...headers]])
    expect(new Set(told.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(told[0]?.slice(0, 2)).toEqual([202, ''])
    expect(await mails.news()).toEqual([
      ['reset-password', 'Ada@Example.com'],
      ['reset-password', 'Ada@Example.com'],
      'decoy',
      ['reset-password', 'eve@example.com'],
      'decoy',
    ])
  })

  it('takes the same steps for every address: reads, writes and their kinds', async () => {
    const { newBrowser, store } = await withAda()
    const steps = async (email: string) => {
      const called: string[] = []
      for (const [part, methods] of Object.entries(store)) {
        if (typeof methods !== 'object') continue
        for (const [name, method] of Object.entries(methods as Record<string, unknown>)) {
          if (typeof method !== 'function') continue
          Object.assign(methods, {
            [name]: (...args: unknown[]) => {
              called.push(`${part}.${name}`)
              return method.apply(methods, args)
            },
          })
        }
      }
      await forget(newBrowser(), email)
      // Nobody waits for the audit log here, nor for what the sender does with the mail.
      return called.filter((call) => !/^(?:revocations|audit|outbox\.(?!add))/.test(call))
    }
    const [known, unknown] = [await steps(ADA.email), await steps('nobody@example.com')]
    expect(known.slice(0, 3)).toEqual(['users.findByEmail', 'oneTimeTokens.issue', 'outbox.add'])
    expect(new Set(unknown)).toEqual(new Set(known))
  })

  it('leads to a new one: every session ends, none begins, the address is proved and its owner told', async () => {
    const { ada, newBrowser, mails, signIn, userOf } = await withAda()
    await forget(newBrowser())
    const token = await mails.token('reset-password')
    await mails.news()
    const sent = await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
    expect([sent.status, sent.text, sent.cookies]).toEqual([204, '', []])
    expect((await ada.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await ada.post('/auth/refresh')).body['code']).toBe('session_revoked')
    expect([await signIn(), await signIn(NEW_PASSWORD)]).toEqual([401, 200])
    expect((await userOf())?.emailVerifiedAt).not.toBeNull()
    expect(await mails.news()).toEqual([['password-reset', 'Ada@Example.com']])
  })

  it('of an address that nobody had proved leads to an account without what it was registered with', async () => {
    const { newBrowser, mails, userOf } = await withAda()
    await forget(newBrowser())
    const token = await mails.token('reset-password')
    await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
    expect(await userOf()).toMatchObject({ name: null, username: null, email: ADA.email })
  })

  it('keeps the link where the new one may not be used, and says why', async () => {
    const { newBrowser, mails } = await withAda()
    await forget(newBrowser())
    const token = await mails.token('reset-password')
    const reset = async (newPassword: string) =>
      newBrowser().post('/auth/password/reset', { token, newPassword })
    for (const [password, code] of [
      ['short', 'too_short'],
      ['qwertyuiop', 'too_common'],
      ['ada lovelace', 'too_similar'],
      ['ada@example.com', 'too_similar'],
    ] as const) {
      const { status, body } = await reset(password)
      expect([status, body['errors']], password).toEqual([
        422,
        [{ field: 'newPassword', code, message: expect.any(String) }],
      ])
    }
    expect((await reset(NEW_PASSWORD)).status).toBe(204)
  })

  it('works for who had no password, or one in a foreign form', async () => {
    for (const passwordHash of [null, '!unusable', 'pbkdf2_sha256$1$salt$aGFzaA==']) {
      const { newBrowser, mails, store, signIn } = await setUp()
      const keys = { emailKey: 'ada@example.com', usernameKey: 'ada' }
      await store.users.create({ id: 'imported', ...ADA, ...keys, passwordHash, roles: [] })
      await forget(newBrowser())
      const token = await mails.token('reset-password')
      const sent = await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
      expect([sent.status, await signIn(NEW_PASSWORD)]).toEqual([204, 200])
      expect(await store.users.find('imported')).toMatchObject({ name: 'Ada Lovelace', username: 'ada' })
    }
  })

  it('is no way round a disabled account', async () => {
    const { auth, id, newBrowser, mails, signIn } = await withAda()
    await forget(newBrowser())
    const token = await mails.token('reset-password')
    await auth.users.disable(id)
    expect(
      (await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })).status,
    ).toBe(410)
    await auth.users.enable(id)
    expect([await signIn(NEW_PASSWORD), await signIn()]).toEqual([401, 200])
  })

  it('is refused for everybody where no mail can be sent', async () => {
    const { auth, store } = await createTestAuth()
    const issue = () => Promise.reject(new Error('no token for a mail that nobody sends'))
    Object.assign(store.oneTimeTokens, { issue })
    for (const email of [ADA.email, 'nobody@example.com']) {
      const { status } = await forget(new TestBrowser(auth.handler, ORIGIN), email)
      expect(status).toBe(503)
    }
  })

  it('mails one address so often and no more, whether or not it has an owner', async () => {
    const account = [{ limit: 2, period: '10m' }] as const
    const { newBrowser, mails } = await withAda({ rateLimits: 'on', budgets: { reset: { account } } })
    await mails.news()
    for (const email of ['nobody@example.com', ADA.email])
      for (let n = 0; n < 4; n++) expect((await forget(newBrowser(), email)).status).toBe(202)
    const told = ['reset-password', ADA.email]
    expect(await mails.news()).toEqual([...Array(4).fill('decoy'), told, told, 'decoy', 'decoy'])
  })

  it('that was tried too often is forgiven once its owner has a new one', async () => {
    const pair = [{ limit: 3, period: '1h' }] as const
    const { newBrowser, mails, signIn } = await withAda({
      rateLimits: 'on',
      budgets: { password: { pair, account: pair } },
    })
    for (const expected of [401, 401, 401, 429]) expect(await signIn('wrong password')).toBe(expected)
    await forget(newBrowser())
    const token = await mails.token('reset-password')
    await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
    expect(await signIn(NEW_PASSWORD)).toBe(200)
  })

  it('that was replaced is told and recorded, also where a step after it fails', async () => {
    const { store, newBrowser, mails, auth } = await withAda()
    await newBrowser().post('/auth/password/forgot', { email: ADA.email })
    const token = await mails.token('reset-password')
    const { revokeAll } = store.sessions
    let calls = 0
    Object.assign(store.sessions, {
      revokeAll: (...args: Parameters<typeof revokeAll>) =>
        ++calls > 1 ? Promise.reject(new AuthError('unavailable')) : revokeAll(...args),
    })
    const sent = await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
    expect(sent.status).toBe(503)
    Object.assign(store.sessions, { revokeAll })
    expect((await mails.news()).map(([kind]) => kind)).toContain('password-reset')
    expect((await auth.audit.list({ event: 'password.reset' })).events).toHaveLength(1)
  })

  it('may be begun by the application for somebody, who alone chooses the new one', async () => {
    const { auth, id, newBrowser, mails, signIn } = await withAda()
    await mails.news()
    await auth.users.startPasswordReset(id)
    expect(await mails.news()).toEqual([['reset-password', 'Ada@Example.com']])
    expect(await signIn()).toBe(200)
    const token = await mails.token('reset-password')
    await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
    expect(await signIn(NEW_PASSWORD)).toBe(200)
    await auth.users.disable(id)
    await expect(auth.users.startPasswordReset(id)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(auth.users.startPasswordReset('nobody')).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('an address of an open registration', () => {
  const isVerified = async (browser: TestBrowser) =>
    ((await browser.get('/auth/me')).body['user'] as { emailVerified: boolean }).emailVerified

  it('is mailed its link at once, and again when its user asks', async () => {
    const { ada, mails, newBrowser } = await withAda()
    expect(await mails.news()).toEqual([['verify-email', 'Ada@Example.com']])
    const sent = await ada.post('/auth/email/verify/request')
    expect([sent.status, sent.text]).toEqual([202, ''])
    expect(await mails.news()).toEqual([['verify-email', 'Ada@Example.com']])
    expect((await newBrowser().post('/auth/email/verify/request')).status).toBe(401)
  })

  it('tells nothing in its mail that whoever registered has written', async () => {
    const { mails } = await withAda()
    expect((await mails.newest('verify-email')).name).toBeNull()
  })

  it('may register where no mail can be sent', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL })
    expect((await new TestBrowser(auth.handler, LOCAL).post('/auth/register', ADA)).status).toBe(201)
  })

  it('is proved in the browser that is signed in, where everything stays as it is', async () => {
    const { ada, mails, signIn } = await withAda()
    const token = await mails.token('verify-email')
    expect(await isVerified(ada)).toBe(false)
    const sent = await ada.post('/auth/email/verify', { token })
    expect([sent.status, sent.text]).toEqual([204, ''])
    expect(await isVerified(ada)).toBe(true)
    expect((await ada.get('/auth/me')).body['user']).toMatchObject({ username: 'ada', name: 'Ada Lovelace' })
    expect(await signIn()).toBe(200)
    const again = await ada.post('/auth/email/verify/request')
    expect([again.status, (await mails.all()).length]).toEqual([202, 1])
  })

  it('is proved there also once the access token has ended, or a client sends its token in a header', async () => {
    for (const strategy of ['jwt', 'opaque'] as const) {
      const { ada, clock, mails } = await withAda({ strategy })
      clock.advance(11 * MINUTE)
      const sent = await ada.post('/auth/email/verify', { token: await mails.token('verify-email') })
      expect(sent.status).toBe(204)
    }
    const { newBrowser, mails } = await setUp()
    const client = newBrowser()
    const tokens = { headers: { 'lockjar-tokens': 'body' }, site: null, origin: null }
    const { body } = await client.post('/auth/register', ADA, tokens)
    const headers = { authorization: `Bearer ${String(body['accessToken'])}` }
    const token = await mails.token('verify-email')
    const sent = await client.post('/auth/email/verify', { token }, { headers, site: null, origin: null })
    expect(sent.status).toBe(204)
  })

  it('that somebody else registered first gives them nothing: its owner takes a new password, and nothing of theirs survives', async () => {
    const { ada: attacker, newBrowser, mails, signIn, userOf } = await withAda()
    const token = await mails.token('verify-email')
    const victim = newBrowser()
    const asked = await victim.post('/auth/email/verify', { token })
    expect([asked.status, asked.body['code'], asked.body['errors']]).toEqual([
      422,
      'new_password_needed',
      [{ field: 'newPassword', code: 'required', message: expect.any(String) }],
    ])
    expect((await userOf())?.emailVerifiedAt).toBeNull()
    expect((await attacker.get('/auth/me')).status).toBe(200)
    const weak = await victim.post('/auth/email/verify', { token, newPassword: 'short' })
    expect(weak.body['errors']).toMatchObject([{ field: 'newPassword', code: 'too_short' }])
    const sent = await victim.post('/auth/email/verify', { token, newPassword: NEW_PASSWORD })
    expect([sent.status, sent.cookies]).toEqual([204, []])
    expect((await attacker.get('/auth/me')).body['code']).toBe('session_revoked')
    expect((await attacker.post('/auth/refresh')).body['code']).toBe('session_revoked')
    expect([await signIn(), await signIn(NEW_PASSWORD)]).toEqual([401, 200])
    expect(await userOf()).toMatchObject({ name: null, username: null })
  })

  it('is not proved for somebody by a session of another user, a session that has ended, or a planted refresh cookie', async () => {
    const { ada, newBrowser, mails, store } = await withAda()
    const token = await mails.token('verify-email')
    const eve = newBrowser()
    await eve.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    const prove = async (browser: TestBrowser) =>
      (await browser.post('/auth/email/verify', { token })).body['code']
    expect(await prove(eve)).toBe('new_password_needed')
    const planted = newBrowser()
    const refresh = [...ada.jar.values()].find(({ name }) => name.endsWith('refresh_token'))
    if (refresh) planted.jar.set(refresh.name, refresh)
    expect(await prove(planted)).toBe('new_password_needed')
    const forged = ada.copy()
    const [sessionId = '', ...rest] = ada.cookie('refresh_token').split('.')
    const ring = await createKeyRing([Uint8Array.from(Buffer.from(SECRET, 'base64url'))])
    const claims = { sessionId, nonce: 'A'.repeat(22), generation: 0 }
    forged.forget('access_token')
    forged.setCookie('refresh_token', await createRefreshToken(claims, ring))
    expect([rest.length, await prove(forged)]).toEqual([4, 'new_password_needed'])
    const copy = ada.copy()
    await ada.post('/auth/logout')
    expect(await prove(copy)).toBe('new_password_needed')
    expect((await store.users.findByEmail('ada@example.com'))?.emailVerifiedAt).toBeNull()
  })

  it('that its owner resets ends everything that whoever registered had', async () => {
    const { ada: attacker, newBrowser, mails, signIn, userOf } = await withAda()
    await attacker.post('/auth/email/change', { email: 'attacker@example.com', password: PASSWORD })
    const trojan = await mails.token('confirm-email-change')
    await newBrowser().post('/auth/password/forgot', { email: ADA.email })
    const token = await mails.token('reset-password')
    await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
    expect((await attacker.post('/auth/email/change/confirm', { token: trojan })).status).toBe(410)
    expect((await attacker.get('/auth/me')).status).toBe(401)
    expect([await signIn(), await signIn(NEW_PASSWORD)]).toEqual([401, 200])
    expect((await userOf())?.email).toBe(ADA.email)
  })
})

describe('a change of address', () => {
  const NEW = 'New@Example.com'
  const change = (browser: TestBrowser, email = NEW, password = PASSWORD) =>
    browser.post('/auth/email/change', { email, password })
  const confirm = (browser: TestBrowser, token: string, password?: string) =>
    browser.post('/auth/email/change/confirm', { token, ...(password && { password }) })

  it('needs a session and the password', async () => {
    const { ada, newBrowser, mails } = await withAda()
    await mails.news()
    expect((await change(newBrowser())).body['code']).toBe('unauthenticated')
    expect((await change(ada, NEW, 'wrong password')).body['code']).toBe('invalid_credentials')
    expect(await mails.news()).toEqual([])
  })

  it('is told to the old address when it is asked for and when it is done, and takes place between', async () => {
    const { ada, mails, signIn, userOf } = await withAda()
    await mails.news()
    const sent = await change(ada)
    expect([sent.status, sent.text]).toEqual([202, ''])
    expect(await mails.news()).toEqual([
      ['email-change-requested', ADA.email],
      ['confirm-email-change', NEW],
    ])
    expect((await userOf())?.email).toBe(ADA.email)
    const done = await confirm(ada, await mails.token('confirm-email-change'))
    expect([done.status, done.text]).toEqual([204, ''])
    expect(await mails.news()).toEqual([['email-changed', ADA.email]])
    expect(await userOf()).toMatchObject({
      email: NEW,
      name: 'Ada Lovelace',
      emailVerifiedAt: expect.any(Number),
    })
    expect([await signIn(), await signIn(PASSWORD, NEW)]).toEqual([401, 200])
  })

  it('ends other sessions even where a later write fails, and those that begin meanwhile', async () => {
    for (const failure of ['late', 'meanwhile']) {
      const { ada, newBrowser, mails, store } = await withAda()
      const [other, late] = [newBrowser(), newBrowser()]
      await other.post('/auth/login', { email: ADA.email, password: PASSWORD })
      await change(ada)
      const revokeOthers = store.sessions.revokeOthers.bind(store.sessions)
      let calls = 0
      Object.assign(store.sessions, {
        async revokeOthers(...args: Parameters<typeof revokeOthers>) {
          if (failure === 'late' && ++calls > 1) throw new AuthError('unavailable', { retryAfter: 1 })
          const answer = await revokeOthers(...args)
          if (failure === 'meanwhile' && ++calls === 1)
            await late.post('/auth/login', { email: ADA.email, password: PASSWORD })
          return answer
        },
      })
      const { status } = await confirm(ada, await mails.token('confirm-email-change'))
      expect(status).toBe(failure === 'late' ? 503 : 204)
      for (const browser of [other, late]) expect((await browser.get('/auth/me')).status).toBe(401)
      expect((await ada.get('/auth/me')).status).toBe(200)
    }
  })

  it('keeps the browser that confirms signed in and ends every other session', async () => {
    const { ada, newBrowser, mails } = await withAda()
    const other = newBrowser()
    await other.post('/auth/login', { email: ADA.email, password: PASSWORD })
    await change(ada)
    await confirm(ada, await mails.token('confirm-email-change'))
    expect((await ada.get('/auth/me')).body['user']).toMatchObject({ email: NEW, emailVerified: true })
    expect((await other.get('/auth/me')).body['code']).toBe('session_revoked')
  })

  it('is confirmed elsewhere with the password, and not by a careless click alone', async () => {
    const { ada, newBrowser, mails, userOf } = await withAda()
    await change(ada)
    const token = await mails.token('confirm-email-change')
    const other = newBrowser()
    await other.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    for (const browser of [newBrowser(), other]) {
      expect((await confirm(browser, token)).body['code']).toBe('unauthenticated')
      expect((await confirm(browser, token, 'wrong password')).body['code']).toBe('invalid_credentials')
    }
    expect((await userOf())?.email).toBe(ADA.email)
    expect((await confirm(newBrowser(), token, PASSWORD)).status).toBe(204)
    expect((await userOf())?.email).toBe(NEW)
    expect((await ada.get('/auth/me')).body['code']).toBe('session_revoked')
  })

  it('counts a wrong password there in the one budget of the account', async () => {
    const pair = [{ limit: 2, period: '1h' }] as const
    const { ada, newBrowser, mails, signIn } = await withAda({
      rateLimits: 'on',
      budgets: { password: { pair } },
    })
    await change(ada)
    const token = await mails.token('confirm-email-change')
    for (const expected of [401, 401, 429])
      expect((await confirm(newBrowser(), token, 'wrong password')).status).toBe(expected)
    expect(await signIn()).toBe(429)
  })

  it('to an address that has an owner looks the same to who asks, and the owner is told', async () => {
    const { ada, newBrowser, mails, store } = await withAda()
    await newBrowser().post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    await mails.news()
    const [free, taken] = [await change(ada), await change(ada, 'EVE@example.com')]
    expect([taken.status, taken.text, [...taken.headers]]).toEqual([
      free.status,
      free.text,
      [...free.headers],
    ])
    expect(await mails.news()).toEqual([
      ['email-change-requested', ADA.email],
      ['confirm-email-change', NEW],
      ['email-change-requested', ADA.email],
      ['already-registered', 'eve@example.com'],
    ])
    expect((await store.users.findByEmail('eve@example.com'))?.id).not.toBe(undefined)
  })

  it.each(['open', 'verified'] as const)(
    'shows by no earlier link, with registration %s, whether the next address has an owner',
    async (registration) => {
      const tried = async (target: string): Promise<unknown> => {
        const { auth, ada, mails, newBrowser } = await withAda()
        await auth.users.create({ email: 'taken@example.com', password: PASSWORD })
        const asked = async (email: string): Promise<number> =>
          (await ada.post('/auth/email/change', { email, password: PASSWORD })).status
        expect(await asked('second@example.com')).toBe(202)
        const token = await mails.token('confirm-email-change')
        expect(await asked(target)).toBe(202)
        const { status, body } = await newBrowser().post('/auth/email/change/confirm', { token })
        return [registration, status, body['code']]
      }
      const taken = await tried('taken@example.com')
      expect(taken).toEqual(await tried('free@example.com'))
      expect(taken).toEqual([registration, 410, 'link_ended'])
    },
  )

  it('warns the old address first, and sends no link where that cannot be', async () => {
    const { ada, store, mails } = await withAda()
    const add = store.outbox.add.bind(store.outbox)
    Object.assign(store.outbox, { add: async () => false })
    const body = { email: 'new@example.com', password: PASSWORD }
    expect((await ada.post('/auth/email/change', body)).status).toBe(503)
    Object.assign(store.outbox, { add })
    expect((await mails.news()).map(([kind]) => kind)).not.toContain('confirm-email-change')
  })

  it('to an address that is taken meanwhile is refused', async () => {
    const { ada, newBrowser, mails, userOf } = await withAda()
    await change(ada)
    await newBrowser().post('/auth/register', { email: NEW, password: PASSWORD })
    const sent = await confirm(ada, await mails.token('confirm-email-change'))
    expect([sent.status, sent.body['code']]).toEqual([409, 'conflict'])
    expect((await userOf())?.email).toBe(ADA.email)
  })

  it('ends a reset that was on its way to the old address', async () => {
    const { ada, newBrowser, mails } = await withAda()
    await newBrowser().post('/auth/password/forgot', { email: ADA.email })
    const reset = await mails.token('reset-password')
    await change(ada)
    await confirm(ada, await mails.token('confirm-email-change'))
    const sent = await newBrowser().post('/auth/password/reset', { token: reset, newPassword: NEW_PASSWORD })
    expect(sent.status).toBe(410)
  })
})

describe('registration that is verified', () => {
  const start = (options: TestOptions = {}) => setUp({ registration: 'verified', ...options })
  const register = (browser: TestBrowser, change: object = {}) =>
    browser.post('/auth/register', { ...ADA, ...change })
  const prove = (browser: TestBrowser, token: string, newPassword?: string) =>
    browser.post('/auth/email/verify', { token, ...(newPassword && { newPassword }) })

  /** Ada has an account with her address proved. */
  async function withProvedAda() {
    const made = await start()
    const ada = made.newBrowser()
    await register(ada)
    expect((await prove(ada, await made.mails.token('verify-email'))).status).toBe(204)
    await made.mails.news()
    return { ...made, ada }
  }

  it('makes an account when the browser that registered opens the link, and signs nobody in before', async () => {
    const { newBrowser, mails, signIn, store } = await start()
    const ada = newBrowser()
    const sent = await register(ada)
    expect([sent.status, sent.text]).toEqual([202, ''])
    expect(sent.cookies.map(({ name, line }) => [name, line.replace(/=[^;]*;/, '=…;')])).toEqual([
      ['registration', 'registration=…; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax'],
    ])
    expect(await store.users.findByEmail('ada@example.com')).toBeNull()
    expect(await signIn()).toBe(401)
    expect(await mails.news()).toEqual([['verify-email', ADA.email]])
    expect((await prove(ada, await mails.token('verify-email'))).status).toBe(204)
    expect(await store.users.findByEmail('ada@example.com')).toMatchObject({
      email: ADA.email,
      username: 'ada',
      name: 'Ada Lovelace',
      emailVerifiedAt: expect.any(Number),
    })
    expect(await signIn()).toBe(200)
  })

  it('answers the same for an address that has an owner, who is told', async () => {
    const { newBrowser, mails, signIn } = await withProvedAda()
    const other = { username: undefined }
    const fresh = await register(newBrowser(), { ...other, email: 'new@example.com' })
    const known = await register(newBrowser(), { ...other, password: NEW_PASSWORD })
    const shape = ({ status, text, headers, cookies }: typeof known) => [
      status,
      text,
      [...headers].filter(([name]) => name !== 'set-cookie'),
      cookies.map(({ line, value }) => line.replace(value, '#'.repeat(value.length))),
    ]
    expect(shape(known)).toEqual(shape(fresh))
    expect(await mails.news()).toEqual([
      ['verify-email', 'new@example.com'],
      ['already-registered', ADA.email],
    ])
    expect([await signIn(), await signIn(NEW_PASSWORD)]).toEqual([200, 401])
  })

  it('takes the same steps for both: one hash, and the same reads and writes', async () => {
    const { newBrowser, store } = await withProvedAda()
    const called: string[] = []
    for (const [part, methods] of Object.entries(store)) {
      if (typeof methods !== 'object') continue
      for (const [name, method] of Object.entries(methods as Record<string, unknown>)) {
        if (typeof method !== 'function') continue
        Object.assign(methods, {
          [name]: (...args: unknown[]) => {
            // Nobody waits for the audit log here, nor for what the sender does with the mail.
            if (!/^(?:revocations|audit|outbox\.(?!add))/.test(`${part}.${name}`))
              called.push(`${part}.${name}`)
            return method.apply(methods, args)
          },
        })
      }
    }
    const steps = async (email: string) => {
      called.length = 0
      await register(newBrowser(), { email, username: undefined })
      return [...called]
    }
    const known = await steps(ADA.email)
    expect(known).toEqual(['users.findByEmail', 'oneTimeTokens.issue', 'outbox.add'])
    expect(await steps('new@example.com')).toEqual(known)
  })

  it('keeps the password of nobody who has an account already', async () => {
    const { newBrowser, store } = await withProvedAda()
    const kept: unknown[] = []
    const issue = store.oneTimeTokens.issue.bind(store.oneTimeTokens)
    Object.assign(store.oneTimeTokens, {
      issue: (token: Parameters<typeof issue>[0]) => {
        kept.push(token)
        return issue(token)
      },
    })
    await register(newBrowser(), { username: undefined })
    expect(kept).toMatchObject([
      { purpose: 'decoy', pending: { passwordHash: expect.stringMatching(/^ {90,}$/) } },
    ])
  })

  it('asks for a new password where another browser opens the link, and drops what was registered with', async () => {
    const { newBrowser, mails, signIn, store } = await start()
    await register(newBrowser())
    const token = await mails.token('verify-email')
    const asked = await prove(newBrowser(), token)
    expect([asked.status, asked.body['code']]).toEqual([422, 'new_password_needed'])
    expect(await store.users.findByEmail('ada@example.com')).toBeNull()
    expect((await prove(newBrowser(), token, NEW_PASSWORD)).status).toBe(204)
    expect(await store.users.findByEmail('ada@example.com')).toMatchObject({ name: null, username: null })
    expect([await signIn(), await signIn(NEW_PASSWORD)]).toEqual([401, 200])
  })

  it('is neither taken over nor shut out by whoever registers the same address, before or after', async () => {
    for (const attackerIsFirst of [true, false]) {
      const { newBrowser, mails, signIn } = await start()
      const [attacker, ada] = [newBrowser(), newBrowser()]
      const attack = () => register(attacker, { password: NEW_PASSWORD, username: 'evil', name: 'Evil' })
      if (attackerIsFirst) await attack()
      const theirs = attackerIsFirst ? await mails.token('verify-email') : ''
      await register(ada)
      const mine = await mails.token('verify-email')
      if (!attackerIsFirst) for (let n = 0; n < 15; n++) await attack()
      const other = attackerIsFirst ? theirs : await mails.token('verify-email')
      // Ada opens the wrong mail: in her browser it is not the one that registered.
      expect((await prove(ada, other)).body['code']).toBe('new_password_needed')
      expect((await prove(ada, mine)).status).toBe(204)
      expect((await prove(attacker, other)).status).toBe(410)
      expect([await signIn(), await signIn(NEW_PASSWORD)]).toEqual([200, 401])
    }
  })

  it('is good in one browser by the link of any mail that it was sent', async () => {
    const { newBrowser, mails } = await start()
    const ada = newBrowser()
    await register(ada)
    const first = await mails.token('verify-email')
    await register(ada)
    expect((await prove(ada, first)).status).toBe(204)
  })

  it('takes no registration cookie that is no secret of ours', async () => {
    const { newBrowser } = await start()
    for (const planted of ['', 'x', 'A'.repeat(23)]) {
      const sent = await newBrowser().post('/auth/register', ADA, {
        headers: { cookie: `registration=${planted}` },
      })
      expect(sent.cookies[0]?.value).toMatch(/^[\w-]{22}$/)
    }
  })

  it('refuses a registration cookie that came twice, or is somebody else’s', async () => {
    const { newBrowser, mails } = await start()
    const ada = newBrowser()
    await register(ada)
    const token = await mails.token('verify-email')
    const own = ada.cookie('registration')
    for (const cookie of [
      'registration=',
      `registration=${'A'.repeat(22)}`,
      `registration=${own}; registration=x`,
    ]) {
      const sent = await newBrowser().post('/auth/email/verify', { token }, { headers: { cookie } })
      expect(sent.body['code'], cookie).toBe('new_password_needed')
    }
  })

  it('takes over an account of the address that was never proved, and ends its sessions', async () => {
    const { store, clock, newBrowser, mails, signIn } = await start()
    const open = await createTestAuth({ baseURL: LOCAL, open: () => store, clock, mailer: NO_MAILER })
    const attacker = new TestBrowser(open.auth.handler, LOCAL)
    await attacker.post('/auth/register', { ...ADA, password: NEW_PASSWORD, username: 'evil', name: 'Evil' })
    const ada = newBrowser()
    await register(ada)
    expect((await prove(ada, await mails.token('verify-email'))).status).toBe(204)
    expect((await attacker.get('/auth/me')).status).toBe(401)
    expect([await signIn(), await signIn(NEW_PASSWORD)]).toEqual([200, 401])
    expect(await store.users.findByEmail('ada@example.com')).toMatchObject({
      name: ADA.name,
      username: 'ada',
    })
  })

  it('does not let users in whose address was never proved, and tells them what it tells strangers', async () => {
    const { store, clock, newBrowser, mails, signIn } = await start()
    const open = await createTestAuth({ baseURL: LOCAL, open: () => store, clock, mailer: NO_MAILER })
    await new TestBrowser(open.auth.handler, LOCAL).post('/auth/register', ADA)
    const known = await newBrowser().post('/auth/login', { email: ADA.email, password: PASSWORD })
    const stranger = await newBrowser().post('/auth/login', { email: 'no@example.com', password: PASSWORD })
    expect([known.status, known.text, [...known.headers]]).toEqual([
      stranger.status,
      stranger.text,
      [...stranger.headers],
    ])
    await newBrowser().post('/auth/password/forgot', { email: ADA.email })
    const token = await mails.token('reset-password')
    await newBrowser().post('/auth/password/reset', { token, newPassword: NEW_PASSWORD })
    expect(await signIn(NEW_PASSWORD)).toBe(200)
  })

  it('refuses weak passwords and user names that are taken, as the open one does', async () => {
    const { newBrowser } = await withProvedAda()
    const weak = await register(newBrowser(), { password: 'short', username: undefined })
    expect(weak.body['errors']).toMatchObject([{ field: 'password', code: 'too_short' }])
    const taken = await register(newBrowser(), { email: 'new@example.com', username: 'ADA' })
    expect([taken.status, taken.body['errors']]).toMatchObject([409, [{ field: 'username', code: 'taken' }]])
  })

  it('gives a client that is no browser no cookie, and asks it for its password by the link', async () => {
    const { newBrowser, mails } = await start()
    const client = newBrowser()
    const options = { headers: { 'lockjar-tokens': 'body' }, site: null, origin: null }
    const sent = await client.post('/auth/register', ADA, options)
    expect([sent.status, sent.text, sent.cookies]).toEqual([202, '', []])
    expect((await prove(client, await mails.token('verify-email'))).body['code']).toBe('new_password_needed')
  })

  it('does not start where no mail can be sent', async () => {
    const start = createTestAuth({ registration: 'verified' })
    await expect(start).rejects.toThrow('lockjar: option registration: verified needs a mail server')
  })
})
