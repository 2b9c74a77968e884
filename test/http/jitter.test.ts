// Do access tokens end a little earlier than configured, at random, so that not all clients refresh together?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, remember: true }

/** A whole sign-up in which every random byte of a lifetime is this one. */
async function signUp(byte: number, options = {}) {
  const random = {
    bytes: (length: number) =>
      // Ids and nonces must differ, and are longer than what a lifetime takes.
      length === 4 ? new Uint8Array(length).fill(byte) : crypto.getRandomValues(new Uint8Array(length)),
  }
  const { auth, clock } = await createTestAuth({ baseURL: LOCAL, random, ...options })
  const browser = new TestBrowser(auth.handler, LOCAL)
  const { body, cookies } = await browser.post('/auth/register', ADA)
  const [, payload = ''] = browser.cookie('access_token').split('.')
  const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const maxAge = Number(cookies.find(({ name }) => name === 'access_token')?.attributes.get('max-age'))
  const [, hinted] = browser.cookie('auth_hint').split('.')
  const { accessExpiresAt } = body['session'] as { accessExpiresAt: string }
  return {
    life: exp - iat,
    exp,
    maxAge,
    hinted: Number(hinted),
    accessExpiresAt,
    now: clock.now(),
    browser,
    clock,
  }
}

describe('an access token', () => {
  it.each([
    [0, '10m', 600],
    [128, '10m', 585],
    [255, '10m', 571],
    [255, '1h', 3421],
    [255, '19s', 19],
    [0, '1s', 1],
    [255, '1s', 1],
  ] as const)('with the byte %i and a lifetime of %s lives %i s', async (byte, lifetime, life) => {
    expect((await signUp(byte, { accessToken: { lifetime } })).life).toBe(life)
  })

  it('lives at most as long as configured and at least 95 % of it, whatever chance says', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 1, max: 3600 }),
        async (byte, seconds) => {
          const session = { idleTimeout: '2h' as const }
          const { life } = await signUp(byte, { accessToken: { lifetime: `${seconds}s` }, session })
          expect(life).toBeLessThanOrEqual(seconds)
          expect(life).toBeGreaterThanOrEqual(seconds * 0.95)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('is told of by its real end: in the cookie’s Max-Age, in the hint and in the answer', async () => {
    const { exp, life, maxAge, hinted, accessExpiresAt, now } = await signUp(255)
    expect(life).toBe(571)
    expect([maxAge, hinted, Date.parse(accessExpiresAt)]).toEqual([life, exp, now + life * 1000])
  })

  it('never outlives its session, and is not shortened by that', async () => {
    const session = { remembered: { idleTimeout: '11m', absoluteTimeout: '11m' } }
    const { browser, clock } = await signUp(0, { session })
    clock.advance(5 * 60_000)
    const { body } = await browser.post('/auth/refresh')
    const { accessExpiresAt, expiresAt } = body['session'] as Record<string, string>
    expect(accessExpiresAt).toBe(expiresAt)
  })

  it('spreads the ends of many over the last twentieth of the lifetime', async () => {
    const { auth } = await createTestAuth({ baseURL: LOCAL })
    const lives = new Set<number>()
    for (let index = 0; index < 60; index++) {
      const browser = new TestBrowser(auth.handler, LOCAL)
      await browser.post('/auth/register', { ...ADA, email: `a${index}@example.com` })
      const [, payload = ''] = browser.cookie('access_token').split('.')
      const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
      lives.add(exp - iat)
    }
    expect(lives.size).toBeGreaterThan(5)
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(570)
    expect(Math.max(...lives)).toBeLessThanOrEqual(600)
  })
})
