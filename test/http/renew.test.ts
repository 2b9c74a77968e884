// Does a server that renders pages renew a session before it does, once, and for nobody whom it should not?
import { describe, expect, it } from 'vitest'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { parseSetCookie, TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }

async function setUp(options: TestOptions = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, cookies: { refreshPath: '/' }, ...options })
  const { auth } = made
  const browser = new TestBrowser(auth.handler, LOCAL)
  const { csrfToken } = (await browser.get('/auth/csrf')).body as { csrfToken: string }
  await browser.post('/auth/register', { ...ADA, remember: true }, { headers: { 'x-csrf-token': csrfToken } })
  /** A page that the browser asks for, as a server of pages sees it. */
  const page = (headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
    new Request(`${LOCAL}/page`, {
      method,
      headers: { host: 'localhost:3000', cookie: browser.cookieHeader('/page'), ...headers },
    })
  return { ...made, browser, page }
}

const KINDS = [{ strategy: 'jwt' }, { strategy: 'jwt', csrf: 'token' }] as const

describe.each(KINDS)('a session whose access token has ended, with %j', (options) => {
  it('is renewed, and the page is rendered for the new one', async () => {
    const { auth, clock, browser, page } = await setUp(options)
    clock.advance(601_000)
    browser.forget('access_token')
    const renewed = await auth.renew(page())
    if (!renewed) throw new Error('it was not renewed')
    const headers = { host: 'localhost:3000', cookie: renewed.cookie }
    const { status } = await auth.authenticate(new Request(`${LOCAL}/page`, { headers }))
    expect(status).toBe('authenticated')
    browser.keep(renewed.setCookies.map(parseSetCookie))
    expect((await browser.get('/auth/me')).status).toBe(200)
    // What the browser sends from now on is what the page was rendered for.
    expect(browser.cookieHeader('/page').split('; ').toSorted()).toEqual(
      renewed.cookie.split('; ').toSorted(),
    )
  })

  it('is renewed for pages that are asked for at once, to one session', async () => {
    const { auth, clock, browser, page } = await setUp(options)
    clock.advance(601_000)
    browser.forget('access_token')
    const all = await Promise.all([page(), page(), page()].map((request) => auth.renew(request)))
    for (const renewed of all) {
      const headers = { host: 'localhost:3000', cookie: renewed?.cookie ?? '' }
      expect((await auth.authenticate(new Request(LOCAL, { headers }))).status).toBe('authenticated')
    }
  })
})

it('two access cookies, one of them planted, give way to a new one', async () => {
  const { auth, browser, page } = await setUp()
  const planted = `${browser.cookieHeader('/page')}; access_token=planted`
  const renewed = await auth.renew(page({ cookie: planted }))
  expect(renewed?.cookie.match(/access_token=/g)).toHaveLength(1)
  const headers = { host: 'localhost:3000', cookie: renewed?.cookie ?? '' }
  expect((await auth.authenticate(new Request(LOCAL, { headers }))).status).toBe('authenticated')
})

describe('nothing is renewed', () => {
  it('where the token is still good, where nobody is signed in, and with the opaque strategy', async () => {
    const { auth, page } = await setUp()
    expect(await auth.renew(page())).toBeNull()
    expect(await auth.renew(page({ cookie: '' }))).toBeNull()
    const opaque = await setUp({ strategy: 'opaque' })
    expect(await opaque.auth.renew(opaque.page())).toBeNull()
  })

  it('where the browser does not send to pages what renews', async () => {
    const { auth, clock, page } = await setUp({ cookies: {} })
    clock.advance(601_000)
    expect(await auth.renew(page())).toBeNull()
  })

  it('for a foreign page that posts with the browser’s cookies, nor under another name of the server', async () => {
    const { auth, clock, browser, page } = await setUp()
    clock.advance(601_000)
    browser.forget('access_token')
    expect(await auth.renew(page({ origin: 'https://evil.example' }, 'POST'))).toBeNull()
    expect(await auth.renew(page({ host: 'evil.example' }))).toBeNull()
    expect(await auth.renew(page({ origin: LOCAL }, 'POST'))).not.toBeNull()
  })
})

it('a session that has ended meanwhile is renewed for nobody, and no cookie is touched, for another sign-in may have set it', async () => {
  const { auth, clock, browser, page } = await setUp()
  clock.advance(601_000)
  browser.forget('access_token')
  const { id } = (await auth.users.list()).users[0] ?? { id: '' }
  await auth.users.endSessions(id)
  expect(await auth.renew(page())).toBeNull()
})

it('a used token that comes back ends the session: its cookies are cleared, and the page is rendered for a visitor', async () => {
  const { auth, clock, browser } = await setUp()
  const thief = browser.copy()
  await browser.post('/auth/refresh')
  await browser.get('/auth/me')
  clock.advance(601_000)
  thief.forget('access_token')
  const headers = { host: 'localhost:3000', cookie: thief.cookieHeader('/page') }
  const renewed = await auth.renew(new Request(`${LOCAL}/page`, { headers }))
  expect(renewed?.cookie).toBe('')
  for (const line of renewed?.setCookies ?? []) expect(line).toContain('Max-Age=0')
  expect((await browser.get('/auth/me')).status).toBe(401)
})
