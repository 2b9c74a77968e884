// What does a browser do with the server under test: typed addresses, links, forms, frames, and the requests of scripts?
import type { Clock } from '../../ports/clock.ts'
import type { CookieJar, JarOptions } from '../jar/jar.ts'
import { createCookieJar } from '../jar/jar.ts'
import { isSameSite } from '../jar/site.ts'
import type { Errand, Mode, Source } from './errand.ts'
import { pageHeaders } from './errand.ts'
import type { Arrival, Handler, Line } from './send.ts'
import { send } from './send.ts'

export interface BrowserOptions extends Omit<JarOptions, 'clock'> {
  /** Of the page that is open at first. */
  readonly origin: string
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /** Default: an empty one. */
  readonly jar?: CookieJar
  /** Sent with every request, such as `user-agent`. */
  readonly headers?: HeadersInit
  /** Network address that the handler is told. Default `192.0.2.1`, which is nobody's. */
  readonly ip?: string
}

export interface FetchOptions {
  readonly method?: string
  /** What no script can set, such as `origin` or `cookie`, is left out, as browsers do. */
  readonly headers?: HeadersInit
  readonly body?: BodyInit | null
  /** Sent as JSON. */
  readonly json?: unknown
  /** Default `cors`. */
  readonly mode?: Exclude<Mode, 'navigate'>
  /** Default `same-origin`. */
  readonly credentials?: Errand['credentials']
  /** Default `follow`. */
  readonly redirect?: Errand['redirect']
}

export interface FormOptions {
  /** Default POST. */
  readonly method?: 'GET' | 'POST'
  readonly fields?: Readonly<Record<string, string>>
  /** Default `application/x-www-form-urlencoded`. */
  readonly type?: 'application/x-www-form-urlencoded' | 'multipart/form-data' | 'text/plain'
}

/** A page that is open. Addresses may be relative to it. What is answered is what the server answered, whatever a script could read of it. */
export interface Page {
  readonly url: string
  /** `document.cookie`. */
  cookie: string
  /** @throws {TypeError} where a browser's `fetch` rejects: CORS, too many redirects. Its cookies are kept all the same. */
  fetch(url: string, options?: FetchOptions): Promise<Response>
  /** An `<img>`, which any page may have of anywhere. */
  load(url: string): Promise<Response>
  /** Somebody clicks a link, or a script sets `location`. */
  click(url: string): Promise<Response>
  /** Somebody sends a form, or a script does. */
  submit(url: string, options?: FormOptions): Promise<Response>
  /** A frame in this page. `sandbox`: without `allow-same-origin`, so that it is of no origin. */
  frame(url: string, options?: { readonly sandbox?: boolean }): Promise<Page>
}

/**
 * A browser with one page open, at `/` of `origin`. Cookies, `Sec-Fetch-*`, `Origin`, `Referer`, preflights and redirects are as Chromium
 * was seen to send them.
 *
 * @example
 * ```ts
 * import { createBrowser } from 'lockjar/testing'
 *
 * declare const handler: (request: Request) => Promise<Response>
 * const browser = createBrowser(handler, { origin: 'https://app.example.com' })
 * await browser.fetch('/auth/login', { method: 'POST', json: { email: 'ada@example.com', password: 'correct horse' } })
 * const me = await browser.fetch('/auth/me')
 *
 * const forged = await browser.open('https://evil.example').submit('https://app.example.com/transfer', { fields: { to: 'eve' } })
 * console.log(me.status, forged.status) // 200 403
 * ```
 */
export interface Browser extends Page {
  readonly jar: CookieJar
  /** Somebody types an address, into the tab of the first page. */
  navigate(url: string): Promise<Response>
  /** Another tab, with this page in it already; nothing is sent for it. */
  open(url: string): Page
}

export function createBrowser(handler: Handler, options: BrowserOptions): Browser {
  const {
    origin,
    clock,
    headers,
    ip = '192.0.2.1',
    jar = createCookieJar({ ...options, ...(clock && { clock }) }),
  } = options
  const line: Line = { handler, jar, headers: new Headers(headers), ip }
  const tab = createTab(new URL(origin).href)
  const page = createPage(line, tab, false)
  return Object.defineProperties(
    {
      jar,
      navigate: async (url: string) => {
        const errand = navigation(null, new URL(url, tab.url).href, { method: 'GET' })
        return arrive(tab, await send(line, errand))
      },
      open: (url: string) => createPage(line, createTab(new URL(url).href), false),
    },
    Object.getOwnPropertyDescriptors(page),
  ) as Browser
}

/** Where a page is; it changes as it is navigated. `top` is the address bar of a frame. */
interface Tab {
  url: string
  readonly top: (() => string) | null
  readonly crossSiteAncestor: boolean
}

const createTab = (url: string): Tab => ({ url, top: null, crossSiteAncestor: false })

function arrive(tab: Tab, { response, url }: Arrival): Response {
  // These leave the page where it is.
  if (response.status !== 204 && response.status !== 205) tab.url = url
  return response
}

function createPage(line: Line, tab: Tab, opaque: boolean): Page {
  const source = (): Source => ({
    url: tab.url,
    opaque,
    top: tab.top?.() ?? tab.url,
    crossSiteAncestor: tab.crossSiteAncestor,
  })
  const resolve = (url: string): string => new URL(url, tab.url).href
  const go = async (errand: Errand): Promise<Response> => arrive(tab, await send(line, errand))
  const scriptRequest = () => {
    const { url, top, crossSiteAncestor } = source()
    return { initiator: url, top, crossSiteAncestor }
  }
  const destination = tab.top === null ? 'document' : 'iframe'

  return {
    get url() {
      return tab.url
    },
    get cookie() {
      return opaque ? '' : line.jar.readScript(tab.url, scriptRequest())
    },
    set cookie(text: string) {
      if (!opaque) line.jar.writeScript(tab.url, text, scriptRequest())
    },
    fetch: async (url, options = {}) =>
      (await send(line, await toErrand(source(), resolve(url), options))).response,
    load: async (url) => {
      const errand = await toErrand(source(), resolve(url), { mode: 'no-cors', credentials: 'include' })
      return (await send(line, { ...errand, destination: 'image' })).response
    },
    click: (url) => go(navigation(source(), resolve(url), { method: 'GET', destination })),
    submit: async (url, options) => go(await toForm(source(), resolve(url), { ...options, destination })),
    async frame(url, { sandbox = false } = {}) {
      const { top, crossSiteAncestor } = source()
      const inner: Tab = {
        url: resolve(url),
        top: () => source().top,
        crossSiteAncestor: crossSiteAncestor || !isSameSite(tab.url, top),
      }
      const errand = navigation(source(), inner.url, { method: 'GET', destination: 'iframe' })
      arrive(inner, await send(line, errand))
      return createPage(line, inner, opaque || sandbox)
    },
  }
}

async function toErrand(source: Source, url: string, options: FetchOptions): Promise<Errand> {
  const { json, mode = 'cors', credentials = 'same-origin', redirect = 'follow' } = options
  const headers = pageHeaders(options.headers)
  if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
  const sent = await bytesOf(json === undefined ? (options.body ?? null) : JSON.stringify(json), headers)
  const method = (options.method ?? 'GET').toUpperCase()
  return { source, url, method, headers, body: sent, mode, destination: 'empty', credentials, redirect }
}

/** With the type that a body brings along, such as that of a form. */
async function bytesOf(body: BodyInit | null, headers: Headers): Promise<Errand['body']> {
  if (body === null) return null
  const carrier = new Response(body)
  const type = carrier.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  return new Uint8Array(await carrier.arrayBuffer())
}

function navigation(
  source: Source | null,
  url: string,
  options: { readonly method: string } & Partial<Pick<Errand, 'headers' | 'body' | 'destination'>>,
): Errand {
  const { method, headers = new Headers(), body = null, destination = 'document' } = options
  return {
    source,
    url,
    method,
    headers,
    body,
    mode: 'navigate',
    destination,
    credentials: 'include',
    redirect: 'follow',
  }
}

async function toForm(
  source: Source,
  action: string,
  { method = 'POST', fields = {}, type, destination }: FormOptions & Pick<Errand, 'destination'>,
): Promise<Errand> {
  if (method === 'GET') {
    const url = new URL(action)
    url.search = new URLSearchParams(fields).toString()
    return navigation(source, url.href, { method, destination })
  }
  const headers = new Headers()
  if (type === 'text/plain') headers.set('content-type', type)
  const body = await bytesOf(formBody(fields, type), headers)
  return navigation(source, action, { method, headers, body, destination })
}

function formBody(fields: Readonly<Record<string, string>>, type: FormOptions['type']): BodyInit {
  if (type === 'text/plain')
    return Object.entries(fields)
      .map(([name, value]) => `${name}=${value}\r\n`)
      .join('')
  if (type !== 'multipart/form-data') return new URLSearchParams(fields)
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}
