// Which addresses are one site to a browser? HTML, "schemefully same site", by the public suffix list.
import psl from 'psl'
import { isLoopbackHost } from '../../core/origin/origin.ts'

const isAddress = (hostname: string): boolean => /^[0-9.]+$/.test(hostname) || hostname.startsWith('[')

/** The registrable domain, or the host itself where there is none: an address, `localhost`, a public suffix. */
export function registrableDomain(hostname: string): string {
  return isAddress(hostname) ? hostname : (psl.get(hostname) ?? hostname)
}

/** `https://example.com` for `https://app.example.com:8443/x`. Ports do not count, schemes do. */
export function siteOf(url: string): string {
  const { protocol, hostname } = new URL(url)
  return `${protocol}//${registrableDomain(hostname)}`
}

export const isSameSite = (one: string, other: string): boolean => siteOf(one) === siteOf(other)

/** Where browsers keep a `Secure` cookie and send Fetch Metadata: over https, and on this machine. */
export function isTrustworthy(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || isLoopbackHost(hostname)
}

/** Whether anybody can register below it, so that no cookie may have it as its `Domain`. */
export function isPublicSuffix(domain: string): boolean {
  return !isAddress(domain) && psl.get(domain) === null
}

/** RFC 6265bis section 5.1.3. */
export function domainMatches(hostname: string, domain: string): boolean {
  return hostname === domain || (hostname.endsWith(`.${domain}`) && !isAddress(hostname))
}

/** RFC 6265bis section 5.1.4. */
export function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true
  return path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
}

/** RFC 6265bis section 5.1.4: the folder of what was asked for. */
export function defaultPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}
