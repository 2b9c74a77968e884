// Does the log of a whole visit hold anything that is a credential or an address?

import type { Store } from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createTestClock } from '../support/clock.ts'

const BASE = 'http://localhost:3000'
const EMAIL = 'ada.lovelace@example.com'
const WRONG = 'a wrong guess of mine'

/** Whatever a port was called with is in the message of its error, as a careless driver would write it. */
function telling(store: Store): Store {
  const wrapPart = (part: object): object =>
    new Proxy(part, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver)
        if (typeof method !== 'function') return method
        return async (...args: readonly unknown[]) => {
          if (failing.has(String(name)))
            throw new Error(`${String(name)} failed with ${JSON.stringify(args)}`)
          return (method as (...each: readonly unknown[]) => unknown).apply(target, [...args])
        }
      },
    })
  return new Proxy(store, {
    get: (target, name) => {
      const part: unknown = Reflect.get(target, name)
      return typeof part === 'object' && part !== null ? wrapPart(part) : part
    },
  })
}
const failing = new Set<string>()

it('nothing of a visit is in the log that must not be, at any level, by pino, with a database that tells all in its errors', async () => {
  const clock = createTestClock()
  const written: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void written.push(line) })
  const auth = await createAuth({
    baseURL: BASE,
    secret: SECRET,
    rateLimits: 'off',
    argon2: { memory: 64, passes: 1 },
    database: telling(openMemory(clock)),
    clock,
    logger,
  })
  const browser = new TestBrowser(auth.handler, BASE)
  const secrets = new Set([EMAIL, PASSWORD, WRONG, `${PASSWORD} two`])
  const keepCookies = (): void => {
    for (const { name, value } of browser.jar.values()) if (!name.endsWith('hint')) secrets.add(value)
  }
  const post = async (path: string, body: object): Promise<number> => {
    const { status } = await browser.post(path, body)
    keepCookies()
    return status
  }
  const visit = async (): Promise<readonly number[]> => [
    await post('/auth/register', { email: EMAIL, password: PASSWORD }),
    await post('/auth/login', { email: EMAIL, password: WRONG }),
    await post('/auth/login', { email: EMAIL, password: PASSWORD }),
    await post('/auth/refresh', {}),
    await post('/auth/password/change', { currentPassword: WRONG, newPassword: `${PASSWORD} two` }),
    await post('/auth/password/change', { currentPassword: PASSWORD, newPassword: `${PASSWORD} two` }),
    (await browser.get('/auth/me')).status,
    await post('/auth/logout-all', {}),
    await post('/auth/login', { email: EMAIL, password: `${PASSWORD} two` }),
    (await browser.send('DELETE', '/auth/me', { body: { password: `${PASSWORD} two` } })).status,
  ]
  expect((await visit()).slice(0, 4)).toEqual([201, 401, 200, 200])

  for (const name of [
    'create',
    'append',
    'findByEmail',
    'find',
    'swap',
    'recordLogin',
    'setPassword',
    'revokeAll',
  ]) {
    failing.add(name)
    await visit()
    failing.delete(name)
    await visit()
  }
  clock.advance(600_000)
  await auth.close()

  const log = written.join('\n')
  expect(written.length).toBeGreaterThan(50)
  expect(log).toContain('findByEmail failed with')
  expect(secrets.size).toBeGreaterThan(20)
  for (const secret of secrets) {
    expect(log).not.toContain(secret)
    expect(log).not.toContain(JSON.stringify(secret).slice(1, -1))
  }
  expect(log).not.toMatch(/ada\.lovelace|\$argon2id\$/)
})
