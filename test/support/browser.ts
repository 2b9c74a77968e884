// How does a browser talk to a handler? With a jar that heeds Path and Max-Age, and the headers that no script can set.
import type { Handler } from 'lockjar'

export interface JarCookie {
  readonly name: string
  readonly value: string
  /** Attribute names in lower case; a flag has an empty value. */
  readonly attributes: ReadonlyMap<string, string>
  readonly line: string
}

export function parseSetCookie(line: string): JarCookie {
  const [pair = '', ...rest] = line.split('; ')
  const equals = pair.indexOf('=')
  const attributes = new Map(
    rest.map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=')
      return [name.toLowerCase(), value]
    }),
  )
  return { name: pair.slice(0, equals), value: pair.slice(equals + 1), attributes, line }
}

export interface Sent {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; `null` where there is none. */
  readonly body: Record<string, unknown>
  readonly cookies: readonly JarCookie[]
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON; text as it is. */
  readonly body?: unknown
  /** Default: same-origin, from the application's own page. */
  readonly site?: 'same-origin' | 'same-site' | 'cross-site' | 'none' | null
  readonly origin?: string | null
  /** Do not store the answer's cookies. */
  readonly keepJar?: boolean
}

export class TestBrowser {
  readonly jar = new Map<string, JarCookie>()
  readonly #handler: Handler
  readonly #origin: string

  constructor(handler: Handler, origin: string) {
    this.#handler = handler
    this.#origin = origin
  }

  /** The value of the one cookie whose name ends so, whatever its prefix. */
  cookie(baseName: string): string {
    return [...this.jar.values()].find(({ name }) => name.endsWith(baseName))?.value ?? ''
  }

  /** Puts a value into the jar, as a copy of another browser's cookie. */
  setCookie(baseName: string, value: string): void {
    const [key, cookie] = [...this.jar].find(([name]) => name.endsWith(baseName)) ?? []
    if (key && cookie) this.jar.set(key, { ...cookie, value })
  }

  forget(baseName: string): void {
    for (const name of [...this.jar.keys()]) if (name.endsWith(baseName)) this.jar.delete(name)
  }

  /** The same cookies, at the same door or another. */
  copy(handler: Handler = this.#handler): TestBrowser {
    const other = new TestBrowser(handler, this.#origin)
    for (const [name, cookie] of this.jar) other.jar.set(name, cookie)
    return other
  }

  cookieHeader(path: string): string {
    return [...this.jar.values()]
      .filter(({ attributes }) => {
        const scope = attributes.get('path') ?? '/'
        return scope === '/' || path === scope || path.startsWith(`${scope}/`)
      })
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  keep(cookies: readonly JarCookie[]): void {
    for (const cookie of cookies) {
      if (cookie.attributes.get('max-age') === '0') this.jar.delete(cookie.name)
      else this.jar.set(cookie.name, cookie)
    }
  }

  async send(method: string, path: string, options: SendOptions = {}): Promise<Sent> {
    const {
      site = 'same-origin',
      origin = method === 'GET' ? null : this.#origin,
      body,
      keepJar = false,
    } = options
    const headers = new Headers({ host: new URL(this.#origin).host })
    const cookie = this.cookieHeader(path.split('?')[0] ?? path)
    if (cookie) headers.set('cookie', cookie)
    if (site) headers.set('sec-fetch-site', site)
    if (origin) headers.set('origin', origin)
    if (typeof body === 'object') headers.set('content-type', 'application/json')
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value)
    const response = await this.#handler(
      new Request(this.#origin + path, {
        method,
        headers,
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
      { ip: '192.0.2.1' },
    )
    const sent = await read(response)
    if (!keepJar) this.keep(sent.cookies)
    return sent
  }

  post(path: string, body?: unknown, options: SendOptions = {}): Promise<Sent> {
    return this.send('POST', path, { ...options, ...(body !== undefined && { body }) })
  }

  get(path: string, options: SendOptions = {}): Promise<Sent> {
    return this.send('GET', path, options)
  }
}

export async function read(response: Response): Promise<Sent> {
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text !== '' && /json/.test(type) ? (JSON.parse(text) as Record<string, unknown>) : {},
    cookies: response.headers.getSetCookie().map(parseSetCookie),
  }
}
