// What does a request say about where it comes from and what it carries? Read once, judged elsewhere.
import type { CookieJar } from '../core/cookie/parse.ts'
import { parseCookies } from '../core/cookie/parse.ts'
import type { SourceFacts } from '../core/csrf/judge.ts'
import { HEADERS } from '../protocol.ts'

/** As much of a `Request` as is needed to say who it is from; a `Request` is one. */
export interface RequestLike {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

export interface Facts extends SourceFacts {
  /** `Host`, or the URL's host where the platform gives no such header. */
  readonly host: string | null
  readonly cookies: CookieJar
  readonly carriesCookies: boolean
  readonly authorization: string | null
  readonly contentType: string | null
  readonly csrfToken: string | null
  readonly userAgent: string | null
  /** The sender asks for tokens in the body and nothing shows it to be a browser. */
  readonly wantsTokens: boolean
}

/** Kept with a session, for its owner to recognise it by. */
const LONGEST_USER_AGENT = 256

export function readFacts(request: RequestLike): Facts {
  const get = (name: string): string | null => request.headers.get(name)
  const cookie = get('cookie')
  return {
    method: request.method,
    host: get('host') ?? hostOf(request.url),
    secFetchSite: get('sec-fetch-site'),
    origin: get('origin'),
    referer: get('referer'),
    cookies: parseCookies(cookie),
    carriesCookies: cookie !== null,
    authorization: get('authorization'),
    contentType: get('content-type'),
    csrfToken: get(HEADERS.csrf) ?? get(HEADERS.csrfDjango),
    userAgent: get('user-agent')?.slice(0, LONGEST_USER_AGENT) ?? null,
    wantsTokens: get(HEADERS.tokens) === 'body' && !isBrowser(get),
  }
}

/**
 * No browser leaves out all of these on a POST, and no page's script can remove one. `Sec-Fetch-Mode` is not asked:
 * Node's own `fetch` sends it alone, a browser only with the others.
 */
function isBrowser(get: (name: string) => string | null): boolean {
  return ['cookie', 'origin', 'sec-fetch-site', 'sec-fetch-dest', 'sec-fetch-user'].some(
    (name) => get(name) !== null,
  )
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null
}
