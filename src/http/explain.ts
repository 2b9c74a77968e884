// Why was this refused, and which setting changes it? Said to whoever builds the application, on their own machine only.
import type { Config } from '../config/config.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { isLoopbackHost, originOfUrl } from '../core/origin/origin.ts'
import type { AuthError, ErrorCode } from '../errors.ts'
import { PATHS } from '../protocol.ts'
import type { Facts } from './facts.ts'

interface Case {
  readonly facts: Facts
  readonly config: Config
  readonly policy: CookiePolicy
}

type Explain = (scene: Case) => string | null

/** Of each refusal the explanations that may fit, the most telling first. */
const EXPLANATIONS: Partial<Readonly<Record<ErrorCode, readonly Explain[]>>> = {
  unauthenticated: [
    proxyHidesHttps,
    otherScheme,
    pageOnOtherName,
    pageOnOtherSite,
    requestWithoutCredentials,
    cookiesOfHttps,
    refreshCookieMissing,
    noCookieKept,
    nothingSent,
  ],
  token_expired: [
    ({ config }) =>
      `Refresh with POST ${config.basePath}${PATHS.refresh} and send the request again. lockjar/client does both by itself.`,
  ],
  session_revoked: [
    () =>
      'The session has ended on the server: a sign-out, a changed password, or an administrator. Sign in again.',
  ],
  cookie_conflict: [
    () =>
      'A cookie of this name was set before with another Domain or Path: by an older configuration, or by an application on a sibling host. Both have just been cleared; refresh, or sign in again.',
  ],
  csrf_failed: [tokenMissing, proxyHidesHttps, pageOnOtherName, originNotTrusted, noBrowser],
  step_up_required: [
    ({ config }) =>
      `Ask for the password, send it to POST ${config.basePath}${PATHS.stepUp}, and send the request again.`,
  ],
  forbidden: [
    () =>
      'The request is known to be this user’s, and they may not do this: look at their roles (lockjar users set-role EMAIL --add ROLE; a refresh brings the new ones), or at the option that closed this door.',
  ],
  misdirected: [proxyHidesHttps, otherHost],
}

/** `null` where there is nothing to say, and on an https installation, whose visitors are strangers. */
export function explainRefusal({ code }: Pick<AuthError, 'code'>, scene: Case): string | null {
  if (scene.config.secure) return null
  for (const explain of EXPLANATIONS[code] ?? []) {
    const explanation = explain(scene)
    if (explanation !== null) return explanation
  }
  return null
}

/** The page that sent it: its origin, where the browser says. */
const pageOf = ({ facts }: Case): URL | null => {
  const origin = facts.origin ?? originOfUrl(facts.referer ?? '')
  return origin !== null && URL.canParse(origin) ? new URL(origin) : null
}

/** Only a browser's request says where it comes from. */
const isForeign = ({ facts, config }: Case): boolean =>
  facts.secFetchSite === 'same-site' ||
  facts.secFetchSite === 'cross-site' ||
  (facts.origin ?? config.origin) !== config.origin

function proxyHidesHttps({ facts, config }: Case): string | null {
  if (!facts.forwardedProto?.startsWith('https')) return null
  return `A proxy says that the browser is on https, and baseURL is ${config.origin}: set it (in the environment LOCKJAR_BASE_URL) to the address in the address bar, so that cookies and origins are those of https.`
}

function otherScheme({ facts, config }: Case): string | null {
  const [, scheme] = /^([A-Za-z][A-Za-z0-9-]{0,31}) /.exec(facts.authorization ?? '') ?? []
  if (scheme === undefined) return null
  return scheme.toLowerCase() === config.authorizationScheme.toLowerCase()
    ? 'The token in the header is none of this installation: it was cut, made with another secret, or is no access token.'
    : `The header’s scheme is ${scheme}, and ${config.authorizationScheme} is configured (authorizationScheme).`
}

/** `localhost` and `127.0.0.1` are one machine and two sites. */
function pageOnOtherName(scene: Case): string | null {
  const page = pageOf(scene)
  const { config } = scene
  if (!page || page.hostname === config.hostname || !isLoopbackHost(page.hostname)) return null
  return `The page is on ${page.hostname} and this server on ${config.hostname}: to the browser these are two sites, and it sends no cookies from one to the other. Open the page at ${page.protocol}//${config.hostname}${page.port && `:${page.port}`}.`
}

function pageOnOtherSite(scene: Case): string | null {
  if (scene.facts.secFetchSite !== 'cross-site') return null
  return 'The page is on another site, to which browsers send no SameSite cookies. Put both on one site (app.example.com and api.example.com), or let the page’s server pass /auth on to this one.'
}

function requestWithoutCredentials(scene: Case): string | null {
  if (!isForeign(scene) || scene.facts.carriesCookies) return null
  return `Nobody is signed in here, or the page, which is on another origin, keeps the cookies to itself: send requests with credentials: 'include' (fetch) or withCredentials (Axios).${trustLine(scene)}`
}

function cookiesOfHttps({ facts, policy, config }: Case): string | null {
  const { name } = policy.attributes.access
  const locked = [...facts.cookies].find(
    ([sent]) => /^__(?:Host|Secure|Http)-/.test(sent) && sent.endsWith(name),
  )
  if (!locked) return null
  return `The browser sent cookies of https, and baseURL is ${config.origin}: set it (in the environment LOCKJAR_BASE_URL) to the https address, or sign in again here.`
}

function refreshCookieMissing({ facts, policy, config }: Case): string | null {
  if (policy.read('hint', facts.cookies).length === 0 || config.strategy === 'opaque') return null
  const { name, path } = policy.attributes.refresh
  if (policy.read('refresh', facts.cookies).length > 0) return null
  return `The browser has a session, but sent no ${name}, which it sends to ${path} only: refresh there, or set cookies.refreshPath where a proxy changes paths.`
}

function noCookieKept({ facts, policy, config }: Case): string | null {
  if (!facts.carriesCookies) return null
  const { name } = config.strategy === 'opaque' ? policy.attributes.session : policy.attributes.access
  return `The browser sent cookies, but not ${name}: nobody is signed in there, or it dropped that cookie when it was set; its developer tools say why, beside Set-Cookie in the answer of the sign-in.`
}

function nothingSent({ config }: Case): string {
  return `No cookie and no ${config.authorizationHeader} header came with the request. A client that is no browser keeps the cookies of the sign-in itself, or asks for tokens with Lockjar-Tokens: body.`
}

function tokenMissing({ facts, config }: Case): string | null {
  if (config.csrf !== 'token' && (facts.origin !== null || facts.referer !== null)) return null
  if (facts.csrfToken === null && config.csrf !== 'token') return null
  return `The CSRF token is missing or another session’s: take a new one from GET ${config.basePath}${PATHS.csrf} after each sign-in. lockjar/client does so by itself.`
}

function originNotTrusted(scene: Case): string | null {
  return pageOf(scene) && isForeign(scene) ? `Is that page yours?${trustLine(scene)}` : null
}

/** What is not a browser, `curl` before all, with cookies and neither an origin nor a token. */
function noBrowser({ facts, config }: Case): string | null {
  if (config.csrf === 'token' || facts.origin !== null || facts.referer !== null) return null
  return `A browser says of which page a request is. From elsewhere say it too, Origin: ${config.origin}, or send the CSRF token of GET ${config.basePath}${PATHS.csrf}.`
}

function otherHost({ facts, config }: Case): string | null {
  if (facts.host === null || !/^[\w.:[\]-]{1,100}$/.test(facts.host)) return null
  return `The request came with Host: ${facts.host}, and baseURL is ${config.origin}. Open that one; a proxy in between has to leave Host as it is (Vite: changeOrigin: false).`
}

/** The exact line, with what is there already. */
function trustLine(scene: Case): string {
  const page = pageOf(scene)
  const { trustedOrigins, origin } = scene.config
  if (!page || page.origin === origin || page.origin === 'null' || trustedOrigins.has(page.origin)) return ''
  const all = [...trustedOrigins, page.origin]
  const list = all.map((each) => `'${each}'`).join(', ')
  return ` Add it to the options, trustedOrigins: [${list}], or where these come from the environment: LOCKJAR_TRUSTED_ORIGINS=${all.join(',')}`
}
