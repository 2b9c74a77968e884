// What does a browser make of a `Set-Cookie` line? RFC 6265bis section 5.6, and where Chromium differs from it, Chromium.
import type { SameSite } from '../../core/cookie/serialize.ts'
import { LONGEST_COOKIE } from '../../core/cookie/serialize.ts'
import { parseCookieDate } from './date.ts'

export type { SameSite } from '../../core/cookie/serialize.ts'

/** As a browser reads it, before it decides whether to keep it. */
export interface SetCookie {
  /** With its prefix. Empty for a line such as `=value`. */
  readonly name: string
  /** Quotes belong to it, nothing is decoded. */
  readonly value: string
  /** In lower case without a leading dot; `null`: for the host alone. */
  readonly domain: string | null
  /** `null`: none that counts, and the request's own directory does. */
  readonly path: string | null
  /** Milliseconds since 1970, or `null`. `maxAge` is stronger. */
  readonly expires: number | null
  /** Seconds, or `null`. */
  readonly maxAge: number | null
  readonly secure: boolean
  readonly httpOnly: boolean
  /** `null`: none that counts, which Chromium takes for `Lax`, but for a POST in the cookie's first two minutes. */
  readonly sameSite: SameSite | null
  readonly partitioned: boolean
  /** As it was sent. */
  readonly line: string
}

type Attributes = { -readonly [Key in Exclude<keyof SetCookie, 'name' | 'value' | 'line'>]: SetCookie[Key] }

const LONGEST_ATTRIBUTE = 1024
/** Every control character but the tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/
const BLANKS = /^[ \t]+|[ \t]+$/g

/**
 * `null` for a line that a browser drops as a whole: control characters, neither name nor value, more than 4096 bytes of both, or no
 * name and a value that would be taken for one (`=a=b`).
 *
 * @example
 * ```ts
 * import { parseSetCookie } from 'lockjar/testing'
 *
 * const cookie = parseSetCookie('__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax')
 * console.log(cookie?.httpOnly) // true
 * ```
 */
export function parseSetCookie(line: string): SetCookie | null {
  if (CONTROL.test(line)) return null
  const [pair = '', ...rest] = line.split(';')
  const [name, value] = pair.includes('=') ? halves(pair) : (['', trim(pair)] as const)
  if (name === '' && (value === '' || value.includes('='))) return null
  // The draft allows a tab within; Chromium does not.
  if (name.includes('\t') || value.includes('\t')) return null
  if (byteLength(name) + byteLength(value) > LONGEST_COOKIE) return null
  return { name, value, ...readAttributes(rest), line }
}

function readAttributes(parts: readonly string[]): Attributes {
  const attributes: Attributes = {
    domain: null,
    path: null,
    expires: null,
    maxAge: null,
    secure: false,
    httpOnly: false,
    sameSite: null,
    partitioned: false,
  }
  for (const part of parts) {
    const [name, value] = halves(part)
    if (byteLength(value) <= LONGEST_ATTRIBUTE) readAttribute(attributes, name.toLowerCase(), value)
  }
  return attributes
}

/** Of attributes that are given twice, the last one counts, also where it is empty. */
function readAttribute(attributes: Attributes, name: string, value: string): void {
  switch (name) {
    case 'expires':
      attributes.expires = parseCookieDate(value)
      break
    case 'max-age':
      attributes.maxAge = /^[+-]?\d+$/.test(value) ? Number(value) : null
      break
    case 'domain':
      attributes.domain = value.replace(/^\./, '').toLowerCase() || null
      break
    case 'path':
      attributes.path = value.startsWith('/') ? value : null
      break
    case 'samesite':
      attributes.sameSite = SAME_SITE[value.toLowerCase()] ?? null
      break
    case 'secure':
      attributes.secure = true
      break
    case 'httponly':
      attributes.httpOnly = true
      break
    case 'partitioned':
      attributes.partitioned = true
  }
}

const SAME_SITE: Readonly<Record<string, SameSite>> = { strict: 'Strict', lax: 'Lax', none: 'None' }

/** Around the first `=`; the second half is empty where there is none. */
function halves(part: string): readonly [string, string] {
  const equals = part.indexOf('=')
  return equals < 0 ? [trim(part), ''] : [trim(part.slice(0, equals)), trim(part.slice(equals + 1))]
}

/** Space and tab only: `String.trim` would take U+00A0 away as well, and forge a prefix with it. */
const trim = (text: string): string => text.replaceAll(BLANKS, '')

/** A header's characters are bytes; what came from elsewhere goes as UTF-8. */
function byteLength(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x100 ? 1 : new TextEncoder().encode(character).length
  }
  return bytes
}
