// Is a request that another site makes the browser send refused, before it costs or changes anything?
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { SendOptions, Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'

const ADA = { email: 'ada@example.com', password: PASSWORD }
const LOCAL = 'http://localhost:3000'

async function signIn(options = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, ...options })
  const browser = new TestBrowser(made.auth.handler, made.auth.config.origin)
  const { csrfToken } = (await browser.get('/auth/csrf')).body as { csrfToken: string }
  const sent = await browser.post('/auth/register', ADA, { headers: { 'x-csrf-token': csrfToken } })
  expect(sent.status).toBe(201)
  return { ...made, browser }
}

/** What the browser says of the request's source, and whether a cookie credential may then be used. */
const SOURCES: readonly [string, SendOptions, boolean][] = [
  ['the own page', { site: 'same-origin', origin: LOCAL }, true],
  ['the address bar', { site: 'none', origin: null }, true],
  ['a browser without Fetch Metadata, own page', { site: null, origin: LOCAL }, true],
  ['a trusted origin on the same site', { site: 'same-site', origin: 'https://admin.example.com' }, true],
  ['a trusted origin on another site', { site: 'cross-site', origin: 'https://admin.example.com' }, true],
  ['a sibling sub-domain', { site: 'same-site', origin: 'https://evil.example.com' }, false],
  ['another site', { site: 'cross-site', origin: 'https://evil.example' }, false],
  ['another site without Origin', { site: 'cross-site', origin: null }, false],
  ['a sandboxed frame', { site: 'cross-site', origin: 'null' }, false],
  ['an old browser in a sandboxed frame', { site: null, origin: 'null' }, false],
  ['an unknown Sec-Fetch-Site', { site: 'same-galaxy' as never, origin: null }, false],
  ['the own origin with another scheme', { site: null, origin: 'https://localhost:3000' }, false],
  ['the own origin as a prefix', { site: null, origin: `${LOCAL}.evil.example` }, false],
  ['a Referer of the own page', { site: null, origin: null, headers: { referer: `${LOCAL}/tasks` } }, true],
  [
    'a Referer of another site',
    { site: null, origin: null, headers: { referer: 'https://evil.example/' } },
    false,
  ],
  ['a Referer that is no URL', { site: null, origin: null, headers: { referer: '//localhost' } }, false],
]

describe.each(SOURCES)('B8: a request from %s', (_name, options, allowed) => {
  const trustedOrigins = ['https://admin.example.com']

  /** What becomes of an act that answers `success` where it is allowed. */
  const judge = (sent: Sent, success: number) => {
    if (!allowed) expect(sent.cookies).toEqual([])
    return sent.status === success ? true : sent.body['code']
  }
  const verdict = allowed ? true : 'csrf_failed'

  it(`is ${allowed ? 'allowed' : 'refused'} at sign-in`, async () => {
    const { browser } = await signIn({ trustedOrigins })
    // A request that names no source but carries cookies would need the token; this one carries none.
    browser.jar.clear()
    expect(judge(await browser.post('/auth/login', ADA, options), 200)).toBe(verdict)
  })

  it(`is ${allowed ? 'allowed' : 'refused'} at a route of ours and of the application, and at sign-out`, async () => {
    const { browser, auth } = await signIn({ trustedOrigins })
    expect(judge(await browser.send('PATCH', '/auth/me', { ...options, body: { name: 'Ada' } }), 200)).toBe(
      verdict,
    )

    const application = browser.copy(auth.protect(async () => Response.json({ done: true })))
    expect(judge(await application.post('/api/tasks', {}, options), 200)).toBe(verdict)

    const copy = browser.copy()
    expect(judge(await browser.post('/auth/logout', undefined, options), 204)).toBe(verdict)
    expect((await copy.get('/auth/me')).status).toBe(allowed ? 401 : 200)
  })
})

describe('a request that names no source', () => {
  const NAMELESS: SendOptions = { site: null, origin: null }

  it('with a cookie needs the CSRF token of its session', async () => {
    const { browser } = await signIn()
    expect((await browser.post('/auth/logout-all', undefined, NAMELESS)).body['code']).toBe('csrf_failed')
    const headers = { 'x-csrf-token': browser.cookie('csrftoken') }
    expect((await browser.post('/auth/logout-all', undefined, { ...NAMELESS, headers })).status).toBe(204)
  })

  it("takes Django's header and form field too", async () => {
    const { browser } = await signIn()
    const token = browser.cookie('csrftoken')
    const headers = { 'x-csrftoken': token }
    expect(
      (await browser.post('/auth/sessions/revoke-others', undefined, { ...NAMELESS, headers })).status,
    ).toBe(204)
    const form = { ...NAMELESS, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect((await browser.post('/auth/logout', `csrfmiddlewaretoken=${token}`, form)).status).toBe(204)
    expect((await browser.get('/auth/me')).status).toBe(401)
  })

  it('is refused with the token of another session, of the attacker’s own, or of none', async () => {
    const { browser, auth } = await signIn()
    const eve = new TestBrowser(auth.handler, LOCAL)
    const anonymous = ((await eve.get('/auth/csrf')).body as { csrfToken: string }).csrfToken
    await eve.post('/auth/register', { email: 'eve@example.com', password: PASSWORD })
    for (const token of [
      eve.cookie('csrftoken'),
      anonymous,
      `${'A'.repeat(22)}.AAAAAAAA.${'A'.repeat(43)}`,
      'x'.repeat(100_000),
      '',
    ]) {
      const tossed = browser.copy()
      tossed.setCookie('csrftoken', token)
      const sent = await tossed.post('/auth/logout', undefined, {
        ...NAMELESS,
        headers: { 'x-csrf-token': token },
      })
      expect([sent.status, sent.body['code']], token.slice(0, 60)).toEqual([403, 'csrf_failed'])
    }
  })

  it('is refused where header and cookie differ, though both are good', async () => {
    const { browser } = await signIn()
    const first = browser.cookie('csrftoken')
    browser.forget('csrftoken')
    await browser.get('/auth/csrf')
    expect(browser.cookie('csrftoken')).not.toBe(first)
    const sent = await browser.post('/auth/logout', undefined, {
      ...NAMELESS,
      headers: { 'x-csrf-token': first },
    })
    expect(sent.body['code']).toBe('csrf_failed')
  })

  it('without any cookie may sign in with JSON, which no form can send, and not with a form', async () => {
    const { auth } = await signIn()
    const client = new TestBrowser(auth.handler, LOCAL)
    const form = { ...NAMELESS, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect(
      (await client.post('/auth/login', `email=ada@example.com&password=${PASSWORD}`, form)).body['code'],
    ).toBe('csrf_failed')
    expect((await client.post('/auth/login', ADA, NAMELESS)).status).toBe(200)
  })

  it('and no cookie clears nothing at sign-out: the answer to another site’s form would', async () => {
    const { auth } = await signIn()
    const sent = await new TestBrowser(auth.handler, LOCAL).post('/auth/logout', undefined, NAMELESS)
    expect([sent.status, sent.cookies]).toEqual([204, []])
  })
})

describe('csrf: "token"', () => {
  it('demands the token always, from sign-in on', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL, csrf: 'token' })
    const browser = new TestBrowser(auth.handler, LOCAL)
    expect((await browser.post('/auth/register', ADA)).body['code']).toBe('csrf_failed')
    const { csrfToken } = (await browser.get('/auth/csrf')).body as { csrfToken: string }
    expect(
      (await browser.post('/auth/register', ADA, { headers: { 'x-csrf-token': csrfToken } })).status,
    ).toBe(201)
    expect(browser.cookie('csrftoken')).not.toBe(csrfToken)
    expect((await browser.post('/auth/refresh')).body['code']).toBe('csrf_failed')
    const headers = { 'x-csrf-token': browser.cookie('csrftoken') }
    expect((await browser.post('/auth/refresh', undefined, { headers })).status).toBe(200)
    expect(
      (await browser.post('/auth/logout', undefined, { headers: { 'x-csrf-token': csrfToken } })).body[
        'code'
      ],
    ).toBe('csrf_failed')
    expect((await browser.post('/auth/logout', undefined, { headers })).status).toBe(204)
  })

  it('takes the token of a form on a route of the application, where the application passes it on', async () => {
    const { auth, browser } = await signIn({ csrf: 'token' })
    const request = () =>
      new Request(`${LOCAL}/api`, {
        method: 'POST',
        headers: { cookie: browser.cookieHeader('/api'), origin: LOCAL },
      })
    expect((await auth.authenticate(request())).status).toBe('refused')
    expect((await auth.authenticate(request(), { csrfToken: browser.cookie('csrftoken') })).status).toBe(
      'authenticated',
    )
  })
})

describe('D2: a plain form\'s token, on a route of the application with csrf: "token"', () => {
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
  /** Answers the whole body that the handler read. */
  const echo = async (request: Request) => new Response(await request.text())

  async function page() {
    const made = await signIn({ csrf: 'token' })
    const app = made.browser.copy(made.auth.protect(echo))
    const masked = String((await made.browser.get('/auth/csrf')).body['csrfToken'])
    return { ...made, app, masked, plain: made.browser.cookie('csrftoken') }
  }

  it('is read from the body, masked or plain, and the handler still reads the whole body', async () => {
    const { app, masked, plain } = await page()
    for (const token of [masked, plain]) {
      const body = `title=milk&csrfmiddlewaretoken=${token}&note=%C3%A4`
      const sent = await app.post('/tasks', body, { headers: FORM })
      expect([sent.status, sent.text]).toEqual([200, body])
    }
  })

  it('is refused where it is missing, wrong, there twice, behind more than 64 KiB, or in another kind of body', async () => {
    const { app, masked } = await page()
    const field = `csrfmiddlewaretoken=${masked}`
    const bodies: readonly (readonly [body: string, type: string])[] = [
      ['title=milk', FORM['content-type']],
      ['csrfmiddlewaretoken=', FORM['content-type']],
      ['csrfmiddlewaretoken=rubbish', FORM['content-type']],
      [`${field}&${field}`, FORM['content-type']],
      [`note=${'x'.repeat(64 * 1024)}&${field}`, FORM['content-type']],
      [field, 'text/plain'],
      [field, 'multipart/form-data; boundary=x'],
    ]
    for (const [body, type] of bodies) {
      const sent = await app.post('/tasks', body, { headers: { 'content-type': type } })
      expect([sent.status, sent.body['code']], `${type} ${body.slice(0, 40)}`).toEqual([403, 'csrf_failed'])
    }
  })

  it('does not help a header that is wrong', async () => {
    const { app, masked } = await page()
    const headers = { ...FORM, 'x-csrf-token': 'rubbish' }
    expect((await app.post('/tasks', `csrfmiddlewaretoken=${masked}`, { headers })).status).toBe(403)
  })

  it('does not make another site trusted', async () => {
    const { app, masked } = await page()
    const foreign: SendOptions = { site: 'cross-site', origin: 'https://evil.example', headers: FORM }
    expect((await app.post('/tasks', `csrfmiddlewaretoken=${masked}`, foreign)).status).toBe(403)
  })

  it('is another text in every answer (BREACH), and each is good', async () => {
    const { browser, app } = await page()
    const tokens = []
    for (let round = 0; round < 3; round++)
      tokens.push(String((await browser.get('/auth/csrf')).body['csrfToken']))
    expect(new Set([...tokens, browser.cookie('csrftoken')]).size).toBe(4)
    for (const token of tokens)
      expect((await app.post('/tasks', `csrfmiddlewaretoken=${token}`, { headers: FORM })).status).toBe(200)
  })
})

it('a refused request costs nothing: no hashing, no rotation, no row', async () => {
  const { browser, store } = await signIn()
  const touched = () => {
    throw new Error('the store was touched')
  }
  for (const part of [store.users, store.sessions]) {
    for (const name of Object.keys(part)) Object.assign(part, { [name]: touched })
  }
  const foreign: SendOptions = { site: 'cross-site', origin: 'https://evil.example' }
  for (const [path, body] of [
    ['/auth/login', ADA],
    ['/auth/register', ADA],
    ['/auth/refresh'],
    ['/auth/logout'],
    ['/auth/logout-all'],
  ] as const) {
    expect((await browser.post(path, body, foreign)).body['code'], path).toBe('csrf_failed')
  }
})

it('safe methods change nothing and are never refused for their source', async () => {
  const { browser } = await signIn()
  const foreign: SendOptions = { site: 'cross-site', origin: null }
  expect((await browser.get('/auth/me', foreign)).status).toBe(200)
  expect((await browser.get('/auth/logout', foreign)).status).toBe(405)
  expect((await browser.send('HEAD', '/auth/me', foreign)).status).toBe(200)
})

it('asking for the token again leaves the cookie as it is, so that a remembered one still outlives the browser', async () => {
  const { browser } = await signIn()
  const sent = await browser.get('/auth/csrf')
  expect(sent.cookies).toEqual([])
  const headers = { 'x-csrf-token': String(sent.body['csrfToken']) }
  expect((await browser.post('/auth/logout', undefined, { site: null, origin: null, headers })).status).toBe(
    204,
  )
})

it('a client that names no page is told what it lacks', async () => {
  const { auth } = await signIn()
  const form = {
    site: null,
    origin: null,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  } as const
  const sent = await new TestBrowser(auth.handler, LOCAL).post(
    '/auth/login',
    'identifier=ada&password=x',
    form,
  )
  expect([sent.status, sent.body['detail']]).toEqual([
    403,
    'The request names no page that it comes from; a client that is no browser sends application/json.',
  ])
})

it('the refusal names the origin and the setting that would admit it', async () => {
  const { browser } = await signIn()
  const sent = await browser.post('/auth/logout', undefined, {
    site: 'cross-site',
    origin: 'http://localhost:8000',
  })
  expect(sent.body['detail']).toBe(
    'The request comes from http://localhost:8000, not from http://localhost:3000. If that page is yours, add its origin to trustedOrigins.',
  )
})
