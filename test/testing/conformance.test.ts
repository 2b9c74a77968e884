// Does the conformance kit find what is wrong with a sign-in API, and nothing else?
import type { ConformanceOptions, Profile } from 'lockjar/testing'
import { createTestClock, RULES, runConformance } from 'lockjar/testing'
import { describe, expect, it } from 'vitest'
import type { Flaw } from './api.ts'
import { createApi, ORIGIN, PROFILE, SUBTLE } from './api.ts'

function run(flaws: readonly Flaw[], profile: Profile = PROFILE, options: ConformanceOptions = {}) {
  const clock = createTestClock()
  const wait = async (milliseconds: number) => clock.advance(milliseconds)
  return runConformance(ORIGIN, profile, {
    handler: createApi(...flaws),
    anyHost: true,
    clock,
    wait,
    ...options,
  })
}

const idsOf = (report: Awaited<ReturnType<typeof run>>, verdict: string) =>
  report.results.filter((result) => result.verdict === verdict).map(({ id }) => id)

describe('an API', () => {
  it('that does everything right passes every rule', async () => {
    const report = await run([])
    expect(report.results.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    expect(report).toMatchObject({ score: 100, ok: true, name: 'an API made up', url: ORIGIN })
    expect(report.results.map(({ id }) => id)).toEqual(RULES.map(({ id }) => id))
  })

  /** What fails together with a flaw, for it rests on it. */
  const TOGETHER: Readonly<Record<Flaw, readonly string[]>> = {
    'cookie-secure': ['cookie-prefix'],
    'cookie-host-only': ['cookie-prefix'],
    'cookie-httponly': ['token-readable'],
    'refresh-rotates': ['refresh-reuse', 'refresh-reuse-ends'],
    'refresh-reuse': ['refresh-reuse-ends'],
    'csrf-foreign-origin': ['csrf-form'],
    'fixation-planted': ['fixation-new'],
    'fixation-new': ['password-change-ends'],
    'sign-in-needed': ['jwt-forged'],
  }

  it.each(RULES.map(({ id }) => id))('that breaks the rule %s fails it, and no other', async (id) => {
    const report = await run([id])
    expect(idsOf(report, 'fail').toSorted()).toEqual([id, ...(TOGETHER[id] ?? [])].toSorted())
    const { level } = report.results.find((result) => result.id === id) ?? {}
    expect(report.ok).toBe(level === 'should')
    expect(report.score).toBeLessThan(100)
  })

  it.each(Object.entries(SUBTLE))('with %s fails for that, and for nothing else', async (flaw, ids) => {
    const report = await run([flaw])
    expect(idsOf(report, 'fail').toSorted()).toEqual([...ids].toSorted())
    expect([idsOf(report, 'unknown'), report.ok]).toEqual([[], false])
  })

  it('that breaks down on the way is not found to be in order', async () => {
    const api = createApi()
    let requests = 0
    const handler = async (request: Request) =>
      ++requests > 20 ? new Response(null, { status: 503 }) : api(request)
    const report = await run([], PROFILE, { handler })
    expect(report.ok).toBe(false)
    const cut = await run([], PROFILE, { mostRequests: 20 })
    expect([idsOf(cut, 'fail'), cut.ok]).toEqual([[], false])
  })

  it('whose session travels in a header is judged as such', async () => {
    const api = createApi()
    /** The cookie's value in the body, and from there into a header. */
    const handler = async (request: Request): Promise<Response> => {
      const headers = new Headers(request.headers)
      const [, token] = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '') ?? []
      if (token) headers.set('cookie', `__Host-session=${token}`)
      const body = await request.arrayBuffer()
      const response = await api(new Request(request, { headers, ...(body.byteLength > 0 && { body }) }))
      const [line = ''] = response.headers.getSetCookie()
      const [, access] = /^__Host-session=([^;]+)/.exec(line) ?? []
      return access ? Response.json({ data: { access } }) : response
    }
    const { refresh: _, ...rest } = PROFILE
    const report = await run([], { ...rest, session: { token: 'data.access' } }, { handler })
    expect(idsOf(report, 'fail')).toEqual(expect.arrayContaining(['token-readable', 'cache']))
    expect(idsOf(report, 'not applicable')).toEqual(
      expect.arrayContaining(['cookie-httponly', 'csrf-form', 'refresh-rotates']),
    )
    expect(idsOf(report, 'pass')).toEqual(
      expect.arrayContaining(['logout-revokes', 'jwt-forged', 'fixation-new']),
    )
  })

  it('that is found broken tells no credential in the report', async () => {
    const seen = new Set<string>()
    const api = createApi(...RULES.map(({ id }) => id).filter((id) => !/^(?:refresh|cookie)/.test(id)))
    const handler = async (request: Request): Promise<Response> => {
      const response = await api(request)
      for (const line of response.headers.getSetCookie()) seen.add(/=([^;]*)/.exec(line)?.[1] ?? '')
      return response
    }
    const report = JSON.stringify(await run([], PROFILE, { handler }))
    expect(seen.size).toBeGreaterThan(10)
    for (const value of seen) if (value.length > 16) expect(report).not.toContain(value)
  })
})

describe('the kit', () => {
  it.each<[what: string, url: string, profile: unknown, told: RegExp]>([
    ['an address that is none', 'localhost:8000', PROFILE, /is no http or https address/],
    ['another scheme', 'ftp://localhost', PROFILE, /is no http or https address/],
    ['another host', 'https://www.example.com', PROFILE, /www\.example\.com is not this machine/],
    ['a name that only looks like this one', 'http://localhost.example.com', PROFILE, /is not this machine/],
    [
      'an unknown key',
      'http://localhost:1',
      { ...PROFILE, logOut: {} },
      /the profile: logOut: there is no such field; there are name, .*logout/,
    ],
    [
      'an unknown key further in',
      'http://localhost:1',
      { ...PROFILE, me: { path: '/me', has: 'x' } },
      /the profile: me\.has: there is no such field$/,
    ],
    [
      'what is missing',
      'http://localhost:1',
      { ...PROFILE, login: {} },
      /the profile: login\.path: is missing$/,
    ],
    [
      'another type',
      'http://localhost:1',
      { ...PROFILE, refreshGrace: '5' },
      /refreshGrace: should be number, and is "5"$/,
    ],
    [
      'what is out of range',
      'http://localhost:1',
      { ...PROFILE, refreshGrace: 61 },
      /refreshGrace: is too long, too short, or out of range: 61$/,
    ],
    [
      'a session that travels nowhere',
      'http://localhost:1',
      { ...PROFILE, session: 'cookie' },
      /session: should be \{ cookies \} or \{ token/,
    ],
    [
      'a path that is none',
      'http://localhost:1',
      { ...PROFILE, me: { path: 'me' } },
      /the profile: me\.path: should begin with "\/"$/,
    ],
    ['no accounts', 'http://localhost:1', { ...PROFILE, register: undefined }, /register or accounts/],
    ['no profile', 'http://localhost:1', null, /the profile: /],
  ])('refuses %s, in one line', async (_what, url, profile, told) => {
    await expect(runConformance(url, profile as Profile, { handler: createApi() })).rejects.toThrow(told)
  })

  it('tests this machine without being asked whether it may', async () => {
    for (const url of ['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1', 'http://app.localhost'])
      await expect(
        runConformance(url, PROFILE, { handler: async () => new Response('', { status: 404 }) }),
      ).rejects.toThrow(/the profile does not fit: register, POST \/\S+, was answered with 404/)
  })

  it.each<[what: string, change: Partial<Profile>, told: RegExp]>([
    ['sign-in is elsewhere', { login: { path: '/signin' } }, /login, POST \/signin, was answered with 404/],
    [
      'nobody is known afterwards',
      { me: { path: '/', contains: '{email}' } },
      /after signing in, \/ does not know who asks/,
    ],
  ])('says where a profile does not fit: %s', async (_what, change, told) => {
    await expect(run([], { ...PROFILE, ...change })).rejects.toThrow(told)
  })

  it('says which step was answered how, and which cookies are set, where the profile is mistaken', async () => {
    const { results } = await run([], {
      ...PROFILE,
      changePassword: { path: '/nowhere' },
      session: { cookies: ['sid'] },
    })
    const evidence = (rule: string) => results.find(({ id }) => id === rule)?.evidence
    expect(evidence('password-change-ends')).toBe('changePassword, POST /nowhere, was answered with 404')
    expect(evidence('cookie-httponly')).toMatch(/none of the cookies that the profile names; it sets \S+/)
  })

  it.each([30, 31, 32, 33, 34, 35])(
    'sends no more than %i where it may not, and says what it does not know',
    async (most) => {
      let requests = 0
      const api = createApi()
      const handler = async (request: Request) => {
        requests++
        return api(request)
      }
      const report = await run([], PROFILE, { handler, mostRequests: most })
      expect(requests).toBe(most)
      expect(idsOf(report, 'unknown').length).toBeGreaterThan(10)
      expect(report.results.at(-1)?.evidence).toBe('no requests or no time are left')
    },
  )

  it.each([20, 21, 22, 23, 24, 25])(
    'asks nothing more after %i seconds where it may not',
    async (seconds) => {
      const clock = createTestClock()
      const api = createApi()
      const asked: number[] = []
      const handler = async (request: Request) => {
        asked.push(clock.monotonic())
        clock.advance(1000)
        return api(request)
      }
      const report = await run([], PROFILE, { handler, clock, timeLimit: seconds * 1000 })
      expect(asked.at(-1)).toBeLessThanOrEqual(seconds * 1000)
      expect(idsOf(report, 'unknown').length).toBeGreaterThan(10)
    },
  )

  it('goes on where a rule finds nothing out', async () => {
    const api = createApi()
    const handler = (request: Request) => {
      if (request.url.endsWith('/refresh')) throw new TypeError('the line is dead')
      return api(request)
    }
    const report = await run([], PROFILE, { handler })
    expect(report.results.find(({ id }) => id === 'refresh-rotates')).toMatchObject({
      verdict: 'unknown',
      evidence: 'the line is dead',
    })
    expect(idsOf(report, 'pass')).toContain('rate-limit')
  })
})
