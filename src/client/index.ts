// How does a page sign in, stay signed in and call its API, without ever holding a token?
import type {
  ListedSession,
  LoginBody,
  ProfileBody,
  RegisterBody,
  Session,
  SignedIn,
  User,
} from '../protocol.ts'
import { BASE_PATH, HEADERS, PATHS } from '../protocol.ts'
import { AuthProblem, readProblem, toProblem } from './problem.ts'

export type {
  ListedSession,
  LoginBody,
  Problem,
  ProfileBody,
  RegisterBody,
  Session,
  SignedIn,
  User,
} from '../protocol.ts'
export { AuthProblem, readProblem } from './problem.ts'

export interface ClientOptions {
  /** Origin of the server, where the page comes from another. Default: the page's own. */
  readonly baseURL?: string
  /** Default `/auth`. */
  readonly basePath?: string
  /** Send the CSRF token with unsafe requests, for a server with `csrf: 'token'`. Default false. */
  readonly csrf?: boolean
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

/** Who is signed in, as far as this page knows. */
export type AuthState =
  | { readonly status: 'signedIn'; readonly user: User; readonly session: Session }
  | { readonly status: 'signedOut'; readonly user: null; readonly session: null }

export interface Client {
  /** `fetch` with the session's cookies; refreshes once, for all callers together, when the access token has ended. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  register(body: RegisterBody): Promise<SignedIn>
  login(body: LoginBody): Promise<SignedIn>
  logout(): Promise<void>
  logoutAll(): Promise<void>
  /** The signed-in user, or `null`. */
  me(): Promise<SignedIn | null>
  updateMe(change: ProfileBody): Promise<SignedIn>
  /** Ends every other session of the user; this page goes on in a new one. */
  changePassword(currentPassword: string, newPassword: string): Promise<Session>
  deleteMe(password: string): Promise<void>
  refresh(): Promise<Session>
  /** Proves the password again, after a refusal with `step_up_required`; then send the request again. */
  stepUp(password: string): Promise<Session>
  sessions(): Promise<readonly ListedSession[]>
  revokeSession(id: string): Promise<void>
  revokeOtherSessions(): Promise<void>
  /** Called when the user or the session changes, or ends. Answers how to stop. */
  onChange(listener: (state: AuthState) => void): () => void
}

const SIGNED_OUT: AuthState = { status: 'signedOut', user: null, session: null }
const UNSAFE = /^(?:POST|PUT|PATCH|DELETE)$/i

/** Where this script runs, if that is a page. */
const pageOf = (): Location | undefined => globalThis.location

/** Codes after which there is no session to renew. */
const ENDED: ReadonlySet<string> = new Set(['unauthenticated', 'session_revoked'])

/**
 * @example
 * ```ts
 * import { createClient } from 'lockjar/client'
 *
 * const auth = createClient()
 * await auth.login({ identifier: 'ada@example.com', password: 'correct horse battery staple' })
 * const tasks = await auth.fetch('/api/tasks').then((response) => response.json())
 * console.log(tasks)
 * ```
 */
export function createClient(options: ClientOptions = {}): Client {
  const { baseURL = '', basePath = BASE_PATH, csrf = false } = options
  const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const listeners = new Set<(state: AuthState) => void>()
  let refreshing: Promise<Session> | undefined
  let user: User | null = null
  let csrfToken: Promise<string> | undefined

  const tell = (state: AuthState): void => {
    user = state.user
    for (const listener of listeners) listener(state)
  }
  const signedIn = ({ user, session }: SignedIn): SignedIn => {
    tell({ status: 'signedIn', user, session })
    return { user, session }
  }
  const signedOut = (): void => tell(SIGNED_OUT)

  /** The server's origin and the page's own: nobody else gets the CSRF token or is sent cookies by us. */
  const homes = [pageOf()?.origin, URL.canParse(baseURL) ? new URL(baseURL).origin : undefined].filter(
    Boolean,
  )

  function isOurs(input: string | URL | Request): boolean {
    const base = pageOf()?.href ?? (baseURL || undefined)
    const target = input instanceof Request ? input.url : String(input)
    return homes.length === 0 || !URL.canParse(target, base) || homes.includes(new URL(target, base).origin)
  }

  /** One request as it is, with cookies and, where it is asked for, the CSRF token. */
  async function request(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? (input instanceof Request ? input.method : 'GET')
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined))
    if (csrf && UNSAFE.test(method)) headers.set(HEADERS.csrf, await getCsrfToken())
    return send(input, { credentials: 'include', ...init, headers })
  }

  function getCsrfToken(): Promise<string> {
    csrfToken ??= send(url(PATHS.csrf), { credentials: 'include' })
      .then((response) => response.json() as Promise<{ csrfToken: string }>)
      .then((body) => body.csrfToken)
      .catch((error: unknown) => {
        csrfToken = undefined
        throw error
      })
    return csrfToken
  }

  /** All callers wait for one refresh. */
  function refresh(): Promise<Session> {
    refreshing ??= refreshOnce().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  /** Another tab, or a page of the server's, has been given another CSRF token since: worth one more try. */
  async function hasOldCsrfToken(response: Response): Promise<boolean> {
    if (!csrf || response.status !== 403 || (await readProblem(response))?.code !== 'csrf_failed')
      return false
    csrfToken = undefined
    return true
  }

  async function refreshOnce(): Promise<Session> {
    const first = await request(url(PATHS.refresh), { method: 'POST' })
    const response = (await hasOldCsrfToken(first))
      ? await request(url(PATHS.refresh), { method: 'POST' })
      : first
    if (response.ok) {
      const { session } = (await response.json()) as { session: Session }
      if (user) tell({ status: 'signedIn', user, session })
      return session
    }
    const problem = toProblem(response, await readProblem(response))
    if (ENDED.has(problem.code)) signedOut()
    throw problem
  }

  /** Sends; on `token_expired` refreshes and sends once more. A request whose body was read is sent from its copy. */
  async function call(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const again = input instanceof Request ? input.clone() : input
    if (!isOurs(input)) return send(input, init)
    const response = await request(input, init)
    if (response.status !== 401 && response.status !== 403) return response
    const problem = await readProblem(response)
    if (csrf && problem?.code === 'csrf_failed' && !(init.body instanceof ReadableStream)) {
      // Another tab has signed in since: its session has another token.
      csrfToken = undefined
      return request(again, init)
    }
    // Ended from elsewhere, or signed out in another tab: this page hears of it here.
    if (user && problem && ENDED.has(problem.code)) signedOut()
    if (problem?.code !== 'token_expired' && problem?.code !== 'cookie_conflict') return response
    if (init.body instanceof ReadableStream) return response
    try {
      await refresh()
    } catch (error) {
      // The first refusal is the answer; only a fault on the way is the caller's to know.
      if (error instanceof AuthProblem && error.status < 500) return response
      throw error
    }
    return request(again, init)
  }

  const url = (path: string): string => baseURL + basePath + path

  async function json<T>(path: string, method: string, body?: unknown, through = call): Promise<T> {
    const init: RequestInit = { method }
    if (body !== undefined) {
      init.body = JSON.stringify(body)
      init.headers = { 'content-type': 'application/json' }
    }
    const response = await through(url(path), init)
    if (!response.ok) throw toProblem(response, await readProblem(response))
    return (response.status === 204 ? undefined : await response.json()) as T
  }

  /** A new session has a new CSRF token. */
  const start = async (path: string, body: unknown): Promise<SignedIn> => {
    const answer = await json<SignedIn>(path, 'POST', body, request)
    csrfToken = undefined
    return signedIn(answer)
  }
  const end = async (ending: Promise<void>): Promise<void> => {
    await ending
    csrfToken = undefined
    signedOut()
  }

  return {
    fetch: call,
    register: (body) => start(PATHS.register, body),
    login: (body) => start(PATHS.login, body),
    async logout() {
      // A refresh that is on its way would set cookies after they were cleared.
      await refreshing?.catch(() => {})
      await end(json(PATHS.logout, 'POST', undefined, request))
    },
    logoutAll: () => end(json(PATHS.logoutAll, 'POST')),
    async me() {
      const response = await call(url(PATHS.me))
      if (response.ok) return signedIn((await response.json()) as SignedIn)
      const problem = toProblem(response, await readProblem(response))
      if (problem.status !== 401) throw problem
      signedOut()
      return null
    },
    updateMe: async (change) => signedIn(await json<SignedIn>(PATHS.me, 'PATCH', change)),
    async stepUp(password) {
      const { session } = await json<{ session: Session }>(PATHS.stepUp, 'POST', { password })
      if (user) tell({ status: 'signedIn', user, session })
      return session
    },
    async changePassword(currentPassword, newPassword) {
      const body = { currentPassword, newPassword }
      const { session } = await json<{ session: Session }>(PATHS.passwordChange, 'POST', body)
      csrfToken = undefined
      if (user) tell({ status: 'signedIn', user, session })
      return session
    },
    deleteMe: (password) => end(json(PATHS.me, 'DELETE', { password })),
    refresh,
    sessions: async () =>
      (await json<{ sessions: readonly ListedSession[] }>(PATHS.sessions, 'GET')).sessions,
    revokeSession: (id) => json(`${PATHS.sessions}/${encodeURIComponent(id)}`, 'DELETE'),
    revokeOtherSessions: () => json(PATHS.revokeOthers, 'POST'),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
