// What does a visitor do in the demo's page, and what does a script on it get?
import type { BrowserContext, Page } from 'playwright-core'
import { PASSWORD } from './auth.ts'

/** Refusals are read from the page, so that cookies and the headers no script can set are the browser's own. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly code: string | undefined
}

/** What can be handed to the page. */
export interface PageRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly mode?: RequestMode
  readonly credentials?: RequestCredentials
}

/** What a script on the page gets for a request. */
export function ask(page: Page, url: string, init: PageRequest = {}): Promise<Answer> {
  return page.evaluate(
    async ([to, options]) => {
      const response = await fetch(to, options)
      const text = await response.text()
      const code = text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined
      return { status: response.status, text, code }
    },
    [url, init] as const,
  )
}

export async function openPage(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  await page.goto(origin)
  return page
}

export async function signUp(page: Page, email: string, remember = false): Promise<void> {
  await page.getByRole('button', { name: 'I am new here' }).click()
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  if (remember) await page.getByLabel('Remember me on this device').check()
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByTestId('user-email').waitFor()
}

/** Without the form, where what the page shows is not the point. */
export async function register(page: Page, email: string): Promise<void> {
  const body = JSON.stringify({ email, password: PASSWORD })
  const headers = { 'content-type': 'application/json' }
  const { status, text } = await ask(page, '/auth/register', { method: 'POST', headers, body })
  if (status !== 201) throw new Error(`${status} ${text}`)
}

export async function signIn(page: Page, identifier: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail or user name').fill(identifier)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
}

export async function addTask(page: Page, title: string): Promise<void> {
  await page.getByLabel('New task').fill(title)
  await page.getByRole('button', { name: 'Add task' }).click()
  await page.getByTestId('task-list').getByText(title).waitFor()
}

/** What the page sends from now on: method and path. */
export function watchRequests(page: Page): readonly string[] {
  const requests: string[] = []
  page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`))
  return requests
}

/** Counts up: test files have demos, and so databases, of their own. */
export function createVisitors(): () => string {
  let visitors = 0
  return () => `visitor${visitors++}@example.com`
}

export interface JarEntry {
  readonly value: string
  /** Seconds since 1970; -1 where it ends with the browser. */
  readonly expires: number
  readonly attributes: string
}

/** The browser's cookies by name. */
export async function readJar(context: BrowserContext, url?: string): Promise<Record<string, JarEntry>> {
  const cookies = await context.cookies(url)
  return Object.fromEntries(
    cookies.map(({ name, value, expires, path, domain, httpOnly, secure, sameSite }) => {
      const attributes = [path, domain, httpOnly && 'HttpOnly', secure && 'Secure', sameSite]
      return [name, { value, expires, attributes: attributes.filter(Boolean).join(' ') }]
    }),
  )
}
