// Which cookies does an answer set or clear?
import type { Issued } from '../actions/issue-tokens.ts'
import { formatHint } from '../core/cookie/hint.ts'
import type { CookieKind, CookiePolicy } from '../core/cookie/policy.ts'

const KINDS: readonly CookieKind[] = ['access', 'refresh', 'csrf', 'hint']

const toSeconds = (milliseconds: number): number => Math.ceil(milliseconds / 1000)

/**
 * A session that is not remembered gets cookies that end with the browser; a remembered one, cookies that end with what
 * they hold. `now` in milliseconds.
 */
export function sessionCookies(
  policy: CookiePolicy,
  issued: Issued,
  csrfToken: string,
  now: number,
): readonly string[] {
  const { session, accessToken, refreshToken, refreshHeld, accessExpiresAt } = issued
  const maxAge = (end: number): number | undefined => (session.remember ? toSeconds(end - now) : undefined)
  const hint = formatHint({
    sessionId: session.id,
    accessExpiresAt: toSeconds(accessExpiresAt),
    idleExpiresAt: toSeconds(session.idleExpiresAt),
  })
  const idle = maxAge(session.idleExpiresAt)
  return [
    policy.set('access', accessToken, maxAge(accessExpiresAt)),
    ...(refreshHeld ? [] : [policy.set('refresh', refreshToken, idle)]),
    policy.set('csrf', csrfToken, idle),
    policy.set('hint', hint, idle),
  ]
}

export function clearCookies(policy: CookiePolicy): readonly string[] {
  return KINDS.map((kind) => policy.clear(kind))
}
