// Which origins may read an answer? Exactly the trusted ones, with credentials.
import { expect, it } from 'vitest'
import { createTestAuth, ORIGIN, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const FRONT = 'https://front.example.com'

async function setUp() {
  const { auth } = await createTestAuth({ trustedOrigins: [FRONT] })
  return { auth, browser: new TestBrowser(auth.handler, ORIGIN) }
}

const corsOf = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

it('B7: a trusted origin may read answers with credentials, refusals too', async () => {
  const { browser } = await setUp()
  const sent = await browser.post(
    '/auth/register',
    { email: 'ada@example.com', password: PASSWORD },
    { site: 'same-site', origin: FRONT },
  )
  expect(sent.status).toBe(201)
  for (const { headers } of [
    sent,
    await browser.get('/auth/nothing', { site: 'same-site', origin: FRONT }),
  ]) {
    expect(corsOf(headers)).toEqual({
      'access-control-allow-origin': FRONT,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'date, ratelimit, ratelimit-policy, retry-after, www-authenticate',
    })
    expect(headers.get('vary')).toContain('Origin')
  }
})

it.each([
  'https://evil.example',
  'https://front.example.com.evil.example',
  'https://sub.front.example.com',
  'http://front.example.com',
  'null',
  '',
])('B7: %s may read nothing', async (origin) => {
  const { browser, auth } = await setUp()
  for (const handler of [auth.handler, auth.protect(() => Response.json({}))]) {
    const request = new Request(`${ORIGIN}/auth/me`, { headers: { origin } })
    const { headers } = await handler(request)
    expect(corsOf(headers)).toEqual({})
    expect(headers.get('vary')).toContain('Origin')
  }
  expect(browser.jar.size).toBe(0)
})

it('B7: a preflight is answered for a trusted origin, by our routes and the application’s, before anything else', async () => {
  const { auth } = await setUp()
  const preflight = (origin: string) =>
    new Request(`${ORIGIN}/auth/login`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  for (const handler of [auth.handler, auth.protect(() => Response.json({}))]) {
    const yes = await handler(preflight(FRONT))
    expect(yes.status).toBe(204)
    expect(corsOf(yes.headers)).toEqual({
      'access-control-allow-origin': FRONT,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'date, ratelimit, ratelimit-policy, retry-after, www-authenticate',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization, content-type, x-csrf-token, x-csrftoken',
      'access-control-max-age': '600',
    })
    expect(corsOf((await handler(preflight('https://evil.example'))).headers)).toEqual({})
  }
})

it('an answer of the application keeps its own headers, and gets Vary', async () => {
  const { auth } = await setUp()
  const app = auth.protect(
    () => new Response('hi', { status: 418, headers: { vary: 'Accept', 'x-own': '1' } }),
    { anonymous: true },
  )
  const { status, headers } = await app(new Request(`${ORIGIN}/api`, { headers: { origin: FRONT } }))
  expect([status, headers.get('x-own'), headers.get('vary')]).toEqual([418, '1', 'Accept, Origin'])
})

it.each([
  ['http://localhost:3000', 1],
  ['https://app.example.com', 0],
])(
  'the log of %s tells of a page that is not trusted %i times, however often it asks',
  async (baseURL, times) => {
    const { auth, log } = await createTestAuth({ baseURL })
    const { host } = new URL(baseURL)
    const headers = { host, origin: 'http://localhost:5173', 'access-control-request-method': 'POST' }
    for (let round = 0; round < 3; round++)
      await auth.handler(new Request(`${baseURL}/auth/login`, { method: 'OPTIONS', headers }))
    const told = log.filter(({ fields }) => fields['event'] === 'cors.not_trusted')
    expect(told).toHaveLength(times)
    for (const { message } of told)
      expect(message).toMatch(/^a page on http:\/\/localhost:5173 may not read answers; .*trustedOrigins$/)
  },
)
