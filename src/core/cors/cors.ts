// Which CORS headers does an origin get? Exact origins only, never `*` with credentials (Fetch section 3.2).

export interface CorsPolicy {
  /** Origins besides our own that may call with credentials. */
  readonly trustedOrigins: ReadonlySet<string>
  /** In lower case, the header in which a client may send its credential. */
  readonly authorizationHeader: string
}

type HeaderPair = readonly [name: string, value: string]

/** Seconds for which a browser may keep the answer to a preflight. */
const PREFLIGHT_MAX_AGE = 600
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const REQUEST_HEADERS = 'content-type, x-csrf-token, x-csrftoken'
/** `Date`: a page whose clock is wrong sets it right by that. */
const EXPOSED = 'date, ratelimit, ratelimit-policy, retry-after, www-authenticate'

/** On every answer, whatever the origin, so that no cache hands one origin's answer to another. */
export const CORS_VARY = 'Origin'

export function corsHeaders(origin: string | null, policy: CorsPolicy): readonly HeaderPair[] {
  if (origin === null || !policy.trustedOrigins.has(origin)) return []
  return [
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Allow-Credentials', 'true'],
    ['Access-Control-Expose-Headers', EXPOSED],
  ]
}

/** The answer to `OPTIONS` with `Access-Control-Request-Method`. For an unknown origin: nothing, so the browser refuses. */
export function preflightHeaders(origin: string | null, policy: CorsPolicy): readonly HeaderPair[] {
  const headers = corsHeaders(origin, policy)
  if (headers.length === 0) return []
  return [
    ...headers,
    ['Access-Control-Allow-Methods', METHODS],
    ['Access-Control-Allow-Headers', `${policy.authorizationHeader}, ${REQUEST_HEADERS}`],
    ['Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE)],
  ]
}
