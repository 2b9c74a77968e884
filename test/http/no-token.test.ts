// Promise 1: does a token ever appear anywhere but in an HttpOnly cookie?
import { expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }

/** A token as it is, in halves, backwards, and as base64 would show it. */
function disguises(token: string): readonly string[] {
  const half = Math.floor(token.length / 2)
  const encoded = [0, 1, 2].map((shift) => Buffer.from(token.slice(shift)).toString('base64').slice(0, 60))
  return [
    token.slice(0, half),
    token.slice(half),
    [...token].reverse().join('').slice(0, half),
    encodeURIComponent(token),
    ...encoded,
  ]
}

it('in browser mode no body, readable header, log line or error holds a token of a whole visit', async () => {
  const { auth, clock, log, store } = await createTestAuth({ baseURL: LOCAL })
  const browser = new TestBrowser(auth.handler, LOCAL)
  const minted = new Set<string>()
  const readable: string[] = []
  const visit = async (method: string, path: string, body?: unknown, options = {}) => {
    const sent: Sent = await browser.send(method, path, { ...options, ...(body !== undefined && { body }) })
    for (const { name, value, attributes } of sent.cookies) {
      if (!/access_token|refresh_token/.test(name) || value === '') continue
      expect(attributes.has('httponly'), name).toBe(true)
      minted.add(value)
    }
    const headers = [...sent.headers].filter(([name]) => name !== 'set-cookie')
    readable.push(path, sent.text, JSON.stringify(headers))
  }

  await visit('POST', '/auth/register', ADA)
  await visit('GET', '/auth/me')
  await visit('GET', '/auth/csrf')
  await visit('GET', '/auth/sessions')
  for (let round = 0; round < 5; round++) {
    await visit('POST', '/auth/refresh')
    clock.advance(10_001)
  }
  await visit('PATCH', '/auth/me', { name: 'Ada' })
  await visit('POST', '/auth/login', { username: 'ada', password: PASSWORD, remember: true })
  const [access = '', refresh = ''] = [browser.cookie('access_token'), browser.cookie('refresh_token')]
  await visit('POST', '/auth/login', { identifier: access, password: refresh })
  await visit('PATCH', '/auth/me', { [refresh]: access })
  await visit('GET', `/auth/${refresh}`)
  await visit('GET', '/auth/me', undefined, { headers: { authorization: `Bearer ${refresh}` } })
  await visit('POST', '/auth/logout', undefined, {
    site: null,
    origin: null,
    headers: { referer: `https://evil.example/${refresh}` },
  })
  clock.advance(600_000)
  await visit('GET', '/auth/me')
  const find = store.users.find.bind(store.users)
  Object.assign(store.users, { find: () => Promise.reject(new Error('gone')) })
  await visit('POST', '/auth/refresh')
  Object.assign(store.users, { find })
  await visit('POST', '/auth/refresh')
  await visit('POST', '/auth/logout')

  expect(minted.size).toBeGreaterThan(12)
  // What the page itself sent in a path, a field's name or an origin is its own; only the answers count.
  const answers = readable.filter((text) => !text.startsWith('/auth/'))
  const everything = [
    ...answers,
    ...log.map((line) =>
      JSON.stringify(line, (_key, value) => (value instanceof Error ? String(value.stack) : value)),
    ),
  ]
  for (const token of minted) {
    for (const disguise of disguises(token)) {
      const leak = everything.find((text) => text.includes(disguise))
      expect(leak?.slice(0, 300), `a token appears as ${disguise.slice(0, 20)}…`).toBeUndefined()
    }
  }
})

it('nothing at rest is a credential: no row of the store holds a token, a nonce or a password', async () => {
  const { auth, store } = await createTestAuth({ baseURL: LOCAL })
  const browser = new TestBrowser(auth.handler, LOCAL)
  const { session } = (await browser.post('/auth/register', ADA)).body as { session: { id: string } }
  await browser.post('/auth/refresh')
  const rows = JSON.stringify([
    await store.users.findByUsername('ada'),
    await store.sessions.find(session.id),
  ])
  const [, nonce = '', , , mac = ''] = browser.cookie('refresh_token').split('.')
  expect(nonce).toHaveLength(22)
  for (const secret of [nonce, mac, PASSWORD, browser.cookie('access_token')])
    expect(rows).not.toContain(secret)
})
