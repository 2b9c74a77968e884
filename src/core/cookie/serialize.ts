// How is a `Set-Cookie` line written? RFC 6265bis section 4.1.1.
import { AuthError } from '../../errors.ts'

export type SameSite = 'Strict' | 'Lax' | 'None'

/** Everything about a cookie but its value. */
export interface CookieAttributes {
  readonly name: string
  readonly path: string
  /** Left out, the cookie belongs to the host alone. */
  readonly domain?: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: SameSite
  readonly partitioned: boolean
}

/** RFC 6265bis section 5.6: a browser drops a cookie whose name and value are longer, and says nothing. */
export const LONGEST_COOKIE = 4096
/** RFC 6265bis section 5.5: a browser caps a lifetime at 400 days. Seconds. */
export const LONGEST_MAX_AGE: number = 400 * 24 * 3600

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Of a path or domain: no `;`, no space, no control character. */
const ATTRIBUTE = /^[\x21-\x3a\x3c-\x7e]*$/
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

export function isCookieName(name: string): boolean {
  return NAME.test(name)
}

/**
 * `maxAge` in seconds; left out, the cookie ends with the browser.
 *
 * @throws {AuthError} `cookie_too_large` where a browser would silently drop it.
 */
export function serializeCookie(attributes: CookieAttributes, value: string, maxAge?: number): string {
  if (!isCookieName(attributes.name))
    throw new TypeError(`not a cookie name: ${JSON.stringify(attributes.name)}`)
  if (!VALUE.test(value))
    throw new TypeError(`the value of cookie ${attributes.name} holds a character that cookies cannot carry`)
  for (const text of [attributes.path, attributes.domain ?? '']) {
    if (!ATTRIBUTE.test(text)) throw new TypeError(`not a cookie's path or domain: ${JSON.stringify(text)}`)
  }
  const size = attributes.name.length + value.length
  if (size > LONGEST_COOKIE) {
    throw new AuthError('cookie_too_large', {
      detail: `The cookie ${attributes.name} would be ${size} bytes; browsers drop cookies over ${LONGEST_COOKIE}.`,
    })
  }
  const parts = [`${attributes.name}=${value}`]
  if (maxAge !== undefined)
    parts.push(`Max-Age=${Math.min(Math.max(0, Math.floor(maxAge)), LONGEST_MAX_AGE)}`)
  parts.push(`Path=${attributes.path}`)
  if (attributes.domain !== undefined) parts.push(`Domain=${attributes.domain}`)
  if (attributes.secure) parts.push('Secure')
  if (attributes.httpOnly) parts.push('HttpOnly')
  parts.push(`SameSite=${attributes.sameSite}`)
  if (attributes.partitioned) parts.push('Partitioned')
  return parts.join('; ')
}
