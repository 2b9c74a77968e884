// Does the example of Next, built and served for real, sign people in, keep others out, and renew before it renders?
import type { ChildProcess } from 'node:child_process'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import { parseSetCookie, TestBrowser } from '../support/browser.ts'
import { freePort } from '../support/demo.ts'
import { sendRaw, until } from '../support/raw-http.ts'

const ROOT = join(import.meta.dirname, '../..')
const RUNTIMES = join(ROOT, 'tools/runtimes')
const NEXT = join(RUNTIMES, 'node_modules/next/dist/bin/next')
const QUIET = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }

describe.skipIf(!existsSync(NEXT))('the example of Next', () => {
  const installed = join(RUNTIMES, 'node_modules/lockjar')
  let folder: string
  let server: ChildProcess
  let origin: string

  beforeAll(async () => {
    folder = mkdtempSync(join(RUNTIMES, 'app-'))
    cpSync(join(ROOT, 'examples/next'), folder, { recursive: true })
    const dist = join(installed, 'dist')
    execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', dist], { cwd: ROOT })
    cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
    await promisify(execFile)(process.execPath, [NEXT, 'build'], { cwd: folder, env: QUIET })
    const port = await freePort()
    origin = `http://localhost:${port}`
    server = spawn(process.execPath, [NEXT, 'start', '-p', String(port), '-H', '127.0.0.1'], {
      cwd: folder,
      env: { ...QUIET, LOCKJAR_BASE_URL: origin },
      stdio: 'ignore',
    })
    await until(() =>
      sendRaw(port, 'GET', '/', [['Host', `localhost:${port}`]]).then(
        () => true,
        () => false,
      ),
    )
  }, 600_000)

  afterAll(async () => {
    if (server?.kill()) await once(server, 'exit')
    if (folder) rmSync(folder, { recursive: true })
    rmSync(installed, { recursive: true, force: true })
  })

  /** A browser that has signed up. */
  async function signUp() {
    const browser = new TestBrowser((request) => fetch(request, { redirect: 'manual' }), origin)
    const email = `u${crypto.randomUUID()}@example.com`
    const sent = await browser.post('/auth/register', { email, password: PASSWORD })
    expect(sent.status).toBe(201)
    return { browser, id: (sent.body['user'] as { id: string }).id }
  }

  it('knows the user in pages and in routes, and nobody else', async () => {
    const { browser, id } = await signUp()
    expect((await browser.get('/')).text).toContain(id)
    expect((await browser.get('/api/me')).body).toEqual({ id, roles: [] })
    const stranger = new TestBrowser((request) => fetch(request), origin)
    expect((await stranger.get('/')).text).toMatch(/Hello, stranger.* name="password"/)
    expect((await stranger.get('/api/me')).body['code']).toBe('unauthenticated')
    // A header that once got requests past the middleware of Next (CVE-2025-29927).
    const past = { 'x-middleware-subrequest': Array(5).fill('proxy').join(':') }
    expect((await stranger.get('/api/me', { headers: past })).status).toBe(401)
  })

  it('lets users call an action, and neither visitors nor other sites', async () => {
    const { browser } = await signUp()
    const page = (await browser.get('/')).text
    const [, field = ''] = /<input type="hidden" name="(\$ACTION_ID_[^"]+)"/.exec(page) ?? []
    expect(field).not.toBe('')
    const call = (who: TestBrowser, note: string, from: string) => {
      const form = new FormData()
      form.append(field, '')
      form.append('note', note)
      const headers = { cookie: who.cookieHeader('/'), origin: from }
      return fetch(`${origin}/`, { method: 'POST', body: form, headers, redirect: 'manual' })
    }
    expect((await call(browser, 'mine', origin)).status).toBe(200)
    expect((await browser.get('/')).text).toContain('mine')
    const nobody = new TestBrowser((request) => fetch(request), origin)
    const turned = await call(nobody, 'nobody’s', origin)
    expect([turned.status, turned.headers.get('location')]).toEqual([303, '/'])
    expect((await call(browser, 'evil', 'https://evil.example')).status).toBeGreaterThanOrEqual(400)
    expect((await browser.get('/')).text).not.toMatch(/nobody’s|evil/)
  })

  it('renews a session before the page is rendered, and the page is the user’s', async () => {
    const { browser, id } = await signUp()
    browser.forget('access_token')
    expect((await browser.get('/api/me', { keepJar: true, headers: { cookie: '' } })).status).toBe(401)
    const page = await browser.get('/', { keepJar: true })
    expect(page.text).toContain(id)
    browser.keep(page.headers.getSetCookie().map(parseSetCookie))
    expect(browser.cookie('access_token')).not.toBe('')
    expect((await browser.get('/api/me')).status).toBe(200)
  })

  it('ends a session everywhere', async () => {
    const { browser } = await signUp()
    const copy = browser.copy()
    expect((await browser.post('/auth/logout')).status).toBe(204)
    expect((await copy.get('/')).text).toContain('Hello, stranger')
    expect((await copy.get('/api/me')).status).toBe(401)
  })
})
