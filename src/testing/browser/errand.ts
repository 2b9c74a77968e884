// What does a page have a browser send, and who is told to have asked?
import { OPAQUE } from '../jar/request.ts'

/** Who asks: a page, by its address. */
export interface Source {
  readonly url: string
  /** It is in a sandboxed frame, and of no origin. */
  readonly opaque: boolean
  /** URL in the address bar. */
  readonly top: string
  readonly crossSiteAncestor: boolean
}

export type Mode = 'navigate' | 'cors' | 'no-cors' | 'same-origin'

/** One request, before its redirects. */
export interface Errand {
  /** `null`: somebody typed the address. */
  readonly source: Source | null
  readonly url: string
  readonly method: string
  /** What the page may set, and has set. */
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer> | null
  readonly mode: Mode
  readonly destination: 'document' | 'iframe' | 'empty' | 'image'
  readonly credentials: 'include' | 'same-origin' | 'omit'
  readonly redirect: 'follow' | 'manual' | 'error'
}

export const originOf = ({ url, opaque }: Source): string => (opaque ? OPAQUE : new URL(url).origin)

/** Headers that no script can set (Fetch, "forbidden request-header"). */
const FORBIDDEN =
  /^(?:accept-charset|accept-encoding|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/

export function pageHeaders(headers: HeadersInit | undefined): Headers {
  const kept = new Headers()
  for (const [name, value] of new Headers(headers)) if (!FORBIDDEN.test(name)) kept.append(name, value)
  return kept
}
