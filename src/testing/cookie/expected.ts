// In what does a cookie differ from the one that a test wants, and why does it matter?
import type { CookiePrefix } from './drop.ts'
import { dropReason, prefixOf } from './drop.ts'
import type { SameSite, SetCookie } from './parse.ts'

/** What is left out is not looked at. */
export interface ExpectedCookie {
  /** As it is sent; or without its prefix, where `prefix` says it. */
  readonly name: string
  readonly value?: string | RegExp
  readonly httpOnly?: boolean
  readonly secure?: boolean
  /** `null`: the attribute is not sent. */
  readonly sameSite?: SameSite | null
  readonly path?: string
  /** Without a leading dot. `null`: for the host alone. */
  readonly domain?: string | null
  /** `null`: none. */
  readonly prefix?: CookiePrefix | null
  /** Seconds. `null`: neither `Max-Age` nor `Expires`, so that it ends with the browser. */
  readonly maxAge?: number | null
  readonly partitioned?: boolean
}

/** The name under which it has to be sent. */
export function fullName({ name, prefix }: ExpectedCookie): string {
  return prefix && !name.startsWith(prefix) ? prefix + name : name
}

/** One sentence for each difference; none for a cookie that is as wanted and that a browser keeps. */
export function differences(cookie: SetCookie, expected: ExpectedCookie): readonly string[] {
  const dropped = dropReason(cookie)
  return [
    ...(dropped === null ? [] : [`browsers drop it: ${dropped}`]),
    ...valueDifference(cookie, expected),
    ...FLAGS.flatMap(([key, name, missing, present]) => {
      if (expected[key] === undefined || cookie[key] === expected[key]) return []
      return expected[key] ? [`${name} is missing: ${missing}`] : [`${name} is set: ${present}`]
    }),
    ...sameSiteDifference(cookie, expected),
    ...placeDifferences(cookie, expected),
    ...prefixDifference(cookie, expected),
    ...lifetimeDifference(cookie, expected),
  ]
}

const FLAGS = [
  ['httpOnly', 'HttpOnly', 'a script can read it', 'a page that is to read it cannot'],
  [
    'secure',
    'Secure',
    'it is sent over plain http too, where anybody on the way reads it',
    'over plain http, but on this machine, browsers drop it',
  ],
  [
    'partitioned',
    'Partitioned',
    'inside a page of another site most browsers block it',
    'each site in the address bar has another one of it',
  ],
] as const

/** The value of an HttpOnly cookie is a secret, and a test's output is read by many. */
function valueDifference({ value, httpOnly }: SetCookie, { value: wanted }: ExpectedCookie): string[] {
  if (wanted === undefined) return []
  if (typeof wanted === 'string' ? value === wanted : wanted.test(value)) return []
  const shown = httpOnly ? `another one, of ${value.length} characters` : JSON.stringify(value)
  return [typeof wanted === 'string' ? `its value is ${shown}` : `its value is ${shown}, not like ${wanted}`]
}

/** What other sites can do with a cookie of it. */
const CROSS_SITE: Readonly<Record<SameSite | 'none at all', string>> = {
  Strict: 'it does not come along when a link on another site is followed',
  Lax: 'it comes along when a link on another site is followed',
  None: 'every request that another site has a browser send carries it',
  'none at all':
    'Chromium takes it for Lax but sends it with cross-site POSTs for two minutes, and other browsers send it from anywhere',
}

function sameSiteDifference({ sameSite }: SetCookie, { sameSite: wanted }: ExpectedCookie): string[] {
  if (wanted === undefined || sameSite === wanted) return []
  const is = sameSite ?? 'none at all'
  return [`SameSite is ${is}, not ${wanted ?? 'left out'}: ${CROSS_SITE[is]}`]
}

function placeDifferences(cookie: SetCookie, expected: ExpectedCookie): readonly string[] {
  const found: string[] = []
  if (expected.path !== undefined && cookie.path !== expected.path) {
    const is = cookie.path ?? "left out, and so the request's own folder"
    found.push(`Path is ${is}, not ${expected.path}: it is sent to other addresses than those it is for`)
  }
  if (expected.domain !== undefined && cookie.domain !== (expected.domain?.toLowerCase() ?? null)) {
    const { domain } = cookie
    found.push(
      domain === null
        ? `Domain is left out, not ${expected.domain}: no other host receives it`
        : `Domain is ${domain}, not ${expected.domain ?? 'left out'}: every sub-domain of ${domain} receives it and can set one of its name`,
    )
  }
  return found
}

/** Browsers know prefixes in any letter case, servers compare names as they are. */
function prefixDifference({ name }: SetCookie, { prefix }: ExpectedCookie): string[] {
  if (prefix === undefined) return []
  const is = prefixOf(name)
  if (prefix === null)
    return is === null ? [] : [`its name has the prefix ${is}: not every host can set it so`]
  return is === prefix ? [] : [`its name has not the prefix ${prefix}: ${WITHOUT[prefix]}`]
}

const WITHOUT: Readonly<Record<CookiePrefix, string>> = {
  '__Host-Http-': 'a script or a sibling sub-domain can put one of its own in its place',
  '__Host-': 'a sibling sub-domain can put one of its own in its place',
  '__Http-': 'a script can put one of its own in its place',
  '__Secure-': 'over plain http anybody on the way can put one of their own in its place',
}

function lifetimeDifference({ maxAge, expires }: SetCookie, { maxAge: wanted }: ExpectedCookie): string[] {
  if (wanted === undefined) return []
  if (wanted === null) {
    if (maxAge === null && expires === null) return []
    return [`${maxAge === null ? 'Expires' : 'Max-Age'} is set: it outlives the browser's closing`]
  }
  if (maxAge === wanted) return []
  if (maxAge !== null) return [`Max-Age is ${maxAge}, not ${wanted}`]
  const how =
    expires === null ? 'it ends with the browser' : 'Expires says its end by a clock that may be wrong'
  return [`Max-Age is left out, not ${wanted}: ${how}`]
}
