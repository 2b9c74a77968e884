// Which name and attributes has a cookie of the application's own? Ours are the policy's (policy.ts).
import type { Duration } from '../duration/duration.ts'
import { parseDuration } from '../duration/duration.ts'
import type { CookieChoices } from './policy.ts'
import { prefixFor } from './policy.ts'
import type { CookieAttributes, SameSite } from './serialize.ts'
import { isCookieName } from './serialize.ts'

/**
 * What a cookie of the application's own is like. Say the same where it is set, read and deleted: the path and
 * `httpOnly` decide the prefix of its name, `sign` and `seal` what its value looks like.
 */
export interface OwnCookieOptions {
  /**
   * Seconds, or a duration such as `30d`; at most 400 days. Default: until the browser ends. A signed or sealed cookie also
   * ends on the server then; a shorter one said at `get` counts from when it was set.
   */
  readonly maxAge?: number | Duration
  /** Default `/`, which alone lets it be locked to this host. */
  readonly path?: string
  /** Default `Lax`. */
  readonly sameSite?: SameSite
  /** Default true. False: a page's script can read and write it, and so can an attacker's. */
  readonly httpOnly?: boolean
  /** The visitor can read but not change it, nor copy it from another name. Default false. */
  readonly sign?: boolean
  /** The visitor can neither read nor change it. Default false. */
  readonly seal?: boolean
}

export interface OwnCookie {
  readonly attributes: CookieAttributes
  /** Seconds. */
  readonly maxAge: number | undefined
  readonly form: 'plain' | 'signed' | 'sealed'
}

const SAME_SITE: readonly SameSite[] = ['Strict', 'Lax', 'None']
const PREFIX = /^__(?:host-http|host|secure|http)-/i
const PATH = /^\/[\x21-\x3a\x3c-\x7e]*$/

/** @throws {TypeError} for what a browser would drop, or would be somebody else's cookie, with the reason. */
export function resolveOwnCookie(
  name: string,
  { maxAge, path = '/', sameSite = 'Lax', httpOnly = true, sign = false, seal = false }: OwnCookieOptions,
  choices: CookieChoices,
): OwnCookie {
  const { secure, prefixes, partitioned } = choices
  refuseName(name, choices)
  if (!PATH.test(path)) throw mistake(name, `path ${JSON.stringify(path)} is not one such as /shop`)
  if (!SAME_SITE.includes(sameSite)) throw mistake(name, 'sameSite must be Strict, Lax or None')
  if (sameSite === 'None' && !secure) {
    throw mistake(name, 'SameSite=None needs Secure, so browsers drop it on plain http; use an https baseURL')
  }
  if (sign && seal) throw mistake(name, 'choose sign or seal; what is sealed cannot be changed either')
  const rest = { path, secure, httpOnly, sameSite, partitioned }
  return {
    attributes: { name: (prefixes ? prefixFor(rest) : '') + name, ...rest },
    maxAge: maxAge === undefined ? undefined : toSeconds(name, maxAge),
    form: seal ? 'sealed' : sign ? 'signed' : 'plain',
  }
}

/** A cookie under one of our names would be taken for ours, or written over by the next sign-in. */
function refuseName(name: string, { names }: CookieChoices): void {
  if (!isCookieName(name)) throw mistake(name, 'that is not a cookie name')
  if (PREFIX.test(name)) throw mistake(name, 'write the base name; the prefix is added where it fits')
  const ours = Object.values(names).some((own) => own.toLowerCase() === name.toLowerCase())
  if (ours) throw mistake(name, "that name is one of Lockjar's own; choose another")
}

function toSeconds(name: string, maxAge: number | Duration): number {
  const seconds = typeof maxAge === 'string' ? (parseDuration(maxAge) ?? Number.NaN) / 1000 : maxAge
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds
  throw mistake(
    name,
    'maxAge is a whole number of seconds from 1, or a duration such as 30d; to end it, delete it',
  )
}

function mistake(name: string, reason: string): TypeError {
  return new TypeError(`lockjar: cookie ${JSON.stringify(name)}: ${reason}`)
}
