// How is a `node:http` request read: its head alone, or as a whole web-standard one?
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/** As much of a request as `auth.authenticate` needs, read without building a `Request`. */
export interface LightRequest {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

/**
 * For servers that keep to `node:http`: `await auth.authenticate(toLightRequest(incoming))`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createAuth } from 'lockjar'
 * import { toLightRequest } from 'lockjar/node'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * createServer(async (incoming, outgoing) => {
 *   const { user } = await auth.authenticate(toLightRequest(incoming))
 *   outgoing.end(user ? `hello ${user.id}` : 'who are you?')
 * }).listen(3000, '127.0.0.1')
 * ```
 */
export function toLightRequest(incoming: IncomingMessage): LightRequest {
  const { method = 'GET', rawHeaders } = incoming
  const url = targetOf(incoming)
  const get = (name: string): string | null =>
    name === 'host' ? findHost(url, rawHeaders) : findHeader(rawHeaders, name)
  return { method, url, headers: { get } }
}

/** As it was sent: frameworks that mount one router below another change `url`, and keep this. */
export function targetOf(incoming: IncomingMessage): string {
  const { originalUrl, url = '/' } = incoming as IncomingMessage & { readonly originalUrl?: string }
  return originalUrl ?? url
}

/** Of an absolute target its own host counts, whatever `Host` says (RFC 9112 section 3.2.2). HTTP/2 has `:authority`. */
function findHost(target: string, rawHeaders: readonly string[]): string | null {
  if (!target.startsWith('/') && URL.canParse(target)) return new URL(target).host
  return findHeader(rawHeaders, 'host') ?? findHeader(rawHeaders, ':authority')
}

/** Every line counts: Node's own `headers` would silently keep the first of two `Authorization` lines. */
function findHeader(rawHeaders: readonly string[], name: string): string | null {
  let found: string | null = null
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? ''
    if (raw.length !== name.length || raw.toLowerCase() !== name) continue
    const value = rawHeaders[index + 1] ?? ''
    found = found === null ? value : `${found}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return found
}

/** `body`: in place of the one that is still to be read. `null` for a target without a path or a host, or a method that no web request can have. */
export function toRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  origin: string,
  body: BodyInit = Readable.toWeb(incoming) as ReadableStream,
): Request | null {
  const { method = 'GET', rawHeaders } = incoming
  const target = toTarget(targetOf(incoming), origin)
  if (!target) return null
  const gone = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    // HTTP/2 writes `:path` and the like among the headers.
    if (!name.startsWith(':')) headers.append(name, rawHeaders[index + 1] ?? '')
  }
  const host = target.host ?? headers.get('host') ?? incoming.headers[':authority']
  if (typeof host !== 'string') return null
  headers.set('host', host)
  const hasBody = method !== 'GET' && method !== 'HEAD'
  try {
    return new Request(origin + target.path, {
      method,
      headers,
      signal: gone.signal,
      ...(hasBody && { body, duplex: 'half' }),
    })
  } catch {
    return null
  }
}

/** A path, or the absolute form whose host then counts (RFC 9112 section 3.2). */
function toTarget(
  url: string,
  origin: string,
): { readonly path: string; readonly host: string | null } | null {
  if (url.startsWith('/')) return URL.canParse(origin + url) ? { path: url, host: null } : null
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return null
  const { pathname, search, host } = new URL(url)
  return { path: pathname + search, host }
}
