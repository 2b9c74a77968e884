// How does a request go over the network with exactly the headers that it has?
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import type { Handler } from './send.ts'

export interface NetworkOptions {
  /** For a whole answer, in milliseconds. Default 10,000. */
  readonly timeout?: number
  /** Of an answer's body, in bytes. Default 10 MiB. */
  readonly mostBytes?: number
  /** Where names lead, in place of DNS: the address of `app.example.test`. Default: DNS. */
  readonly resolve?: (hostname: string) => string
  /** Certificates that are trusted besides, in PEM. */
  readonly ca?: string | readonly string[]
}

const TIMEOUT = 10_000
const MOST_BYTES = 10 * 1024 * 1024
/** With these there is no body, and `Response` takes none. */
const WITHOUT_BODY = new Set([204, 205, 304])

/**
 * A server that is running somewhere, as a handler. `fetch` would not do: it writes some headers itself and hides others.
 *
 * @throws {TypeError} where nobody answers in time.
 *
 * @example
 * ```ts
 * import { createBrowser, overNetwork } from 'lockjar/testing'
 *
 * const browser = createBrowser(overNetwork(), { origin: 'http://localhost:8000' })
 * const response = await browser.fetch('/api/me')
 * ```
 */
export function overNetwork(options: NetworkOptions = {}): Handler {
  return async (request) => {
    const body = Buffer.from(await request.arrayBuffer())
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const outgoing = start(request, body, options)
    outgoing.once('response', resolve)
    outgoing.on('error', (cause) =>
      reject(new TypeError(`${request.method} ${request.url}: nobody answers`, { cause })),
    )
    outgoing.end(body)
    return toResponse(await promise, options.mostBytes ?? MOST_BYTES)
  }
}

function start({ url, method, headers }: Request, body: Buffer, options: NetworkOptions): ClientRequest {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const secure = protocol === 'https:'
  const names: OutgoingHttpHeaders = Object.fromEntries(headers)
  if (body.length > 0) names['content-length'] = String(body.length)
  return (secure ? requestHttps : requestHttp)({
    method,
    host: options.resolve?.(hostname) ?? hostname.replace(/^\[|\]$/g, ''),
    servername: /^[0-9.]+$|^\[/.test(hostname) ? '' : hostname,
    port: port === '' ? (secure ? 443 : 80) : port,
    path: pathname + search,
    headers: names,
    agent: false,
    signal: AbortSignal.timeout(options.timeout ?? TIMEOUT),
    ...(options.ca !== undefined && { ca: [options.ca].flat() }),
  })
}

function toResponse(incoming: IncomingMessage, mostBytes: number): Response {
  const { statusCode = 500, statusMessage = '', rawHeaders } = incoming
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  const status = statusCode >= 200 ? statusCode : 500
  if (WITHOUT_BODY.has(status)) {
    incoming.resume()
    return new Response(null, { status, statusText: statusMessage, headers })
  }
  const body = Readable.toWeb(Readable.from(bounded(incoming, mostBytes))) as ReadableStream
  return new Response(body, { status, statusText: statusMessage, headers })
}

async function* bounded(incoming: IncomingMessage, mostBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new TypeError(`the answer is longer than ${mostBytes} bytes`)
    yield chunk
  }
}
