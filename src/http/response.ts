// How is an answer written?

import type { CorsPolicy } from '../core/cors/cors.ts'
import { CORS_VARY, corsHeaders } from '../core/cors/cors.ts'
import { AuthError, CODES } from '../errors.ts'
import type { Problem } from '../protocol.ts'
import { PROBLEM_TYPE } from '../protocol.ts'

/**
 * On every answer of ours. Nothing of it may be kept, sniffed, framed or run (ASVS 3.4, 14.3.2), and it depends on
 * where the request came from.
 */
const ALWAYS: readonly (readonly [string, string])[] = [
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
  [
    'Content-Security-Policy',
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Vary', `Cookie, Authorization, ${CORS_VARY}, Sec-Fetch-Site`],
]

export interface Answer {
  readonly status: number
  readonly body?: unknown
  /** A page, in place of a body. */
  readonly html?: string
  readonly setCookies?: readonly string[]
  /** In place of those that every answer has. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

export function toResponse({ status, body, html, setCookies = [], headers: own = [] }: Answer): Response {
  const headers = new Headers(ALWAYS.map(([name, value]): [string, string] => [name, value]))
  for (const [name, value] of own) headers.set(name, value)
  for (const cookie of setCookies) headers.append('Set-Cookie', cookie)
  if (html !== undefined) {
    headers.set('Content-Type', 'text/html; charset=utf-8')
    return new Response(html, { status, headers })
  }
  if (body === undefined) return new Response(null, { status, headers })
  headers.set('Content-Type', 'application/json; charset=utf-8')
  return new Response(JSON.stringify(body), { status, headers })
}

/** `scheme` as it is to be named in `WWW-Authenticate` (RFC 9110 section 11.6.1); `hint` for whoever builds the application. */
export function toProblemResponse(error: AuthError, scheme: string, hint: string | null = null): Response {
  const { status, title } = CODES[error.code]
  const { detail, errors, retryAfter, allow, setCookies = [] } = error.facts
  const problem: Problem = {
    type: 'about:blank',
    title,
    status,
    code: error.code,
    ...(detail !== undefined && { detail }),
    ...(hint && { hint }),
    ...(errors !== undefined && { errors }),
  }
  const response = toResponse({ status, body: problem, setCookies })
  const { headers } = response
  headers.set('Content-Type', `${PROBLEM_TYPE}; charset=utf-8`)
  if (retryAfter !== undefined) headers.set('Retry-After', String(retryAfter))
  if (allow !== undefined) headers.set('Allow', allow.join(', '))
  if (status === 401) headers.set('WWW-Authenticate', challenge(error, scheme))
  return response
}

/** RFC 6750 section 3: no error is named to someone who showed nothing. */
function challenge({ code }: AuthError, scheme: string): string {
  const shown = code !== 'unauthenticated' && code !== 'invalid_credentials'
  return `${scheme} realm="lockjar"${shown ? ', error="invalid_token"' : ''}`
}

/** As much of a `Headers` as is needed to complete an answer that somebody else writes. */
export interface AnswerHeaders {
  get(name: string): string | null
  set(name: string, value: string): void
  append(name: string, value: string): void
  delete(name: string): void
}

/**
 * An application's answer with more in its head. It is always copied: the application may hold one response for many requests,
 * and what one browser is told is nobody else's. That of a handshake is not: it has no body to copy, but a socket.
 */
export function withHeaders(response: Response, complete: (headers: Headers) => void): Response {
  const { status, statusText, body } = response
  if (status === 101) return response
  const headers = new Headers(response.headers)
  complete(headers)
  return new Response(body, { status, statusText, headers })
}

export function addCookies(headers: AnswerHeaders, setCookies: readonly string[]): void {
  if (setCookies.length === 0) return
  for (const cookie of setCookies) headers.append('Set-Cookie', cookie)
  keepFromCaches(headers)
}

/** An answer that carries one browser's cookie is nobody else's, whatever the application says of it (RFC 9111 section 7.3). */
function keepFromCaches(headers: AnswerHeaders): void {
  if (!/(?:^|,)\s*(?:no-store|private)\s*(?:,|$)/i.test(headers.get('cache-control') ?? '')) {
    headers.set('Cache-Control', 'no-store')
  }
  // These override it at the caches that know them (RFC 9213).
  for (const name of ['CDN-Cache-Control', 'Surrogate-Control']) headers.delete(name)
  if (!/(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i.test(headers.get('vary') ?? '')) headers.append('Vary', 'Cookie')
}

/** The caller's own headers stay; `Vary` is added to. */
export function addCors(headers: AnswerHeaders, origin: string | null, policy: CorsPolicy): void {
  for (const [name, value] of corsHeaders(origin, policy)) headers.set(name, value)
  addVary(headers)
}

function addVary(headers: AnswerHeaders): void {
  const vary = headers.get('vary')
  if (vary === null) headers.set('Vary', CORS_VARY)
  else if (!/(?:^|,)\s*(?:origin|\*)\s*(?:,|$)/i.test(vary)) headers.append('Vary', CORS_VARY)
}

/** Copied only where it says something of this one request: that answers vary by their origin is true of all. */
export function withCors(response: Response, origin: string | null, policy: CorsPolicy): Response {
  if (response.status === 101) return response
  if (corsHeaders(origin, policy).length === 0 && isVaried(response.headers)) return response
  return withHeaders(response, (headers) => addCors(headers, origin, policy))
}

/** Whether the answer varies by origin, or does now: some have a head that cannot be changed. */
function isVaried(headers: Headers): boolean {
  try {
    addVary(headers)
    return true
  } catch {
    return false
  }
}

export function addHeaders(response: Response, headers: readonly (readonly [string, string])[]): Response {
  for (const [name, value] of headers) response.headers.set(name, value)
  return response
}

/** Whatever was thrown, as something that may be said. */
export function toAuthError(error: unknown): AuthError {
  return error instanceof AuthError ? error : new AuthError('internal_error', { cause: error })
}
