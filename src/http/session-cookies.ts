// Which cookies does an answer set or clear?
import type { AccessCredentials, Issued, SessionCredentials } from '../actions/issue-tokens.ts'
import type { Config } from '../config/config.ts'
import { formatHint } from '../core/cookie/hint.ts'
import type { CookieJar } from '../core/cookie/parse.ts'
import type { CookieKind, CookiePolicy } from '../core/cookie/policy.ts'
import type { SessionRecord } from '../core/session/session.ts'

/** The cookies of a session, by strategy. */
const KINDS: Readonly<Record<Config['strategy'], readonly CookieKind[]>> = {
  jwt: ['access', 'refresh', 'csrf', 'hint'],
  opaque: ['session', 'csrf'],
}

const toSeconds = (milliseconds: number): number => Math.ceil(milliseconds / 1000)

type Lifetime = Pick<SessionRecord, 'remember'>

/**
 * A session that is not remembered gets cookies that end with the browser; a remembered one, cookies that end with what
 * they hold.
 */
const maxAge = ({ remember }: Lifetime, end: number, now: number): number | undefined =>
  remember ? toSeconds(end - now) : undefined

/** `now` in milliseconds. `jar`: what the browser sent; what another strategy left in it is cleared. */
export function sessionCookies(
  policy: CookiePolicy,
  { session, credentials }: Issued,
  csrfToken: string,
  jar: CookieJar,
  now: number,
): readonly string[] {
  const strays = strayKinds(policy, credentials.strategy, jar).map((kind) => policy.clear(kind))
  return credentials.strategy === 'opaque'
    ? [...opaqueCookies(policy, session, credentials, csrfToken, now), ...strays]
    : [...jwtCookies(policy, session, credentials, csrfToken, now), ...strays]
}

function jwtCookies(
  policy: CookiePolicy,
  session: SessionRecord,
  { accessToken, refreshToken, refreshHeld, accessExpiresAt }: AccessCredentials,
  csrfToken: string,
  now: number,
): readonly string[] {
  const hint = formatHint({
    sessionId: session.id,
    accessExpiresAt: toSeconds(accessExpiresAt),
    idleExpiresAt: toSeconds(session.idleExpiresAt),
  })
  const idle = maxAge(session, session.idleExpiresAt, now)
  return [
    policy.set('access', accessToken, maxAge(session, accessExpiresAt, now)),
    ...(refreshHeld || refreshToken === null ? [] : [policy.set('refresh', refreshToken, idle)]),
    policy.set('csrf', csrfToken, idle),
    policy.set('hint', hint, idle),
  ]
}

/** Nothing renews these as the session is used, so they last to its absolute end; the server counts idle time. */
function opaqueCookies(
  policy: CookiePolicy,
  session: SessionRecord,
  { sessionToken }: SessionCredentials,
  csrfToken: string,
  now: number,
): readonly string[] {
  return [
    sessionCookie(policy, session, sessionToken, now),
    policy.set('csrf', csrfToken, maxAge(session, session.expiresAt, now)),
  ]
}

/** `now` in milliseconds. */
export function sessionCookie(
  policy: CookiePolicy,
  session: Pick<SessionRecord, 'remember' | 'expiresAt'>,
  token: string,
  now: number,
): string {
  return policy.set('session', token, maxAge(session, session.expiresAt, now))
}

/** Cookies that the browser holds since before the strategy was changed. */
function strayKinds(
  policy: CookiePolicy,
  strategy: Config['strategy'],
  jar: CookieJar,
): readonly CookieKind[] {
  const own = KINDS[strategy]
  const all = new Set([...KINDS.jwt, ...KINDS.opaque])
  return [...all].filter((kind) => !own.includes(kind) && policy.read(kind, jar).length > 0)
}

export function clearCookies(
  policy: CookiePolicy,
  strategy: Config['strategy'],
  jar: CookieJar,
): readonly string[] {
  return [...KINDS[strategy], ...strayKinds(policy, strategy, jar)].map((kind) => policy.clear(kind))
}
