// Does a refusal on a developer's machine name its cause and the setting to change, and say nothing of it to strangers?

import type { ErrorCode } from 'lockjar'
import { AuthError } from 'lockjar'
import { describe, expect, it } from 'vitest'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, ORIGIN, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD }

interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers: Readonly<Record<string, string>>
}

async function ask({ method = 'GET', path = '/auth/me', headers }: Ask, options: TestOptions = {}) {
  const { auth } = await createTestAuth({ baseURL: LOCAL, ...options })
  const { origin, host } = new URL(options.baseURL ?? LOCAL)
  const response = await auth.handler(new Request(origin + path, { method, headers: { host, ...headers } }))
  return (await response.json()) as { code: string; hint?: string }
}

const HINT = 'auth_hint=0197f1a0-0000-7000-8000-000000000000.1.2'

describe('a refusal on http says why, and what to change', () => {
  it.each<[why: string, request: Ask, code: ErrorCode, hint: RegExp, options?: TestOptions]>([
    ['nothing was sent', { headers: {} }, 'unauthenticated', /No cookie and no authorization header/],
    [
      'the page is on 127.0.0.1 and the server on localhost',
      { headers: { origin: 'http://127.0.0.1:5173', 'sec-fetch-site': 'cross-site' } },
      'unauthenticated',
      /two sites.*Open the page at http:\/\/localhost:5173\.$/,
    ],
    [
      'the same, for a request that changes something',
      {
        method: 'POST',
        path: '/auth/logout',
        headers: { origin: 'http://127.0.0.1:5173', 'sec-fetch-site': 'cross-site' },
      },
      'csrf_failed',
      /Open the page at http:\/\/localhost:5173\.$/,
    ],
    [
      'the page is on another site',
      { headers: { 'sec-fetch-site': 'cross-site' } },
      'unauthenticated',
      /another site.*one site/,
    ],
    [
      'a page of another port forgot credentials and is not trusted',
      { headers: { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' } },
      'unauthenticated',
      /credentials: 'include'.*LOCKJAR_TRUSTED_ORIGINS=http:\/\/localhost:5173$/,
    ],
    [
      'the origin is not trusted: the line to add, with what is there',
      {
        method: 'POST',
        path: '/auth/logout',
        headers: { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site', cookie: 'a=b' },
      },
      'csrf_failed',
      /trustedOrigins: \['http:\/\/localhost:4000', 'http:\/\/localhost:5173'\], .*LOCKJAR_TRUSTED_ORIGINS=http:\/\/localhost:4000,http:\/\/localhost:5173$/,
      { trustedOrigins: ['http://localhost:4000'] },
    ],
    [
      'a proxy hides https',
      { headers: { 'x-forwarded-proto': 'https', cookie: '__Host-Http-access_token=x' } },
      'unauthenticated',
      /LOCKJAR_BASE_URL/,
    ],
    [
      'cookies of https come over http',
      { headers: { cookie: '__Host-Http-access_token=x' } },
      'unauthenticated',
      /cookies of https/,
    ],
    [
      'the refresh cookie stays away',
      { method: 'POST', path: '/auth/refresh', headers: { cookie: HINT, 'sec-fetch-site': 'same-origin' } },
      'unauthenticated',
      /no refresh_token, which it sends to \/auth only/,
    ],
    [
      'the cookie was not kept',
      { headers: { cookie: 'theme=dark', 'sec-fetch-site': 'same-origin' } },
      'unauthenticated',
      /not access_token.*developer tools/,
    ],
    [
      'the header has another scheme',
      { headers: { authorization: 'Token abc' } },
      'unauthenticated',
      /scheme is Token, and Bearer is configured/,
    ],
    [
      'the token in the header is none of ours',
      { headers: { authorization: 'Bearer abc' } },
      'unauthenticated',
      /none of this installation/,
    ],
    ['the access token has ended', { headers: { cookie: HINT } }, 'token_expired', /POST \/auth\/refresh/],
    [
      'two cookies of one name',
      { headers: { cookie: 'access_token=a; access_token=b' } },
      'cookie_conflict',
      /another Domain or Path/,
    ],
    [
      'the CSRF token is missing',
      {
        method: 'POST',
        path: '/auth/login',
        headers: { origin: LOCAL, cookie: 'a=b', 'content-type': 'application/json' },
      },
      'csrf_failed',
      /GET \/auth\/csrf/,
      { csrf: 'token' },
    ],
    [
      'the Host is another, behind a proxy',
      { headers: { host: 'app.example.com', 'x-forwarded-proto': 'https' } },
      'misdirected',
      /LOCKJAR_BASE_URL/,
    ],
    [
      'the Host is another',
      { headers: { host: '127.0.0.1:3000' } },
      'misdirected',
      /Host: 127\.0\.0\.1:3000, and baseURL is http:\/\/localhost:3000\..*changeOrigin: false/,
    ],
    [
      'what sends it is no browser',
      { method: 'POST', path: '/auth/logout-all', headers: { cookie: 'access_token=a' } },
      'csrf_failed',
      /Origin: http:\/\/localhost:3000, or send the CSRF token of GET \/auth\/csrf/,
    ],
  ])('%s', async (_why, request, code, hint, options = {}) => {
    const body =
      code === 'csrf_failed' && options.csrf
        ? await (async () => {
            const { auth } = await createTestAuth({ baseURL: LOCAL, ...options })
            return (await new TestBrowser(auth.handler, LOCAL).post('/auth/login', ADA)).body
          })()
        : await ask(request, options)
    expect(body.code).toBe(code)
    expect(body.hint).toMatch(hint)
  })

  it('at every 401 and 403 that a signed-in user meets, on the application’s own routes too', async () => {
    const { auth, clock } = await createTestAuth({ baseURL: LOCAL })
    const browser = new TestBrowser(auth.handler, LOCAL)
    await browser.post('/auth/register', ADA)
    clock.advance(2000)
    const pay = browser.copy(auth.protect(() => new Response(), { recentAuth: '1s' }))
    expect((await pay.get('/pay')).body).toMatchObject({
      code: 'step_up_required',
      hint: expect.stringMatching(/step-up/),
    })
    const thrown = auth.protect(() => {
      throw new AuthError('forbidden')
    })
    expect((await browser.copy(thrown).get('/x')).body).toMatchObject({
      code: 'forbidden',
      hint: expect.stringMatching(/roles/),
    })
    await browser.post('/auth/logout', undefined, { keepJar: true })
    expect((await browser.get('/auth/me')).body).toMatchObject({
      code: 'session_revoked',
      hint: expect.stringMatching(/ended on the server/),
    })
    const responded = auth.respond(new AuthError('unauthenticated'), new Request(LOCAL))
    expect(((await responded.json()) as { hint: string }).hint).toContain('No cookie')
  })
})

it('on https nobody is told of settings', async () => {
  const headers = { origin: 'https://front.example.com', 'sec-fetch-site': 'same-site' }
  for (const request of [
    { headers },
    { method: 'POST', path: '/auth/logout', headers: { ...headers, cookie: 'a=b' } },
    { headers: { cookie: HINT } },
    {
      headers: {
        'x-forwarded-proto': 'https',
        cookie: '__Host-Http-access_token=a; __Host-Http-access_token=b',
      },
    },
  ]) {
    const { code, hint } = await ask(request, { baseURL: ORIGIN })
    expect([code, hint]).toEqual([expect.any(String), undefined])
  }
})
