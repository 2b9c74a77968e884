// Does createTestAuth give a whole Lockjar in no time, with somebody signed in and a guard over what leaves?
import { createTestAuth, EgressLeak } from 'lockjar/testing'
import { describe, expect, it } from 'vitest'

describe('createTestAuth', () => {
  it('signs somebody in, in a browser of their own, at an application that is protected', async () => {
    const { auth, signIn } = await createTestAuth()
    const app = auth.protect((_request, { user }) => Response.json(user), { roles: ['editor'] })
    const ada = await signIn({ email: 'ada@example.com', username: 'ada', roles: ['editor'] }, app)
    expect(ada.user).toMatchObject({ email: 'ada@example.com', username: 'ada' })
    expect(await (await ada.browser.fetch('/api/x')).json()).toEqual({ id: ada.user.id, roles: ['editor'] })
    const other = await signIn({}, app)
    expect(other.user.email).not.toBe('ada@example.com')
    expect((await other.browser.fetch('/api/x')).status).toBe(403)
    const again = await signIn({ email: 'ada@example.com' })
    expect(again.user.id).toBe(ada.user.id)
    expect((await again.browser.fetch('/elsewhere')).status).toBe(404)
    await auth.close()
  })

  it('gives the headers of that browser for tools that have none, also after a refresh', async () => {
    const { auth, signIn } = await createTestAuth()
    const visit = await signIn()
    const send = () =>
      auth.handler(
        new Request('http://localhost:3000/auth/me', {
          method: 'PATCH',
          headers: { ...visit.headers, 'content-type': 'application/json' },
          body: '{"name":"Ada"}',
        }),
      )
    expect((await send()).status).toBe(200)
    const before = visit.cookie
    expect((await visit.browser.fetch('/auth/refresh', { method: 'POST' })).status).toBe(200)
    expect(visit.cookie).not.toBe(before)
    expect(visit.headers).toEqual({
      cookie: visit.cookie,
      'sec-fetch-site': 'same-origin',
      origin: 'http://localhost:3000',
    })
    expect((await send()).status).toBe(200)
  })

  it('has time of its own, which the browser shares', async () => {
    const { clock, signIn } = await createTestAuth()
    const { browser } = await signIn({ remember: true })
    expect((await browser.fetch('/auth/refresh', { method: 'POST' })).status).toBe(200)
    clock.advance(14 * 24 * 60 * 60 * 1000)
    expect([...browser.jar]).toEqual([])
    expect((await browser.fetch('/auth/refresh', { method: 'POST' })).status).toBe(401)
  })

  it.each([
    [
      'an https address, with its prefixes',
      { baseURL: 'https://app.example.com' },
      '__Host-Http-access_token',
    ],
    ['the opaque strategy', { strategy: 'opaque' }, 'session'],
  ] as const)('takes %s', async (_what, options, name) => {
    const { signIn } = await createTestAuth(options)
    const { browser } = await signIn()
    expect(browser.jar.value(name)).toBeDefined()
    expect((await browser.fetch('/auth/me')).status).toBe(200)
  })

  it('says so where somebody cannot be signed in', async () => {
    const { auth, signIn } = await createTestAuth()
    const { user } = await signIn({ email: 'ada@example.com' })
    await auth.users.disable(user.id)
    await expect(signIn({ email: 'ada@example.com' })).rejects.toThrow(/signing in was refused: 401/)
    await expect(signIn({ email: 'eve@example.com', password: 'short' })).rejects.toThrow()
  })

  it('guards what leaves: an application that gives its page the token fails the test', async () => {
    const { auth, signIn, egress, log } = await createTestAuth()
    // Encoded: as it is, Lockjar itself refuses it on http.
    const app = auth.protect((request) => Response.json(btoa(request.headers.get('cookie') ?? '')))
    const { browser } = await signIn({}, app)
    await expect(browser.fetch('/api/x')).rejects.toThrow(EgressLeak)
    expect(egress.leaks).toHaveLength(1)
    expect(log.map(({ fields }) => fields['event'])).toContain('session.created')
  })
})
