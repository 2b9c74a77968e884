// Who sent this request? The same answer for Lockjar's own routes and for the application's.
import type { TokenVerdict } from '../actions/authenticate.ts'
import { authenticate } from '../actions/authenticate.ts'
import type { Runtime } from '../actions/runtime.ts'
import type { Config } from '../config/config.ts'
import type { AccessClaims } from '../core/access-token/claims.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { verifyCsrfToken } from '../core/csrf/token.ts'
import type { Pending } from '../core/pending/pending.ts'
import { andThen } from '../core/pending/pending.ts'
import { createSessionToken } from '../core/session-token/create.ts'
import type { AuthErrorFacts, ErrorCode } from '../errors.ts'
import { AuthError } from '../errors.ts'
import type { Credential } from './credentials.ts'
import { accessCredential, csrfBinding, isHinted } from './credentials.ts'
import type { Facts } from './facts.ts'
import type { Authority } from './guard.ts'
import { csrfRefusal, guard, requireHost } from './guard.ts'
import { sessionCookie } from './session-cookies.ts'

/** What an access token says of the user. The whole user is one read away: `GET /auth/me`. */
export interface AuthenticatedUser {
  readonly id: string
  readonly roles: readonly string[]
}

export interface AuthenticatedSession {
  readonly id: string
  /** When the password, or another factor, was last proved. */
  readonly authTime: Date
  /** How, RFC 8176: `pwd`. */
  readonly amr: readonly string[]
  /** When the access token ends; `null` with the opaque strategy, which has none. */
  readonly accessExpiresAt: Date | null
}

/**
 * `authenticated`: go on. `anonymous`: nobody in particular; answer `refusal` where someone is needed. `refused`: answer
 * `refusal` even on a public route, for the request is forged or its credential is bad.
 */
export type Authentication =
  | {
      readonly status: 'authenticated'
      readonly user: AuthenticatedUser
      readonly session: AuthenticatedSession
      readonly refusal: null
      /** `Set-Cookie` values that the answer should carry; none, as a rule. `protect` adds them by itself. */
      readonly setCookies: readonly string[]
    }
  | {
      readonly status: 'anonymous' | 'refused'
      readonly user: null
      readonly session: null
      readonly refusal: AuthError
      readonly setCookies: readonly string[]
    }

/** Where `who` keeps what its credential says, for those who judge it again later. No part of what is promised. */
const CLAIMS: unique symbol = Symbol('lockjar.claims')

/** @throws {TypeError} for a `who` that was put together by hand. */
export function claimsOf(who: Authentication & { readonly status: 'authenticated' }): AccessClaims {
  const claims = (who as { readonly [CLAIMS]?: AccessClaims })[CLAIMS]
  if (claims) return claims
  throw new TypeError('lockjar: who must come from authenticate, protect or visit, and be signed in')
}

export type ClaimsVerdict =
  | {
      readonly status: 'authenticated'
      readonly claims: AccessClaims
      readonly credential: Credential
      /** `Set-Cookie` values that the answer should carry; none, as a rule. */
      readonly setCookies: readonly string[]
    }
  | { readonly status: 'anonymous' | 'refused'; readonly refusal: AuthError }

export interface RequestContext {
  readonly runtime: Runtime
  readonly policy: CookiePolicy
  readonly facts: Facts
  /** Path of the request, for clearing cookies that a page below it may have planted. */
  path(): string
  /** The CSRF token that came in a form's field, read when the check needs one and no header has it. */
  formToken(): Promise<string | null>
}

/** @throws {AuthError} `misdirected`, `unavailable`. */
export function authenticateRequest(context: RequestContext): Pending<ClaimsVerdict> {
  const { runtime, policy, facts } = context
  const { config } = runtime
  requireHost(facts, config)

  const credential = accessCredential(facts, config, policy)
  if (credential.kind === 'none') {
    return asVisitor(context, credential.renewable ? 'token_expired' : 'unauthenticated')
  }
  if (credential.kind === 'conflict') {
    return asVisitor(context, 'cookie_conflict', conflictFacts(context, credential))
  }
  if (credential.token === null) return refused('unauthenticated')

  const ambient = credential.kind === 'cookie'
  const verdict = guard(facts, config, { ambient, onlyJson: false })
  if (verdict === 'refused') return { status: 'refused', refusal: csrfRefusal(facts, config, 'source') }

  return andThen(authenticate(runtime, credential.token, credential.kind), (token) => {
    if (!token.ok) {
      return ambient ? asVisitor(context, worthARefresh(token.code, context)) : refused(token.code)
    }
    const signedIn = (): Pending<ClaimsVerdict> => signedInBy(context, token, credential)
    return verdict === 'token' ? withCsrfToken(context, token.claims, signedIn) : signedIn()
  })
}

async function withCsrfToken(
  context: RequestContext,
  { sid }: AccessClaims,
  signedIn: () => Pending<ClaimsVerdict>,
): Promise<ClaimsVerdict> {
  if (await hasCsrfToken(context, sid)) return signedIn()
  return { status: 'refused', refusal: csrfRefusal(context.facts, context.runtime.config, 'token') }
}

type SignedInToken = TokenVerdict & { readonly ok: true }

function signedInBy(
  context: RequestContext,
  { claims, known }: SignedInToken,
  credential: Credential,
): Pending<ClaimsVerdict> {
  const mayStay = credential.kind !== 'cookie' || !known || known.token.current
  return andThen(mayStay ? [] : renewedCookies(context, known), (setCookies) => ({
    status: 'authenticated',
    claims,
    credential,
    setCookies,
  }))
}

/** A session token that a previous key signed is issued anew under the current one, before the old key is dropped. */
async function renewedCookies(
  { runtime, policy }: RequestContext,
  known: NonNullable<SignedInToken['known']>,
): Promise<readonly string[]> {
  const token = await createSessionToken('session-token', known.token, runtime.ring)
  return [sessionCookie(policy, known, token, runtime.clock.now())]
}

/**
 * A cookie of ours that no key of ours verifies: the signing key was replaced, or the form of tokens. The browser's session may
 * be as good as before, so it is sent to refresh, which decides.
 */
function worthARefresh(code: ErrorCode, { runtime, facts, policy }: RequestContext): ErrorCode {
  const renewable = runtime.config.strategy === 'jwt' && isHinted(facts, policy)
  return code === 'unauthenticated' && renewable ? 'token_expired' : code
}

/**
 * A handler may act for a visitor, too, and its answer may set cookies: a foreign page may not send an unsafe request for them,
 * and in token mode nobody may without the token.
 */
function asVisitor(
  context: RequestContext,
  code: ErrorCode,
  facts: AuthErrorFacts = {},
): Pending<ClaimsVerdict> {
  return andThen(visitorRefusal(context, false), (refusal) => {
    if (!refusal) return new Nobody('anonymous', code, facts)
    // Two cookies of one name are cleared all the same.
    const { setCookies = [] } = facts
    return new Nobody('refused', refusal.code, { ...refusal.facts, setCookies })
  })
}

/** What a visitor's request would use: a cookie of theirs, or one that the answer sets. */
const VISITOR: Authority = { ambient: true, onlyJson: true }
/** The same where the application's handler may answer it without any cookie of ours. */
const OPEN_VISITOR: Authority = { ambient: true, onlyJson: false }

/** Whether a visitor's request may act with a CSRF token only, and no header has one. */
export function asksVisitorForToken({ facts, runtime }: RequestContext): boolean {
  return facts.csrfToken === null && guard(facts, runtime.config, VISITOR) === 'token'
}

/** Why a request without a session may not act on what its browser keeps with us, or `null` where it may. */
export function visitorRefusal(context: RequestContext, onlyJson = true): Pending<AuthError | null> {
  const { runtime, facts } = context
  const { config } = runtime
  const verdict = guard(facts, config, onlyJson ? VISITOR : OPEN_VISITOR)
  if (verdict === 'allowed') return null
  if (verdict === 'refused') return csrfRefusal(facts, config, 'source')
  return hasVisitorToken(context).then((good) => (good ? null : csrfRefusal(facts, config, 'token')))
}

async function hasVisitorToken(context: RequestContext): Promise<boolean> {
  const { runtime, policy, facts } = context
  return (
    (await hasCsrfToken(context, await csrfBinding(facts, policy, runtime))) ||
    (await hasCsrfToken(context, ''))
  )
}

/** `binding`: the session the request acts for, or empty for a visitor without one. */
export async function hasCsrfToken(context: RequestContext, binding: string): Promise<boolean> {
  const { runtime, policy, facts } = context
  const submitted = facts.csrfToken ?? (await context.formToken())
  return verifyCsrfToken(binding, submitted, policy.read('csrf', facts.cookies), runtime.ring)
}

export function toAuthentication(verdict: ClaimsVerdict, { strategy }: Config): Authentication {
  if (verdict.status !== 'authenticated') {
    return verdict instanceof Nobody ? verdict : refusedWith(verdict.refusal)
  }
  const { sub, roles, sid, auth_time, amr, exp } = verdict.claims
  return {
    status: 'authenticated',
    user: { id: sub, roles },
    session: {
      id: sid,
      authTime: new Date(auth_time * 1000),
      amr,
      accessExpiresAt: strategy === 'opaque' ? null : new Date(exp * 1000),
    },
    refusal: null,
    setCookies: verdict.setCookies,
    [CLAIMS]: verdict.claims,
  } as Authentication
}

const refused = (code: ErrorCode): ClaimsVerdict => new Nobody('refused', code, {})

/** A refusal that came as an error. */
export function refusedWith(refusal: AuthError): Nobody {
  return new Nobody('refused', refusal.code, refusal.facts, refusal)
}

/** Most requests without a user are never refused anything, and an `Error` is most of what they would cost. */
export class Nobody {
  readonly status: 'anonymous' | 'refused'
  readonly user = null
  readonly session = null
  readonly #code: ErrorCode
  readonly #facts: AuthErrorFacts
  #refusal: AuthError | undefined

  constructor(status: 'anonymous' | 'refused', code: ErrorCode, facts: AuthErrorFacts, refusal?: AuthError) {
    this.status = status
    this.#code = code
    this.#facts = facts
    this.#refusal = refusal
  }

  get refusal(): AuthError {
    this.#refusal ??= new AuthError(this.#code, this.#facts)
    return this.#refusal
  }

  get setCookies(): readonly string[] {
    return this.#facts.setCookies ?? []
  }
}

/** The browser is rid of both; one that has a session refreshes and goes on. */
export function conflictFacts(
  { runtime, policy, path }: RequestContext,
  { cookie }: Credential & { kind: 'conflict' },
): AuthErrorFacts {
  const { name } = policy.attributes[cookie]
  return {
    detail: `Two different cookies named ${name} were sent, so neither can be believed; both are cleared.`,
    setCookies: policy.clearEverywhere(cookie, { hostname: runtime.config.hostname, path: path() }),
  }
}
