// Does a browser keep what a line sets, and why not? RFC 6265bis section 5.7, as Chromium was measured to do it.
import { dropReason } from '../cookie/drop.ts'
import type { SameSite, SetCookie } from '../cookie/parse.ts'
import type { CookieContext } from './request.ts'
import { defaultPath, domainMatches, isPublicSuffix, isTrustworthy, pathMatches } from './site.ts'

/** A cookie in the jar. Instants are milliseconds since 1970. */
export interface StoredCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly hostOnly: boolean
  readonly path: string
  /** `null`: it ends with the browser. */
  readonly expiresAt: number | null
  readonly secure: boolean
  readonly httpOnly: boolean
  /** `null`: none was sent. */
  readonly sameSite: SameSite | null
  /** The partition that it is kept in, or `null`. */
  readonly partition: string | null
  readonly createdAt: number
}

export interface Visitor {
  /** A page's script sets it, and not an answer. */
  readonly script: boolean
  readonly thirdPartyCookies: 'allow' | 'block'
  readonly now: number
}

/** RFC 6265bis section 5.5: 400 days. */
const LONGEST_LIFE = 400 * 24 * 3600 * 1000

export type Received =
  | { readonly kept: true; readonly cookie: StoredCookie }
  | { readonly kept: false; readonly reason: string }

/** What is in the jar already counts elsewhere: `overwriteRefusal`. */
export function receive(line: SetCookie, context: CookieContext, visitor: Visitor): Received {
  const cookie = toStored(line, context, visitor.now)
  const reason = refusal(line, cookie, context, visitor)
  return reason === null ? { kept: true, cookie } : { kept: false, reason }
}

function refusal(
  line: SetCookie,
  cookie: StoredCookie,
  { url, sameSite, navigation, thirdParty }: CookieContext,
  { script, thirdPartyCookies }: Visitor,
): string | null {
  const { hostname, href } = url
  const dropped = dropReason(line)
  if (dropped !== null) return dropped
  if (script && line.httpOnly) return 'a script cannot set an HttpOnly cookie'
  if (line.secure && !isTrustworthy(href)) return 'Secure, and not set over https'
  if (!domainMatches(hostname, cookie.domain)) return `Domain=${line.domain} is not ${hostname} nor above it`
  if (!cookie.hostOnly && isPublicSuffix(cookie.domain)) return `anybody can register under ${cookie.domain}`
  if (line.sameSite !== 'None' && !sameSite && !navigation) return 'SameSite, and set across sites'
  if (thirdParty && thirdPartyCookies === 'block' && !line.partitioned)
    return 'a third-party cookie, and not Partitioned'
  return null
}

function toStored(line: SetCookie, { url, partition }: CookieContext, now: number): StoredCookie {
  const { name, value, secure, httpOnly, sameSite, maxAge, expires } = line
  // Its own host as the `Domain` of a host without sub-domains says nothing: it stays with the host.
  const hostOnly = line.domain === null || (line.domain === url.hostname && isAlone(url.hostname))
  const end = maxAge === null ? expires : maxAge <= 0 ? 0 : now + maxAge * 1000
  return {
    name,
    value,
    domain: line.domain ?? url.hostname,
    hostOnly,
    path: line.path ?? defaultPath(url.pathname),
    expiresAt: end === null ? null : Math.min(end, now + LONGEST_LIFE),
    secure,
    httpOnly,
    sameSite,
    partition: line.partitioned ? partition : null,
    createdAt: now,
  }
}

const isAlone = (hostname: string): boolean =>
  /^[0-9.]+$/.test(hostname) || hostname.startsWith('[') || isPublicSuffix(hostname)

/** One place holds one cookie of a name. */
export function placeOf({ name, domain, hostOnly, path, partition }: StoredCookie): string {
  return JSON.stringify([name, domain, hostOnly, path, partition])
}

/** Why a cookie that is there keeps it from being set: what came securely is not replaced by what did not (section 5.7, step 17). */
export function overwriteRefusal(
  cookie: StoredCookie,
  jar: Iterable<StoredCookie>,
  { url }: CookieContext,
  { script }: Visitor,
): string | null {
  const place = placeOf(cookie)
  for (const old of jar) {
    if (script && old.httpOnly && placeOf(old) === place) return 'a script cannot replace an HttpOnly cookie'
    if (isTrustworthy(url.href) || cookie.secure || !old.secure || old.name !== cookie.name) continue
    const sameHosts = domainMatches(old.domain, cookie.domain) || domainMatches(cookie.domain, old.domain)
    if (sameHosts && pathMatches(cookie.path, old.path)) return 'there is a Secure cookie of that name'
  }
  return null
}
