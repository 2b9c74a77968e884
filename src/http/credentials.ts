// Which credential decides for this request, and which session does it carry?
import type { Runtime } from '../actions/runtime.ts'
import { parseHint } from '../core/cookie/hint.ts'
import type { CookieKind, CookiePolicy } from '../core/cookie/policy.ts'
import type { RefreshClaims } from '../core/refresh-token/create.ts'
import { verifyRefreshToken } from '../core/refresh-token/verify.ts'
import type { Facts } from './facts.ts'

export type Credential =
  /** A header of the configured scheme decides alone; `null` where it holds no token. */
  | { readonly kind: 'header'; readonly token: string | null }
  | { readonly kind: 'cookie'; readonly token: string }
  /** One name, two values: somebody else's cookie is among them, and nobody can say which. */
  | { readonly kind: 'conflict'; readonly cookie: CookieKind }
  /** `hinted`: the browser has a session whose access cookie has ended. */
  | { readonly kind: 'none'; readonly hinted: boolean }

const SCHEME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/
/** RFC 9110 section 11.2, token68. Two tokens, or other characters, are no token. */
const TOKEN = /^ +([A-Za-z0-9._~+/-]+=*)$/

/** `undefined` where another scheme is used, or none: then the cookies decide. `null`: the scheme without a token. */
export function headerToken({ authorization }: Facts, scheme: string): string | null | undefined {
  const [sent] = SCHEME.exec(authorization ?? '') ?? []
  if (authorization === null || sent?.toLowerCase() !== scheme.toLowerCase()) return undefined
  return TOKEN.exec(authorization.slice(sent.length))?.[1] ?? null
}

export function accessCredential(facts: Facts, scheme: string, policy: CookiePolicy): Credential {
  const header = headerToken(facts, scheme)
  if (header !== undefined) return { kind: 'header', token: header }
  const [token, ...others] = policy.read('access', facts.cookies)
  if (others.length > 0) return { kind: 'conflict', cookie: 'access' }
  if (token) return { kind: 'cookie', token }
  return {
    kind: 'none',
    hinted: policy.read('hint', facts.cookies).some((value) => parseHint(value) !== null),
  }
}

/** A browser sends few; more are an attempt to make us work. */
const MOST_REFRESH_COOKIES = 16

/**
 * Every refresh cookie that verifies, of one session or of any. A sibling sub-domain may plant others of the name; they
 * are passed over, and cannot crowd out those of the session that is asked for.
 */
export async function refreshClaims(
  facts: Facts,
  policy: CookiePolicy,
  { ring }: Pick<Runtime, 'ring'>,
  sessionId?: string,
): Promise<readonly RefreshClaims[]> {
  const sent = policy.read('refresh', facts.cookies)
  const asked = sessionId === undefined ? sent : sent.filter((token) => token.startsWith(`${sessionId}.`))
  const verified = await Promise.all(
    asked.slice(0, MOST_REFRESH_COOKIES).map((token) => verifyRefreshToken(token, ring)),
  )
  return verified.filter((claims) => claims !== null)
}

/** The session that the hint cookie names, or `null` for none and for two. */
export function hintedSession(facts: Facts, policy: CookiePolicy): string | null {
  const [value, ...others] = policy.read('hint', facts.cookies)
  return others.length > 0 ? null : (parseHint(value ?? '')?.sessionId ?? null)
}

/**
 * The sessions that the browser carries, live or not: an access token may have expired. First the one that counts: the
 * access cookie's or the hint's, which no sibling sub-domain can plant. Used to end them at sign-in and sign-out and to bind
 * the CSRF token, never to let anybody in.
 */
export async function carriedSessions(
  facts: Facts,
  policy: CookiePolicy,
  runtime: Runtime,
): Promise<readonly string[]> {
  const now = runtime.clock.now()
  const access = await Promise.all(
    policy.read('access', facts.cookies).map((token) => runtime.tokens.verify(token, now)),
  )
  const named = access.flatMap((verdict) => ('claims' in verdict ? [verdict.claims.sid] : []))
  const hinted = hintedSession(facts, policy)
  const renewable = (await refreshClaims(facts, policy, runtime)).map(({ sessionId }) => sessionId)
  return [...new Set([...named, ...renewable.filter((id) => id === hinted), ...renewable])]
}
