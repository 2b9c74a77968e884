// In a real browser: does a React page show nobody's content to somebody else, not even for a moment, with React 19 and 18?
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Auth } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { launchChromium } from '../support/chromium.ts'
import { createTestClock } from '../support/clock.ts'
import { createVisitors, register, watchRequests } from '../support/page.ts'

const newEmail = createVisitors()

declare global {
  /** Every text that the page has shown, in order. */
  var shown: string[]
  /** Puts the page up anew. */
  var again: () => void
  /** What a part of the page waits for before React takes it over. */
  var late: { readonly promise: Promise<void>; resolve(): void; isHere: boolean } | undefined
}

const REACT_18 = join(import.meta.dirname, '../../tools/react-18/node_modules')

/** The page, for the server and the browser. */
const PAGE = `
  import { createElement as h, Suspense } from 'react'
  import { AuthProvider, RequireAuth, SignedIn, SignedOut, useAuth, useAuthForm, useSessions, useUser } from 'lockjar/react'

  function Greeting() {
    const user = useUser()
    return h('p', { id: 'greeting' }, user ? 'Hello ' + user.email : 'Hello stranger')
  }
  function Sessions() {
    const { sessions, revokeOthers } = useSessions()
    return h('div', null, h('output', null, sessions ? sessions.length + ' sessions' : 'no sessions yet'),
      h('button', { onClick: revokeOthers }, 'End others'))
  }
  function Form() {
    const { register } = useAuth()
    const form = useAuthForm(({ email = '', password = '', username }) => register({ email, password, ...(username && { username }) }))
    const input = (name, type = 'text') => [
      h('label', { key: name }, name, h('input', { ...form.field(name), type })),
      h('p', { key: name + '!', ...form.message(name) }),
    ]
    return h('form', { onSubmit: form.onSubmit, noValidate: true },
      input('email'), input('username'), input('password', 'password'),
      h('p', { role: 'alert', id: 'error' }, form.error), h('button', { disabled: form.busy }, 'Register'))
  }
  function Late() {
    if (globalThis.late && !late.isHere) throw late.promise
    return null
  }
  export const App = ({ initial, suspense, client }) => h(AuthProvider, { ...(client && { client }), ...(initial !== undefined && { initial }), ...(suspense && { suspense: h('p', null, 'suspended') }) },
    h(Greeting),
    h(Suspense, null, h(Late), h(Greeting)),
    h(SignedIn, null, (user) => h('p', null, 'in: ' + user.email)),
    h(SignedOut, null, h('p', null, 'out')),
    h(RequireAuth, { loading: h('p', null, 'loading'), fallback: h(Form), role: 'never', forbidden: h(Sessions) }, 'secret'))
`
const BROWSER = `
  import { createElement as h } from 'react'
  import { createRoot, hydrateRoot } from 'react-dom/client'
  import { createClient } from 'lockjar/client'
  import { App } from 'page'
  const { initial, suspense, isRendered, isLate } = globalThis.given
  const client = createClient()
  if (isLate) globalThis.late = { ...Promise.withResolvers(), isHere: false }
  const root = document.getElementById('root')
  const app = h(App, { initial, suspense, client })
  globalThis.shown = [root.innerText]
  new MutationObserver(() => shown.push(root.innerText)).observe(root, { childList: true, subtree: true, characterData: true })
  globalThis.again = () => {
    top.unmount()
    top = createRoot(root)
    top.render(app)
  }
  let top = isRendered ? hydrateRoot(root, app, { onRecoverableError: (error) => shown.push(String(error)) }) : createRoot(root)
  if (!isRendered) top.render(app)
`
const SERVER = `
  import { createElement as h } from 'react'
  import { renderToString } from 'react-dom/server'
  import { App } from 'page'
  export const render = (props) => renderToString(h(App, props))
`

interface Given {
  readonly initial?: unknown
  readonly suspense?: boolean
  readonly isRendered?: boolean
  /** A part of it waits for `late`. */
  readonly isLate?: boolean
}

async function bundle(contents: string, react: '18' | '19', platform: 'browser' | 'node'): Promise<string> {
  const alias: Record<string, string> =
    react === '18' ? { react: join(REACT_18, 'react'), 'react-dom': join(REACT_18, 'react-dom') } : {}
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: platform === 'browser' ? 'iife' : 'cjs',
    platform,
    write: false,
    alias,
    conditions: ['lockjar-source'],
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [
      {
        name: 'page',
        setup(plugins) {
          plugins.onResolve({ filter: /^page$/ }, () => ({ path: 'page', namespace: 'page' }))
          plugins.onLoad({ filter: /.*/, namespace: 'page' }, () => ({
            contents: PAGE,
            resolveDir: import.meta.dirname,
          }))
        },
      },
    ],
  })
  return outputFiles[0]?.text ?? ''
}

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

describe.each(['19', '18'] as const)('React %s', (version) => {
  let server: Server
  let auth: Auth
  let origin: string
  let script: string
  let render: (props: Given) => string
  /** What the next page is given. */
  let given: (me: unknown) => Given

  beforeAll(async () => {
    script = await bundle(BROWSER, version, 'browser')
    const module = { exports: {} as { render: typeof render } }
    new Function('module', 'exports', 'require', await bundle(SERVER, version, 'node'))(
      module,
      module.exports,
      createRequire(import.meta.url),
    )
    render = module.exports.render
    server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    origin = `http://localhost:${(server.address() as AddressInfo).port}`
    auth = (await createTestAuth({ baseURL: origin, clock: createTestClock(Date.now()) })).auth
    server.on(
      'request',
      toNodeListener(auth, async (request) => {
        if (new URL(request.url).pathname !== '/app') return html('')
        // As a server that renders pages would: it asks on behalf of the browser, and hands on what anybody may see.
        const { url, headers } = request
        const answer = await auth.handler(new Request(new URL('/auth/me', url), { headers }))
        const props = given(answer.ok ? await answer.json() : null)
        return html(`<div id="root">${props.isRendered ? render(props) : ''}</div>
          <script>globalThis.given = ${JSON.stringify(props).replaceAll('<', '\\u003c')}</script><script>${script}</script>`)
      }),
    )
  })
  afterAll(async () => {
    await auth?.close()
    server?.closeAllConnections()
    server?.close()
  })

  const html = (body: string): Response =>
    new Response(`<!doctype html><meta charset="utf-8"><title>react</title>${body}`, {
      headers: { 'content-type': 'text/html' },
    })

  let context: BrowserContext
  let page: Page
  let email: string
  beforeEach(async () => {
    email = newEmail()
    context = await browser.newContext()
    page = await context.newPage()
    page.setDefaultTimeout(15_000)
    await page.goto(origin)
  })
  afterEach(() => context.close())

  const open = async (how: typeof given, last: string): Promise<readonly string[]> => {
    given = how
    await page.goto(`${origin}/app`)
    await page.getByText(last).first().waitFor()
    return page.evaluate(() => shown)
  }

  it('takes over what the server rendered for a signed-in user: nothing flashes, nothing is asked', async () => {
    await register(page, email)
    const requests = watchRequests(page)
    const shown = await open((initial) => ({ initial, isRendered: true }), '1 sessions')
    for (const text of shown) {
      expect(text).toContain(`Hello ${email}`)
      expect(text).toContain(`in: ${email}`)
      expect(text).not.toMatch(/out|loading|Register|suspended|stranger|Error/)
    }
    expect(requests).toEqual(['GET /app', 'GET /auth/sessions'])
  })

  it('takes over what the server rendered for nobody', async () => {
    const shown = await open((initial) => ({ initial, isRendered: true }), 'Hello stranger')
    for (const text of shown) expect(text).not.toMatch(/loading|suspended|in:|Error/)
  })

  it('without a word from the server asks once, and shows neither side before it knows', async () => {
    await register(page, email)
    const shown = await open(() => ({}), '1 sessions')
    for (const text of shown) expect(text).not.toMatch(/\bout\b|Register/)
    expect(shown.some((text) => text.includes('loading'))).toBe(true)
    expect(shown.at(-1)).toContain(`Hello ${email}`)
  })

  it('suspends where it is told to, and shows no stranger meanwhile', async () => {
    await register(page, email)
    const shown = await open(() => ({ suspense: true }), '1 sessions')
    expect(shown.some((text) => text.includes('suspended'))).toBe(true)
    for (const text of shown) expect(text).not.toContain('stranger')
  })

  it('shows a refusal beside its field, puts the focus there, and lets the user in once it is mended', async () => {
    await open(() => ({ initial: null }), 'Register')
    await page.getByLabel('email').fill('not an address')
    await page.getByLabel('password').fill(PASSWORD)
    await page.getByRole('button').click()
    const field = page.getByLabel('email')
    await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true')
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true)
    const described = await field.getAttribute('aria-describedby')
    expect(await page.locator(`[id="${described}"]`).innerText()).toContain('ada@example.com')
    await field.fill(email)
    await page.getByRole('button').click()
    await page.getByText(`in: ${email}`).waitFor()
  })

  it('says in general what concerns no field', async () => {
    await open(() => ({ initial: null }), 'Register')
    await context.setOffline(true)
    await page.getByLabel('email').fill(email)
    await page.getByLabel('password').fill(PASSWORD)
    await page.getByRole('button').click()
    await expect.poll(() => page.locator('#error').innerText()).toBe('The server cannot be reached.')
  })

  it('lists the sessions and ends the others', async () => {
    await register(page, email)
    const other = await browser.newContext()
    const elsewhere = await other.newPage()
    await elsewhere.goto(origin)
    const body = JSON.stringify({ email, password: PASSWORD })
    const headers = { 'content-type': 'application/json' }
    await elsewhere.evaluate((init) => fetch('/auth/login', init).then(() => {}), {
      method: 'POST',
      headers,
      body,
    })
    await other.close()
    await open((initial) => ({ initial }), '2 sessions')
    await page.getByRole('button', { name: 'End others' }).click()
    await page.getByText('1 sessions').waitFor()
  })

  /** Another tab tells that somebody else has signed in. */
  const signInElsewhere = (user: string): Promise<void> =>
    page.evaluate((email) => {
      const state = { status: 'signedIn', user: { email, roles: [] }, session: { id: 'another' } }
      new BroadcastChannel('lockjar /auth').postMessage({ state })
    }, user)

  it('takes over late what the server rendered for whoever was there before, and then shows who is', async () => {
    await register(page, email)
    await open((initial) => ({ initial, isRendered: true, isLate: true }), '1 sessions')
    await signInElsewhere('eve@example.com')
    await page.getByText('in: eve@example.com').waitFor()
    const shown = await page.evaluate(async () => {
      const { late } = globalThis
      if (late) late.isHere = true
      late?.resolve()
      while (document.getElementById('root')?.innerText.match(/Hello eve/g)?.length !== 2)
        await new Promise(requestAnimationFrame)
      return globalThis.shown
    })
    expect(shown.filter((text) => /Error/.test(text))).toEqual([])
  })

  it('shows who is there now where a page is put up anew with what it was rendered with', async () => {
    await register(page, email)
    await open((initial) => ({ initial }), '1 sessions')
    await signInElsewhere('eve@example.com')
    await page.getByText('in: eve@example.com').waitFor()
    await page.evaluate(() => again())
    await page.getByText('in: eve@example.com').waitFor()
    expect(await page.evaluate(() => shown.at(-1))).not.toContain(email)
  })

  it('shows nobody the sessions of whoever was there before', async () => {
    await register(page, email)
    await open((initial) => ({ initial }), '1 sessions')
    const held = Promise.withResolvers<void>()
    await page.route('**/auth/sessions', async (route) => {
      await held.promise
      await route.fulfill({ json: { sessions: [] } })
    })
    await signInElsewhere('eve@example.com')
    await page.getByText('in: eve@example.com').waitFor()
    expect(await page.locator('output').innerText()).toBe('no sessions yet')
    held.resolve()
    await page.getByText('0 sessions').waitFor()
  })
})
