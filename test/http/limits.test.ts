// Is somebody who guesses slowed down, and is the owner of the account not locked out with them?
import { describe, expect, it } from 'vitest'
import type { TestOptions } from '../support/auth.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }
const HOME = '198.51.100.7'

async function open(options: TestOptions = {}) {
  const made = await createTestAuth({ baseURL: LOCAL, rateLimits: 'on', ...options })
  /** A browser at an address. */
  const at = (ip: string): TestBrowser =>
    new TestBrowser((request) => made.auth.handler(request, { ip }), LOCAL)
  const guess = (
    ip: string,
    account: object = { email: ADA.email },
    password = 'wrong password',
  ): Promise<Sent> => at(ip).post('/auth/login', { ...account, password })
  return { ...made, at, guess }
}

const statuses = (sent: readonly Sent[]): readonly number[] => sent.map(({ status }) => status)

async function repeat<T>(times: number, act: (n: number) => Promise<T>): Promise<readonly T[]> {
  const done: T[] = []
  for (let n = 0; n < times; n++) done.push(await act(n))
  return done
}

describe('tries of a password', () => {
  it('of one account from one network are five a minute, and waits double after each hit', async () => {
    const { guess, clock } = await open({ budgets: { password: { account: [] } } })
    for (const wait of [60, 120, 240, 480]) {
      expect(statuses(await repeat(5, () => guess(HOME)))).toEqual([401, 401, 401, 401, 401])
      const refused = await guess(HOME)
      expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited'])
      expect(refused.headers.get('retry-after')).toBe(String(wait))
      clock.advance(wait * 1000 - 1)
      expect((await guess(HOME)).headers.get('retry-after')).toBe('1')
      clock.advance(1)
    }
  })

  it('are counted before the hash is computed, and a refused one computes none', async () => {
    let hashed = 0
    const passwordHasher = {
      hash: async () => 'hash',
      verify: async () => ({ ok: false, mustRehash: false }),
      async verifyAbsent() {
        hashed++
      },
      close: async () => {},
    }
    const { guess } = await open({ passwordHasher } as TestOptions)
    const sent = await Promise.all(Array.from({ length: 30 }, () => guess(HOME)))
    expect(sent.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(hashed).toBe(5)
  })
})

it('a window goes on until its end, whoever is refused meanwhile', async () => {
  const { guess, clock } = await open()
  await repeat(5, () => guess(HOME))
  for (let second = 0; second < 59; second++) {
    clock.advance(1000)
    expect((await guess(HOME)).status).toBe(429)
  }
  clock.advance(1000)
  expect((await guess(HOME)).status).toBe(401)
})
