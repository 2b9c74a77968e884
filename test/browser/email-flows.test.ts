// Do links of real mails work in a real browser: proving an address, a lost password, another address, scanners, no scripts?
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import { launchChromium } from '../support/chromium.ts'
import type { Demo } from '../support/demo.ts'
import { startDemo } from '../support/demo.ts'
import type { MailServer } from '../support/mail.ts'
import { startMailServer } from '../support/mail.ts'
import { ask, createVisitors, openPage, signIn, signOut, signUp } from '../support/page.ts'

const NEW_PASSWORD = 'another horse, another battery'

let browser: Browser
let mailServer: MailServer
let demo: Demo
const newVisitor = createVisitors()
const contexts: BrowserContext[] = []
/** What browsers had to complain about: nothing, but for refusals that the test asks for. */
const complaints: string[] = []

const mailing = () => ({
  LOCKJAR_SMTP_URL: mailServer.url,
  LOCKJAR_MAIL_FROM: 'Demo <no-reply@example.com>',
})

beforeAll(async () => {
  mailServer = await startMailServer()
  browser = await launchChromium()
  demo = await startDemo({ env: mailing() })
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
  await mailServer?.stop()
})
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close()
  expect(complaints.splice(0)).toEqual([])
})

async function newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options)
  contexts.push(context)
  context.on('weberror', (error) => complaints.push(error.error().message))
  context.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text())
  })
  return context
}

/** Somebody has signed up in the demo; the mail that came of it is taken. */
async function newcomer() {
  const context = await newContext()
  const email = newVisitor()
  const page = await openPage(context, demo.origin)
  await signUp(page, email)
  const { link } = await mailServer.box.next({ to: email })
  return { context, page, email, link }
}

async function openLink(context: BrowserContext, link: string): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  await page.goto(link)
  return page
}

const post = (page: Page, path: string, body: object) =>
  ask(page, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const heading = (page: Page, name: string) => page.getByRole('heading', { name }).waitFor()

/** The mail's link for a lost password, asked for in the demo. */
async function forget(page: Page, email: string): Promise<string> {
  await page.getByRole('button', { name: 'Forgot your password?' }).click()
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send me a link' }).click()
  await page.getByText('a link is on its way').waitFor()
  const { link } = await mailServer.box.next({ to: email })
  await page.getByRole('button', { name: 'Back to sign-in' }).click()
  return link
}

describe('the link of a mail', () => {
  it('proves the address in the browser that registered, with one click', async () => {
    const { context, page, link } = await newcomer()
    expect(link).toMatch(new RegExp(`^${demo.origin}/auth/verify-email#token=[\\w-]{43}$`))
    await page.getByRole('link', { name: 'Account' }).click()
    await page.getByRole('heading', { name: 'Verify your address' }).waitFor()
    const opened = await openLink(context, link)
    await opened.getByRole('button', { name: 'Confirm address' }).click()
    await heading(opened, 'Your address is confirmed')
    await opened.getByRole('link', { name: 'Continue' }).click()
    await opened.getByRole('link', { name: 'Account' }).click()
    await opened.getByRole('heading', { name: 'Profile' }).waitFor()
    expect(await opened.getByRole('heading', { name: 'Verify your address' }).count()).toBe(0)
  })

  it('brings back who has lost the password: signed out everywhere, in again with the new one', async () => {
    const { page: other, email, context } = await newcomer()
    const page = await openPage(await newContext(), demo.origin)
    const opened = await openLink(await newContext(), await forget(page, email))
    await opened.getByLabel('New password').fill('short')
    await opened.getByRole('button', { name: 'Set new password' }).click()
    await opened.getByText('Use at least 8 characters').waitFor()
    expect(await opened.evaluate(() => document.activeElement?.id)).toBe('newPassword')
    await opened.getByLabel('New password').fill(NEW_PASSWORD)
    await opened.keyboard.press('Enter')
    await heading(opened, 'Your password is changed')
    expect((await ask(other, '/auth/me')).code).toBe('session_revoked')
    expect((await mailServer.box.next({ to: email })).link).not.toContain('token')
    await signIn(page, email)
    await page.getByText('do not go together').waitFor()
    await signIn(page, email, NEW_PASSWORD)
    await page.getByTestId('user-email').waitFor()
    await context.close()
  })

  it('changes the address once the new one has answered, and the old one hears of it twice', async () => {
    const { context, page, email } = await newcomer()
    const next = newVisitor()
    expect((await post(page, '/auth/email/change', { email: next, password: PASSWORD })).status).toBe(202)
    const { link } = await mailServer.box.next({ to: next })
    expect((await mailServer.box.next({ to: email })).text).not.toContain(link)
    const opened = await openLink(context, link)
    await opened.getByRole('button', { name: 'Use this address' }).click()
    await heading(opened, 'Your address is changed')
    expect((await mailServer.box.next({ to: email })).text).not.toContain('#token')
    await opened.getByRole('link', { name: 'Continue' }).click()
    expect(await opened.getByTestId('user-email').textContent()).toBe(next)
    await signOut(opened)
    await signIn(opened, next)
    await opened.getByTestId('user-email').waitFor()
  })

  it('opened in another browser asks for a new password, and whoever registered is out', async () => {
    const { page: attacker, email, link } = await newcomer()
    const opened = await openLink(await newContext(), link)
    await opened.getByRole('button', { name: 'Confirm address' }).click()
    await opened.getByText('This is not the browser that registered.').waitFor()
    expect((await ask(attacker, '/auth/me')).status).toBe(200)
    await opened.getByLabel('New password').fill(NEW_PASSWORD)
    await opened.getByRole('button', { name: 'Confirm address' }).click()
    await heading(opened, 'Your address is confirmed')
    expect((await ask(attacker, '/auth/me')).code).toBe('session_revoked')
    await opened.getByRole('link', { name: 'Continue' }).click()
    await signIn(opened, email)
    await opened.getByText('do not go together').waitFor()
    await signIn(opened, email, NEW_PASSWORD)
    await opened.getByTestId('user-email').waitFor()
  })

  it('of a change, opened in another browser, asks for the password', async () => {
    const { page, email } = await newcomer()
    const next = newVisitor()
    await post(page, '/auth/email/change', { email: next, password: PASSWORD })
    const opened = await openLink(await newContext(), (await mailServer.box.next({ to: next })).link)
    await opened.getByRole('button', { name: 'Use this address' }).click()
    await opened.getByLabel('Password of the account').fill('wrong password')
    await opened.getByRole('button', { name: 'Use this address' }).click()
    await opened.getByText('The password is not right.').waitFor()
    await opened.getByLabel('Password of the account').fill(PASSWORD)
    await opened.getByRole('button', { name: 'Use this address' }).click()
    await heading(opened, 'Your address is changed')
    expect((await ask(page, '/auth/me')).code).toBe('session_revoked')
    await mailServer.box.next({ to: email })
  })

  it('opened by a scanner that runs scripts is as good as before', async () => {
    const { context, page, email, link: verify } = await newcomer()
    const lost = await newcomer()
    await signOut(lost.page)
    const reset = await forget(lost.page, lost.email)
    const next = newVisitor()
    await post(page, '/auth/email/change', { email: next, password: PASSWORD })
    const { link: change } = await mailServer.box.next({ to: next })
    const sent: string[] = []
    for (const link of [verify, reset, change]) {
      const scanner = await newContext({ userAgent: 'MailScanner/1.0' })
      const tab = await scanner.newPage()
      tab.on('request', (request) => sent.push(`${request.method()} ${request.url()}`))
      for (const method of ['GET', 'HEAD']) await scanner.request.fetch(link, { method })
      await tab.goto(link, { waitUntil: 'networkidle' })
      // It looks at everything, and follows what it finds.
      await tab.evaluate(async () => {
        for (const element of document.querySelectorAll<HTMLElement>('*')) element.scrollIntoView()
        await Promise.all([...document.querySelectorAll('a')].map(({ href }) => fetch(href)))
      })
      await tab.goto('about:blank')
      await tab.goto(link, { waitUntil: 'networkidle' })
    }
    expect(sent.filter((request) => !request.startsWith('GET '))).toEqual([])
    expect(sent.filter((request) => request.includes('token'))).toEqual([])

    for (const [link, button, done] of [
      [verify, 'Confirm address', 'Your address is confirmed'],
      [change, 'Use this address', 'Your address is changed'],
      [reset, 'Set new password', 'Your password is changed'],
    ] as const) {
      const opened = await openLink(context, link)
      if (link === reset) await opened.getByLabel('New password').fill(NEW_PASSWORD)
      await opened.getByRole('button', { name: button }).click()
      await heading(opened, done)
    }
    await mailServer.box.next({ to: email })
  })

  it('is gone from the address bar, and still there when the tab is loaded anew', async () => {
    const { email } = await newcomer()
    const page = await openPage(await newContext(), demo.origin)
    const link = await forget(page, email)
    const opened = await openLink(await newContext(), link)
    await opened.getByLabel('New password').waitFor()
    expect(opened.url()).toBe(`${demo.origin}/auth/reset-password`)
    expect(await opened.getByLabel('Link from the mail').isVisible()).toBe(false)
    await opened.reload()
    expect(await opened.getByLabel('Link from the mail').isVisible()).toBe(false)
    await opened.getByLabel('New password').fill(NEW_PASSWORD)
    await opened.getByRole('button', { name: 'Set new password' }).click()
    await heading(opened, 'Your password is changed')
    expect(await opened.evaluate(() => JSON.stringify(history.state))).toBe('null')
    // Another link in the same tab is another page, though only the fragment differs.
    await opened.goto(link)
    await opened.getByLabel('New password').fill(NEW_PASSWORD)
    await opened.getByRole('button', { name: 'Set new password' }).click()
    await heading(opened, 'This link has ended')
  })

  it('is pasted where scripts are off, and works as well', async () => {
    const { email } = await newcomer()
    const page = await openPage(await newContext(), demo.origin)
    const link = await forget(page, email)
    const opened = await openLink(await newContext({ javaScriptEnabled: false }), link)
    await opened.getByLabel('Link from the mail').fill(link)
    await opened.getByLabel('New password').fill('short')
    await opened.getByRole('button', { name: 'Set new password' }).click()
    await opened.getByText('Use at least 8 characters').waitFor()
    expect(await opened.content()).not.toContain(link.split('=')[1])
    await opened.getByLabel('Link from the mail').fill(link)
    await opened.getByLabel('New password').fill(NEW_PASSWORD)
    await opened.getByRole('button', { name: 'Set new password' }).click()
    await heading(opened, 'Your password is changed')
    expect(opened.url()).toBe(`${demo.origin}/auth/reset-password/done`)
    await opened.reload()
    await heading(opened, 'Your password is changed')
  })

  it('tells in words when the server cannot be reached, and goes on when it is back', async () => {
    const { email } = await newcomer()
    const context = await newContext()
    const page = await openPage(await newContext(), demo.origin)
    const opened = await openLink(context, await forget(page, email))
    await opened.route('**/auth/reset-password', (route) => route.abort())
    await opened.getByLabel('New password').fill(NEW_PASSWORD)
    await opened.getByRole('button', { name: 'Set new password' }).click()
    await opened.getByText('The server could not be reached.').waitFor()
    await opened.unroute('**/auth/reset-password')
    await opened.getByRole('button', { name: 'Set new password' }).click()
    await heading(opened, 'Your password is changed')
    complaints.splice(0)
  })
})

describe.each(['light', 'dark'] as const)('the page of a link, %s', (colorScheme) => {
  it.each([
    ['verify-email', 'Confirm address', false],
    ['reset-password', 'Set new password', true],
    ['change-email', 'Use this address', false],
  ] as const)(
    '%s has nothing that a screen reader or a colour-blind reader misses',
    async (path, button, asks) => {
      const context = await newContext({ colorScheme, viewport: { width: 390, height: 760 } })
      const page = await openLink(context, `${demo.origin}/auth/${path}`)
      const judge = async (what: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze()
        const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])
        expect(found, what).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
      }
      await judge('to be pasted')
      await page.getByRole('button', { name: button }).click()
      await page.getByText('Paste the link from the mail.').waitFor()
      await judge('with an error')
      await page.getByLabel('Link from the mail').fill('A'.repeat(43))
      if (asks) await page.getByLabel('New password').fill(NEW_PASSWORD)
      await page.getByRole('button', { name: button }).click()
      await heading(page, 'This link has ended')
      await judge('ended')
      await page.goto(`${demo.origin}/auth/${path}/done`)
      await judge('done')
    },
  )
})

describe('registration that is verified, in the demo', () => {
  it('sends a link, and lets its owner in with the password that was chosen', async () => {
    const own = await startDemo({
      env: { ...mailing(), LOCKJAR_REGISTRATION: 'verified' },
    })
    const context = await newContext()
    try {
      const email = newVisitor()
      const page = await openPage(context, own.origin)
      await page.getByRole('button', { name: 'I am new here' }).click()
      await page.getByLabel('E-mail').fill(email)
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByText(`A link is on its way to ${email}.`).waitFor()
      const opened = await openLink(context, (await mailServer.box.next({ to: email })).link)
      await opened.getByRole('button', { name: 'Confirm address' }).click()
      await heading(opened, 'Your address is confirmed')
      await opened.getByRole('link', { name: 'Continue' }).click()
      await signIn(opened, email)
      await opened.getByTestId('user-email').waitFor()
    } finally {
      // First, or its page asks a server that is no more.
      await context.close()
      await own.stop()
    }
  })
})
