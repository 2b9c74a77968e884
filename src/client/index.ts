// How does a page sign in, stay signed in and call its API, without ever holding a token?
import type {
  ListedSession,
  LoginBody,
  Path,
  Problem,
  ProfileBody,
  RegisterBody,
  Session,
  SignedIn,
  User,
} from '../protocol.ts'
import { BASE_PATH, CSRF_HEADER } from '../protocol.ts'
import { createExpiry } from './expiry.ts'
import type { Platform } from './platform.ts'
import { browser } from './platform.ts'
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
export type { Platform } from './platform.ts'
export { AuthProblem, readProblem } from './problem.ts'

export interface ClientOptions {
  /** Origin of the server, where the page comes from another. Default: the page's own. */
  readonly baseURL?: string
  /** Default `/auth`. */
  readonly basePath?: string
  /** Send the CSRF token with unsafe requests from the first one on. Default: once the server has asked for it. */
  readonly csrf?: boolean
  /** Base name of the server's hint cookie, where another is configured. Default `auth_hint`. */
  readonly hintCookie?: string
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Default: the browser's. For tests. */
  readonly platform?: Partial<Platform>
}

/** One request, which may have to be sent more than once. */
export interface Attempt {
  /** What to add to it, each time before it is sent; waits for a refresh that is due. */
  headers(): Promise<Readonly<Record<string, string>>>
  /** After a refusal: whether to send it again. */
  again(problem: Problem): Promise<boolean>
}

/** Who is signed in, as far as this page knows. */
export type AuthState =
  | { readonly status: 'signedIn'; readonly user: User; readonly session: Session }
  | { readonly status: 'signedOut'; readonly user: null; readonly session: null }

export interface Client {
  /**
   * `fetch` with the session's cookies. Refreshes ahead of the access token's end, or when it has ended: once for all callers in
   * all tabs together.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * The same for a request that another library sends, once it has let it carry cookies; `null` for a request to an origin that is
   * neither the page's nor the server's. `lockjar/axios` is made of it.
   */
  attempt(input: string | URL, method: string): Attempt | null
  /** `null`: nobody is signed in before the link in the mail is opened, as the server is configured. */
  register(body: RegisterBody): Promise<SignedIn | null>
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
  /**
   * Tells this page who is signed in, as the server that rendered it knows; `null`: nobody. Nothing is asked. It counts where it is the
   * first that the page hears; one that has heard more since tells its listeners that.
   */
  assume(known: SignedIn | null): void
  /** Called when the user or the session changes, or ends, in this tab or another. Answers how to stop. */
  onChange(listener: (state: AuthState) => void): () => void
}

const SIGNED_OUT: AuthState = { status: 'signedOut', user: null, session: null }
const UNSAFE = /^(?:POST|PUT|PATCH|DELETE)$/i

/** Codes after which there is no session to renew. */
const ENDED: ReadonlySet<string> = new Set(['unauthenticated', 'session_revoked'])
/** Codes after which a refresh may help. */
const RENEWABLE: ReadonlySet<string> = new Set(['token_expired', 'cookie_conflict'])

/** Milliseconds for which a tab that refreshes is waited for. */
const PATIENCE = 5000
/** Milliseconds after which a refresh without an answer is given up, and tried again. */
const ANSWER = 10_000
/** A refresh whose answer was lost is sent again: the server serves both. */
const TRIES = 3
const BACK_OFF = 300
/** Milliseconds in which a message between tabs arrives. */
const SETTLE = 20
/** Milliseconds: a server that asks for more time is taken for unreachable. */
const LONGEST_WAIT = 5000

type Input = string | URL | Request

/** Between tabs. */
interface Told {
  readonly state: AuthState
  readonly date?: string | null | undefined
}

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
  const { baseURL = '', basePath = BASE_PATH, hintCookie = 'auth_hint' } = options
  const platform: Platform = { ...browser, ...options.platform }
  const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const expiry = createExpiry(platform, hintCookie)
  const listeners = new Set<(state: AuthState) => void>()
  const name = `lockjar ${baseURL}${basePath}`
  let refreshing: Promise<Session | null> | undefined
  let state: AuthState = SIGNED_OUT
  let csrf = options.csrf ?? false
  let csrfToken: Promise<string> | undefined
  /** The server has set cookies that no answer has shown to have been kept. */
  let isPromised = false

  /** Whatever sets cookies is done by one tab at a time: of two answers at once the later would win. */
  const alone = <T>(work: () => Promise<T>): Promise<T> => platform.alone(name, PATIENCE, work)

  const hear = ({ state: next, date }: Told): void => {
    if (next.session?.id !== state.session?.id) csrfToken = undefined
    // Another object each time: `me` knows by it that there was news.
    state = { ...next }
    expiry.learn(next.session, date)
    for (const listener of listeners) listener(next)
  }
  const post = platform.tabs(name, (message) => hear(message as Told))
  const tell = (next: AuthState, date?: string | null): void => {
    const told = { state: next, date }
    hear(told)
    post(told)
  }

  /** Nobody else is told by a page that was not signed in: it may be the last to hear of a sign-in. */
  const signedOut = (): void => (state.user ? tell(SIGNED_OUT) : hear({ state: SIGNED_OUT }))
  /** `session`: who was signed in when the refused request was sent. Another sign-in may have ended it since. */
  const ended = (session: Session | null): void => {
    if (session?.id === state.session?.id) signedOut()
  }
  /** Another session of the same user, or the same one for longer. */
  const renewed = async (response: Response): Promise<Session> => {
    const { session } = await read<{ session: Session }>(response)
    if (state.user) tell({ ...state, session }, dateOf(response))
    else expiry.learn(session, dateOf(response))
    return session
  }
  platform.restored(() => {
    if (state.user) me().catch(() => {})
  })

  /** The server's origin and the page's own: nobody else gets the CSRF token or is sent cookies by us. */
  const homes = [globalThis.location?.origin, originOf(baseURL)].filter(Boolean)

  function isOurs(input: Input): boolean {
    // A page's <base> decides where a relative address goes, and that may be another origin.
    const base = globalThis.document?.baseURI ?? globalThis.location?.href ?? baseURL
    const origin = originOf(String((input as Request).url ?? input), base)
    return !homes[0] || !origin || homes.includes(origin)
  }

  /** With cookies and, once the server has asked for it, the CSRF token; sent again for as long as `attempt` says so. */
  async function through(
    renews: boolean,
    input: Input,
    init: RequestInit = {},
    transport = send,
  ): Promise<Response> {
    const given = input instanceof Request ? input : init
    const attempt = begin(UNSAFE.test(init.method ?? given.method ?? 'GET'), renews)
    for (;;) {
      const headers = new Headers(init.headers ?? given.headers)
      for (const [name, value] of Object.entries(await attempt.headers())) headers.set(name, value)
      const once = input instanceof Request ? input.clone() : input
      const response = await transport(once, { credentials: 'include', ...init, headers })
      if (response.ok) isPromised = false
      const problem = /40[13]/.test(`${response.status}`) ? await readProblem(response) : null
      if (!problem || !(await attempt.again(problem)) || init.body instanceof ReadableStream) return response
    }
  }

  /**
   * The server may want a CSRF token, or another than ours, since a page of its own may have been given one. Where `renews`, also
   * refreshes when the access token has ended or is about to.
   */
  function begin(isUnsafe: boolean, renews: boolean): Attempt {
    let hadOldToken = false
    let seen: number | undefined
    let { session } = state
    let rounds = 0
    return {
      async headers() {
        if (renews && seen === undefined) await renewAhead()
        seen ??= expiry.known()
        session = state.session
        return csrf && isUnsafe ? { [CSRF_HEADER]: await getCsrfToken() } : {}
      },
      async again({ code, hint = '' }) {
        if (isUnsafe && code === 'csrf_failed' && !hadOldToken) {
          csrf = hadOldToken = true
          csrfToken = undefined
          return true
        }
        if (!renews) return false
        if (ENDED.has(code)) {
          if (isPromised && code === 'unauthenticated')
            platform.warn(`lockjar: the cookies of the sign-in did not come back. ${hint}`)
          isPromised = false
          // From elsewhere: this page hears of it here.
          if (session) ended(session)
        }
        if (rounds++ > 1 || !RENEWABLE.has(code)) return false
        try {
          // Another tab's may have ended in its turn, where roles were changed.
          if (await renew(seen ?? 0)) rounds++
          seen = Number.POSITIVE_INFINITY
          return true
        } catch (error) {
          // The first refusal is the answer; only a fault on the way is the caller's to know.
          if (error instanceof AuthProblem && error.status < 500) return false
          throw error
        }
      },
    }
  }

  function getCsrfToken(): Promise<string> {
    csrfToken ??= ask('/csrf', 'GET', undefined, request)
      .then(read<{ csrfToken: string }>)
      .then((body) => body.csrfToken)
      .catch((error: unknown) => {
        csrfToken = undefined
        throw error
      })
    return csrfToken
  }

  /**
   * All callers wait for one refresh. `seen`: the end of the token that will not do; where another tab has brought a newer one,
   * there is nothing to do, and the answer is `null`.
   */
  function renew(seen: number): Promise<Session | null> {
    refreshing ??= alone(async () => {
      // A tab on another origin than the server's sees no hint cookie; what the tab before it told may come after the lock.
      await platform.wait(SETTLE)
      return expiry.known() > seen ? null : refreshNow()
    }).finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  async function refreshNow(): Promise<Session> {
    const { session } = state
    for (let tries = 1; ; tries++) {
      const answer = await request(url('/refresh'), {
        method: 'POST',
        signal: AbortSignal.timeout(ANSWER),
      }).catch((error: unknown) => ({ error }))
      const isAnswer = answer instanceof Response
      const after = isAnswer ? Number(answer.headers.get('retry-after')) * 1000 : 0
      // A lost answer, and a server that is busy, are worth another try: the server serves both.
      if (tries < TRIES && after <= LONGEST_WAIT && (!isAnswer || answer.status > 501)) {
        await platform.wait(Math.max(after, BACK_OFF * 3 ** tries * (1 + platform.random())))
        continue
      }
      if (!isAnswer) throw answer.error
      if (answer.ok) return renewed(answer)
      const problem = toProblem(answer, await readProblem(answer))
      if (ENDED.has(problem.code)) ended(session)
      throw problem
    }
  }

  const request = (input: Input, init?: RequestInit): Promise<Response> => through(false, input, init)
  const call = (input: Input, init?: RequestInit): Promise<Response> =>
    isOurs(input) ? through(true, input, init) : send(input, init)

  /** While the token is good nobody waits. What goes wrong is told by the request itself. */
  async function renewAhead(): Promise<void> {
    const due = expiry.state()
    if (due !== 'soon' && due !== 'ended') return
    const refreshed = renew(expiry.known()).catch(() => {})
    if (due === 'ended') await refreshed
  }

  const url = (path: Path | `/sessions/${string}`): string => baseURL + basePath + path

  async function ask(
    path: Parameters<typeof url>[0],
    method: string,
    body?: object,
    by = call,
  ): Promise<Response> {
    const init: RequestInit = { method }
    if (body) {
      init.body = JSON.stringify(body)
      init.headers = { 'content-type': 'application/json' }
    }
    const response = await by(url(path), init)
    if (!response.ok) throw toProblem(response, await readProblem(response))
    return response
  }

  /** Its answer sets or clears cookies. */
  const lockedSend: typeof fetch = (input, init) => alone(() => send(input, init))
  const locked = (input: Input, init?: RequestInit): Promise<Response> =>
    through(false, input, init, lockedSend)
  const lockedCall = (input: Input, init?: RequestInit): Promise<Response> =>
    through(true, input, init, lockedSend)

  async function signedIn(response: Response, say = tell): Promise<SignedIn> {
    const { user, session } = await read<SignedIn>(response)
    say({ status: 'signedIn', user, session }, dateOf(response))
    return { user, session }
  }

  const start = async (path: Path, body: object): Promise<SignedIn | null> => {
    const response = await ask(path, 'POST', body, locked)
    if (response.status === 202) return null
    const answer = await signedIn(response)
    isPromised = true
    return answer
  }

  async function me(): Promise<SignedIn | null> {
    const before = state
    const { session } = before
    // What was asked before another tab signed in, or out, is news no more.
    const hearIt = (next: AuthState, date?: string | null): void => {
      if (session ? session.id === state.session?.id : before === state) hear({ state: next, date })
    }
    try {
      return await signedIn(await ask('/me', 'GET'), hearIt)
    } catch (error) {
      if (!(error instanceof AuthProblem) || error.status !== 401) throw error
      ended(session)
      return null
    }
  }

  return {
    fetch: call,
    attempt: (input, method) => (isOurs(input) ? begin(UNSAFE.test(method), true) : null),
    register: (body) => start('/register', body),
    login: (body) => start('/login', body) as Promise<SignedIn>,
    logout: () => ask('/logout', 'POST', undefined, locked).then(signedOut),
    logoutAll: () => ask('/logout-all', 'POST', undefined, lockedCall).then(signedOut),
    me,
    updateMe: async (change) => signedIn(await ask('/me', 'PATCH', change)),
    stepUp: async (password) => renewed(await ask('/step-up', 'POST', { password }, lockedCall)),
    changePassword: async (currentPassword, newPassword) =>
      renewed(await ask('/password/change', 'POST', { currentPassword, newPassword }, lockedCall)),
    deleteMe: (password) => ask('/me', 'DELETE', { password }, lockedCall).then(signedOut),
    refresh: async () => (await renew(Number.POSITIVE_INFINITY)) ?? refreshNow(),
    sessions: async () =>
      (await read<{ sessions: readonly ListedSession[] }>(await ask('/sessions', 'GET'))).sessions,
    revokeSession: async (id) => void (await ask(`/sessions/${encodeURIComponent(id)}`, 'DELETE')),
    revokeOtherSessions: async () => void (await ask('/sessions/revoke-others', 'POST')),
    assume: (known) =>
      hear({ state: state === SIGNED_OUT && known ? { status: 'signedIn', ...known } : state }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** `undefined` for what is no address. */
function originOf(target: string, base?: string): string | undefined {
  try {
    return new URL(target, base || undefined).origin
  } catch {
    return undefined
  }
}
const read = async <T>(response: Response): Promise<T> => (await response.json()) as T
const dateOf = ({ headers }: Response): string | null => headers.get('date')
