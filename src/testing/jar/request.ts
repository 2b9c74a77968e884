// What does a browser look at before it sends or keeps a cookie? Who asks, where, and for what.
import { isSameSite, siteOf } from './site.ts'

/** What is left out: a script of the very page asks, or somebody typed the address. */
export interface CookieRequest {
  /** URL of the page that has the request sent; `null` where no page does, as for a typed address. Default: `url`. */
  readonly initiator?: string | null
  /** The page in the address bar is being replaced: a link, a form, a redirect. Default false. */
  readonly navigation?: boolean
  /** URL in the address bar. Default: `url` for a navigation, else the initiator. */
  readonly top?: string
  /** A frame of another site stands between it and the address bar. Default false. */
  readonly crossSiteAncestor?: boolean
  /** Default GET. */
  readonly method?: string
}

/** The same with everything in it, as the rules ask. */
export interface CookieContext {
  readonly url: URL
  /** `SameSite=Strict` may go along. */
  readonly sameSite: boolean
  readonly navigation: boolean
  readonly safe: boolean
  /** The address bar shows another site. */
  readonly thirdParty: boolean
  /** Of partitioned cookies: the site in the address bar, and whether it is another one than that of the request. */
  readonly partition: string
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export function toContext(url: string, request: CookieRequest = {}): CookieContext {
  const { initiator = url, navigation = false, method = 'GET', crossSiteAncestor = false } = request
  const top = navigation ? url : (request.top ?? initiator ?? url)
  const thirdParty = !isSameSite(url, top)
  const crossSite = thirdParty || crossSiteAncestor
  return {
    url: new URL(url),
    sameSite: !crossSite && (initiator === null || (initiator !== OPAQUE && isSameSite(url, initiator))),
    navigation,
    safe: SAFE.has(method.toUpperCase()),
    thirdParty,
    partition: `${siteOf(top)}${crossSite ? ' in another site' : ''}`,
  }
}

/** A page without an origin of its own, such as one in a sandboxed frame, is of no site. */
export const OPAQUE = 'null'
