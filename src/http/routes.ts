// Which requests does Lockjar answer, and what becomes of each?
import type * as v from 'valibot'
import { deleteAccount, getAccount, updateProfile } from '../actions/account.ts'
import type { Issued } from '../actions/issue-tokens.ts'
import { login } from '../actions/login.ts'
import { logout, logoutAll } from '../actions/logout.ts'
import { refresh } from '../actions/refresh.ts'
import { register } from '../actions/register.ts'
import { listSessions, revokeOtherSessions, revokeSession } from '../actions/sessions.ts'
import type { SignInContext } from '../actions/start-session.ts'
import { parseHint } from '../core/cookie/hint.ts'
import { verifyRefreshToken } from '../core/refresh-token/verify.ts'
import { toIdentifier } from '../core/user/identifier.ts'
import type { ErrorCode } from '../errors.ts'
import { AuthError } from '../errors.ts'
import { PATHS } from '../protocol.ts'
import type { ClaimsVerdict, RequestContext } from './authenticate-request.ts'
import { authenticateRequest, conflictFacts, hasCsrfToken } from './authenticate-request.ts'
import { carriedSession, headerToken, refreshClaims } from './credentials.ts'
import { csrfTokenFor } from './csrf-token.ts'
import { csrfRefusal, guard } from './guard.ts'
import type { Answer } from './response.ts'
import * as schemas from './schemas.ts'
import { clearCookies, sessionCookies } from './session-cookies.ts'
import type { BodySchema } from './validate.ts'
import { toListedSession, toSession, toUser } from './views.ts'

/** A request that has passed the guard's first look and whose body fits. */
export interface Call<B> extends RequestContext {
  readonly body: B
  readonly params: Readonly<Record<string, string>>
  /** Network address of the sender, or `null` where the platform does not say. */
  readonly ip: string | null
}

export interface Route<S extends BodySchema = BodySchema> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly operationId: string
  readonly summary: string
  readonly body: S
  readonly success: {
    readonly status: number
    readonly description: string
    readonly schema?: v.GenericSchema
  }
  /** Refusals of its own, besides those that any request can meet. */
  readonly refusals: readonly ErrorCode[]
  /** Refuses before the body is read where the request's source already says no. */
  readonly admit: (context: RequestContext) => void
  readonly run: (call: Call<v.InferOutput<S>>) => Promise<Answer>
}

const route = <S extends BodySchema>(entry: Route<S>): Route => entry as unknown as Route

/** Sign-in and registration set cookies, so they are guarded with or without a credential: login CSRF. */
const SIGN_IN = { ambient: true, onlyJson: true } as const

function admitSignIn(context: RequestContext): void {
  const { facts, runtime } = context
  if (guard(facts, runtime.config, SIGN_IN) === 'refused') {
    throw csrfRefusal(facts, runtime.config, 'source')
  }
}

/** A client that gets its tokens in the body gets no cookie, so nobody can be signed in to a stranger's account by it. */
async function requireSignInToken(context: RequestContext, carried: string | null): Promise<void> {
  const { facts, runtime } = context
  if (facts.wantsTokens || guard(facts, runtime.config, SIGN_IN) !== 'token') return
  // The page may have got its token before, or without, the session that the browser carries.
  if ((carried !== null && (await hasCsrfToken(context, carried))) || (await hasCsrfToken(context, '')))
    return
  throw csrfRefusal(facts, runtime.config, 'token')
}

/** Refresh and logout act on cookies unless a header decides. */
const usesHeader = ({ facts, runtime }: RequestContext): boolean =>
  headerToken(facts, runtime.config.authorizationScheme) !== undefined

const sessionAuthority = (context: RequestContext) => ({ ambient: !usesHeader(context), onlyJson: false })

function admitCookies(context: RequestContext): void {
  const { facts, runtime } = context
  if (guard(facts, runtime.config, sessionAuthority(context)) === 'refused') {
    throw csrfRefusal(facts, runtime.config, 'source')
  }
}

async function requireSessionToken(context: RequestContext, binding: string | null): Promise<void> {
  const { facts, runtime } = context
  if (guard(facts, runtime.config, sessionAuthority(context)) !== 'token') return
  if (await hasCsrfToken(context, binding ?? '')) return
  throw csrfRefusal(facts, runtime.config, 'token')
}

const admitAll = (): void => {}

/** @throws the refusal of anybody who is not signed in. */
async function requireUser(context: RequestContext): Promise<ClaimsVerdict & { status: 'authenticated' }> {
  const verdict = await authenticateRequest(context)
  if (verdict.status === 'authenticated') return verdict
  throw verdict.refusal
}

/** The browser's cookies are cleared with the session, an API client's header has none. */
const clearIfCookie = ({ policy }: RequestContext, verdict: ClaimsVerdict & { status: 'authenticated' }) =>
  verdict.credential.kind === 'cookie' ? { setCookies: clearCookies(policy) } : {}

function signInContext(
  call: Call<{ readonly remember?: boolean | undefined }>,
  replaces: string | null,
): SignInContext {
  const { facts, ip, body } = call
  return {
    remember: body.remember ?? false,
    carriage: facts.wantsTokens ? 'header' : 'cookie',
    ip,
    userAgent: facts.userAgent,
    replaces,
  }
}

/** Whose hashing waits behind whose. */
const sourceOf = ({ ip }: Call<unknown>): string => ip ?? ''

async function answerIssued(
  call: Call<unknown>,
  status: number,
  issued: Issued,
  body: object,
  inBody: boolean,
): Promise<Answer> {
  const { runtime, policy, facts } = call
  const session = toSession(issued.session, true, issued.accessExpiresAt)
  if (inBody) {
    return {
      status,
      body: { ...body, session, accessToken: issued.accessToken, refreshToken: issued.refreshToken },
    }
  }
  const csrfToken = await csrfTokenFor(issued.session.id, facts, policy, runtime)
  return {
    status,
    body: { ...body, session },
    setCookies: sessionCookies(policy, issued, csrfToken, runtime.clock.now()),
  }
}

export const ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: PATHS.register,
    operationId: 'register',
    summary: 'Create a user and sign in',
    body: schemas.registerBody,
    success: { status: 201, description: 'Registered and signed in', schema: schemas.signedInAnswer },
    refusals: ['csrf_failed', 'conflict', 'forbidden', 'unavailable'],
    admit: admitSignIn,
    async run(call) {
      const { runtime, policy, facts, body } = call
      const carried = await carriedSession(facts, policy, runtime)
      await requireSignInToken(call, carried)
      const { email, password, username = null, name = null } = body
      const issued = await register(
        runtime,
        { email, password, username, name },
        signInContext(call, carried),
        sourceOf(call),
      )
      return answerIssued(call, 201, issued, { user: toUser(issued.user) }, facts.wantsTokens)
    },
  }),
  route({
    method: 'POST',
    path: PATHS.login,
    operationId: 'login',
    summary: 'Sign in with a password',
    body: schemas.loginBody,
    success: { status: 200, description: 'Signed in', schema: schemas.signedInAnswer },
    refusals: ['csrf_failed', 'invalid_credentials', 'account_disabled', 'unavailable'],
    admit: admitSignIn,
    async run(call) {
      const { runtime, policy, facts, body } = call
      const carried = await carriedSession(facts, policy, runtime)
      await requireSignInToken(call, carried)
      const { email, username, identifier = '' } = body
      const who =
        email !== undefined ? { email } : username !== undefined ? { username } : toIdentifier(identifier)
      const issued = await login(runtime, who, body.password, signInContext(call, carried), sourceOf(call))
      return answerIssued(call, 200, issued, { user: toUser(issued.user) }, facts.wantsTokens)
    },
  }),
  route({
    method: 'POST',
    path: PATHS.refresh,
    operationId: 'refresh',
    summary: 'Renew the access token; the refresh token is rotated',
    body: schemas.emptyBody,
    success: { status: 200, description: 'Renewed', schema: schemas.refreshedAnswer },
    refusals: ['csrf_failed', 'unauthenticated', 'session_revoked', 'cookie_conflict', 'unavailable'],
    admit: admitCookies,
    run: (call) => (usesHeader(call) ? refreshByHeader(call) : refreshByCookie(call)),
  }),
  route({
    method: 'POST',
    path: PATHS.logout,
    operationId: 'logout',
    summary: 'End this session; also when already signed out',
    body: schemas.emptyBody,
    success: { status: 204, description: 'Signed out' },
    refusals: ['csrf_failed', 'unavailable'],
    admit: admitCookies,
    async run(call) {
      const { runtime, policy, facts } = call
      if (usesHeader(call)) {
        await logoutByHeader(call)
        return { status: 204 }
      }
      const carried = await carriedSession(facts, policy, runtime)
      await requireSessionToken(call, carried)
      if (carried !== null) await logout(runtime, carried)
      // Without cookies and without a named source nothing was asked of this browser, so nothing of it is cleared.
      const named = facts.carriesCookies || facts.origin !== null || facts.secFetchSite !== null
      return { status: 204, ...(named && { setCookies: clearCookies(policy) }) }
    },
  }),
  route({
    method: 'POST',
    path: PATHS.logoutAll,
    operationId: 'logoutAll',
    summary: 'End every session of the user',
    body: schemas.emptyBody,
    success: { status: 204, description: 'Signed out everywhere' },
    refusals: [
      'csrf_failed',
      'unauthenticated',
      'token_expired',
      'session_revoked',
      'cookie_conflict',
      'unavailable',
    ],
    admit: admitCookies,
    async run(call) {
      const verdict = await requireUser(call)
      await logoutAll(call.runtime, verdict.claims.sub)
      return { status: 204, ...clearIfCookie(call, verdict) }
    },
  }),
  route({
    method: 'GET',
    path: PATHS.me,
    operationId: 'getMe',
    summary: 'The signed-in user and this session',
    body: schemas.emptyBody,
    success: { status: 200, description: 'The user', schema: schemas.accountAnswer },
    refusals: ['unauthenticated', 'token_expired', 'session_revoked', 'cookie_conflict', 'unavailable'],
    admit: admitAll,
    async run(call) {
      const { claims } = await requireUser(call)
      const { user, session } = await getAccount(call.runtime, claims)
      return {
        status: 200,
        body: { user: toUser(user), session: toSession(session, true, claims.exp * 1000) },
      }
    },
  }),
  route({
    method: 'PATCH',
    path: PATHS.me,
    operationId: 'updateMe',
    summary: 'Change the profile',
    body: schemas.profileBody,
    success: { status: 200, description: 'The user as changed', schema: schemas.accountAnswer },
    refusals: [
      'csrf_failed',
      'unauthenticated',
      'token_expired',
      'session_revoked',
      'conflict',
      'cookie_conflict',
      'unavailable',
    ],
    admit: admitCookies,
    async run(call) {
      const { claims } = await requireUser(call)
      const { name, username } = call.body
      const { user, session } = await updateProfile(call.runtime, claims, {
        ...(name !== undefined && { name }),
        ...(username !== undefined && { username }),
      })
      return {
        status: 200,
        body: { user: toUser(user), session: toSession(session, true, claims.exp * 1000) },
      }
    },
  }),
  route({
    method: 'DELETE',
    path: PATHS.me,
    operationId: 'deleteMe',
    summary: 'Delete the account',
    body: schemas.deleteBody,
    success: { status: 204, description: 'Deleted, every session ended' },
    refusals: [
      'csrf_failed',
      'unauthenticated',
      'token_expired',
      'session_revoked',
      'invalid_credentials',
      'cookie_conflict',
      'unavailable',
    ],
    admit: admitCookies,
    async run(call) {
      const verdict = await requireUser(call)
      await deleteAccount(call.runtime, verdict.claims, call.body.password, sourceOf(call))
      return { status: 204, ...clearIfCookie(call, verdict) }
    },
  }),
  route({
    method: 'GET',
    path: PATHS.csrf,
    operationId: 'getCsrfToken',
    summary: 'A CSRF token for this session, and its cookie',
    body: schemas.emptyBody,
    success: { status: 200, description: 'The token', schema: schemas.csrfAnswer },
    refusals: [],
    admit: admitAll,
    async run({ runtime, policy, facts }) {
      const binding = (await carriedSession(facts, policy, runtime)) ?? ''
      const csrfToken = await csrfTokenFor(binding, facts, policy, runtime)
      return { status: 200, body: { csrfToken }, setCookies: [policy.set('csrf', csrfToken)] }
    },
  }),
  route({
    method: 'GET',
    path: PATHS.sessions,
    operationId: 'listSessions',
    summary: "The user's live sessions",
    body: schemas.emptyBody,
    success: {
      status: 200,
      description: 'The sessions, the current one marked',
      schema: schemas.sessionsAnswer,
    },
    refusals: ['unauthenticated', 'token_expired', 'session_revoked', 'cookie_conflict', 'unavailable'],
    admit: admitAll,
    async run(call) {
      const { claims } = await requireUser(call)
      const sessions = await listSessions(call.runtime, claims.sub)
      return {
        status: 200,
        body: { sessions: sessions.map((session) => toListedSession(session, session.id === claims.sid)) },
      }
    },
  }),
  route({
    method: 'POST',
    path: PATHS.revokeOthers,
    operationId: 'revokeOtherSessions',
    summary: 'End every session of the user but this one',
    body: schemas.emptyBody,
    success: { status: 204, description: 'Revoked' },
    refusals: [
      'csrf_failed',
      'unauthenticated',
      'token_expired',
      'session_revoked',
      'cookie_conflict',
      'unavailable',
    ],
    admit: admitCookies,
    async run(call) {
      const { claims } = await requireUser(call)
      await revokeOtherSessions(call.runtime, claims.sub, claims.sid)
      return { status: 204 }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATHS.sessions}/:id`,
    operationId: 'revokeSession',
    summary: 'End one session of the user',
    body: schemas.emptyBody,
    success: { status: 204, description: 'Revoked; one’s own clears the cookies' },
    refusals: [
      'csrf_failed',
      'unauthenticated',
      'token_expired',
      'session_revoked',
      'not_found',
      'cookie_conflict',
      'unavailable',
    ],
    admit: admitCookies,
    async run(call) {
      const verdict = await requireUser(call)
      const { id = '' } = call.params
      await revokeSession(call.runtime, verdict.claims.sub, id)
      return { status: 204, ...(id === verdict.claims.sid && clearIfCookie(call, verdict)) }
    },
  }),
]

/** An API client's refresh token, as `Authorization: Bearer`. Its answer is a body, and only for such a client. */
async function refreshByHeader(call: Call<unknown>): Promise<Answer> {
  const { runtime, facts } = call
  const token = headerToken(facts, runtime.config.authorizationScheme)
  const claims = token ? await verifyRefreshToken(token, runtime.ring) : null
  if (!claims || !facts.wantsTokens) throw new AuthError('unauthenticated')
  return answerIssued(call, 200, await refresh(runtime, claims, 'header'), {}, true)
}

/**
 * The refresh cookie's path keeps it from being locked to the host, so a sibling sub-domain could plant one of its own.
 * The hint cookie is locked: only a refresh cookie of the session that it names counts.
 */
async function refreshByCookie(call: Call<unknown>): Promise<Answer> {
  const { runtime, policy, facts } = call
  const [value, ...others] = policy.read('hint', facts.cookies)
  if (others.length > 0)
    throw new AuthError('cookie_conflict', conflictFacts(call, { kind: 'conflict', cookie: 'hint' }))
  const hint = parseHint(value ?? '')
  const claims = (await refreshClaims(facts, policy, runtime)).find(
    ({ sessionId }) => sessionId === hint?.sessionId,
  )
  if (!claims) throw new AuthError('unauthenticated')
  await requireSessionToken(call, claims.sessionId)
  try {
    return await answerIssued(call, 200, await refresh(runtime, claims, 'cookie'), {}, false)
  } catch (error) {
    throw clearAfterReuse(error, call)
  }
}

/** Only proven reuse clears cookies; a refresh that came too late sets and clears nothing. */
function clearAfterReuse(error: unknown, { policy }: RequestContext): unknown {
  if (!(error instanceof AuthError) || error.facts.endsSession !== true) return error
  return new AuthError(error.code, { ...error.facts, setCookies: clearCookies(policy) })
}

/** Either token of an API client ends its session; a token that is no good ends nothing, and that is no error. */
async function logoutByHeader({ runtime, facts }: Call<unknown>): Promise<void> {
  const token = headerToken(facts, runtime.config.authorizationScheme)
  if (!token) return
  const verdict = await runtime.tokens.verify(token, runtime.clock.now())
  const expired = !verdict.ok && verdict.reason === 'expired'
  const sessionId =
    verdict.ok || expired ? verdict.claims.sid : (await verifyRefreshToken(token, runtime.ring))?.sessionId
  if (sessionId !== undefined) await logout(runtime, sessionId)
}
