// Can a site without any script keep a cart, show a message once and be safe from forged forms, in a real browser? (D2, D3, D5, D7)
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { AppHandler, Auth, Visitor } from 'lockjar'
import { createAuth } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import { openSqlite } from 'lockjar/sqlite'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/drivers/node/clock.ts'
import { PASSWORD, SECRET } from '../support/auth.ts'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { launchChromium } from '../support/chromium.ts'
import { freePort } from '../support/demo.ts'

const HOST = 'app.lockjar.test'

let certificate: TestCertificate
let browser: Browser

beforeAll(async () => {
  certificate = await createCertificate([HOST])
  browser = await launchChromium({ spki: certificate.spki })
})
afterAll(() => browser?.close())

const html = (body: string): Response =>
  new Response(`<!doctype html><title>Shop</title>${body}`, {
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })
const seeOther = (location: string): Response => new Response(null, { status: 303, headers: { location } })

/** A shop whose every page is rendered here. */
const shop: AppHandler<Visitor> = async (request, { user }, { session, cookies, csrfField }) => {
  const { pathname } = new URL(request.url)
  // What the browser asks for by itself reads no message.
  if (pathname === '/favicon.ico') return new Response(null, { status: 404 })
  if (pathname === '/cart' && request.method === 'POST') {
    const item = new URLSearchParams(await request.text()).get('item') ?? ''
    await session.set('cart', [...(await session.get<string[]>('cart', [])), item])
    cookies.flash('notice', `Added ${item}.`)
    return seeOther('/')
  }
  if (pathname === '/theme' && request.method === 'POST') {
    cookies.set('theme', 'dark; for "all"', { maxAge: '365d' })
    cookies.set('shown', 'to scripts', { httpOnly: false, sameSite: 'Strict' })
    cookies.set('invited_by', 'eve', { sign: true })
    cookies.set('secret', 'plan', { seal: true, path: '/theme' })
    return seeOther('/')
  }
  const cart = await session.get<string[]>('cart', [])
  return html(`
    <p data-testid="who">${user ? 'a user' : 'a stranger'}</p>
    <p data-testid="notice">${(await cookies.takeFlash('notice')) ?? ''}</p>
    <p data-testid="theme">${await cookies.get('theme', 'light')}</p>
    <p data-testid="cart">${cart.join(', ')}</p>
    <form method="post" action="/cart">${await csrfField()}<input name="item"><button>Add</button></form>
    <form method="post" action="/theme">${await csrfField()}<button>Darken</button></form>
    <form method="post" action="/theme"><button>Forged</button></form>
    <form method="post" action="/auth/register">${await csrfField()}
      <input name="email"><input name="password" type="password"><button>Register</button></form>
    <form method="post" action="/auth/logout">${await csrfField()}<button>Sign out</button></form>`)
}

describe.each([
  ['http://localhost', 'server'],
  ['http://localhost', 'sealed'],
  ['https', 'server'],
  ['https', 'sealed'],
] as const)('over %s, session data kept by: %s', (mode, store) => {
  const secure = mode === 'https'
  const dataCookie = secure ? '__Host-Http-sessionid' : 'sessionid'
  let auth: Auth
  let server: Server
  let origin: string
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    const port = await freePort()
    origin = `${secure ? `https://${HOST}` : 'http://localhost'}:${port}`
    auth = await createAuth({
      baseURL: origin,
      secret: SECRET,
      database: openSqlite(':memory:', systemClock),
      csrf: 'token',
      sessionData: { store },
    })
    const listener = toNodeListener(auth, auth.protect(shop, { anonymous: true }))
    const tls = { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }
    server = secure ? createTls(tls, listener) : createServer(listener)
    await once(server.listen(port, '127.0.0.1'), 'listening')
  })
  afterAll(async () => {
    server?.close()
    server?.closeAllConnections()
    await auth?.close()
  })
  beforeEach(async () => {
    context = await browser.newContext({ javaScriptEnabled: false })
    page = await context.newPage()
    page.setDefaultTimeout(15_000)
    await page.goto(origin)
  })
  afterEach(() => context.close())

  const text = (id: string): Promise<string | null> => page.getByTestId(id).textContent()
  const press = (name: string): Promise<void> => page.getByRole('button', { name }).click()
  const cookie = async (name: string) => (await context.cookies()).find((each) => each.name === name)
  async function add(item: string): Promise<void> {
    await page.locator('[name=item]').fill(item)
    await press('Add')
    await page.getByText(`Added ${item}.`).waitFor()
  }

  it('D2, D3, D5: a form without script keeps a cart for a stranger, and its message is shown once', async () => {
    await add('milk')
    await add('grün 🌿')
    expect([await text('cart'), await text('notice'), await text('who')]).toEqual([
      'milk, grün 🌿',
      'Added grün 🌿.',
      'a stranger',
    ])
    await page.reload()
    expect([await text('cart'), await text('notice')]).toEqual(['milk, grün 🌿', ''])
  })

  it('D2: a form without the field is refused, whoever signed the page', async () => {
    await add('milk')
    const answered = page.waitForResponse((response) => response.url().endsWith('/theme'))
    await press('Forged')
    expect((await answered).status()).toBe(403)
    expect(await page.content()).toContain('csrf_failed')
  })

  it('D5, D7: the cart comes along as the stranger registers, under a new id, and goes as they sign out', async () => {
    await add('milk')
    const visitor = await cookie(dataCookie)
    await page.locator('[name=email]').fill(`${secure ? 'locked' : 'local'}-${store}@example.com`)
    await page.locator('[name=password]').fill(PASSWORD)
    const registered = page.waitForResponse((response) => response.url().endsWith('/auth/register'))
    await press('Register')
    expect((await registered).status()).toBe(201)
    await page.goto(origin)
    expect([await text('who'), await text('cart')]).toEqual(['a user', 'milk'])
    const user = await cookie(dataCookie)
    expect(user?.value).not.toBe(visitor?.value)
    await add('bread')

    const left = page.waitForResponse((response) => response.url().endsWith('/auth/logout'))
    await press('Sign out')
    expect((await left).status()).toBe(204)
    expect(await cookie(dataCookie)).toBe(undefined)
    await page.goto(origin)
    expect([await text('who'), await text('cart')]).toEqual(['a stranger', ''])

    // A copy of either cookie is worth nothing to whoever kept it; sealed, a stranger's own copy is.
    for (const kept of [user, ...(store === 'server' ? [visitor] : [])]) {
      await context.clearCookies()
      if (kept) await context.addCookies([kept])
      await page.goto(origin)
      expect(await text('cart')).toBe('')
    }
  })

  it('D1, D3: the browser keeps the cookies of the application as strictly as they were written', async () => {
    await press('Darken')
    await page.getByText('dark; for "all"').waitFor()
    const kept = (await context.cookies([`${origin}/theme`])).map(
      ({ name, path, domain, httpOnly, secure: locked, sameSite, expires }) =>
        [
          name,
          path,
          domain,
          httpOnly && 'HttpOnly',
          locked && 'Secure',
          sameSite,
          expires > 0 && 'persistent',
        ]
          .filter(Boolean)
          .join(' '),
    )
    const host = secure ? HOST : 'localhost'
    const locked = secure ? ' Secure' : ''
    const prefix = (name: string) => (secure ? name : '')
    expect(kept.filter((line) => !line.includes('csrftoken')).toSorted()).toEqual(
      [
        `${prefix('__Host-Http-')}theme / ${host} HttpOnly${locked} Lax persistent`,
        `${prefix('__Host-')}shown / ${host}${locked} Strict`,
        `${prefix('__Host-Http-')}invited_by / ${host} HttpOnly${locked} Lax`,
        `${prefix('__Secure-')}secret /theme ${host} HttpOnly${locked} Lax`,
      ].toSorted(),
    )
    const value = async (base: string) =>
      (await context.cookies([`${origin}/theme`])).find(({ name }) => name.endsWith(base))?.value
    expect(await value('invited_by')).toMatch(/^eve\.\d+\.0\./)
    expect(await value('secret')).toMatch(/^[\w-]{8}\.[\w-]+$/)
  })
})
