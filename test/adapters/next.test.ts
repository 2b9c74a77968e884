// Does each part that Next is given behave, by the shapes of Next's own parts? Built and served for real: `next-served.test.ts`.
import { AuthError } from 'lockjar'
import { toActions, toGetAuth, toProxy, toRouteHandlers } from 'lockjar/next'
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'

async function setUp() {
  const made = await createTestAuth({ baseURL: LOCAL, cookies: { refreshPath: '/' } })
  const handlers = toRouteHandlers(made.auth)
  const browser = new TestBrowser((request) => {
    const method = request.method as keyof typeof handlers
    return handlers[method](request)
  }, LOCAL)
  const sent = await browser.post('/auth/register', { email: 'ada@example.com', password: PASSWORD })
  const { id } = sent.body['user'] as { id: string }
  /** `headers` of `next/headers`, within a request with these. */
  const headers =
    (more: Readonly<Record<string, string>> = {}) =>
    async () =>
      new Headers({ host: 'localhost:3000', cookie: browser.cookieHeader('/'), ...more })
  return { ...made, browser, id, headers }
}

it('route handlers answer as the handler does', async () => {
  const { browser, id } = await setUp()
  expect((await browser.get('/auth/me')).body).toMatchObject({ user: { id } })
  expect((await browser.post('/auth/logout')).status).toBe(204)
})

it('getAuth says who is looking at a page', async () => {
  const { auth, id, headers } = await setUp()
  expect((await toGetAuth(auth, headers())()).user?.id).toBe(id)
  expect(await toGetAuth(auth, headers({ cookie: '' }))()).toMatchObject({ status: 'anonymous', user: null })
})

describe('an action', () => {
  const code = (refusal: AuthError): never => {
    throw `refused: ${refusal.code}`
  }

  it('knows its user, and is given what it was called with', async () => {
    const { auth, id, headers } = await setUp()
    const action = toActions(auth, headers({ origin: LOCAL }), code)
    const rename = action(({ user }, name: string, times: number) => [user.id, name, times])
    expect(await rename('Ada', 2)).toEqual([id, 'Ada', 2])
  })

  it.each<[who: string, sent: Readonly<Record<string, string>>, told: string]>([
    ['nobody', { cookie: '', origin: LOCAL }, 'unauthenticated'],
    ['a page of another site, with the user’s cookies', { origin: 'https://evil.example' }, 'csrf_failed'],
    ['a sandboxed frame', { origin: 'null' }, 'csrf_failed'],
    ['a sibling sub-domain', { 'sec-fetch-site': 'same-site' }, 'csrf_failed'],
    ['a page under another name of the server', { host: 'evil.example', origin: LOCAL }, 'misdirected'],
  ])('is not called by %s', async (_who, sent, told) => {
    const { auth, headers } = await setUp()
    let calls = 0
    const act = toActions(auth, headers(sent), code)(() => calls++)
    await expect(act()).rejects.toBe(`refused: ${told}`)
    expect(calls).toBe(0)
  })

  it('is for roles, and for a recent proof, where it says so', async () => {
    const { auth, clock, browser, id, headers } = await setUp()
    const action = toActions(auth, headers({ origin: LOCAL }), code)
    const edit = action(() => 'edited', { roles: ['editor'] })
    const pay = action(() => 'paid', { recentAuth: '1m' })
    await expect(edit()).rejects.toBe('refused: forbidden')
    expect(await pay()).toBe('paid')
    await auth.users.setRoles(id, ['editor'])
    clock.advance(60_001)
    await browser.post('/auth/refresh')
    expect(await edit()).toBe('edited')
    await expect(pay()).rejects.toBe('refused: step_up_required')
    expect(() => action(() => 1, { roles: [] })).toThrow(TypeError)
  })

  it('is not called where who refuses it comes back, as plain JavaScript may', async () => {
    const { auth, headers } = await setUp()
    const told: string[] = []
    const refuse = ((refusal: AuthError) => told.push(refusal.code)) as unknown as () => never
    const act = toActions(auth, headers({ cookie: '', origin: LOCAL }), refuse)(() => told.push('called'))
    await expect(act()).rejects.toBeInstanceOf(AuthError)
    expect(told).toEqual(['unauthenticated'])
  })

  it('throws the refusal where nobody says what becomes of it, and leaves alone what it throws itself', async () => {
    const { auth, headers } = await setUp()
    const refused = toActions(auth, headers({ cookie: '' }))(() => 1)
    await expect(refused()).rejects.toBeInstanceOf(AuthError)
    const broken = toActions(
      auth,
      headers({ origin: LOCAL }),
      code,
    )(() => {
      throw new Error('a mistake')
    })
    await expect(broken()).rejects.toThrow('a mistake')
  })
})

describe('the proxy', () => {
  /** `NextResponse` carries the headers for the page in headers of its own. */
  const NextResponse = {
    next: ({ request }: { request: { headers: Headers } }) =>
      Object.assign(new Response(null), { passed: request.headers }),
  }

  it('renews once before the page is rendered, and passes the user on', async () => {
    const { auth, browser, id, headers } = await setUp()
    browser.forget('access_token')
    const response = await toProxy(
      auth,
      NextResponse,
    )(new Request(`${LOCAL}/page`, { headers: await headers({ 'x-own': 'kept' })() }))
    expect(response.headers.getSetCookie().length).toBeGreaterThan(2)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.passed.get('x-own')).toBe('kept')
    expect((await toGetAuth(auth, async () => response.passed)()).user?.id).toBe(id)
  })

  it('changes nothing where nothing is to be renewed, nor on the way to Lockjar’s own routes', async () => {
    const { auth, browser, headers } = await setUp()
    const proxy = toProxy(auth, NextResponse)
    const pass = async (path: string) => proxy(new Request(LOCAL + path, { headers: await headers()() }))
    const good = await pass('/page')
    expect([[...good.headers], good.passed.get('cookie')]).toEqual([[], browser.cookieHeader('/')])
    browser.forget('access_token')
    expect([...(await pass('/auth/me')).headers]).toEqual([])
  })
})
