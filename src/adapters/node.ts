// How does a `node:http` request become a web-standard one, and the response go back?
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** As much of `Auth` as a server needs. */
export interface NodeAuth {
  handler(request: Request, info?: { readonly ip?: string | undefined }): Promise<Response>
  owns(pathname: string): boolean
  readonly config: { readonly origin: string }
}

type AppHandler = (request: Request) => Response | Promise<Response>

/** As much of a request as `auth.authenticate` needs, read without building a `Request`. */
export interface LightRequest {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

/**
 * A listener for `http.createServer` and `https.createServer`: Lockjar's routes, and everything else to `app`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createAuth } from 'lockjar'
 * import { toNodeListener } from 'lockjar/node'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * createServer(toNodeListener(auth, () => new Response('hello'))).listen(3000, '127.0.0.1')
 * ```
 */
export function toNodeListener(auth: NodeAuth, app: AppHandler): RequestListener {
  return (incoming, outgoing) => {
    answer(auth, app, incoming, outgoing).catch((error: unknown) => {
      // A sender that went away is no news; what the application threw is.
      if (!incoming.destroyed || !outgoing.destroyed) console.error(error)
      if (!outgoing.headersSent) outgoing.writeHead(500).end()
      else outgoing.destroy()
    })
  }
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
export function toLightRequest({ method = 'GET', url = '/', rawHeaders }: IncomingMessage): LightRequest {
  return { method, url, headers: { get: (name) => findHeader(rawHeaders, name) } }
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

/**
 * Refuses a WebSocket handshake on its raw socket, with a whole HTTP answer, which a plain `socket.destroy()` would not give.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createAuth } from 'lockjar'
 * import { refuseUpgrade, toLightRequest, toNodeListener } from 'lockjar/node'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const server = createServer(toNodeListener(auth, () => new Response('hello')))
 * server.on('upgrade', async (incoming, socket) => {
 *   const request = toLightRequest(incoming)
 *   const who = await auth.authenticate(request, { upgrade: true })
 *   if (who.status !== 'authenticated') return refuseUpgrade(socket, auth.respond(who.refusal, request))
 * })
 * ```
 */
export async function refuseUpgrade(socket: Duplex, response: Response): Promise<void> {
  // The sender may be gone; nobody else listens for that on a socket that was handed over.
  socket.on('error', () => socket.destroy())
  const body = Buffer.from(await response.arrayBuffer())
  const headers = [...response.headers, ['content-length', String(body.length)], ['connection', 'close']]
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const reason = STATUS_CODES[response.status] ?? ''
  socket.once('finish', () => socket.destroy())
  socket.end(
    Buffer.concat([Buffer.from(`HTTP/1.1 ${response.status} ${reason}\r\n${lines}\r\n`, 'latin1'), body]),
  )
}

async function answer(
  auth: NodeAuth,
  app: AppHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = toRequest(incoming, outgoing, auth.config.origin)
  if (!request) {
    outgoing.writeHead(400, { Connection: 'close' }).end()
    return
  }
  const response = auth.owns(new URL(request.url).pathname)
    ? await auth.handler(request, { ip: incoming.socket.remoteAddress })
    : await app(request)
  await send(response, incoming, outgoing)
}

/** `null` for a target without a path or a host, or a method that no web request can have. */
function toRequest(incoming: IncomingMessage, outgoing: ServerResponse, origin: string): Request | null {
  const { method = 'GET', rawHeaders } = incoming
  const target = toTarget(incoming.url ?? '/', origin)
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
      ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
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

async function send(response: Response, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const headers: [string, string | string[]][] = [...response.headers].filter(
    ([name]) => name !== 'set-cookie',
  )
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers.push(['set-cookie', cookies])
  // A body that was refused unread would hold the connection open.
  if (!incoming.complete) headers.push(['connection', 'close'])
  outgoing.writeHead(response.status, Object.fromEntries(headers))
  // Somebody who has gone reads nothing: a stream is told so, and lets go of what it holds.
  if (!response.body || incoming.method === 'HEAD' || outgoing.destroyed) {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), outgoing)
}
