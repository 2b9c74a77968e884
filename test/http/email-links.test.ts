// What do the pages that links open show, and what becomes of one link that many use at once?
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toNodeListener } from 'lockjar/node'
import { openSqlite } from 'lockjar/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'
import { freePort } from '../support/demo.ts'
import { NO_MAILER, watchOutbox } from '../support/mailbox.ts'

const LOCAL = 'http://localhost:3000'
const NEW_PASSWORD = 'another horse, another battery'
const ADA = { email: 'ada@example.com', password: PASSWORD }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const folder = mkdtempSync(join(tmpdir(), 'lockjar-links-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a link over the network, with SQLite', () => {
  it('serves exactly one of sixteen that reset with one token at once', async () => {
    const port = await freePort()
    const origin = `http://localhost:${port}`
    const { auth, store } = await createTestAuth({
      baseURL: origin,
      mailer: NO_MAILER,
      open: (clock) => openSqlite(join(folder, 'links.db'), clock),
    })
    const mails = watchOutbox(store)
    const server = createServer(toNodeListener(auth, () => new Response())).listen(port, 'localhost')
    const post = (path: string, body: object) =>
      fetch(origin + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin },
        body: JSON.stringify(body),
      })
    try {
      await post('/auth/register', ADA)
      await post('/auth/password/forgot', { email: ADA.email })
      const token = await mails.token('reset-password')
      const passwords = Array.from({ length: 16 }, (_, n) => `${NEW_PASSWORD} ${n}`)
      const answers = await Promise.all(
        passwords.map(
          async (newPassword) => (await post('/auth/password/reset', { token, newPassword })).status,
        ),
      )
      expect(answers.toSorted()).toEqual([204, ...Array.from({ length: 15 }, () => 410)])
      const signIns = []
      for (const password of passwords)
        signIns.push((await post('/auth/login', { email: ADA.email, password })).status)
      expect(signIns).toEqual(answers.map((status) => (status === 204 ? 200 : 401)))
    } finally {
      server.close()
      server.closeAllConnections()
      await auth.close()
    }
  })
})

async function setUp(options: TestOptions = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, mailer: NO_MAILER, ...options })
  const mails = watchOutbox(made.store)
  const newBrowser = () => new TestBrowser(made.auth.handler, LOCAL)
  const ada = newBrowser()
  await ada.post('/auth/register', ADA)
  return { ...made, mails, newBrowser, ada }
}

const PAGES = ['/auth/verify-email', '/auth/reset-password', '/auth/change-email']

const headingOf = ({ text }: Sent): string => /<h1[^>]*>([^<]*)</.exec(text)?.[1] ?? ''

/** Sends the form of a page without scripts, as it stands in the page. */
async function submit(browser: TestBrowser, page: Sent, fields: Readonly<Record<string, string>>) {
  const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(page.text) ?? []
  const [, csrf = ''] = /name="csrfmiddlewaretoken" value="([^"]*)"/.exec(page.text) ?? []
  const body = new URLSearchParams({ csrfmiddlewaretoken: csrf, ...fields }).toString()
  const sent = await browser.post(action, body, { headers: FORM })
  return sent.status === 303 ? browser.get(sent.headers.get('location') ?? '') : sent
}

describe.each(PAGES)('the page %s', (path) => {
  it('may run its own script, send its own form, and nothing else; nobody keeps, frames or lists it', async () => {
    const { newBrowser } = await setUp()
    for (const at of [path, `${path}/done`]) {
      const { status, text, headers } = await newBrowser().get(at)
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      const hashOf = (element: string) => {
        const [, content = ''] = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(text) ?? []
        return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
      }
      expect(headers.get('content-security-policy')).toBe(
        `default-src 'none'; script-src ${hashOf('script')}; style-src ${hashOf('style')}; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      )
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-robots-tag')).toBe('noindex, nofollow')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
      expect(text).not.toMatch(/ style="| on[a-z]+="/)
    }
  })

  it('looks at nothing that is opened with it: no token, and no row', async () => {
    const { newBrowser, store } = await setUp()
    const find = () => Promise.reject(new Error('a GET reads no token'))
    Object.assign(store.oneTimeTokens, { find, resetPassword: find, verifyEmail: find, changeEmail: find })
    const browser = newBrowser()
    for (const method of ['GET', 'HEAD'])
      expect((await browser.send(method, `${path}?token=${'A'.repeat(43)}`)).status).toBe(200)
    expect((await browser.get(path)).text).not.toContain('A'.repeat(43))
  })

  it('says beside the field what is missing, and that a link has ended', async () => {
    const { newBrowser } = await setUp()
    const browser = newBrowser()
    const page = await browser.get(path)
    const nothing = await submit(browser, page, { token: '' })
    expect([nothing.status, nothing.text.includes('class="error" id="token-note"')]).toEqual([422, true])
    const ended = await submit(browser, page, { token: 'x', newPassword: NEW_PASSWORD, password: PASSWORD })
    expect([ended.status, headingOf(ended)]).toEqual([410, 'This link has ended'])
  })

  it('is refused from another site, and with csrf: token without the one of the page', async () => {
    const { newBrowser } = await setUp({ csrf: 'token' })
    const browser = newBrowser()
    const page = await browser.get(path)
    const foreign = await browser.post(path, 'token=x', {
      headers: FORM,
      site: 'cross-site',
      origin: 'https://evil.example',
    })
    expect(foreign.body['code']).toBe('csrf_failed')
    const without = await browser.post(path, `token=x&newPassword=${encodeURIComponent(NEW_PASSWORD)}`, {
      headers: FORM,
    })
    expect([without.status, without.text.includes('Open the link in the mail again')]).toEqual([403, true])
    expect((await submit(browser, page, { token: 'x', newPassword: NEW_PASSWORD })).status).toBe(410)
  })

  it('tells of limits and outages in words, and logs what is ours', async () => {
    const network = [{ limit: 1, period: '10m' }] as const
    const { newBrowser, store, log } = await setUp({ rateLimits: 'on', budgets: { token: { network } } })
    const browser = newBrowser()
    const page = await browser.get(path)
    const fields = { token: 'A'.repeat(43), newPassword: NEW_PASSWORD, password: PASSWORD }
    await submit(browser, page, fields)
    const limited = await submit(browser, page, fields)
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '600'])
    expect(limited.text).toContain('Nothing has changed; try again in 10 minutes.')
    const consume = () => Promise.reject(new Error('secret detail of the machine'))
    Object.assign(store.limits, { consume })
    const broken = await submit(browser, page, fields)
    expect([broken.status, broken.text.includes('it is not your fault')]).toEqual([500, true])
    expect(broken.text + limited.text).not.toMatch(/secret detail|AAAA/)
    expect(log.filter(({ level }) => level === 'error').map(({ fields }) => fields['event'])).toEqual([
      'request.failed',
    ])
  })
})

describe('without scripts', () => {
  it('the link is pasted, a weak password is refused beside its field, and a good one is taken', async () => {
    const { newBrowser, mails } = await setUp()
    await newBrowser().post('/auth/password/forgot', { email: ADA.email })
    const { link } = await mails.newest('reset-password')
    const browser = newBrowser()
    const page = await browser.get('/auth/reset-password')
    const weak = await submit(browser, page, { token: link, newPassword: 'short' })
    expect([
      weak.status,
      weak.text.includes('aria-invalid="true" aria-describedby="newPassword-note"'),
    ]).toEqual([422, true])
    expect(weak.text).not.toContain(link.split('=')[1])
    const done = await submit(browser, weak, { token: link, newPassword: NEW_PASSWORD })
    expect([done.status, headingOf(done)]).toEqual([200, 'Your password is changed'])
    const { status } = await newBrowser().post('/auth/login', { ...ADA, password: NEW_PASSWORD })
    expect(status).toBe(200)
  })

  it('another browser than the one that registered is asked for a new password, and only then', async () => {
    const { ada, newBrowser, mails } = await setUp()
    const { link } = await mails.newest('verify-email')
    const browser = newBrowser()
    const page = await browser.get('/auth/verify-email')
    expect(page.text).not.toContain('name="newPassword"')
    const asked = await submit(browser, page, { token: link })
    expect([asked.status, asked.text.includes('name="newPassword"')]).toEqual([422, true])
    expect(asked.text).toContain('This is not the browser that registered.')
    expect(asked.text).not.toMatch(/<input[^>]*aria-invalid/)
    const empty = await submit(browser, asked, { token: link, newPassword: '' })
    expect([empty.status, empty.text.includes('class="error" id="newPassword-note"')]).toEqual([422, true])
    const own = await ada.get('/auth/verify-email')
    expect(headingOf(await submit(ada, own, { token: link }))).toBe('Your address is confirmed')
  })

  it('a new address asks a signed-out browser for the password, and says when it is wrong', async () => {
    const { ada, newBrowser, mails } = await setUp()
    await ada.post('/auth/email/change', { email: 'new@example.com', password: PASSWORD })
    const { link } = await mails.newest('confirm-email-change')
    const browser = newBrowser()
    const page = await browser.get('/auth/change-email')
    const asked = await submit(browser, page, { token: link })
    expect([asked.status, asked.text.includes('name="password"')]).toEqual([401, true])
    const empty = await submit(browser, asked, { token: link, password: '' })
    expect(empty.text).toContain('Write the password.')
    const wrong = await submit(browser, asked, { token: link, password: 'wrong password' })
    expect([wrong.status, wrong.text.includes('The password is not right.')]).toEqual([401, true])
    const done = await submit(browser, wrong, { token: link, password: PASSWORD })
    expect(headingOf(done)).toBe('Your address is changed')
  })
})

it('what somebody configured or sent comes into a page as text', async () => {
  const { newBrowser } = await setUp({ basePath: '/a', mail: { appName: 'Ada & <i>Co</i>' } })
  const browser = newBrowser()
  const page = await browser.get('/a/reset-password')
  expect(page.text).toContain('<span>Ada &amp; &lt;i&gt;Co&lt;/i&gt;</span>')
  expect(page.text).toContain('action="/a/reset-password"')
  const sent = await submit(browser, page, {
    token: '"><script>alert(1)</script>',
    newPassword: NEW_PASSWORD,
  })
  expect(sent.text).not.toContain('alert(1)')
})
