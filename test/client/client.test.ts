// Does the page's client stay signed in, ask once for all, and hold no token?
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { QueryClient } from '@tanstack/query-core'
import axios, { AxiosError } from 'axios'
import { transform } from 'esbuild'
import { attachAxios } from 'lockjar/axios'
import type { AuthState, Client } from 'lockjar/client'
import { AuthProblem, createClient, readProblem } from 'lockjar/client'
import { describe, expect, it } from 'vitest'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
type Strategy = 'jwt' | 'opaque'
const OTHER: Readonly<Record<Strategy, Strategy>> = { jwt: 'opaque', opaque: 'jwt' }
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }

/** A page of the application, whose `fetch` is the browser's: it adds cookies and the headers no script can set. */
async function registered(client: Client) {
  const made = await client.register(ADA)
  if (!made) throw new Error('nobody is signed in')
  return made
}

async function openPage(options: TestOptions = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, ...options })
  let { auth } = made
  const browser = new TestBrowser((request, info) => {
    const { pathname } = new URL(request.url)
    if (auth.owns(pathname)) return auth.handler(request, info)
    const pay = auth.protect(() => new Response('paid'), { recentAuth: '5m' })
    const app = auth.protect(({ method }, { user }) => Response.json({ id: user.id, method }))
    return pathname === '/api/pay' ? pay(request) : app(request)
  }, LOCAL)
  /** The installation is restarted with the other strategy, on the same store. */
  const changeStrategy = async (): Promise<void> => {
    const strategy = OTHER[auth.config.strategy]
    const next = await createTestAuth({ baseURL: LOCAL, ...options, strategy, open: () => made.store })
    next.clock.step(made.clock.now() - next.clock.now())
    auth = next.auth
  }
  const sent: string[] = []
  let broken: (path: string) => Error | null = () => null
  const pageFetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input instanceof Request ? input : new URL(input, LOCAL), init)
    const { pathname } = new URL(request.url)
    sent.push(`${request.method} ${pathname}`)
    const failure = broken(pathname)
    if (failure) throw failure
    const body = await request.text()
    const answer = await browser.send(request.method, pathname, {
      headers: Object.fromEntries(request.headers),
      ...(body && { body }),
    })
    const { status, headers, text } = answer
    return new Response(text || null, {
      status,
      headers: [...headers].filter(([name]) => name !== 'set-cookie'),
    })
  }
  const warnings: string[] = []
  const platform = { wait: async () => {}, warn: (message: string) => warnings.push(message) }
  const client = createClient({ baseURL: LOCAL, fetch: pageFetch, platform })
  const states: AuthState[] = []
  client.onChange((state) => states.push(state))
  const breakWith = (how: typeof broken) => {
    broken = how
  }
  return { ...made, browser, fetch: pageFetch, client, sent, states, warnings, breakWith, changeStrategy }
}

type Page = Awaited<ReturnType<typeof openPage>>

const COOKIES = { jwt: ['access_token', 'refresh_token'], opaque: ['session'] } as const

describe.each(['jwt', 'opaque'] as const)('A7: the client, strategy %s', (strategy) => {
  it('registers, knows the user, signs out, and tells of each', async () => {
    const { client, states } = await openPage({ strategy })
    expect(await client.me()).toBeNull()
    const { user, session } = await registered(client)
    expect(user.email).toBe(ADA.email)
    expect(session.current).toBe(true)
    expect((await client.me())?.user.id).toBe(user.id)
    await client.logout()
    expect(states.map(({ status }) => status)).toEqual(['signedOut', 'signedIn', 'signedIn', 'signedOut'])
  })

  it('knows a refusal that asks for the password again, steps up and is served', async () => {
    const { client, clock, states } = await openPage({ strategy })
    await client.register(ADA)
    clock.advance(600_000)
    const refused = await client.fetch('/api/pay')
    expect((await readProblem(refused))?.code).toBe('step_up_required')
    expect(((await refused.json()) as { code: string }).code).toBe('step_up_required')
    await expect(client.stepUp('wrong password')).rejects.toMatchObject({ code: 'invalid_credentials' })
    const session = await client.stepUp(PASSWORD)
    expect(states.at(-1)).toMatchObject({ status: 'signedIn', session: { id: session.id } })
    const paid = await client.fetch('/api/pay')
    expect([paid.status, await readProblem(paid)]).toEqual([200, null])
  })

  it('hears at its next request that the user has signed out in another tab', async () => {
    const { client, browser, states } = await openPage({ strategy })
    await client.register(ADA)
    await browser.post('/auth/logout')
    expect((await client.fetch('/api/tasks')).status).toBe(401)
    expect(states.at(-1)?.status).toBe('signedOut')
  })

  it('tells what was refused, field by field', async () => {
    const { client } = await openPage({ strategy })
    await client.register(ADA)
    const refused = await client
      .register({ ...ADA, email: 'other@example.com' })
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(AuthProblem)
    expect(refused).toMatchObject({
      code: 'conflict',
      status: 409,
      fields: { username: 'This user name is taken.' },
    })
    expect(
      await client.login({ identifier: 'ada', password: 'wrong' }).catch((error: AuthProblem) => error.code),
    ).toBe('invalid_credentials')
  })

  it('lists and ends sessions, changes the profile and deletes the account', async () => {
    const { client, browser } = await openPage({ strategy })
    await client.register(ADA)
    const other = browser.copy()
    other.jar.clear()
    await other.post('/auth/login', { username: 'ada', password: PASSWORD })
    const [first, second] = await client.sessions()
    const elsewhere = [first, second].find((session) => session && !session.current)
    expect(elsewhere).toBeDefined()
    await client.revokeSession(elsewhere?.id ?? '')
    await client.revokeOtherSessions()
    expect(await client.sessions()).toHaveLength(1)
    expect((await client.updateMe({ name: 'Ada' })).user.name).toBe('Ada')
    expect((await client.refresh()).current).toBe(true)
    await client.deleteMe(PASSWORD)
    expect(await client.me()).toBeNull()
  })

  it('fetches and sends the CSRF token where the server asks for it always', async () => {
    const { client, clock } = await openPage({ strategy, csrf: 'token' })
    await client.register(ADA)
    expect((await client.fetch('/api/tasks', { method: 'POST' })).status).toBe(200)
    clock.advance(600_000)
    expect((await client.fetch('/api/tasks', { method: 'POST' })).status).toBe(200)
    await client.logout()
    await client.login({ username: 'ada', password: PASSWORD })
    await client.logoutAll()
  })

  it('asks for a new CSRF token where another tab has signed in since', async () => {
    const { client, browser } = await openPage({ strategy, csrf: 'token' })
    await client.register(ADA)
    const headers = { 'x-csrf-token': browser.cookie('csrftoken') }
    expect(
      (await browser.post('/auth/login', { username: 'ada', password: PASSWORD }, { headers })).status,
    ).toBe(200)
    expect((await client.fetch('/api/tasks', { method: 'POST' })).status).toBe(200)
  })

  it('holds nothing that is a token: not in itself, not in what it says', async () => {
    const { client, browser, states } = await openPage({ strategy })
    const answer = await client.register(ADA)
    const seen = JSON.stringify([
      answer,
      states,
      Object.entries(client),
      await client.me(),
      await client.sessions(),
      await client.refresh(),
    ])
    for (const name of COOKIES[strategy]) {
      expect(browser.cookie(name).length).toBeGreaterThan(100)
      expect(seen).not.toContain(browser.cookie(name))
    }
  })

  it.each(['/auth/logout-all', '/auth/sessions/revoke-others'])(
    'is signed out at its next request after %s in another browser, with no refresh',
    async (path) => {
      const { client, browser, sent, states } = await openPage({ strategy })
      await client.register(ADA)
      const other = browser.copy()
      other.jar.clear()
      await other.post('/auth/login', { username: 'ada', password: PASSWORD })
      expect((await other.post(path)).status).toBe(204)
      sent.length = 0
      expect((await client.fetch('/api/tasks')).status).toBe(401)
      expect(states.at(-1)?.status).toBe('signedOut')
      expect(await client.me()).toBeNull()
      expect(sent).toEqual(['GET /api/tasks', 'GET /auth/me'])
    },
  )

  it('changes the password and goes on', async () => {
    const { client, states } = await openPage({ strategy })
    const { session } = await registered(client)
    const next = await client.changePassword(PASSWORD, 'another long enough phrase')
    expect(next.id).not.toBe(session.id)
    expect(states.at(-1)).toMatchObject({ status: 'signedIn', session: { id: next.id } })
    expect((await client.fetch('/api/tasks')).status).toBe(200)
  })
})

/** What makes the server answer `token_expired`. */
const ENDS: readonly (readonly [string, Strategy, (page: Page) => Promise<void> | void])[] = [
  ['the access token has ended', 'jwt', ({ clock }) => clock.advance(600_000)],
  ['the strategy is changed to opaque', 'jwt', ({ changeStrategy }) => changeStrategy()],
  ['the strategy is changed to jwt', 'opaque', ({ changeStrategy }) => changeStrategy()],
]

describe.each(ENDS)('A7: the client, where %s', (_name, strategy, end) => {
  it('refreshes once for twenty requests, and each is answered', async () => {
    const page = await openPage({ strategy })
    const { client, sent } = page
    await client.register(ADA)
    await end(page)
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch('/api/tasks')))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(sent.filter((line) => line === 'POST /auth/refresh')).toHaveLength(1)
  })

  it('sends the body again after a refresh, from whatever it was', async () => {
    const page = await openPage({ strategy })
    const { client } = page
    await client.register(ADA)
    const calls: (() => Promise<Response>)[] = [
      () =>
        client.fetch('/api/tasks', {
          method: 'POST',
          body: '{"a":1}',
          headers: { 'content-type': 'application/json' },
        }),
      () => client.fetch(new Request(`${LOCAL}/api/tasks`, { method: 'POST', body: 'text' })),
      () =>
        client.fetch(new URL('/api/tasks', LOCAL), { method: 'POST', body: new URLSearchParams({ a: '1' }) }),
    ]
    for (const call of calls) {
      await end(page)
      const answer = await call()
      expect([answer.status, ((await answer.json()) as { method: string }).method]).toEqual([200, 'POST'])
    }
  })

  it('tries again once only, and hands on the first refusal', async () => {
    const page = await openPage({ strategy })
    const { client, sent, store, states } = page
    await client.register(ADA)
    await end(page)
    Object.assign(store.sessions, { swap: async () => null, find: async () => null })
    sent.length = 0
    const answer = await client.fetch('/api/tasks')
    expect(answer.status).toBe(401)
    expect(sent).toEqual(['GET /api/tasks', 'POST /auth/refresh'])
    expect(states.at(-1)?.status).toBe('signedOut')
  })

  it('an unreachable server is an error, not a sign-out', async () => {
    const page = await openPage({ strategy })
    const { client, breakWith, states } = page
    await client.register(ADA)
    await end(page)
    breakWith((path) => (path === '/auth/refresh' ? new TypeError('offline') : null))
    await expect(client.fetch('/api/tasks')).rejects.toThrow('offline')
    expect(states.at(-1)?.status).toBe('signedIn')
    breakWith(() => null)
    expect((await client.fetch('/api/tasks')).status).toBe(200)
  })
})

describe('A7: the client, strategy opaque', () => {
  it('never refreshes, however long it works', async () => {
    const page = await openPage({ strategy: 'opaque' })
    const { session } = await registered(page.client)
    expect(session.accessExpiresAt).toBeNull()
    for (let hour = 0; hour < 20; hour++) {
      page.clock.advance(3_600_000)
      expect((await page.client.fetch('/api/tasks')).status).toBe(200)
      page.clock.advance(1000)
      await Promise.resolve()
    }
    expect(page.sent).not.toContain('POST /auth/refresh')
  })
})

/** Opens tabs of one browser: what one tells the others hear, and one at a time has the lock. */
function createTabs(send: typeof fetch): () => Client {
  const heard: ((message: unknown) => void)[] = []
  let turn: Promise<unknown> = Promise.resolve()
  return () =>
    createClient({
      fetch: send,
      platform: {
        alone(_name, _patience, work) {
          const mine = turn.then(work)
          turn = mine.catch(() => {})
          return mine
        },
        tabs(_name, hear) {
          heard.push(hear)
          return (message) => {
            for (const other of heard) if (other !== hear) other(structuredClone(message))
          }
        },
      },
    })
}

const SESSION = { id: 's', createdAt: '', expiresAt: '', idleExpiresAt: '', remember: false, current: true }
const signedInAs = (id: string) => ({
  user: { id, email: `${id}@example.com` },
  session: { ...SESSION, id: `session of ${id}`, accessExpiresAt: null },
})
const refusal = (code: string): Response =>
  Response.json(
    { type: 'about:blank', title: code, status: 401, code },
    { status: 401, headers: { 'content-type': 'application/problem+json' } },
  )

describe('the client in two tabs', () => {
  it('is not signed out by a refusal that was meant for the session before', async () => {
    let answer: (response: Response) => void = () => {}
    const late = new Promise<Response>((resolve) => {
      answer = resolve
    })
    let user = 'ada'
    const send = (async (input: string | URL | Request) =>
      String(input) === '/api/tasks' ? late : Response.json(signedInAs(user))) as typeof fetch
    const open = createTabs(send)
    const [first, second] = [open(), open()]
    const states: AuthState[] = []
    first.onChange((state) => states.push(state))
    await first.login({ identifier: 'ada', password: PASSWORD })
    const tasks = first.fetch('/api/tasks')
    user = 'bob'
    await second.login({ identifier: 'bob', password: PASSWORD })
    answer(refusal('session_revoked'))
    expect((await tasks).status).toBe(401)
    expect(states.at(-1)?.user?.id).toBe('bob')
  })

  it('does not take late news of who was signed in for present ones', async () => {
    let answer: (response: Response) => void = () => {}
    const late = new Promise<Response>((resolve) => {
      answer = resolve
    })
    const send = (async (input: string | URL | Request) =>
      String(input) === '/auth/me' ? late : Response.json(signedInAs('bob'))) as typeof fetch
    const open = createTabs(send)
    const [first, second] = [open(), open()]
    const states: AuthState[] = []
    first.onChange((state) => states.push(state))
    const me = first.me()
    await second.login({ identifier: 'bob', password: PASSWORD })
    answer(Response.json(signedInAs('ada')))
    await me
    expect(states.map((state) => state.user?.id)).toEqual(['bob'])
  })

  it('does not take them for present ones either where everybody has signed out since', async () => {
    const { promise: late, resolve: answer } = Promise.withResolvers<Response>()
    const send = (async (input: string | URL | Request) => {
      if (String(input) === '/auth/me') return late
      return String(input) === '/auth/login' ? Response.json(signedInAs('ada')) : new Response(null)
    }) as typeof fetch
    const open = createTabs(send)
    const [first, second] = [open(), open()]
    const states: AuthState[] = []
    first.onChange((state) => states.push(state))
    const me = first.me()
    await second.login({ identifier: 'ada', password: PASSWORD })
    await second.logout()
    answer(Response.json(signedInAs('ada')))
    await me
    expect(states.map((state) => state.user?.id)).toEqual(['ada', undefined])
  })

  it('that was not signed in tells nobody that it is not', async () => {
    const send = (async (input: string | URL | Request) =>
      String(input) === '/auth/me'
        ? refusal('unauthenticated')
        : Response.json(signedInAs('ada'))) as typeof fetch
    const open = createTabs(send)
    const first = open()
    await first.login({ identifier: 'ada', password: PASSWORD })
    const states: AuthState[] = []
    first.onChange((state) => states.push(state))
    expect(await open().me()).toBeNull()
    expect(states).toEqual([])
  })
})

describe('A7: Axios', () => {
  /** Axios over the page's `fetch`. */
  async function openAxios(options: TestOptions = {}) {
    const page = await openPage(options)
    const api = axios.create({
      baseURL: `${LOCAL}/api`,
      async adapter(config) {
        const headers = config.headers.toJSON() as Record<string, string>
        const method = (config.method ?? 'get').toUpperCase()
        const init = { method, headers, ...(config.data && { body: config.data as string }) }
        const answer = await page.fetch(axios.getUri(config), init)
        const data = (await answer.json()) as unknown
        const response = { data, status: answer.status, statusText: '', headers: {}, config }
        if (answer.ok) return response
        throw new AxiosError('refused', String(answer.status), config, null, response)
      },
    })
    return { ...page, api, detach: attachAxios(api, page.client) }
  }

  it('sends what was refused again after a refresh, with its body and the CSRF token', async () => {
    const { api, client, clock, sent } = await openAxios({ csrf: 'token' })
    await client.register(ADA)
    clock.advance(600_000)
    sent.length = 0
    const answers = await Promise.all([1, 2, 3].map(() => api.post('/tasks', { title: 'tea' })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(sent.filter((line) => line === 'POST /auth/refresh')).toHaveLength(1)
  })

  it('gives another origin nothing of a request that was ours before', async () => {
    const sent: unknown[] = []
    const api = axios.create({
      async adapter(config) {
        sent.push([axios.getUri(config), config.withCredentials, config.headers.toJSON()['x-csrf-token']])
        throw new AxiosError('the line is dead', 'ERR_NETWORK', config)
      },
    })
    const plain = createClient({
      baseURL: LOCAL,
      csrf: true,
      fetch: async () => Response.json({ csrfToken: 'c' }),
    })
    attachAxios(api, plain)
    const failed = (await api.post(`${LOCAL}/api`).catch((error: unknown) => error)) as AxiosError
    await api.request({ ...failed.config, url: 'https://elsewhere.example/api' }).catch(() => {})
    expect(sent).toEqual([
      [`${LOCAL}/api`, true, 'c'],
      ['https://elsewhere.example/api', false, undefined],
    ])
  })

  it('gives another origin nothing, and is left alone once detached', async () => {
    const { api, client, clock, sent, detach } = await openAxios()
    await client.register(ADA)
    expect(client.attempt('https://elsewhere.example/', 'post')).toBeNull()
    detach()
    clock.advance(600_000)
    sent.length = 0
    await expect(api.get('/tasks')).rejects.toMatchObject({ response: { status: 401 } })
    expect(sent).toEqual(['GET /api/tasks'])
  })
})

describe('A7: the client', () => {
  it('says once that the cookies of a sign-in never came back, and only then', async () => {
    const { client, browser, warnings } = await openPage()
    await client.register(ADA)
    await client.fetch('/api/tasks')
    browser.jar.clear()
    await client.fetch('/api/tasks')
    expect(warnings).toEqual([])
    await client.login({ username: 'ada', password: PASSWORD })
    browser.jar.clear()
    await client.fetch('/api/tasks')
    await client.fetch('/api/tasks')
    expect(warnings).toEqual([expect.stringContaining('cookies of the sign-in did not come back')])
  })

  it('tries a refresh three times where the server is busy, as late as it says, and then gives up', async () => {
    const waits: number[] = []
    let busy = Number.POSITIVE_INFINITY
    const send = (async () =>
      busy-- > 0
        ? new Response(null, { status: 503, headers: { 'retry-after': '2' } })
        : Response.json({ session: signedInAs('ada').session })) as typeof fetch
    const wait = async (milliseconds: number): Promise<void> => void waits.push(milliseconds)
    const client = createClient({ fetch: send, platform: { wait, random: () => 0 } })
    await expect(client.refresh()).rejects.toMatchObject({ status: 503 })
    // First it listens for what another tab has told.
    expect(waits).toEqual([20, 2000, 2700])
    busy = 1
    expect((await client.refresh()).id).toBe('session of ada')
  })

  it('gives another origin neither cookies nor the CSRF token', async () => {
    const asked: RequestInit[] = []
    const fetch = async (_input: unknown, init: RequestInit = {}) => {
      asked.push(init)
      return new Response(null, { status: 204 })
    }
    const client = createClient({ baseURL: LOCAL, csrf: true, fetch })
    await client.fetch('https://elsewhere.example/', { method: 'POST', headers: { accept: '*/*' } })
    expect(asked).toEqual([{ method: 'POST', headers: { accept: '*/*' } }])
  })

  it('takes what the server rendered with for news once, and later tells who is there now', async () => {
    const fetch = async (input: unknown) =>
      String(input).endsWith('/login') ? Response.json(signedInAs('bob')) : new Response(null)
    const client = createClient({ baseURL: LOCAL, fetch })
    const told: unknown[] = []
    const rendered = signedInAs('ada') as never
    client.onChange(({ user }) => told.push(user?.id))
    client.assume(rendered)
    await client.login({ identifier: 'bob', password: PASSWORD })
    client.assume(rendered)
    await client.logout()
    client.assume(rendered)
    expect(told).toEqual(['ada', 'bob', 'bob', undefined, undefined])
  })

  it('sends nothing without the CSRF token that it needs, and says why there is none', async () => {
    const asked: string[] = []
    const fetch = async (input: unknown) => {
      asked.push(String(input))
      return Response.json(
        { code: 'unavailable', title: 'Not now.', status: 503 },
        { status: 503, headers: { 'content-type': 'application/problem+json' } },
      )
    }
    const client = createClient({ baseURL: LOCAL, csrf: true, fetch })
    await expect(client.fetch(`${LOCAL}/api`, { method: 'POST' })).rejects.toMatchObject({ status: 503 })
    expect(asked).toEqual([`${LOCAL}/auth/csrf`])
  })

  it('does nothing by itself: creating it on a server touches no browser global', () => {
    expect(() => createClient({ baseURL: 'https://api.example.com' })).not.toThrow()
  })
})

interface Recipe {
  readonly getJson: (path: string) => Promise<unknown>
  readonly tasks: { readonly queryKey: readonly string[]; readonly queryFn: () => Promise<unknown> }
  readonly retry: (failures: number, error: Error) => boolean
}

/** The block of the reference as it stands, with a client of the test's. */
async function loadRecipe(client: Client): Promise<Recipe> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/client.md'), 'utf8')
  const [, block = ''] = /TanStack Query needs [^`]*```ts\n(.*?)```/s.exec(page) ?? []
  const { code } = await transform(block, { loader: 'ts', format: 'cjs' })
  const made = { exports: {} }
  const library = { AuthProblem, createClient: () => client, readProblem }
  new Function('module', 'require', code)(made, () => library)
  return made.exports as Recipe
}

describe('A7: the recipe for TanStack Query', () => {
  it('shares the one refresh, and does not ask again for what was refused', async () => {
    const { client, clock, sent } = await openPage()
    const { getJson, tasks, retry } = await loadRecipe(client)
    const queries = new QueryClient({ defaultOptions: { queries: { retry, retryDelay: 0 } } })
    const { user } = await registered(client)
    clock.advance(600_000)
    sent.length = 0
    const [found] = await Promise.all([
      queries.fetchQuery(tasks),
      queries.fetchQuery({ queryKey: ['more'], queryFn: () => getJson('/api/more') }),
      client.fetch('/api/tasks'),
    ])
    expect(found).toEqual({ id: user.id, method: 'GET' })
    expect(sent.filter((line) => line === 'POST /auth/refresh')).toHaveLength(1)
    await client.logout()
    sent.length = 0
    await expect(queries.fetchQuery(tasks)).rejects.toMatchObject({ code: 'unauthenticated', status: 401 })
    expect(sent).toEqual(['GET /api/tasks'])
  })
})
