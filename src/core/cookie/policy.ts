// Which cookies are ours, under which names and with which attributes? The only place that knows.
import type { CookieJar } from './parse.ts'
import type { CookieAttributes, SameSite } from './serialize.ts'
import { isCookieName, serializeCookie } from './serialize.ts'

export type CookieKind = 'access' | 'refresh' | 'session' | 'data' | 'csrf' | 'hint' | 'registration'

/** What a deployment may choose. Everything else follows. */
export interface CookieChoices {
  /** Base names, without prefix. */
  readonly names: Readonly<Record<CookieKind, string>>
  /** Whether the public origin is https, or plain http on this machine. */
  readonly secure: boolean
  readonly prefixes: boolean
  readonly domain: string | null
  readonly sameSite: Readonly<{ access: SameSite; refresh: SameSite }>
  readonly partitioned: boolean
  readonly refreshPath: string
}

export interface CookiePolicy {
  readonly attributes: Readonly<Record<CookieKind, CookieAttributes>>
  /** A `Set-Cookie` value. `maxAge` in seconds; left out, the cookie ends with the browser. */
  set(kind: CookieKind, value: string, maxAge?: number): string
  /** A `Set-Cookie` value that deletes, with exactly the path and domain the cookie was set with. */
  clear(kind: CookieKind): string
  /** `Set-Cookie` values that delete the name wherever a second cookie of that name can stand. */
  clearEverywhere(
    kind: CookieKind,
    place: { readonly hostname: string; readonly path: string },
  ): readonly string[]
  /** The distinct values sent under the cookie's name. More than one is a conflict, but for the path-scoped refresh cookie. */
  read(kind: CookieKind, jar: CookieJar): readonly string[]
}

const KINDS: readonly CookieKind[] = ['access', 'refresh', 'session', 'data', 'csrf', 'hint', 'registration']

/** Read by the page's script on purpose: the CSRF token, and a hint that holds no secret. */
const SCRIPT_READS: ReadonlySet<CookieKind> = new Set(['csrf', 'hint'])

/**
 * Why the choices cannot work together in any browser, in words for the person who configured them; empty when
 * they can. `publicSuffix` says whether a domain is one under which anybody can register (`co.uk`).
 */
export function cookieProblems(
  choices: CookieChoices,
  hostname: string,
  isPublicSuffix: (domain: string) => boolean,
): readonly string[] {
  const problems: string[] = []
  const { domain, names, sameSite, secure, partitioned, prefixes } = choices
  for (const [kind, name] of Object.entries(names)) {
    if (!isCookieName(name))
      problems.push(`cookies.names.${kind}: ${JSON.stringify(name)} is not a cookie name`)
    if (/^__(?:host|secure|http)-/i.test(name)) {
      problems.push(`cookies.names.${kind}: write the base name; the prefix is added where it fits`)
    }
  }
  if (new Set(Object.values(names)).size < KINDS.length)
    problems.push('cookies.names: two cookies have one name')
  if (prefixes && !secure)
    problems.push('cookies.prefixes: a prefixed cookie must be Secure; use an https baseURL')
  if (partitioned && !secure) problems.push('cookies.partitioned: needs Secure; use an https baseURL')
  for (const kind of ['access', 'refresh'] as const) {
    if (sameSite[kind] === 'None' && !secure) {
      problems.push(`cookies.sameSite.${kind}: None needs Secure; use an https baseURL`)
    }
  }
  if (domain !== null) problems.push(...domainProblems(domain, hostname, isPublicSuffix))
  return problems
}

function domainProblems(
  domain: string,
  hostname: string,
  isPublicSuffix: (domain: string) => boolean,
): readonly string[] {
  if (!/^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/.test(domain)) {
    return [
      `cookies.domain: ${JSON.stringify(domain)} is not a host name in lower case without a leading dot`,
    ]
  }
  if (/^[0-9.]+$/.test(domain)) return ['cookies.domain: an address has no sub-domains; leave it out']
  if (hostname !== domain && !hostname.endsWith(`.${domain}`)) {
    return [
      `cookies.domain: ${domain} is not the host of baseURL (${hostname}) nor a parent of it, so browsers drop the cookie`,
    ]
  }
  if (isPublicSuffix(domain)) {
    return [
      `cookies.domain: anybody can register under ${domain}, so browsers drop the cookie; name your own domain`,
    ]
  }
  return []
}

/**
 * `__Host-Http-` says the server set it, for this host alone; `__Host-` the latter; `__Secure-` that it came over
 * https (RFC 6265bis section 4.1.3 and the layered-cookies draft).
 */
export function prefixFor(cookie: Omit<CookieAttributes, 'name'>): string {
  const hostLocked = cookie.path === '/' && cookie.domain === undefined
  if (!hostLocked) return '__Secure-'
  return cookie.httpOnly ? '__Host-Http-' : '__Host-'
}

export function createCookiePolicy(choices: CookieChoices): CookiePolicy {
  const attributesOf = (kind: CookieKind): CookieAttributes => {
    const rest = {
      path: kind === 'refresh' ? choices.refreshPath : '/',
      // Compared with one row by the host that set it: no sub-domain has any use for it, and none should be able to plant one.
      ...(choices.domain !== null && kind !== 'registration' && { domain: choices.domain }),
      secure: choices.secure,
      httpOnly: !SCRIPT_READS.has(kind),
      sameSite: kind === 'refresh' ? choices.sameSite.refresh : choices.sameSite.access,
      partitioned: choices.partitioned,
    }
    return { name: (choices.prefixes ? prefixFor(rest) : '') + choices.names[kind], ...rest }
  }
  const attributes = {
    access: attributesOf('access'),
    refresh: attributesOf('refresh'),
    session: attributesOf('session'),
    data: attributesOf('data'),
    csrf: attributesOf('csrf'),
    hint: attributesOf('hint'),
    registration: attributesOf('registration'),
  }
  const clear = (cookie: CookieAttributes): string => serializeCookie(cookie, '', 0)

  return {
    attributes,
    set: (kind, value, maxAge) => serializeCookie(attributes[kind], value, maxAge),
    clear: (kind) => clear(attributes[kind]),
    clearEverywhere(kind, { hostname, path }) {
      const cookie = attributes[kind]
      const places = spots(cookie, hostname, path)
      const { domain: _, ...hostOnly } = cookie
      return [...new Set(places.map((place) => clear({ ...hostOnly, ...place })))]
    },
    read: (kind, jar) => distinct(jar.get(attributes[kind].name)),
  }
}

const distinct = (values: readonly string[]): readonly string[] =>
  values.length < 2 ? values : [...new Set(values)]

/** Path segments that are looked at: the request's path is the sender's, and each one costs a line for each domain. */
const DEEPEST = 2
const MOST_DOMAINS = 3
const PLAIN_SEGMENT = /^[A-Za-z0-9._~-]{1,64}$/

/** The segments from the root on that can be written into a line as they are. */
function plainSegments(path: string): readonly string[] {
  const segments = path
    .split('/', DEEPEST + 2)
    .filter(Boolean)
    .slice(0, DEEPEST)
  const odd = segments.findIndex((segment) => !PLAIN_SEGMENT.test(segment))
  return odd < 0 ? segments : segments.slice(0, odd)
}

/** Where a second cookie of the name can have been put: any parent domain, any path above, the partitioned jar. */
function spots(
  cookie: CookieAttributes,
  hostname: string,
  path: string,
): readonly Partial<CookieAttributes>[] {
  const jars = cookie.secure ? [{ partitioned: false }, { partitioned: true }] : [{}]
  // A host-locked name cannot stand anywhere but at `/` of this host; a browser refuses a line that says otherwise.
  if (cookie.name.startsWith('__Host-')) return jars
  const labels = /^[0-9.]+$|^\[/.test(hostname) ? [] : hostname.split('.')
  const domains = labels
    .slice(0, -1)
    .map((_, index) => labels.slice(index).join('.'))
    .slice(-MOST_DOMAINS)
  const segments = plainSegments(path)
  const paths = [
    '/',
    cookie.path,
    ...segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`),
  ]
  const hostOnly = (at: string) => jars.map((jar) => ({ ...jar, path: at }))
  return [...new Set(paths)].flatMap((at) => [
    ...hostOnly(at),
    ...domains.flatMap((domain) => hostOnly(at).map((place) => ({ ...place, domain }))),
  ])
}
