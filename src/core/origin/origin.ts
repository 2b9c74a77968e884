// What is an origin, and which hosts may use plain http? RFC 6454 section 4, Fetch.

/**
 * The origin in its one spelling (`https://app.example`, default port left out), or `null` for anything that is
 * not exactly an http or https origin: a path, a user name, `null`, a wildcard.
 */
export function parseOrigin(text: string): string | null {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return null
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  // The URL standard has nothing against `*` in a host name; as an origin it matches nothing.
  return url.origin === text && !text.includes('*') ? text : null
}

/** The origin of a `Referer`, or `null`. */
export function originOfUrl(text: string): string | null {
  try {
    const { protocol, origin } = new URL(text)
    return protocol === 'https:' || protocol === 'http:' ? origin : null
  } catch {
    return null
  }
}

/**
 * Hosts that never leave this machine, which browsers treat as trustworthy over plain http (Secure Contexts 3.1).
 * `hostname` as `URL.hostname` gives it.
 */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  )
}
