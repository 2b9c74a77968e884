// How does an application set and read cookies of its own, safely unless it says otherwise?
import type { Runtime } from '../actions/runtime.ts'
import type { OwnCookie, OwnCookieOptions } from '../core/cookie/own.ts'
import { resolveOwnCookie } from '../core/cookie/own.ts'
import type { CookieJar } from '../core/cookie/parse.ts'
import { serializeCookie } from '../core/cookie/serialize.ts'
import type { DatedValue, ReadValue } from '../core/cookie/signed.ts'
import {
  isInTime,
  openValue,
  sealedValueLength,
  sealValue,
  signedValueLength,
  signValue,
  verifyValue,
} from '../core/cookie/signed.ts'
import { decodeCookieText, encodeCookieText } from '../core/cookie/text.ts'
import { IV_BYTES } from '../core/keys/seal.ts'

/**
 * Cookies of the application's own, by their base name. What is set is HttpOnly, `SameSite=Lax`, `Path=/`, on https Secure
 * and named `__Host-Http-…`, unless its options say otherwise; any text can be its value.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const chooseTheme = auth.protect(
 *   async (request, _who, { cookies }) => {
 *     const theme = new URL(request.url).searchParams.get('theme') ?? (await cookies.get('theme', 'light'))
 *     cookies.set('theme', theme, { maxAge: '365d' })
 *     return new Response(theme)
 *   },
 *   { anonymous: true },
 * )
 * ```
 */
export interface VisitCookies {
  /**
   * `fallback`, or `null`, where there is none, where it was sent twice with different values, where signature or seal
   * does not fit the name, and where it is older than `maxAge`. What this request has set is read back.
   */
  get(name: string): Promise<string | null>
  get<F>(name: string, fallback: F, options?: OwnCookieOptions): Promise<string | F>
  /**
   * @throws {TypeError} for what a browser would drop, or a name of Lockjar's own.
   * @throws {AuthError} `cookie_too_large` where name and value are over 4096 bytes.
   */
  set(name: string, value: string, options?: OwnCookieOptions): void
  delete(name: string, options?: OwnCookieOptions): void
  /** A message for the next page: signed, for one minute, and gone once `takeFlash` has read it. */
  flash(name: string, value: string): void
  takeFlash(name: string): Promise<string | null>
}

/** What the answer is to carry. */
interface Pending {
  /** `null`: deleted. */
  readonly value: string | null
  line(): string | Promise<string>
}

const FLASH: OwnCookieOptions = { maxAge: 60, sign: true }

type Parts = Pick<Runtime, 'config' | 'ring' | 'clock' | 'random'>

export function createVisitCookies(
  runtime: Parts,
  jar: CookieJar,
): VisitCookies & { setCookies(): Promise<readonly string[]> } {
  const { config, clock } = runtime
  const pending = new Map<string, Pending>()
  const now = (): number => Math.floor(clock.now() / 1000)
  const resolve = (name: string, options: OwnCookieOptions = {}): OwnCookie =>
    resolveOwnCookie(name, options, config.cookies)
  const note = ({ attributes }: OwnCookie, answer: Pending): void => {
    pending.set(`${attributes.name};${attributes.path}`, answer)
  }

  const write = (cookie: OwnCookie, dated: DatedValue): void => {
    const { attributes } = cookie
    const maxAge = dated.expiresAt === null ? undefined : dated.expiresAt - now()
    // Refused here and now, where the caller can say it, though the value is made when the answer is.
    serializeCookie(attributes, 'x'.repeat(lengthOf(cookie, dated)), maxAge)
    note(cookie, {
      value: dated.value,
      line: async () => serializeCookie(attributes, await toWire(cookie, dated, runtime), maxAge),
    })
  }

  const read = async (cookie: OwnCookie): Promise<string | null> => {
    const { attributes, maxAge } = cookie
    const answer = pending.get(`${attributes.name};${attributes.path}`)
    if (answer) return answer.value
    const [sent, ...others] = new Set(jar.get(attributes.name))
    if (sent === undefined || others.length > 0) return null
    const found = await fromWire(cookie, sent, runtime)
    if (!found) return null
    if (cookie.form !== 'plain' && !isInTime(found, now(), maxAge)) return null
    if (found.renew) write(cookie, found)
    return found.value
  }

  const erase = (cookie: OwnCookie): void =>
    note(cookie, { value: null, line: () => serializeCookie(cookie.attributes, '', 0) })

  const set = (name: string, value: string, options?: OwnCookieOptions): void => {
    const cookie = resolve(name, options)
    requireText(name, value)
    const issuedAt = now()
    write(cookie, {
      value,
      issuedAt,
      expiresAt: cookie.maxAge === undefined ? null : issuedAt + cookie.maxAge,
    })
  }

  return {
    async get<F>(name: string, fallback: F | null = null, options?: OwnCookieOptions) {
      return (await read(resolve(name, options))) ?? fallback
    },
    set,
    delete: (name, options) => erase(resolve(name, options)),
    flash: (name, value) => set(name, value, FLASH),
    async takeFlash(name) {
      const cookie = resolve(name, FLASH)
      const value = await read(cookie)
      // Deleted whenever it was sent, so that one that is no good does not stay.
      if (value !== null || jar.has(cookie.attributes.name)) erase(cookie)
      return value
    },
    setCookies: () => Promise.all([...pending.values()].map(({ line }) => line())),
  }
}

/** Types end at the door of a program; half a surrogate pair is no text in any encoding. */
function requireText(name: string, value: unknown): void {
  if (typeof value === 'string' && value.isWellFormed()) return
  throw new TypeError(`lockjar: cookie ${JSON.stringify(name)}: its value is no well-formed text`)
}

function lengthOf({ form }: OwnCookie, dated: DatedValue): number {
  if (form === 'plain') return encodeCookieText(dated.value).length
  return form === 'signed' ? signedValueLength(dated) : sealedValueLength(dated)
}

async function toWire(
  { form, attributes }: OwnCookie,
  dated: DatedValue,
  { ring, random }: Parts,
): Promise<string> {
  if (form === 'plain') return encodeCookieText(dated.value)
  if (form === 'signed') return signValue(attributes.name, dated, ring)
  return sealValue(attributes.name, dated, random.bytes(IV_BYTES), ring)
}

async function fromWire(
  { form, attributes }: OwnCookie,
  sent: string,
  { ring }: Parts,
): Promise<ReadValue | null> {
  if (form === 'signed') return verifyValue(attributes.name, sent, ring)
  if (form === 'sealed') return openValue(attributes.name, sent, ring)
  const value = decodeCookieText(sent)
  return value === null ? null : { value, issuedAt: 0, expiresAt: null, renew: false }
}
