// Which cookies does a browser drop for what they say of themselves? RFC 6265bis section 4.1.3 and 5.7, the layered-cookies draft.
import type { SetCookie } from './parse.ts'

interface Needs {
  readonly secure: true
  readonly hostLocked: boolean
  readonly httpOnly: boolean
}

/** The longest first: `__Host-Http-` begins with `__Host-`. */
const PREFIXES: readonly (readonly [CookiePrefix, Needs])[] = [
  ['__Host-Http-', { secure: true, hostLocked: true, httpOnly: true }],
  ['__Host-', { secure: true, hostLocked: true, httpOnly: false }],
  ['__Http-', { secure: true, hostLocked: false, httpOnly: true }],
  ['__Secure-', { secure: true, hostLocked: false, httpOnly: false }],
]

export type CookiePrefix = '__Host-Http-' | '__Host-' | '__Http-' | '__Secure-'

/** The prefix that browsers see, in any letter case; `null` where there is none. */
export function prefixOf(name: string): CookiePrefix | null {
  return needsOf(name)?.[0] ?? null
}

function needsOf(name: string): (typeof PREFIXES)[number] | undefined {
  return PREFIXES.find(([prefix]) => name.toLowerCase().startsWith(prefix.toLowerCase()))
}

/** Why, in words for whoever wrote the line; `null` where a browser over https would keep it. */
export function dropReason(cookie: SetCookie): string | null {
  const { name, value, secure, httpOnly, sameSite, partitioned } = cookie
  if (name === '' && needsOf(value)) return 'it has no name, and its value looks like a prefix'
  if (sameSite === 'None' && !secure) return 'SameSite=None needs Secure'
  if (partitioned && !secure) return 'Partitioned needs Secure'
  const [prefix, needs] = needsOf(name) ?? []
  if (!prefix || !needs) return null
  if (!secure) return `${prefix} needs Secure`
  if (needs.httpOnly && !httpOnly) return `${prefix} needs HttpOnly`
  if (needs.hostLocked && cookie.domain !== null) return `${prefix} allows no Domain`
  if (needs.hostLocked && cookie.path !== '/') return `${prefix} needs Path=/`
  return null
}
