// What does every adapter do with a request before the application has it, and with the answer afterwards?
import type { Admission, Admitted, AnswerHeaders } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const TRUSTED = 'http://localhost:5173'

async function setUp(options = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, trustedOrigins: [TRUSTED], ...options })
  const browser = new TestBrowser(made.auth.handler, LOCAL)
  await browser.post('/auth/register', { email: 'ada@example.com', password: PASSWORD })
  return { ...made, browser }
}

/** What an adapter knows of a request; it counts what is read. */
function request(headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  const read: string[] = []
  const all: Readonly<Record<string, string>> = { host: 'localhost:3000', ...headers }
  return {
    read,
    method,
    url: '/api',
    headers: {
      get(name: string) {
        read.push(name)
        return all[name] ?? null
      },
    },
  }
}

function admitted(admission: Admission | Promise<Admission>): Admitted {
  if (admission instanceof Promise) throw new Error('it had to wait')
  if (admission.answer) throw new Error(`it was answered ${admission.answer.status}`)
  return admission
}

describe('a request', () => {
  it('without a credential is admitted without waiting, and nothing else of it is read', async () => {
    const { auth } = await setUp()
    const sent = request()
    const { who } = admitted(auth.admit(sent))
    expect([who.status, who.user, who.session, who.setCookies]).toEqual(['anonymous', null, null, []])
    expect(sent.read.toSorted()).toEqual(['authorization', 'cookie', 'host', 'upgrade'])
  })

  it('with a known credential is admitted without waiting', async () => {
    const { auth, browser } = await setUp()
    const sent = () => request({ cookie: browser.cookieHeader('/api') })
    await auth.admit(sent())
    expect(admitted(auth.admit(sent())).who.status).toBe('authenticated')
  })

  it('that nobody may send is answered, with CORS headers for a trusted origin', async () => {
    const { auth } = await setUp()
    const { answer } = await auth.admit(request({ authorization: 'Bearer rubbish', origin: TRUSTED }))
    expect([answer?.status, answer?.headers.get('access-control-allow-origin')]).toEqual([401, TRUSTED])
    expect(admitted(auth.admit(request({ origin: TRUSTED }, 'POST'))).who.status).toBe('anonymous')
    expect((await auth.admit(request({ origin: 'https://evil.example' }, 'POST'))).answer?.status).toBe(403)
    expect((await auth.admit(request({ host: 'evil.example' }))).answer?.status).toBe(421)
  })

  it('that asks beforehand is answered 204, and told nothing where its origin is not trusted', async () => {
    const { auth } = await setUp()
    const preflight = async (origin: string) =>
      (await auth.admit(request({ origin, 'access-control-request-method': 'POST' }, 'OPTIONS'))).answer
    const trusted = await preflight(TRUSTED)
    expect([trusted?.status, trusted?.headers.get('access-control-allow-origin')]).toEqual([204, TRUSTED])
    const foreign = await preflight('https://evil.example')
    expect([foreign?.status, foreign?.headers.get('access-control-allow-origin')]).toEqual([204, null])
  })
})

describe('an answer', () => {
  const complete = (headers: AnswerHeaders, admission: Admitted): void => {
    if (admission.complete(headers) instanceof Promise) throw new Error('it had to wait')
  }

  it.each<[before: string | null, after: string]>([
    [null, 'Origin'],
    ['Accept', 'Accept, Origin'],
    ['X-Original-Host', 'X-Original-Host, Origin'],
    ['Accept,ORIGIN', 'Accept,ORIGIN'],
    ['*', '*'],
  ])('that varies by %s varies by %s', async (before, after) => {
    const { auth } = await setUp()
    const headers = new Headers(before ? { vary: before } : {})
    complete(headers, admitted(auth.admit(request())))
    expect([...headers]).toEqual([['vary', after]])
  })

  it('has CORS headers for a trusted origin, in place of the application’s', async () => {
    const { auth } = await setUp()
    const headers = new Headers({ 'access-control-allow-origin': '*' })
    complete(headers, admitted(auth.admit(request({ origin: TRUSTED }))))
    expect(headers.get('access-control-allow-origin')).toBe(TRUSTED)
  })

  it('clears two cookies of one name, beside the application’s own, and is kept by no cache', async () => {
    const { auth } = await setUp()
    const admission = admitted(auth.admit(request({ cookie: 'access_token=a; access_token=b' })))
    const headers = new Headers({ 'set-cookie': 'theme=dark', 'cache-control': 'public, max-age=60' })
    complete(headers, admission)
    const [own, ...ours] = headers.getSetCookie()
    expect(own).toBe('theme=dark')
    expect(ours).toEqual(admission.who.setCookies)
    expect(ours.length).toBeGreaterThan(1)
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('of a route that refuses carries each cookie once', async () => {
    const { auth } = await setUp()
    const admission = admitted(auth.admit(request({ cookie: 'access_token=a; access_token=b' })))
    const refusal = admission.refuse()
    if (!refusal) throw new Error('it was not refused')
    const { headers, status } = await admission.finish(refusal)
    expect([status, headers.getSetCookie()]).toEqual([401, admission.who.setCookies])
  })

  it('is copied: a response that the application holds for everybody learns of nobody', async () => {
    const { auth } = await setUp()
    const shared = new Response(null, { status: 404 })
    const admission = admitted(
      auth.admit(request({ cookie: 'access_token=a; access_token=b', origin: TRUSTED })),
    )
    expect((await admission.finish(shared)).headers.getSetCookie().length).toBeGreaterThan(1)
    expect([...shared.headers]).toEqual([])
  })

  it('of a handshake is left as it is', async () => {
    const { auth } = await setUp()
    const handshake = Object.defineProperty(new Response(), 'status', { value: 101 })
    for (const headers of [{}, { origin: TRUSTED }])
      expect(await admitted(auth.admit(request(headers))).finish(handshake)).toBe(handshake)
    expect([...handshake.headers]).toEqual([])
  })
})

it('a route refuses whom it is not for, and nobody else', async () => {
  const { auth, browser, clock } = await setUp()
  const visitor = admitted(auth.admit(request()))
  expect(visitor.refuse()?.status).toBe(401)
  const admission = await auth.admit(request({ cookie: browser.cookieHeader('/api') }))
  if (admission.answer) throw new Error('answered')
  expect(admission.refuse()).toBeNull()
  expect(admission.refuse({ recentAuth: '1m' })).toBeNull()
  expect(admission.refuse({ roles: ['editor'] })?.status).toBe(403)
  clock.advance(60_001)
  expect(await admission.refuse({ recentAuth: '1m' })?.json()).toMatchObject({ code: 'step_up_required' })
})

it.each<[target: string, owned: boolean]>([
  ['/auth', true],
  ['/auth/login', true],
  ['/auth?next=/', true],
  ['/auth/', true],
  ['/auth/../me', true],
  ['http://localhost:3000/auth/me', true],
  ['HTTP://evil.example/auth', true],
  ['/authx', false],
  ['/auth.html', false],
  ['/auth%2Flogin', false],
  ['/AUTH/login', false],
  ['//auth/login', false],
  ['/x/auth/login', false],
  ['/x?/auth/login', false],
  ['/x/../auth/login', false],
  ['/', false],
  ['', false],
  ['*', false],
  ['auth/login', false],
  ['localhost:3000', false],
  ['http://localhost:3000', false],
  ['http://localhost:3000?/auth', false],
  ['http://auth/login', false],
])('whether Lockjar answers %s: %s', async (target, owned) => {
  const { auth } = await setUp()
  expect(auth.owns(target)).toBe(owned)
})
