// What does a browser's cookie jar hold?
import { systemClock } from '../../drivers/node/clock.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SetCookieSource } from '../cookie/lines.ts'
import { setCookieLines } from '../cookie/lines.ts'
import { parseSetCookie } from '../cookie/parse.ts'
import type { StoredCookie, Visitor } from './receive.ts'
import { overwriteRefusal, placeOf, receive } from './receive.ts'
import type { CookieRequest } from './request.ts'
import { toContext } from './request.ts'
import { goesAlong, toHeader } from './send.ts'
import { registrableDomain } from './site.ts'

export interface JarOptions {
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /** Whether a page of another site may use cookies that are not partitioned. Default `block`, as in Chromium on Debian. */
  readonly thirdPartyCookies?: 'allow' | 'block'
  /** Whether a young cookie that says nothing of SameSite goes with a POST from another site. Default true, as in Chromium. */
  readonly laxPost?: boolean
}

/** What became of a line. */
export interface Verdict {
  readonly line: string
  readonly kept: boolean
  /** Why not, for a reader. */
  readonly reason: string | null
}

/**
 * A jar that behaves as a browser's. `url` is what is asked for, `request` who asks.
 *
 * @example
 * ```ts
 * import { createCookieJar } from 'lockjar/testing'
 *
 * const jar = createCookieJar()
 * jar.receive('https://app.example.com/login', ['__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax'])
 * jar.header('https://app.example.com/') // '__Host-session=abc'
 * jar.header('https://app.example.com/', { initiator: 'https://evil.example/', method: 'POST' }) // ''
 * ```
 */
export interface CookieJar extends Iterable<StoredCookie> {
  /** Keeps what an answer sets, where a browser would. */
  receive(url: string, source: SetCookieSource, request?: CookieRequest): readonly Verdict[]
  /** The `Cookie` header; empty where none goes along. */
  header(url: string, request?: CookieRequest): string
  /** The cookies of that header. */
  find(url: string, request?: CookieRequest): readonly StoredCookie[]
  /** What `document.cookie` gives. */
  readScript(url: string, request?: CookieRequest): string
  /** What setting `document.cookie` does. */
  writeScript(url: string, line: string, request?: CookieRequest): Verdict
  /** The value of the one cookie of this name, with its prefix; `undefined` where there is none. */
  value(name: string): string | undefined
  /** Removes what `Clear-Site-Data: "cookies"` of this address does: everything of its registrable domain. */
  clearSite(url: string): void
  /** The browser is closed: what has no end of its own is gone. */
  closeBrowser(): void
  clear(): void
  /** Another browser with the same cookies. */
  copy(): CookieJar
}

/** Chromium keeps that many of one registrable domain, and makes room for 30 at a time. */
const MOST_PER_DOMAIN = 180
const ROOM = 30

export function createCookieJar(options: JarOptions = {}, cookies: Iterable<StoredCookie> = []): CookieJar {
  const { clock = systemClock, thirdPartyCookies = 'block', laxPost = true } = options
  const jar = new Map<string, StoredCookie>([...cookies].map((cookie) => [placeOf(cookie), cookie]))

  const keep = (url: string, line: string, request: CookieRequest | undefined, script: boolean): Verdict => {
    const reason = put(url, line, request, { script, thirdPartyCookies, now: clock.now() })
    return { line, kept: reason === null, reason }
  }

  const put = (
    url: string,
    line: string,
    request: CookieRequest | undefined,
    visitor: Visitor,
  ): string | null => {
    const parsed = parseSetCookie(line)
    if (!parsed) return 'over 4096 bytes, nameless, or with a control character'
    const context = toContext(url, request)
    const received = receive(parsed, context, visitor)
    if (!received.kept) return received.reason
    const { cookie } = received
    const reason = overwriteRefusal(cookie, live(visitor.now), context, visitor)
    if (reason !== null) return reason
    store(cookie, visitor.now)
    return null
  }

  const store = (cookie: StoredCookie, now: number): void => {
    const place = placeOf(cookie)
    const old = jar.get(place)
    if (cookie.expiresAt !== null && cookie.expiresAt <= now) {
      jar.delete(place)
      return
    }
    // It keeps its turn in the header as long as it says the same.
    const same = old !== undefined && old.value === cookie.value
    if (!same) jar.delete(place)
    jar.set(place, same ? { ...cookie, createdAt: old.createdAt } : cookie)
    makeRoom(registrableDomain(cookie.domain))
  }

  /** What travels over plain http goes first, and then the oldest. */
  const makeRoom = (domain: string): void => {
    const own = [...jar].filter(([, cookie]) => registrableDomain(cookie.domain) === domain)
    if (own.length <= MOST_PER_DOMAIN) return
    const leaving = own.toSorted(([, one], [, other]) => Number(one.secure) - Number(other.secure))
    for (const [place] of leaving.slice(0, own.length - MOST_PER_DOMAIN + ROOM)) jar.delete(place)
  }

  const live = (now: number): readonly StoredCookie[] => {
    for (const [place, { expiresAt }] of jar) if (expiresAt !== null && expiresAt <= now) jar.delete(place)
    return [...jar.values()]
  }

  const find = (
    url: string,
    request: CookieRequest | undefined,
    script: boolean,
  ): readonly StoredCookie[] => {
    const now = clock.now()
    const context = toContext(url, request)
    return live(now).filter((cookie) =>
      goesAlong(cookie, context, { script, thirdPartyCookies, laxPost, now }),
    )
  }

  return {
    receive: (url, source, request) => setCookieLines(source).map((line) => keep(url, line, request, false)),
    header: (url, request) => toHeader(find(url, request, false)),
    find: (url, request) => find(url, request, false),
    readScript: (url, request) => toHeader(find(url, request, true)),
    writeScript: (url, line, request) => keep(url, line, request, true),
    value: (name) => live(clock.now()).find((cookie) => cookie.name === name)?.value,
    clearSite(url) {
      const domain = registrableDomain(new URL(url).hostname)
      for (const [place, cookie] of jar) if (registrableDomain(cookie.domain) === domain) jar.delete(place)
    },
    closeBrowser() {
      for (const [place, { expiresAt }] of jar) if (expiresAt === null) jar.delete(place)
    },
    clear: () => jar.clear(),
    copy: () => createCookieJar(options, jar.values()),
    [Symbol.iterator]: () => live(clock.now())[Symbol.iterator](),
  }
}
