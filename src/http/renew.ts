// How does a server that renders pages renew a session before it does, so that the page knows its user?
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { CSRF_HEADER, PATHS } from '../protocol.ts'
import type { RequestContext } from './authenticate-request.ts'
import type { RequestLike } from './facts.ts'
import type { Handler, RequestInfo } from './handler.ts'
import { identify, openContext } from './identify.ts'

export interface Renewed {
  /** `Set-Cookie` values that the page's answer must carry. */
  readonly setCookies: readonly string[]
  /** `Cookie` as the browser will send it from then on: what the page is to be rendered for. */
  readonly cookie: string
}

/** `null` where there is nothing to renew, or nothing to renew it with. */
export type Renew = (request: RequestLike, info?: RequestInfo) => Promise<Renewed | null>

/** What the refresh is to know of the page's request. */
const PASSED_ON = ['user-agent', 'x-forwarded-for']

export function createRenew(runtime: Runtime, policy: CookiePolicy, handler: Handler): Renew {
  return async (request, info) => {
    const context = openContext(runtime, policy, request, {})
    // Where the request comes from has been judged with that, and a foreign page is refused.
    const { status } = await identify(context)
    if (status !== 'anonymous') return null
    // Most visitors have none, and cost no more than this.
    if (policy.read('refresh', context.facts.cookies).length === 0) return null
    const answer = await handler(toRefresh(context, request), info)
    const setCookies = answer.headers.getSetCookie()
    if (setCookies.length === 0) return null
    return { setCookies, cookie: afterwards(request.headers.get('cookie') ?? '', setCookies) }
  }
}

/** The request that the page's script would send. */
function toRefresh({ runtime, policy, facts }: RequestContext, { headers }: RequestLike): Request {
  const { config } = runtime
  const sent = new Headers({
    host: config.host,
    cookie: headers.get('cookie') ?? '',
    // A server renews for the browser that it is about to answer, and for nobody's page.
    'sec-fetch-site': 'same-origin',
  })
  const [csrfToken] = policy.read('csrf', facts.cookies)
  if (csrfToken !== undefined) sent.set(CSRF_HEADER, csrfToken)
  for (const name of PASSED_ON) {
    const value = headers.get(name)
    if (value !== null) sent.set(name, value)
  }
  return new Request(`${config.origin}${config.basePath}${PATHS.refresh}`, { method: 'POST', headers: sent })
}

/** Names are compared as they are written; what a line clears is gone. */
function afterwards(cookie: string, setCookies: readonly string[]): string {
  const set = new Map(
    setCookies.map((line): [string, string | null] => {
      const [pair = '', ...attributes] = line.split('; ')
      return [nameOf(pair), attributes.includes('Max-Age=0') ? null : pair]
    }),
  )
  const kept = cookie.split(/; */).filter((pair) => pair !== '' && !set.has(nameOf(pair)))
  return [...kept, ...[...set.values()].filter((pair) => pair !== null)].join('; ')
}

const nameOf = (pair: string): string => pair.slice(0, Math.max(0, pair.indexOf('='))).trim()
