// Does a secret leave the server where a script, a log or a stranger can read it?
import { inspect } from 'node:util'
import { brotliDecompressSync, unzipSync } from 'node:zlib'
import type { LogFields, Logger } from '../../ports/logger.ts'
import { HEADERS } from '../../protocol.ts'
import { setCookieLines } from '../cookie/lines.ts'
import { parseSetCookie } from '../cookie/parse.ts'
import { learnFromAnswer, learnFromHead, learnJson, tapBody } from './learn.ts'
import type { Secrets } from './secrets.ts'
import { createSecrets } from './secrets.ts'

/** A secret was found where it must not be. The message says which and where, never what it is. */
export class EgressLeak extends Error {
  override readonly name = 'EgressLeak'
}

export interface EgressOptions {
  /**
   * Whose answers may hold tokens in their body. Default: a request with `Lockjar-Tokens: body` that shows no sign of a browser. What is
   * in them is a secret everywhere else.
   */
  readonly mayReceiveTokens?: (request: Request) => boolean
  /** Whether a secret in the address of a request is a leak: addresses are kept in logs, histories and `Referer`. Default true. */
  readonly addresses?: boolean
  /** Told of each leak, for tests in which nobody sees the rejection. */
  readonly onLeak?: (leak: EgressLeak) => void
}

export interface Egress {
  /** Makes something a secret that the guard cannot see by itself, such as the link of a mail. */
  learn(secret: string, what: string): void
  /** @throws {EgressLeak} */
  check(text: string, where: string): void
  /** The same logger, each of whose lines is checked. */
  guardLogger(logger: Logger): Logger
  readonly leaks: readonly EgressLeak[]
}

/** The same; one that looks at no request is given one all the same. */
export type GuardedFetch<F extends Fetch> = F extends () => unknown
  ? (request: Request) => Promise<Response>
  : F

/** A handler, or a `fetch`. */
// biome-ignore lint/suspicious/noExplicitAny: of which kind the second argument is, the guard does not look at.
type Fetch = (request: Request, ...rest: any[]) => Response | Promise<Response>

/**
 * The same handler or `fetch`, whose answers are searched for secrets: in the body, in headers that a script can read, in cookies that
 * are not HttpOnly, in redirects and in addresses. Secrets are what an answer sets as an HttpOnly cookie, what a request carries in
 * `Authorization`, and fields named like passwords and tokens; CSRF tokens are none. They are found encoded as well: for URLs, JSON
 * and HTML, in base64 and hex, backwards, in pieces, over the borders of chunks, in any letter case, and half of a long one.
 *
 * A leak rejects the request with `EgressLeak`; one in a stream ends the stream with it.
 *
 * @example
 * ```ts
 * import { createBrowser, guardEgress } from 'lockjar/testing'
 *
 * declare const handler: (request: Request) => Promise<Response>
 * const guarded = guardEgress(handler)
 * const browser = createBrowser(guarded, { origin: 'http://localhost:3000' })
 * await browser.fetch('/auth/login', { method: 'POST', json: { email: 'ada@example.com', password: 'correct horse' } })
 * await browser.fetch('/api/me') // rejects where the answer holds the session's token
 * ```
 */
export function guardEgress<F extends Fetch>(
  handler: F,
  options: EgressOptions = {},
): GuardedFetch<F> & Egress {
  const egress = createEgress(options)
  return Object.assign(egress.guard(handler), {
    learn: egress.learn,
    check: egress.check,
    guardLogger: egress.guardLogger,
    leaks: egress.leaks,
  })
}

/** For several handlers that share their secrets: `guard` makes each of them a guarded one. */
export interface SharedEgress extends Egress {
  guard<F extends Fetch>(handler: F): GuardedFetch<F>
}

export function createEgress({
  mayReceiveTokens = asksForTokens,
  addresses = true,
  onLeak,
}: EgressOptions = {}): SharedEgress {
  const secrets = createSecrets()
  const httpOnly = new Set<string>()
  const leaks: EgressLeak[] = []

  const leakIn = (text: string, where: string): EgressLeak | null => {
    const found = secrets.find(text)
    if (!found) return null
    const as = found.as === '' ? '' : `, as ${found.as}`
    const leak = new EgressLeak(`${found.what} appears in ${where}${as}`)
    leaks.push(leak)
    onLeak?.(leak)
    return leak
  }
  const check = (text: string, where: string): void => {
    const leak = leakIn(text, where)
    if (leak) throw leak
  }

  /** Lockjar lets no act fail for its logger: what a line gave away is thrown by the next answer. */
  let inLog: EgressLeak | null = null
  const checkLine = (text: string, where: string): void => {
    const leak = leakIn(text, where)
    if (!leak) return
    inLog = leak
    throw leak
  }
  const throwLeakInLog = (): void => {
    const leak = inLog
    inLog = null
    if (leak) throw leak
  }

  const guard =
    <F extends Fetch>(handler: F) =>
    async (input: Request, ...rest: unknown[]): Promise<Response> => {
      const sent = toRequest(input, rest)
      if (sent === null) return handler(input, ...rest)
      learnFromHead(secrets, httpOnly, sent.request)
      const { request, learn } = tapBody(sent.request, secrets)
      const response = await handler(request, ...sent.rest)
      const forgetPasswords = learn()
      learnFromAnswer(secrets, httpOnly, response)
      try {
        throwLeakInLog()
        return await judge(request, response)
      } finally {
        // One that was refused is nobody's, and may be anything: an address, a word of the page.
        if (!response.ok) forgetPasswords()
      }
    }

  const judge = async (request: Request, response: Response): Promise<Response> => {
    if (addresses) check(request.url, 'the address of a request')
    const where = `the answer to ${request.method} ${pathOf(request, secrets)}`
    if (addresses) check(response.url, `the address of ${where}`)
    check(response.statusText, `the status of ${where}`)
    for (const [name, text] of readableHeaders(response)) check(text, `the header ${name} of ${where}`)
    const find: FindLeak = (text) => leakIn(text, `the body of ${where}`)
    return guardBody(response, secrets, mayReceiveTokens(request) ? null : find)
  }

  return {
    guard: <F extends Fetch>(handler: F) => guard(handler) as unknown as GuardedFetch<F>,
    learn: (secret, what) => secrets.learn(secret, what),
    check,
    guardLogger: (logger) => ({
      info: (fields, message) => logLine(logger, 'info', fields, message, checkLine),
      warn: (fields, message) => logLine(logger, 'warn', fields, message, checkLine),
      error: (fields, message) => logLine(logger, 'error', fields, message, checkLine),
    }),
    leaks,
  }
}

/** As in Lockjar itself: no page's script can leave all of these out. */
function asksForTokens({ headers }: Request): boolean {
  const ofBrowsers = ['cookie', 'origin', 'sec-fetch-site', 'sec-fetch-dest', 'sec-fetch-user']
  return headers.get(HEADERS.tokens) === 'body' && ofBrowsers.every((name) => !headers.has(name))
}

/** What a `fetch` is given may be an address and options; `null` for an address that only it understands. */
function toRequest(
  input: Request | string | URL,
  rest: readonly unknown[],
): { readonly request: Request; readonly rest: readonly unknown[] } | null {
  if (input instanceof Request) return { request: input, rest }
  if (!URL.canParse(String(input))) return null
  return { request: new Request(input, rest[0] as RequestInit), rest: rest.slice(1) }
}

/** A path that holds a secret is not written into a message. */
function pathOf({ url }: Request, secrets: Secrets): string {
  const { pathname } = new URL(url)
  return secrets.find(pathname) ? '…' : pathname
}

function readableHeaders({ headers }: Response): readonly (readonly [string, string])[] {
  const own = [...headers].filter(([name]) => name !== 'set-cookie')
  const readable = setCookieLines(headers).flatMap((line) => {
    const cookie = parseSetCookie(line)
    return cookie && !cookie.httpOnly ? [[`Set-Cookie (${cookie.name}, not HttpOnly)`, line] as const] : []
  })
  return [...own, ...readable]
}

type FindLeak = (text: string) => EgressLeak | null

/** What is compressed, as the browser reads it. A `fetch` has unpacked it already, whatever the header says. */
function unpack(bytes: Buffer, encoding: string | null): string {
  try {
    if (encoding === 'br') return String(brotliDecompressSync(bytes, { maxOutputLength: MOST_BYTES }))
    return String(encoding === null ? bytes : unzipSync(bytes, { maxOutputLength: MOST_BYTES }))
  } catch {
    return String(bytes)
  }
}

const MOST_BYTES = 16 * 1024 * 1024

/** A document is read to its end at once, so that a leak is found also where nobody reads it; a stream as it is read. */
async function guardBody(response: Response, secrets: Secrets, find: FindLeak | null): Promise<Response> {
  if (response.body === null) return response
  const type = response.headers.get('content-type') ?? ''
  const isDocument = /[/+]json\s*(?:;|$)/i.test(type)
  if (find === null) {
    if (isDocument) learnJson(secrets, await response.clone().text())
    return response
  }
  const packed = /^text\/event-stream/i.test(type) ? null : response.headers.get('content-encoding')
  if (isDocument || packed !== null) {
    const leak = find(unpack(Buffer.from(await response.clone().arrayBuffer()), packed))
    if (leak) throw leak
    return response
  }
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(scan(secrets, find)), { status, statusText, headers })
}

/** What has passed is not kept, but for as much of its end as a secret could have begun in. */
function scan(secrets: Secrets, find: FindLeak): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  let end = ''
  return new TransformStream({
    transform(chunk, controller) {
      const text = end + decoder.decode(chunk, { stream: true })
      const leak = find(text)
      if (leak) controller.error(leak)
      else controller.enqueue(chunk)
      end = text.slice(-Math.max(1, secrets.overlap))
    },
  })
}

function logLine(
  logger: Logger,
  level: keyof Logger,
  fields: LogFields,
  message: string,
  check: (text: string, where: string) => void,
): void {
  logger[level](fields, message)
  check(`${message} ${written(fields)}`, 'a line of the log')
}

/** With whatever a logger might print of an error: its causes, however deep, and what a library has hung on it. */
function written(fields: LogFields): string {
  const all = { depth: 8, maxStringLength: null, maxArrayLength: null, breakLength: Number.POSITIVE_INFINITY }
  return inspect(fields, all) + bytesIn(fields)
}

/** Of which `inspect` shows the beginning alone. */
function bytesIn(fields: LogFields): string {
  const values: readonly unknown[] = Object.values(fields)
  return values.map((value) => (value instanceof Uint8Array ? ` ${Buffer.from(value)}` : '')).join('')
}
