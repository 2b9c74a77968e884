// Where does a response keep its `Set-Cookie` lines? In each test tool elsewhere.

type HeaderValue = string | number | readonly string[] | undefined
type PlainHeaders = Readonly<Record<string, HeaderValue>>

/**
 * Whatever carries `Set-Cookie`: a web `Response` or `Headers`, a response of `node:http`, supertest, light-my-request (Fastify's
 * `inject`), axios or undici, a `ServerResponse`, or the lines themselves.
 */
export type SetCookieSource =
  | string
  | readonly string[]
  | { getSetCookie(): string[] }
  | { readonly headers: { getSetCookie(): string[] } | PlainHeaders | object }
  | { getHeader(name: string): HeaderValue }

/** @throws {TypeError} for what carries no headers at all, which is a mistake in the test. */
export function setCookieLines(source: SetCookieSource): readonly string[] {
  if (typeof source === 'string') return [source]
  if (Array.isArray(source)) return source
  if (typeof source === 'object' && source !== null) {
    if ('getSetCookie' in source) return source.getSetCookie()
    if ('getHeader' in source) return toLines(source.getHeader('set-cookie'))
    if ('headers' in source && typeof source.headers === 'object' && source.headers !== null)
      return linesOf(source.headers)
  }
  throw new TypeError('lockjar/testing: this is no response, no headers and no Set-Cookie lines')
}

function linesOf(headers: object): readonly string[] {
  if ('getSetCookie' in headers && typeof headers.getSetCookie === 'function') return headers.getSetCookie()
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'set-cookie')
  return toLines(found?.[1])
}

function toLines(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String)
  return value === undefined || value === null ? [] : [String(value)]
}
