// Does createTestAuth give a whole Lockjar in no time, with somebody signed in and a guard over what leaves?
import Fastify from 'fastify'
import { requireUser, toPlugin } from 'lockjar/fastify'
import type { TestAuth } from 'lockjar/testing'
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
      host: 'localhost:3000',
      cookie: visit.cookie,
      'sec-fetch-site': 'same-origin',
      origin: 'http://localhost:3000',
    })
    expect((await send()).status).toBe(200)
  })

  it('is reached with these headers by a tool that would name another host by itself', async () => {
    const { auth, signIn } = await createTestAuth()
    const app = Fastify()
    await app.register(toPlugin(auth))
    app.get('/me', { onRequest: requireUser }, async ({ auth: { user } }) => ({ id: user.id }))
    const { headers, user } = await signIn()
    expect((await app.inject({ url: '/me', headers })).json()).toEqual({ id: user.id })
    const { host: _, ...others } = headers
    expect((await app.inject({ url: '/me', headers: others })).statusCode).toBe(421)
    await app.close()
    await auth.close()
  })

  it('keeps mails instead of printing them, unless they are sent elsewhere', async () => {
    const register = async ({ browser }: TestAuth) => {
      const json = { email: 'ada@example.com', password: 'correct horse battery staple' }
      expect((await browser().fetch('/auth/register', { method: 'POST', json })).status).toBe(201)
    }
    const kept = await createTestAuth()
    await register(kept)
    await expect.poll(() => kept.mails).toHaveLength(1)
    expect(kept.mails[0]).toMatchObject({ to: 'ada@example.com', subject: expect.stringMatching(/^Confirm/) })

    const elsewhere: string[] = []
    const sent = await createTestAuth({ mailer: { send: async ({ to }) => void elsewhere.push(to) } })
    await register(sent)
    await expect.poll(() => elsewhere).toEqual(['ada@example.com'])
    expect(sent.mails).toEqual([])
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
