// Does this request come from a page we trust? Fetch Metadata first, then Origin, then Referer.

export interface SourceFacts {
  readonly method: string
  readonly secFetchSite: string | null
  readonly origin: string | null
  readonly referer: string | null
}

/** The request's own origin comes from `baseURL`, never from `Host`. */
export interface SourcePolicy {
  isTrusted(origin: string): boolean
}

/** `unknown` where the request names no source at all: a browser's script always does, a form on an old browser may not. */
export type SourceVerdict = 'safe' | 'trusted' | 'refused' | 'unknown'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method)
}

/**
 * No script can set `Sec-Fetch-Site` or `Origin`. A sibling sub-domain is not trusted for being `same-site`
 * (OWASP CSRF cheat sheet); `Origin: null` is a sandboxed frame or a redirect across sites, and never trusted.
 */
export function judgeSource(
  facts: SourceFacts,
  policy: SourcePolicy,
  originOf: (referer: string) => string | null,
): SourceVerdict {
  if (isSafeMethod(facts.method)) return 'safe'
  if (facts.secFetchSite === 'same-origin' || facts.secFetchSite === 'none') return 'trusted'
  if (facts.origin !== null) return policy.isTrusted(facts.origin) ? 'trusted' : 'refused'
  if (facts.secFetchSite !== null) return 'refused'
  if (facts.referer === null) return 'unknown'
  const source = originOf(facts.referer)
  return source !== null && policy.isTrusted(source) ? 'trusted' : 'refused'
}
