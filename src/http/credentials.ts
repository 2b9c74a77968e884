// Which credential decides for this request, and which session does it carry?
import type { Renewable } from '../actions/renew-session.ts'
import type { Runtime } from '../actions/runtime.ts'
import type { Config } from '../config/config.ts'
import { parseHint } from '../core/cookie/hint.ts'
import type { CookieKind, CookiePolicy } from '../core/cookie/policy.ts'
import { verifyRefreshToken } from '../core/refresh-token/verify.ts'
import { looksLikeSessionToken, verifySessionToken } from '../core/session-token/verify.ts'
import type { Facts } from './facts.ts'

export type Credential =
  /** A header of the configured scheme decides alone; `null` where it holds no token. */
  | { readonly kind: 'header'; readonly token: string | null }
  | { readonly kind: 'cookie'; readonly token: string }
  /** One name, two values: somebody else's cookie is among them, and nobody can say which. */
  | { readonly kind: 'conflict'; readonly cookie: CookieKind }
  /** `renewable`: the browser has a session whose access cookie has ended, or one from before a change of strategy. */
  | { readonly kind: 'none'; readonly renewable: boolean }

const SCHEME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/
/** RFC 9110 section 11.2, token68. Two tokens, or other characters, are no token. */
const TOKEN = /^ +([A-Za-z0-9._~+/-]+=*)$/

/** `undefined` where another scheme is used, or none: then the cookies decide. `null`: the scheme without a token. */
export function headerToken({ authorization }: Facts, scheme: string): string | null | undefined {
  if (authorization === null) return undefined
  const [sent] = SCHEME.exec(authorization) ?? []
  if (sent?.toLowerCase() !== scheme.toLowerCase()) return undefined
  return TOKEN.exec(authorization.slice(sent.length))?.[1] ?? null
}

/** The cookie that says who sends a request. */
const DECIDES: Readonly<Record<Config['strategy'], CookieKind>> = { jwt: 'access', opaque: 'session' }

export function accessCredential(
  facts: Facts,
  { authorizationScheme, strategy }: Config,
  policy: CookiePolicy,
): Credential {
  const header = headerToken(facts, authorizationScheme)
  if (header !== undefined) return { kind: 'header', token: header }
  const cookie = DECIDES[strategy]
  const [token, ...others] = policy.read(cookie, facts.cookies)
  if (others.length > 0) return { kind: 'conflict', cookie }
  return token ? { kind: 'cookie', token } : { kind: 'none', renewable: isRenewable(facts, strategy, policy) }
}

function isRenewable(facts: Facts, strategy: Config['strategy'], policy: CookiePolicy): boolean {
  if (isHinted(facts, policy)) return true
  return strategy === 'jwt' && policy.read('session', facts.cookies).length > 0
}

/** Whether the browser says that it has a session. */
export function isHinted({ cookies }: Facts, policy: CookiePolicy): boolean {
  return policy.read('hint', cookies).some((value) => parseHint(value) !== null)
}

/** A browser sends few; more are an attempt to make us work. */
const MOST_TOKENS = 16

/**
 * Every refresh cookie that verifies, of one session or of any. A sibling sub-domain may plant others of the name; they
 * are passed over, and cannot crowd out those of the session that is asked for.
 */
async function refreshTokens(
  facts: Facts,
  policy: CookiePolicy,
  { ring }: Pick<Runtime, 'ring'>,
  sessionId?: string,
): Promise<readonly Renewable[]> {
  const sent = policy.read('refresh', facts.cookies).filter(looksLikeSessionToken)
  const asked = sessionId === undefined ? sent : sent.filter((token) => token.startsWith(`${sessionId}.`))
  const verified = await Promise.all(
    asked.slice(0, MOST_TOKENS).map(async (token): Promise<Renewable | null> => {
      const claims = await verifyRefreshToken(token, ring)
      return claims && { purpose: 'refresh-token', token, claims }
    }),
  )
  return verified.filter((found) => found !== null)
}

/** Which kind of token a text is, where it is one that renews. */
export async function renewableToken(
  token: string,
  { ring }: Pick<Runtime, 'ring'>,
): Promise<Renewable | null> {
  for (const purpose of ['refresh-token', 'session-token'] as const) {
    const claims = await verifySessionToken(purpose, token, ring)
    if (claims) return { purpose, token, claims }
  }
  return null
}

/** The strategy's own cookie, or what the browser holds since before the strategy was changed. */
export async function renewableCookie({
  facts,
  policy,
  runtime,
}: {
  readonly facts: Facts
  readonly policy: CookiePolicy
  readonly runtime: Runtime
}): Promise<Renewable | null> {
  const session = () => sessionCookieToken(facts, policy, runtime)
  const refresh = () => refreshCookieToken(facts, policy, runtime)
  return runtime.config.strategy === 'opaque'
    ? ((await session()) ?? refresh())
    : ((await refresh()) ?? session())
}

async function sessionCookieToken(
  facts: Facts,
  policy: CookiePolicy,
  { ring }: Runtime,
): Promise<Renewable | null> {
  const [token = ''] = policy.read('session', facts.cookies)
  const claims = await verifySessionToken('session-token', token, ring)
  return claims && { purpose: 'session-token', token, claims }
}

/**
 * The refresh cookie's path keeps it from being locked to the host, so a sibling sub-domain could plant one of its own.
 * The hint cookie is locked: only a refresh cookie of the session that it names counts.
 */
async function refreshCookieToken(
  facts: Facts,
  policy: CookiePolicy,
  runtime: Runtime,
): Promise<Renewable | null> {
  const hinted = hintedSession(facts, policy)
  if (hinted === null) return null
  const [found] = await refreshTokens(facts, policy, runtime, hinted)
  return found ?? null
}

/** The session that the hint cookie names, or `null` for none and for two. */
export function hintedSession(facts: Facts, policy: CookiePolicy): string | null {
  const [value, ...others] = policy.read('hint', facts.cookies)
  return others.length > 0 ? null : (parseHint(value ?? '')?.sessionId ?? null)
}

/**
 * The sessions that the browser carries, live or not: an access token may have expired. First the one that counts: that of
 * the cookie that decides, or the hint's, which no sibling sub-domain can plant. Used to end them at sign-in and sign-out and to
 * bind the CSRF token, never to let anybody in.
 */
export async function carriedSessions(
  facts: Facts,
  policy: CookiePolicy,
  runtime: Runtime,
): Promise<readonly string[]> {
  const named = {
    access: await sessionsOfAccess(facts, policy, runtime),
    session: await sessionsOfSession(facts, policy, runtime),
  }
  const hinted = hintedSession(facts, policy)
  // By its id first, and then any: others of the name, however many were planted, do not crowd it out.
  const found = [
    ...(hinted === null ? [] : await refreshTokens(facts, policy, runtime, hinted)),
    ...(await refreshTokens(facts, policy, runtime)),
  ]
  const renewable = found.map(({ claims }) => claims.sessionId)
  const [first, second] =
    runtime.config.strategy === 'opaque' ? [named.session, named.access] : [named.access, named.session]
  return [...new Set([...first, ...second, ...renewable])]
}

/**
 * The session that the browser's CSRF token is bound to, or empty for a visitor. Outside `/auth` a browser whose access cookie has
 * lapsed names it by the hint alone; that suffices, since it lets nobody in.
 */
export async function csrfBinding(facts: Facts, policy: CookiePolicy, runtime: Runtime): Promise<string> {
  const [carried] = await carriedSessions(facts, policy, runtime)
  return carried ?? hintedSession(facts, policy) ?? ''
}

async function sessionsOfAccess(
  facts: Facts,
  policy: CookiePolicy,
  { tokens, clock }: Runtime,
): Promise<readonly string[]> {
  const now = clock.now()
  const verdicts = await Promise.all(
    policy
      .read('access', facts.cookies)
      .slice(0, MOST_TOKENS)
      .map((token) => tokens.verify(token, now)),
  )
  return verdicts.flatMap((verdict) => ('claims' in verdict ? [verdict.claims.sid] : []))
}

async function sessionsOfSession(
  facts: Facts,
  policy: CookiePolicy,
  { ring }: Runtime,
): Promise<readonly string[]> {
  const sent = policy.read('session', facts.cookies).slice(0, MOST_TOKENS)
  const verified = await Promise.all(sent.map((token) => verifySessionToken('session-token', token, ring)))
  return verified.flatMap((claims) => (claims ? [claims.sessionId] : []))
}
