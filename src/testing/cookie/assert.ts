// Does a response set the cookie that a test wants? As a matcher for Vitest and Jest, and as a plain assertion.
import { AssertionError } from 'node:assert'
import type { ExpectedCookie } from './expected.ts'
import { differences, fullName } from './expected.ts'
import type { SetCookieSource } from './lines.ts'
import { setCookieLines } from './lines.ts'
import type { SetCookie } from './parse.ts'
import { parseSetCookie } from './parse.ts'

/** What a matcher answers, in Vitest and in Jest. */
export interface MatcherVerdict {
  readonly pass: boolean
  readonly message: () => string
}

/** For `expect.extend(matchers)`. Types come with `lockjar/testing/vitest` and `lockjar/testing/jest`. */
export type CookieMatchers = {
  readonly toSetCookie: (received: SetCookieSource, expected: ExpectedCookie) => MatcherVerdict
}

/**
 * For Vitest and Jest.
 *
 * @example
 * ```ts
 * import { matchers } from 'lockjar/testing/vitest'
 * import { expect, it } from 'vitest'
 *
 * expect.extend(matchers)
 *
 * it('sets a session cookie that no script can read', async () => {
 *   const response = new Response(null, { headers: { 'set-cookie': 'session=abc; Path=/; HttpOnly; SameSite=Lax' } })
 *   expect(response).toSetCookie({ name: 'session', httpOnly: true, sameSite: 'Lax', path: '/' })
 * })
 * ```
 */
export const matchers: CookieMatchers = {
  toSetCookie(received, expected) {
    const problem = cookieProblem(received, expected)
    return {
      pass: problem === null,
      message: () => problem ?? `${fullName(expected)} is set just so, and should not be`,
    }
  },
}

/**
 * The same for `node:test` and every other runner.
 *
 * @throws {AssertionError} that says in what the cookie differs, and why that matters. The value of an HttpOnly cookie is not in it.
 *
 * @example
 * ```ts
 * import { it } from 'node:test'
 * import { assertSetCookie } from 'lockjar/testing'
 *
 * it('sets a session cookie that no script can read', async () => {
 *   const response = await fetch('http://localhost:8000/login', { method: 'POST' })
 *   assertSetCookie(response, { name: 'session', prefix: '__Host-Http-', httpOnly: true, secure: true })
 * })
 * ```
 */
export function assertSetCookie(source: SetCookieSource, expected: ExpectedCookie): void {
  const message = cookieProblem(source, expected)
  if (message !== null) throw new AssertionError({ message, stackStartFn: assertSetCookie })
}

/** Where several lines have the name, the one that is nearest counts. */
function cookieProblem(source: SetCookieSource, expected: ExpectedCookie): string | null {
  const lines = setCookieLines(source)
  const cookies = lines.map(parseSetCookie).filter((cookie) => cookie !== null)
  const name = fullName(expected)
  const found = kept(cookies.filter((cookie) => cookie.name === name))
  const [nearest] = found
    .map((cookie) => differences(cookie, expected))
    .sort((one, other) => one.length - other.length)
  if (!nearest) return notSet(name, cookies, lines.length - cookies.length)
  if (nearest.length === 0) return null
  return [`${name} is set, but:`, ...nearest.map((each) => `  - ${each}`)].join('\n')
}

/** Of lines for the same place a browser keeps the last. */
function kept(cookies: readonly SetCookie[]): readonly SetCookie[] {
  return [...new Map(cookies.map((cookie) => [`${cookie.domain};${cookie.path}`, cookie])).values()]
}

function notSet(name: string, cookies: readonly SetCookie[], unreadable: number): string {
  const names = cookies.map((cookie) => cookie.name)
  const like = names.find((each) =>
    each.toLowerCase().endsWith(name.replace(/^__[a-z-]+-/i, '').toLowerCase()),
  )
  const others = names.length === 0 ? 'no cookie at all' : names.join(', ')
  return [
    `${name} is not set; the response sets ${others}`,
    ...(like === undefined
      ? []
      : [`  - ${like} is another cookie to a browser, which compares names as they are`]),
    ...(unreadable === 0
      ? []
      : [
          `  - ${unreadable} more would be dropped by browsers: over 4096 bytes, nameless, or with a control character`,
        ]),
  ].join('\n')
}
