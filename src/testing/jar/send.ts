// Which cookies go along with a request, and in which order? RFC 6265bis section 5.8.3.
import type { StoredCookie } from './receive.ts'
import type { CookieContext } from './request.ts'
import { domainMatches, isTrustworthy, pathMatches } from './site.ts'

export interface Sender {
  /** A page's script reads them. */
  readonly script: boolean
  readonly thirdPartyCookies: 'allow' | 'block'
  /** Whether a young cookie that says nothing of SameSite goes with a POST from another site, as in Chromium. */
  readonly laxPost: boolean
  readonly now: number
}

/** Chromium was seen to send them after 115 s, and not after 126 s. */
const LAX_POST_AGE = 120_000

export function goesAlong(cookie: StoredCookie, context: CookieContext, sender: Sender): boolean {
  const { url, partition, thirdParty } = context
  const { hostname, pathname, href } = url
  if (cookie.expiresAt !== null && cookie.expiresAt <= sender.now) return false
  if (cookie.hostOnly ? hostname !== cookie.domain : !domainMatches(hostname, cookie.domain)) return false
  if (!pathMatches(pathname, cookie.path)) return false
  if (cookie.secure && !isTrustworthy(href)) return false
  if (cookie.httpOnly && sender.script) return false
  if (
    cookie.partition !== null
      ? cookie.partition !== partition
      : thirdParty && sender.thirdPartyCookies === 'block'
  )
    return false
  return sameSiteAllows(cookie, context, sender)
}

function sameSiteAllows(
  { sameSite, createdAt }: StoredCookie,
  context: CookieContext,
  { laxPost, now }: Sender,
): boolean {
  if (sameSite === 'None' || context.sameSite) return true
  if (sameSite === 'Strict' || !context.navigation) return false
  return context.safe || (sameSite === null && laxPost && now - createdAt < LAX_POST_AGE)
}

/** Longer paths first, and then as they were made; the jar has them in that order. */
export function toHeader(cookies: readonly StoredCookie[]): string {
  return cookies
    .toSorted((one, other) => other.path.length - one.path.length)
    .map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
    .join('; ')
}
