// Is there a route, any of them, that what others have thought up to break programs brings down?
import { readdirSync, readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/http/routes/index.ts'
import type { Route } from '../../src/http/routes/route.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { BODIES, fieldsOf } from '../support/bodies.ts'
import { TestBrowser } from '../support/browser.ts'
import { NO_MAILER } from '../support/mailbox.ts'
import { naughtyStrings, vectorsFolder } from '../support/vectors.ts'

const LOCAL = 'http://localhost:3000'
const JSON_TYPE = { 'content-type': 'application/json' }
const SOME_ID = '0198c2f0-0000-7000-8000-000000000000'

const STRINGS = naughtyStrings()
const FOLDER = vectorsFolder('json-test-suite/test_parsing')
const FILES = (FOLDER ? readdirSync(FOLDER) : []).map((name): [string, Uint8Array<ArrayBuffer>] => [
  name,
  Uint8Array.from(readFileSync(`${FOLDER}/${name}`)),
])

const { auth, log } = await createTestAuth({ baseURL: LOCAL, mailer: NO_MAILER })
let users = 0

/** Everybody is a superuser, so that no route is closed to them. */
async function signIn(): Promise<TestBrowser> {
  const email = `ada${users++}@example.com`
  await auth.users.create({ email, password: PASSWORD, roles: ['superuser'] })
  const browser = new TestBrowser(auth.handler, LOCAL)
  expect((await browser.post('/auth/login', { email, password: PASSWORD })).status).toBe(200)
  return browser
}

/** One request after the other by somebody who is signed in: where one has succeeded, by somebody else. */
async function sendAll(
  requests: Iterable<(browser: TestBrowser) => Promise<{ status: number }>>,
  method: string,
) {
  const statuses: number[] = []
  let browser = await signIn()
  for (const send of requests) {
    const { status } = await send(browser)
    statuses.push(status)
    if (status < 300 && method !== 'GET') browser = await signIn()
  }
  // Who is not let in tries nothing.
  expect(statuses.some((status) => status !== 401 && status !== 403)).toBe(statuses.length > 0)
  return statuses
}

const pathOf = ({ path }: Route, id = SOME_ID) => `/auth${path.replaceAll(/:\w+/g, () => id)}`
const byName = (routes: readonly Route[]) =>
  routes.map((route): [string, Route] => [`${route.method} ${route.path}`, route])

beforeEach(() => {
  log.length = 0
  return () => expect(log.filter(({ level }) => level === 'error')).toEqual([])
})

const UNSAFE = ROUTES.filter(({ method }) => method !== 'GET')

describe.each(byName(UNSAFE))('%s', (_name, route) => {
  const fields = fieldsOf(route)

  it('takes every file of the JSON test suite as JSON demands', async () => {
    const statuses = await sendAll(
      FILES.map(([, body]) => (browser: TestBrowser) => {
        const cookie = browser.cookieHeader(pathOf(route))
        const headers = { origin: LOCAL, host: 'localhost:3000', cookie, ...JSON_TYPE }
        return auth.handler(new Request(LOCAL + pathOf(route), { method: route.method, headers, body }))
      }),
      route.method,
    )
    for (const [at, [name, body]] of FILES.entries()) {
      const status = statuses[at] ?? 0
      // An empty body is one without fields.
      if (name.startsWith('n_') && body.length > 0) expect([400, 413], name).toContain(status)
      else expect(status, name).toBeLessThan(500)
    }
  }, 60_000)

  if (fields.length === 0) return
  it('takes every naughty string in each of its fields', async () => {
    const whole = BODIES[route.operationId] ?? {}
    for (const field of fields) {
      const bodies = STRINGS.map((text) => ({
        ...whole,
        [field]: Array.isArray(whole[field]) ? [text] : text,
      }))
      const statuses = await sendAll(
        bodies.map(
          (body) => (browser: TestBrowser) =>
            browser.send(route.method, pathOf(route), { body, keepJar: true }),
        ),
        route.method,
      )
      for (const [at, status] of statuses.entries())
        expect(status, `${field} ${JSON.stringify(STRINGS[at])}`).toBeLessThan(500)
    }
  }, 180_000)
})

/** What no encoder writes. */
const RAW = [
  '%',
  '%zz',
  '%ff',
  '%c3%28',
  '%00',
  '%2e%2e%2f',
  '%252e',
  '..%2f..',
  'x'.repeat(20_000),
  '\u2603',
]

describe.each(byName(ROUTES.filter(({ path }) => path.includes(':'))))('%s', (_name, route) => {
  it('takes every naughty string in its path', async () => {
    const ids = [...STRINGS.map((text) => encodeURIComponent(text.toWellFormed())), ...RAW].filter(
      (id) => id !== '',
    )
    const statuses = await sendAll(
      ids.map(
        (id) => (browser: TestBrowser) =>
          browser.send(route.method, pathOf(route, id), {
            body: route.method === 'GET' ? undefined : (BODIES[route.operationId] ?? {}),
          }),
      ),
      route.method,
    )
    for (const [at, status] of statuses.entries()) expect(status, ids[at]).toBeLessThan(500)
  }, 60_000)
})

describe.each(byName(ROUTES.filter(({ method }) => method === 'GET')))('%s', (_name, route) => {
  it('takes every naughty string in its query, as name and as value', async () => {
    const names = ['x', ...fieldsOf(route)]
    const queries = [
      ...STRINGS.flatMap((text) => {
        const value = encodeURIComponent(text.toWellFormed())
        return [`${value}=1`, ...names.map((name) => `${name}=${value}`)]
      }),
      ...RAW.flatMap((raw) => names.map((name) => `${name}=${raw}`)),
    ]
    const statuses = await sendAll(
      queries.map((query) => (browser: TestBrowser) => browser.get(`${pathOf(route)}?${query}`)),
      route.method,
    )
    for (const [at, status] of statuses.entries()) expect(status, queries[at]).toBeLessThan(500)
  }, 60_000)
})
