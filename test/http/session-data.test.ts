// Is what an application keeps for a visitor theirs alone, before, through and after sign-in? (rows D5, D7)
import type { Json } from 'lockjar'
import { AuthError } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { createDataCookie } from '../../src/core/session-data/cookie.ts'
import { sealContainer } from '../../src/core/session-data/sealed.ts'
import { testRing } from '../core/ring.ts'
import { Application } from '../support/application.ts'
import { createTestAuth, ORIGIN, PASSWORD, SECRET } from '../support/auth.ts'
import type { SendOptions } from '../support/browser.ts'
import { parseSetCookie } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const OTHER_SECRET = 'YW5vdGhlci1zZWNyZXQtb2YtMzItcmFuZG9tLWJ5dGVzIQ'
const ADA = { email: 'ada@example.com', password: PASSWORD }
const EVE = { email: 'eve@example.com', password: PASSWORD }
const DAY = 86_400_000

const STORES = ['server', 'sealed'] as const
const WORLDS = STORES.flatMap((store) => [[store, 'jwt'] as const, [store, 'opaque'] as const])
/** The cookie that says who is signed in. */
const CREDENTIAL = { jwt: 'access_token', opaque: 'session' } as const

async function open(store: 'server' | 'sealed', options = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, sessionData: { store }, ...options })
  return { ...made, app: new Application(made.auth) }
}

const set = (app: Application, key: string, value: Json) =>
  app.visit(({ session }) => session.set(key, value))
const get = (app: Application, key: string) => app.run(({ session }) => session.get(key))

describe.each(STORES)('D5: session data (%s)', (store) => {
  it('is kept from one request to the next, by key, with a default, and removed', async () => {
    const { app } = await open(store)
    expect(await app.run(({ session }) => session.get('cart', [] as string[]))).toEqual([])
    const value = { items: ['grün 🌿', null, 1.5, true], nested: { a: [] } }
    await set(app, 'cart', value)
    await set(app, 'views:/a-b.c_d', 1)
    expect(await get(app, 'cart')).toEqual(value)
    expect(await app.run(({ session }) => session.all())).toEqual({ cart: value, 'views:/a-b.c_d': 1 })
    await app.run(({ session }) => session.delete('cart'))
    expect(await app.run(({ session }) => session.get('cart', 'empty'))).toBe('empty')
    expect(await get(app, 'views:/a-b.c_d')).toBe(1)
  })

  it('begins with the first set: reading, deleting, rotating and flushing nothing sets no cookie', async () => {
    const { app } = await open(store)
    const sent = await app.visit(async ({ session }) => {
      await session.get('a')
      await session.delete('a')
      await session.rotate()
      await session.flush()
    })
    expect(sent.cookies).toEqual([])
    expect((await set(app, 'a', 1)).cookies.map(({ line }) => line.replace(/=[^;]+/, '=…'))).toEqual([
      'sessionid=…; Path=/; HttpOnly; SameSite=Lax',
    ])
    expect((await app.visit(({ session }) => session.get('a'))).cookies).toEqual([])
  })

  it('has a cookie locked to the host on https', async () => {
    const { app } = await open(store, { baseURL: ORIGIN })
    const [cookie] = (await set(app, 'a', 1)).cookies
    expect(cookie?.line.replace(/=[^;]+/, '=…')).toBe(
      '__Host-Http-sessionid=…; Path=/; Secure; HttpOnly; SameSite=Lax',
    )
    expect(await get(app, 'a')).toBe(1)
  })

  it('takes many writes in one request, in turn, and reads them back', async () => {
    const { app } = await open(store)
    const read = await app.run(async ({ session }) => {
      await Promise.all([session.set('a', 1), session.set('b', 2), session.set('a', 3)])
      return session.all()
    })
    expect(read).toEqual({ a: 3, b: 2 })
    expect(await app.run(({ session }) => session.all())).toEqual({ a: 3, b: 2 })
  })

  it.each<[what: string, value: unknown, at: string]>([
    ['undefined', undefined, 'k'],
    ['a function', () => 1, 'k'],
    ['a date', new Date(0), 'k'],
    ['a map', { a: new Map() }, 'k.a'],
    ['NaN', [1, Number.NaN], 'k[1]'],
    ['a hole', [undefined], 'k[0]'],
    ['an instance', new (class Cart {})(), 'k'],
    ['a bigint', 1n, 'k'],
    ['what says how it is written', { toJSON: () => 1 }, 'k'],
  ])('refuses %s, which would not come back as it went', async (_what, value, at) => {
    const { app } = await open(store)
    const told = await app.run(async ({ session }) => {
      const circle: unknown[] = [value]
      circle.push(circle)
      const errors = await Promise.all(
        [value, circle].map((each) => session.set('k', each as Json).catch((error: unknown) => error)),
      )
      return errors.map((error) => (error instanceof TypeError ? error.message : 'no TypeError'))
    })
    expect(told[0]).toBe(`lockjar: session data: ${at} is not JSON`)
    expect(told[1]).toContain('is not JSON')
  })

  it('refuses a key of other characters', async () => {
    const { app } = await open(store)
    for (const key of ['', 'a b', 'ä', 'a;b', '\u0000'])
      expect((await set(app, key, 1)).status, key).toBe(500)
  })

  it('names the limit that a write would break, and loses nothing', async () => {
    const { app } = await open(store)
    await set(app, 'kept', 'yes')
    const refused = async (key: string, value: Json): Promise<string> => {
      const sent = await set(app, key, value)
      expect([sent.status, sent.body['code']]).toEqual([413, 'payload_too_large'])
      return String(sent.body['detail'])
    }
    expect(await refused('x'.repeat(129), 1)).toContain('128 characters')
    expect(await refused('a', 'x'.repeat(16 * 1024))).toContain('16384 bytes')
    const nested = (levels: number): Json => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
    expect((await set(app, 'kept', nested(32))).status).toBe(200)
    expect(await refused('a', nested(33))).toContain('32 levels')
    expect(await refused('a', { b: nested(8000) })).toContain('32 levels')
    await set(app, 'kept', 'yes')
    if (store === 'sealed') {
      expect(await refused('a', 'x'.repeat(4000))).toMatch(/\d+ bytes over the 4096/)
    } else {
      for (const key of ['a', 'b', 'c', 'd'])
        expect((await set(app, key, 'x'.repeat(16_000))).status).toBe(200)
      expect(await refused('e', 'x'.repeat(16_000))).toContain('65536 bytes')
    }
    const keys = Array.from({ length: 110 }, (_, index) => `k${index}`)
    const sent = await app.visit(async ({ session }) => {
      for (const key of keys) await session.set(key, 0)
    })
    expect(sent.body['detail']).toContain('100 keys')
    expect(await get(app, 'kept')).toBe('yes')
  })

  it('ends when it was not used for the idle timeout; reading is use', async () => {
    const { app, clock } = await open(store, { sessionData: { store, idleTimeout: '14d' } })
    await set(app, 'a', 1)
    for (let day = 0; day < 3; day++) {
      clock.advance(13 * DAY)
      expect(await get(app, 'a')).toBe(1)
    }
    const late = app.twin()
    clock.advance(14 * DAY)
    expect(await get(late, 'a')).toBe(null)
    await set(late, 'b', 2)
    expect(await late.run(({ session }) => session.all())).toEqual({ b: 2 })
    expect(late.cookie('sessionid')).not.toBe(app.cookie('sessionid'))
  })

  it('is another browser’s business never', async () => {
    const { app, auth } = await open(store)
    await set(app, 'a', 1)
    expect(await get(new Application(auth), 'a')).toBe(null)
  })

  it('changed by its holder in any character is none, and costs no database read', async () => {
    const { app, store: database } = await open(store)
    await set(app, 'a', 1)
    const cookie = app.cookie('sessionid')
    for (const part of [database.sessionData, database.sessions]) {
      for (const name of Object.keys(part)) {
        Object.assign(part, {
          [name]: () => {
            throw new Error('the store was touched')
          },
        })
      }
    }
    for (let at = 0; at < cookie.length; at += 3) {
      app.setCookie(
        'sessionid',
        cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1),
      )
      expect(await get(app, 'a'), String(at)).toBe(null)
    }
    for (const rubbish of ['', '..', 'x', `${cookie}.`, `${cookie}A`]) {
      app.setCookie('sessionid', rubbish)
      expect(await get(app, 'a'), rubbish).toBe(null)
    }
  })

  it('of another deployment or another purpose is none, and is replaced, never adopted', async () => {
    const { app } = await open(store)
    await set(app, 'a', 1)
    const foreign = app.twin((await open(store, { secret: OTHER_SECRET })).auth)
    expect(await get(foreign, 'a')).toBe(null)
    await set(foreign, 'b', 2)
    expect(foreign.cookie('sessionid')).not.toBe(app.cookie('sessionid'))
    expect(await foreign.run(({ session }) => session.all())).toEqual({ b: 2 })
  })

  it('under a previous key is good, and its cookie is given anew under the current one', async () => {
    const one = await open(store)
    await set(one.app, 'a', 1)
    const two = await open(store, { secret: [OTHER_SECRET, SECRET], open: () => one.store })
    const app = one.app.twin(two.auth)
    const old = app.cookie('sessionid')
    expect(await get(app, 'a')).toBe(1)
    expect(app.cookie('sessionid')).not.toBe(old)
    const three = await open(store, { secret: OTHER_SECRET, open: () => one.store })
    const last = app.twin(three.auth)
    expect(await get(last, 'a')).toBe(1)
    await set(last, 'b', 2)
    const writer = one.app.twin(two.auth)
    await set(writer, 'c', 3)
    expect(writer.cookie('sessionid')).not.toBe(old)
  })

  it('sent twice with different values is none; the answer that begins anew clears both', async () => {
    const { app, auth } = await open(store)
    await set(app, 'a', 1)
    const planter = new Application(auth)
    await set(planter, 'a', 'planted')
    const cookie = `sessionid=${app.cookie('sessionid')}; sessionid=${planter.cookie('sessionid')}`
    const visit = await auth.visit(
      new Request(`${LOCAL}/app`, { headers: { cookie, host: 'localhost:3000' } }),
    )
    expect(await visit.session.get('a')).toBe(null)
    expect(await visit.setCookies()).toEqual([])
    await visit.session.set('b', 2)
    const lines = (await visit.setCookies()).map(parseSetCookie)
    expect(lines.at(-1)?.attributes.has('max-age')).toBe(false)
    expect(lines.slice(0, -1).map(({ attributes }) => attributes.get('path'))).toEqual(['/', '/app'])
  })

  it('is flushed: everything is forgotten, the cookie cleared, and the next set begins anew', async () => {
    const { app } = await open(store)
    await set(app, 'a', 1)
    const old = app.cookie('sessionid')
    await app.run(({ session }) => session.flush())
    expect(app.cookie('sessionid')).toBe('')
    await set(app, 'b', 2)
    expect(app.cookie('sessionid')).not.toBe(old)
    expect(await app.run(({ session }) => session.all())).toEqual({ b: 2 })
    expect(
      await app.run(async ({ session }) => {
        await session.flush()
        await session.set('c', 3)
        return session.all()
      }),
    ).toEqual({ c: 3 })
    expect(await get(app, 'c')).toBe(3)
  })

  it('D7: goes on under a new id when it is rotated', async () => {
    const { app } = await open(store)
    await set(app, 'a', 1)
    const old = app.cookie('sessionid')
    await app.run(async ({ session }) => {
      await session.rotate()
      await session.set('b', 2)
    })
    expect(app.cookie('sessionid')).not.toBe(old)
    expect(await app.run(({ session }) => session.all())).toEqual({ a: 1, b: 2 })
  })

  it('is answered also where the handler throws', async () => {
    const { app } = await open(store)
    const sent = await app.visit(async ({ session }) => {
      await session.set('a', 1)
      throw new Error('no')
    })
    expect(sent.status).toBe(500)
    expect(await get(app, 'a')).toBe(1)
  })

  it('costs a request that uses none of it nothing: no store, no randomness, no cookie', async () => {
    const { app, store: database, auth } = await open(store)
    await set(app, 'a', 1)
    await app.post('/auth/register', ADA)
    const touched = () => {
      throw new Error('touched')
    }
    for (const part of [database.sessionData, database.sessions, database.users]) {
      for (const name of Object.keys(part)) Object.assign(part, { [name]: touched })
    }
    const sign = crypto.subtle.verify.bind(crypto.subtle)
    const handler = auth.protect((_request, { user }, visit) =>
      Response.json([user.id.length, typeof visit.session, typeof visit.cookies]),
    )
    const browser = app.twin()
    const request = () =>
      new Request(`${LOCAL}/x`, { headers: { cookie: browser.cookieHeader('/x'), host: 'localhost:3000' } })
    await handler(request())
    let verified = 0
    Object.assign(crypto.subtle, {
      verify: (...args: Parameters<typeof sign>) => {
        verified++
        return sign(...args)
      },
    })
    const sent = await handler(request())
    delete (crypto.subtle as { verify?: unknown }).verify
    expect([sent.status, await sent.json(), sent.headers.getSetCookie(), verified]).toEqual([
      200,
      [36, 'object', 'object'],
      [],
      0,
    ])
  })
})

describe.each(WORLDS)('D7: session data at sign-in (%s, %s)', (store, strategy) => {
  const signIn: readonly (readonly [string, (app: Application) => Promise<unknown>])[] = [
    ['registering', (app) => app.post('/auth/register', ADA)],
    [
      'signing in',
      async (app) => {
        const elsewhere = app.twin()
        elsewhere.jar.clear()
        await elsewhere.post('/auth/register', ADA)
        await app.post('/auth/login', ADA)
      },
    ],
  ]

  it.each(signIn)('%s takes a visitor’s data along under a new id', async (_how, act) => {
    const { app } = await open(store, { strategy })
    await set(app, 'cart', ['milk'])
    const visitor = app.twin()
    await act(app)
    expect(app.cookie('sessionid')).not.toBe(visitor.cookie('sessionid'))
    expect(await get(app, 'cart')).toEqual(['milk'])
  })

  it('an id that an attacker planted before is worth nothing after: fixation', async () => {
    const { app, auth } = await open(store, { strategy })
    const attacker = new Application(auth)
    await set(attacker, 'note', 'planted')
    app.jar.set('sessionid', parseSetCookie(`sessionid=${attacker.cookie('sessionid')}; Path=/`))
    await app.post('/auth/register', ADA)
    await set(app, 'secret', 'of Ada')
    expect(await get(attacker, 'secret')).toBe(null)
    const stolen = app.twin()
    stolen.jar.set('sessionid', parseSetCookie(`sessionid=${attacker.cookie('sessionid')}; Path=/`))
    expect(await stolen.run(({ session }) => session.all())).toEqual({})
    expect(await get(app, 'secret')).toBe('of Ada')
  })

  it('another user gets nothing of what was kept for the one before', async () => {
    const { app, auth } = await open(store, { strategy })
    await new Application(auth).post('/auth/register', EVE)
    await app.post('/auth/register', ADA)
    await set(app, 'secret', 'of Ada')
    const old = app.twin()
    await app.post('/auth/login', EVE)
    expect(app.cookie('sessionid')).toBe('')
    expect(await app.run(({ session }) => session.all())).toEqual({})
    const mixed = app.twin()
    mixed.jar.set('sessionid', parseSetCookie(`sessionid=${old.cookie('sessionid')}; Path=/`))
    expect(await mixed.run(({ session }) => session.all())).toEqual({})
    mixed.forget(CREDENTIAL[strategy])
    expect(await mixed.run(({ session }) => session.all())).toEqual({})
  })

  it('the same user who signs in again, or takes a new password, keeps it under a new id', async () => {
    const { app } = await open(store, { strategy })
    await app.post('/auth/register', ADA)
    await set(app, 'cart', 1)
    const ids = [app.cookie('sessionid')]
    await app.post('/auth/login', ADA)
    ids.push(app.cookie('sessionid'))
    expect(await get(app, 'cart')).toBe(1)
    const changed = await app.post('/auth/password/change', {
      currentPassword: PASSWORD,
      newPassword: `${PASSWORD} 2`,
    })
    expect(changed.status).toBe(200)
    ids.push(app.cookie('sessionid'))
    expect(await get(app, 'cart')).toBe(1)
    expect(new Set(ids).size).toBe(3)
  })

  it('a cookie that is no good is cleared, and nothing begins', async () => {
    const { app } = await open(store, { strategy })
    app.jar.set('sessionid', parseSetCookie('sessionid=rubbish; Path=/'))
    await app.post('/auth/register', ADA)
    expect(app.jar.has('sessionid')).toBe(false)
  })

  it('an API client that signs in by header neither has nor gets any', async () => {
    const { app } = await open(store, { strategy })
    const sent = await app.post('/auth/register', ADA, {
      headers: { 'lockjar-tokens': 'body' },
      site: null,
      origin: null,
    })
    expect([sent.status, sent.cookies]).toEqual([201, []])
  })

  it('of a remembered session has a cookie that lasts as long as the session may; others end with the browser', async () => {
    const { app } = await open(store, { strategy })
    const maxAge = () => app.jar.get('sessionid')?.attributes.get('max-age')
    await set(app, 'a', 1)
    expect(maxAge()).toBe(undefined)
    await app.post('/auth/register', { ...ADA, remember: true })
    expect(maxAge()).toBe(String(90 * 86_400))
    await app.run(({ session }) => session.flush())
    await set(app, 'b', 1)
    expect(maxAge()).toBe(String(90 * 86_400))
    await app.run(({ session }) => session.rotate())
    expect(maxAge()).toBe(String(90 * 86_400))
    await app.post('/auth/login', ADA)
    expect(maxAge()).toBe(undefined)
  })
})

describe.each(WORLDS)('session data of a session (%s, %s)', (store, strategy) => {
  async function signedIn() {
    const made = await open(store, { strategy })
    await made.app.post('/auth/register', ADA)
    await set(made.app, 'a', 1)
    return made
  }

  if (strategy === 'jwt')
    it('serves it while its access token has ended and is not renewed yet', async () => {
      const { app, clock } = await signedIn()
      clock.advance(11 * 60_000)
      const read = await app.run(async ({ who, session }) => {
        await session.set('b', 2)
        return [who.status, await session.all()]
      })
      expect(read).toEqual(['anonymous', { a: 1, b: 2 }])
      await app.post('/auth/refresh')
      expect(await app.run(({ session }) => session.all())).toEqual({ a: 1, b: 2 })
    })

  it('is not opened by its cookie alone, however long the session lives', async () => {
    const { app } = await signedIn()
    const thief = app.twin()
    for (const name of [...thief.jar.keys()]) if (name !== 'sessionid') thief.jar.delete(name)
    expect(await get(thief, 'a')).toBe(null)
    await set(thief, 'a', 'poisoned')
    expect(await get(app, 'a')).toBe(1)
  })

  it('begins anew for a visitor whose session has ended, though its hint is still there', async () => {
    const { app, auth } = await signedIn()
    const { user } = (await app.get('/auth/me')).body as { user: { id: string } }
    await auth.users.endSessions(user.id)
    app.forget(CREDENTIAL[strategy])
    expect(await get(app, 'a')).toBe(null)
    await set(app, 'b', 2)
    expect(await get(app, 'b')).toBe(2)
  })

  it('taken along by a sign-in that was sent twice is not lost by the second', async () => {
    const made = await open(store, { strategy })
    await made.app.post('/auth/register', ADA)
    await made.app.post('/auth/logout')
    await set(made.app, 'cart', 3)
    const again = made.app.twin()
    const login = { identifier: ADA.email, password: PASSWORD }
    expect((await made.app.post('/auth/login', login)).status).toBe(200)
    const second = await again.post('/auth/login', login)
    expect(second.status).toBe(200)
    if (store === 'server') expect(second.cookies.some(({ name }) => name === 'sessionid')).toBe(false)
    expect(await get(made.app, 'cart')).toBe(3)
  })

  it('that cannot be taken along is left behind, and the sign-in holds', async () => {
    const made = await open(store, { strategy })
    await made.app.post('/auth/register', ADA)
    await made.app.post('/auth/logout')
    await set(made.app, 'cart', 3)
    Object.assign(made.store.sessionData, {
      adopt: () => Promise.reject(new AuthError('unavailable', { retryAfter: 1 })),
    })
    const login = { identifier: ADA.email, password: PASSWORD }
    expect((await made.app.post('/auth/login', login)).status).toBe(200)
    expect((await made.app.get('/auth/me')).status).toBe(200)
  })

  const ends: readonly (readonly [string, number, (app: Application) => ReturnType<Application['send']>])[] =
    [
      ['signing out', 204, (app) => app.post('/auth/logout')],
      ['signing out everywhere', 204, (app) => app.post('/auth/logout-all')],
      [
        'deleting the account',
        204,
        (app) => app.send('DELETE', '/auth/me', { body: { password: PASSWORD } }),
      ],
    ]

  it.each(ends)(
    'is gone after %s, cookie and all; a copy of the cookie is dead',
    async (_how, status, act) => {
      const { app } = await signedIn()
      const copy = app.twin()
      expect((await act(app)).status).toBe(status)
      expect(app.jar.has('sessionid')).toBe(false)
      expect(await get(copy, 'a')).toBe(null)
      copy.forget(CREDENTIAL[strategy])
      expect(await get(copy, 'a')).toBe(null)
      await app.run(({ session }) => session.set('b', 1))
      expect(await app.run(({ session }) => session.all())).toEqual({ b: 1 })
    },
  )

  if (strategy === 'jwt')
    it('is gone with a session that a reuse of its refresh token ended', async () => {
      const { app, clock } = await signedIn()
      const thief = app.twin()
      await app.post('/auth/refresh')
      await app.get('/auth/me')
      clock.advance(11_000)
      await app.post('/auth/refresh')
      await app.get('/auth/me')
      clock.advance(11_000)
      const sent = await thief.post('/auth/refresh')
      expect([sent.status, sent.body['code']]).toEqual([401, 'session_revoked'])
      expect(thief.jar.has('sessionid')).toBe(false)
      app.forget('access_token')
      expect(await get(app, 'a')).toBe(null)
    })

  it.each<[how: string, act: (parts: Awaited<ReturnType<typeof signedIn>>) => unknown]>([
    [
      'revoked from another browser',
      async ({ auth, app }) => {
        const other = new Application(auth)
        await other.post('/auth/login', ADA)
        const { sessions } = (await app.get('/auth/sessions')).body as {
          sessions: { id: string; current: boolean }[]
        }
        const own = sessions.find(({ current }) => current)?.id
        expect((await other.send('DELETE', `/auth/sessions/${own}`)).status).toBe(204)
      },
    ],
    ['idle for too long', ({ clock }) => clock.advance(DAY / 2)],
  ])('is dead once the session was %s', async (_how, act) => {
    const parts = await signedIn()
    await act(parts)
    const { app } = parts
    expect(await get(app, 'a')).toBe(null)
    await set(app, 'b', 2)
    expect(await app.run(({ session }) => session.all())).toEqual({ b: 2 })
  })

  it('a visitor’s, planted beside a session’s cookies, is not read or written by the signed-in user', async () => {
    const { app, auth } = await signedIn()
    const attacker = new Application(auth)
    await set(attacker, 'a', 'planted')
    app.jar.set('sessionid', parseSetCookie(`sessionid=${attacker.cookie('sessionid')}; Path=/`))
    expect(await get(app, 'a')).toBe(null)
    await set(app, 'secret', 'of Ada')
    expect(await attacker.run(({ session }) => session.all())).toEqual({ a: 'planted' })
    expect(await get(app, 'secret')).toBe('of Ada')
  })

  it('cannot begin for a session that has just ended', async () => {
    const { app, store: database } = await open(store, { strategy })
    await app.post('/auth/register', ADA)
    const { session: current } = (await app.get('/auth/me')).body as { session: { id: string } }
    await database.sessions.revoke(current.id, null, 'revoked_by_user')
    const sent = await set(app, 'a', 1)
    expect([sent.status, sent.body['code'], sent.cookies]).toEqual([401, 'session_revoked', []])
  })
})

describe('D5, D7: two requests of one browser (server)', () => {
  it('write different keys at once, and both stay', async () => {
    const { app } = await open('server')
    await set(app, 'a', 0)
    const others = Array.from({ length: 20 }, () => app.twin())
    await Promise.all(others.map((other, index) => set(other, `k${index}`, index)))
    expect(Object.keys(await app.run(({ session }) => session.all()))).toHaveLength(21)
  })

  it.each<[what: string, act: (app: Application) => Promise<unknown>]>([
    ['rotated', (app) => app.run(({ session }) => session.rotate())],
    ['flushed', (app) => app.run(({ session }) => session.flush())],
    ['taken along at sign-in', (app) => app.post('/auth/register', ADA)],
    ['ended by signing out', (app) => app.post('/auth/logout')],
  ])(
    'one that comes late, with the id that was %s, reads defaults and is told to come again',
    async (_what, act) => {
      const { app, clock } = await open('server')
      await set(app, 'a', 1)
      const late = app.twin()
      await act(app)
      expect(await late.run(({ session }) => session.get('a', 'default'))).toBe('default')
      for (const write of [
        () => set(late, 'b', 'planted'),
        () => late.visit(({ session }) => session.delete('b')),
        () => late.visit(({ session }) => session.flush()),
        () => late.visit(({ session }) => session.rotate()),
      ]) {
        const sent = await write()
        expect([sent.status, sent.body['code'], sent.cookies]).toEqual([409, 'conflict', []])
        expect(sent.body['detail']).toContain('gone over to another id')
      }
      expect(await get(app, 'b')).toBe(null)
      clock.advance(60_000)
      await set(late, 'b', 2)
      expect(await late.run(({ session }) => session.all())).toEqual({ b: 2 })
      expect(await get(app, 'b')).toBe(null)
    },
  )
})

it('D5: sealed in the cookie, of two answers at once the last one wins, as the reference says', async () => {
  const { app } = await open('sealed')
  await set(app, 'a', 0)
  const other = app.twin()
  await set(app, 'b', 1)
  await set(other, 'c', 1)
  expect(await other.run(({ session }) => session.all())).toEqual({ a: 0, c: 1 })
})

it('D5: sealed in the cookie, what fits for a visitor still fits after sign-in', async () => {
  const { app } = await open('sealed', { baseURL: ORIGIN })
  let length = 2000
  for (let step = 512; step >= 1; step = step / 2) {
    if ((await set(app, 'a', 'x'.repeat(length + step))).status === 200) length += step
  }
  expect((await set(app, 'a', 'x'.repeat(length + 1))).status).toBe(413)
  const sent = await app.post('/auth/register', { ...ADA, remember: true })
  expect(sent.status).toBe(201)
  expect(await get(app, 'a')).toBe('x'.repeat(length))
  await app.run(({ session }) => session.rotate())
  expect(await get(app, 'a')).toBe('x'.repeat(length))
}, 60_000)

it('D5: sealed in the cookie, its content shows nowhere; kept on the server, the cookie holds no more than an id', async () => {
  for (const store of STORES) {
    const { app } = await open(store)
    await set(app, 'card', 'in-plain-sight')
    const value = app.cookie('sessionid')
    const decoded = value.split('.').map((part) => atob(part.replaceAll('-', '+').replaceAll('_', '/')))
    expect(`${value} ${decoded.join(' ')}`).not.toContain('plain')
    if (store === 'server') expect(value).toMatch(/^[\w-]{22}\.[\w-]{8}\.[\w-]{43}$/)
  }
})

it('D5: the cookie of one store is none in the other', async () => {
  for (const [from, to] of [STORES, STORES.toReversed()] as const) {
    const one = await open(from ?? 'server')
    await set(one.app, 'a', 1)
    const two = await open(to ?? 'sealed', { open: () => one.store })
    expect(await get(one.app.twin(two.auth), 'a')).toBe(null)
  }
})

it('D7: an id of our own making that no container has, though its MAC is right, is not adopted', async () => {
  const { app } = await open('server')
  const planted = await createDataCookie('A'.repeat(22), await testRing(1))
  app.jar.set('sessionid', parseSetCookie(`sessionid=${planted}; Path=/`))
  await set(app, 'a', 1)
  expect(app.cookie('sessionid')).not.toBe(planted)
})

it('a sealed container under another cookie’s name does not open', async () => {
  const ring = await testRing(1)
  const container = { id: 'x', sessionId: null, keepUntil: null, seenAt: 0, expiresAt: 1, entries: new Map() }
  const { openContainer } = await import('../../src/core/session-data/sealed.ts')
  const sealed = await sealContainer(container, 'sessionid', new Uint8Array(12), ring)
  expect(await openContainer(sealed, 'sessionid', ring)).toEqual({ container, renew: false })
  expect(await openContainer(sealed, '__Host-Http-sessionid', ring)).toBe(null)
})

describe.each(STORES)('a visitor’s data and where a request comes from (%s)', (store) => {
  const EVIL: SendOptions = { site: 'cross-site', origin: 'https://evil.example' }

  it('is not used for a page of another site, nor begun for one', async () => {
    const { app, auth } = await open(store)
    await set(app, 'a', 1)
    for (const [browser, at] of [
      [app, '/app'],
      [new Application(auth), '/app'],
    ] as const) {
      browser.handle(({ session }) => session.set('a', 'forged'))
      const sent = await browser.post(at, {}, EVIL)
      expect([sent.status, sent.body['code'], sent.cookies]).toEqual([403, 'csrf_failed', []])
    }
    app.handle(({ session }) => session.get('a'))
    expect((await app.post('/app', {}, EVIL)).status).toBe(403)
    expect((await app.get('/app', { site: 'cross-site' })).text).toBe('1')
  })

  it('with csrf: "token" needs the visitor’s token', async () => {
    const { app } = await open(store, { csrf: 'token' })
    const headers = async () => ({ 'x-csrf-token': String((await app.get('/auth/csrf')).body['csrfToken']) })
    app.handle(({ session }) => session.set('a', 1))
    expect((await app.post('/app', {})).body['code']).toBe('csrf_failed')
    expect((await app.post('/app', {}, { headers: await headers() })).status).toBe(200)
    expect((await app.post('/app', {})).body['code']).toBe('csrf_failed')
    app.handle(({ session }) => session.get('a'))
    expect((await app.post('/app', {}, { headers: await headers() })).text).toBe('1')
  })
})

it.each(STORES)(
  'a visit whose request is refused reads and writes nothing, and says why (%s)',
  async (store) => {
    const { app, auth } = await open(store)
    await app.post('/auth/register', ADA)
    await set(app, 'a', 1)
    const headers = {
      cookie: app.cookieHeader('/app'),
      host: 'localhost:3000',
      origin: 'https://evil.example',
    }
    const visit = await auth.visit(new Request(`${LOCAL}/app`, { method: 'POST', headers }))
    expect(visit.who.status).toBe('refused')
    const { session } = visit
    for (const act of [
      () => session.get('a'),
      () => session.all(),
      () => session.set('a', 2),
      () => session.delete('a'),
      () => session.flush(),
      () => session.rotate(),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'csrf_failed' })
    expect(await visit.setCookies()).toEqual([])
    expect(await get(app, 'a')).toBe(1)
  },
)
