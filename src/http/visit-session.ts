// How does an application keep something for one browser's visit, signed in or not?
import { openSessionData } from '../actions/open-session-data.ts'
import type { SessionData } from '../actions/session-data.ts'
import { dataRefusal, renewedSession } from '../actions/session-data.ts'
import { LARGEST_VALUE, LONGEST_KEY } from '../core/session-data/container.ts'
import type { Json } from '../core/session-data/json.ts'
import { DEEPEST, isDeeperThan, notJsonAt } from '../core/session-data/json.ts'
import type { Authentication, RequestContext } from './authenticate-request.ts'
import { visitorRefusal } from './authenticate-request.ts'
import { hintedSession } from './credentials.ts'
import { dataCookies, shownData } from './data-cookie.ts'

/**
 * JSON values by key, kept for one browser: an anonymous visitor's until they sign in, who take it along under a new id; a user's
 * until they sign out. Begun by the first `set`.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const addToCart = auth.protect(
 *   async (_request, _who, { session }) => {
 *     const items = await session.get('cart', 0)
 *     await session.set('cart', items + 1)
 *     return Response.json({ items: items + 1 })
 *   },
 *   { anonymous: true },
 * )
 * ```
 */
export interface VisitSession {
  /** `fallback`, or `null`, where there is none. The whole container is read once for each request. */
  get<T = unknown>(key: string): Promise<T | null>
  get<T>(key: string, fallback: T): Promise<T>
  /** Everything, by key. */
  all(): Promise<Readonly<Record<string, unknown>>>
  /**
   * Writes one key and leaves the others to whoever writes them at the same time.
   *
   * @throws {TypeError} for a value that is not JSON, or a key of other characters than `A-Z a-z 0-9 _ . : / -`.
   * @throws {AuthError} `payload_too_large` over a limit; `conflict` where another request has just given the browser another
   * id; `csrf_failed` where a visitor's request comes from a page that is not trusted; `session_revoked`.
   */
  set(key: string, value: Json): Promise<void>
  delete(key: string): Promise<void>
  /** Forgets everything and the cookie with it. The next `set` begins anew, under a new id. */
  flush(): Promise<void>
  /** Goes on under a new id: when what the visitor may do changes other than by signing in. */
  rotate(): Promise<void>
}

const KEY = /^[A-Za-z0-9_.:/-]+$/

const utf8 = new TextEncoder()

export function createVisitSession(
  context: RequestContext,
  who: Authentication,
): VisitSession & { setCookies(): Promise<readonly string[]> } {
  let opened: Promise<SessionData> | undefined
  const open = (): Promise<SessionData> => {
    opened ??= openData(context, who)
    return opened
  }
  let permission: Promise<void> | undefined
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other, or two first writes at once would begin two containers. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
  const change = (work: (data: SessionData) => Promise<void>): Promise<void> =>
    inTurn(async () => {
      permission ??= requirePermission(context, who)
      await permission
      await work(await open())
    })
  const entries = (): Promise<ReadonlyMap<string, string>> => {
    if (who.status === 'refused') return Promise.reject(who.refusal)
    return inTurn(async () => (await open()).read())
  }

  return {
    async get<T>(key: string, fallback: T | null = null): Promise<T | null> {
      const json = (await entries()).get(key)
      return json === undefined ? fallback : (JSON.parse(json) as T)
    },
    async all() {
      return Object.fromEntries(
        [...(await entries())].map(([key, json]) => [key, JSON.parse(json) as unknown]),
      )
    },
    async set(key, value) {
      requireKey(key)
      const json = toJson(key, value)
      await change((data) => data.write(key, json))
    },
    async delete(key) {
      requireKey(key)
      await change((data) => data.write(key, null))
    },
    flush: () => change((data) => data.flush()),
    rotate: () => change((data) => data.rotate()),
    setCookies: () => inTurn(async () => (opened ? dataCookies(context, await (await opened).answer()) : [])),
  }
}

/** The data cookie alone opens nothing: the request is a session's by its token, or renews one. */
async function openData(context: RequestContext, who: Authentication): Promise<SessionData> {
  const { runtime, facts, policy } = context
  const sessionId = who.session?.id ?? (await renewedSession(runtime, hintedSession(facts, policy)))
  return openSessionData(runtime, { ...shownData(context), sessionId })
}

/** A signed-in request has been judged already; a visitor's is judged as one that signs in, for it may set a cookie. */
async function requirePermission(context: RequestContext, who: Authentication): Promise<void> {
  const refusal = who.status === 'anonymous' ? await visitorRefusal(context) : who.refusal
  if (refusal) throw refusal
}

function requireKey(key: string): void {
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new TypeError(
      `lockjar: session data: ${JSON.stringify(key)} is not a key: use A-Z a-z 0-9 _ . : / and -`,
    )
  }
  if (key.length > LONGEST_KEY) throw dataRefusal('long_key')
}

function toJson(key: string, value: unknown): string {
  const at = notJsonAt(value)
  if (at !== null) throw new TypeError(`lockjar: session data: ${key}${at} is not JSON`)
  if (isDeeperThan(value, DEEPEST)) throw dataRefusal('deep_value')
  const json = JSON.stringify(value)
  if (utf8.encode(json).length > LARGEST_VALUE) throw dataRefusal('large_value')
  return json
}
