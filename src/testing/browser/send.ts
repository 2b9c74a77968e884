// How does one request go out, with its cookies, its preflight and its redirects?
import type { CookieJar } from '../jar/jar.ts'
import type { CookieRequest } from '../jar/request.ts'
import { OPAQUE } from '../jar/request.ts'
import { isTrustworthy } from '../jar/site.ts'
import { needsPreflight, preflightRefusal, readRefusal, unsafeHeaders } from './cors.ts'
import type { Errand } from './errand.ts'
import { originOf } from './errand.ts'
import { addMetadata, isTainted } from './metadata.ts'

/** What is tested: a handler of web-standard requests, or `overNetwork()`. `info` is what a platform knows besides. */
export type Handler = (
  request: Request,
  info?: { readonly ip?: string | undefined },
) => Response | Promise<Response>

export interface Line {
  readonly handler: Handler
  readonly jar: CookieJar
  /** Sent with every request, such as `user-agent`. */
  readonly headers: Headers
  /** Network address that the handler is told. */
  readonly ip: string
}

export interface Arrival {
  readonly response: Response
  /** Where the redirects led. */
  readonly url: string
}

/** Fetch, "HTTP-redirect fetch". */
const MOST_REDIRECTS = 20
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** What one step of the way sends; a redirect may change it. */
interface Step {
  readonly method: string
  readonly body: Errand['body']
  readonly headers: Headers
}

/** @throws {TypeError} where a browser's `fetch` rejects: CORS, too many redirects, a redirect that was not wanted. */
export async function send(line: Line, errand: Errand): Promise<Arrival> {
  let step: Step = { method: errand.method, body: errand.body, headers: errand.headers }
  const chain: string[] = [errand.url]
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const url = chain.at(-1) ?? errand.url
    const response = await sendOnce(line, errand, step, chain)
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null || errand.redirect === 'manual') return { response, url }
    if (errand.redirect === 'error') throw new TypeError(`${url} redirects, and the page asked for none`)
    await response.body?.cancel()
    step = redirected(step, response.status)
    chain.push(new URL(location, url).href)
  }
  throw new TypeError(`${errand.url} redirects more than ${MOST_REDIRECTS} times`)
}

/** Everybody makes a `GET` of a form that was answered with 301 or 302. */
function redirected(step: Step, status: number): Step {
  const keeps = status === 307 || status === 308 || step.method === 'GET' || step.method === 'HEAD'
  if (keeps || (status !== 303 && step.method !== 'POST')) return step
  const headers = new Headers(step.headers)
  for (const name of ['content-type', 'content-encoding', 'content-language', 'content-location'])
    headers.delete(name)
  return { method: 'GET', body: null, headers }
}

async function sendOnce(line: Line, errand: Errand, step: Step, chain: readonly string[]): Promise<Response> {
  const url = chain.at(-1) ?? errand.url
  const { origin, crossOrigin } = originFacts(errand, chain)
  if (errand.mode === 'same-origin' && crossOrigin) throw new TypeError(`${url} is of another origin`)
  const credentials =
    errand.credentials === 'include' || (errand.credentials === 'same-origin' && !crossOrigin)
  const asksFirst = errand.mode === 'cors' && crossOrigin && needsPreflight(step.method, step.headers)
  if (asksFirst) await preflight(line, errand, step, chain, { origin, credentials })
  const request: CookieRequest = cookieRequest(errand, step.method)
  const headers = new Headers([...line.headers, ...step.headers])
  if (!headers.has('accept'))
    headers.set('accept', errand.mode === 'navigate' ? 'text/html,*/*;q=0.8' : '*/*')
  addMetadata(headers, errand, step.method, chain)
  const cookie = credentials ? line.jar.header(url, request) : ''
  if (cookie !== '') headers.set('cookie', cookie)
  const response = await ask(line, url, { method: step.method, headers, body: step.body })
  if (credentials) keepCookies(line.jar, url, response, request)
  const refusal = errand.mode === 'cors' && crossOrigin ? readRefusal(response, origin, credentials) : null
  if (refusal === null) return response
  await response.body?.cancel()
  throw new TypeError(`${errand.method} ${url} from ${origin}: the page may not read the answer: ${refusal}`)
}

function originFacts(
  { source }: Errand,
  chain: readonly string[],
): { readonly origin: string; readonly crossOrigin: boolean } {
  if (source === null) return { origin: OPAQUE, crossOrigin: false }
  const from = originOf(source)
  const crossOrigin = chain.some((url) => new URL(url).origin !== from)
  return { origin: isTainted(from, chain) ? OPAQUE : from, crossOrigin }
}

async function preflight(
  line: Line,
  errand: Errand,
  { method, headers: own }: Step,
  chain: readonly string[],
  { origin, credentials }: { readonly origin: string; readonly credentials: boolean },
): Promise<void> {
  const url = chain.at(-1) ?? errand.url
  const headers = new Headers([...line.headers, ['accept', '*/*'], ['access-control-request-method', method]])
  const asked = unsafeHeaders(own)
  if (asked.length > 0) headers.set('access-control-request-headers', asked.join(','))
  addMetadata(headers, errand, 'OPTIONS', chain)
  const response = await ask(line, url, { method: 'OPTIONS', headers, body: null })
  await response.body?.cancel()
  const refusal = preflightRefusal(response, origin, method, own, credentials)
  if (refusal !== null) throw new TypeError(`${method} ${url} from ${origin} is not sent: ${refusal}`)
}

function cookieRequest({ source, mode, destination }: Errand, method: string): CookieRequest {
  const navigation = mode === 'navigate' && destination === 'document'
  if (source === null) return { initiator: null, navigation, method }
  const { top, crossSiteAncestor, opaque, url } = source
  return {
    initiator: opaque ? OPAQUE : url,
    navigation,
    method,
    ...(!navigation && { top, crossSiteAncestor }),
  }
}

/** The quotes belong to it: browsers know no `cookies` without. */
const CLEARS = /"(?:cookies|\*)"/

function keepCookies(jar: CookieJar, url: string, response: Response, request: CookieRequest): void {
  jar.receive(url, response, request)
  const clears = CLEARS.test(response.headers.get('clear-site-data') ?? '')
  if (clears && isTrustworthy(url)) jar.clearSite(url)
}

async function ask(
  { handler, ip }: Line,
  url: string,
  init: Omit<Step, 'headers'> & { headers: Headers },
): Promise<Response> {
  const { method, headers, body } = init
  headers.set('host', new URL(url).host)
  return handler(new Request(url, { method, headers, ...(body && { body }), redirect: 'manual' }), { ip })
}
