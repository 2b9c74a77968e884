// Does a page that is open go on when the installation's strategy is changed under it?
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestCertificate } from '../support/certificate.ts'
import { createCertificate } from '../support/certificate.ts'
import { launchChromium } from '../support/chromium.ts'
import type { Demo } from '../support/demo.ts'
import { startDemo } from '../support/demo.ts'
import {
  addTask,
  ask,
  createVisitors,
  openPage,
  readJar,
  signOut,
  signUp,
  watchRequests,
} from '../support/page.ts'

const HOST = 'app.lockjar.test'
const COOKIES = {
  jwt: ['access_token', 'auth_hint', 'csrftoken', 'refresh_token'],
  opaque: ['csrftoken', 'session'],
}
const newEmail = createVisitors()

let certificate: TestCertificate
let browser: Browser

beforeAll(async () => {
  certificate = await createCertificate([HOST])
  browser = await launchChromium({ spki: certificate.spki })
})
afterAll(() => browser?.close())

const refreshes = (requests: readonly string[]): number =>
  requests.filter((line) => line === 'POST /auth/refresh').length

describe.each([
  ['http', 'jwt', 'opaque'],
  ['https', 'opaque', 'jwt'],
] as const)('over %s, from %s to %s and back', (scheme, from, to) => {
  it('a signed-in page keeps working, at one silent refresh each time; sign-out then clears and ends all of it', async () => {
    const tls = scheme === 'https' ? { certificate, host: HOST } : {}
    const demo: Demo = await startDemo({ ...tls, env: { LOCKJAR_STRATEGY: from } })
    const context = await browser.newContext()
    const page = await openPage(context, demo.origin)
    const bases = async () =>
      Object.keys(await readJar(context))
        .map((name) => name.replace(/^__.*?-(?:Http-)?/, ''))
        .sort()
    await signUp(page, newEmail())
    await addTask(page, 'before the change')
    expect(await bases()).toEqual(COOKIES[from])
    const requests = watchRequests(page)

    await demo.restart({ LOCKJAR_STRATEGY: to })
    await addTask(page, 'after the change')
    expect([await bases(), refreshes(requests)]).toEqual([COOKIES[to], 1])
    await addTask(page, 'and with no further refresh')
    expect(refreshes(requests)).toBe(1)

    await demo.restart({ LOCKJAR_STRATEGY: from })
    await addTask(page, 'and back again')
    expect([await bases(), refreshes(requests)]).toEqual([COOKIES[from], 2])

    // A page that is opened only now is as well off, and so is a reload.
    await demo.restart({ LOCKJAR_STRATEGY: to })
    await page.reload()
    await page.getByTestId('task-list').getByText('before the change').waitFor()
    const { sessions } = JSON.parse((await ask(page, '/auth/sessions')).text) as { sessions: unknown[] }
    expect(sessions).toHaveLength(1)

    // Sign-out after a change ends the session, whose cookies of either strategy are then worth nothing.
    const copied = await context.cookies()
    await demo.restart({ LOCKJAR_STRATEGY: from })
    await signOut(page)
    expect(await context.cookies()).toEqual([])
    await context.addCookies(copied)
    expect((await ask(page, '/auth/refresh', { method: 'POST' })).code).toBe('session_revoked')
    await context.close()
    await demo.stop()
  })
})
