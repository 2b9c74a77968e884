// What does a browser add to a request that no script can? Fetch Metadata, Origin and Referer, as Chromium was seen to send them.
import { isSameSite, isTrustworthy } from '../jar/site.ts'
import type { Errand } from './errand.ts'
import { originOf } from './errand.ts'

/** `chain`: the addresses so far, the one that is asked for now last. */
export function addMetadata(
  headers: Headers,
  errand: Errand,
  method: string,
  chain: readonly string[],
): void {
  const url = chain.at(-1) ?? errand.url
  const origin = originHeader(errand, method, chain)
  if (origin !== null) headers.set('origin', origin)
  const referer = refererHeader(errand, chain)
  if (referer !== null) headers.set('referer', referer)
  // Over plain http, but on this machine, there is none.
  if (!isTrustworthy(url)) return
  headers.set('sec-fetch-site', fetchSite(errand, chain))
  headers.set('sec-fetch-mode', errand.mode)
  headers.set('sec-fetch-dest', errand.destination)
  if (errand.mode === 'navigate' && errand.destination === 'document') headers.set('sec-fetch-user', '?1')
}

/** The furthest of all addresses on the way counts. `none`: nobody's page asks. */
function fetchSite({ source }: Errand, chain: readonly string[]): string {
  if (source === null) return 'none'
  const from = originOf(source)
  if (chain.every((url) => new URL(url).origin === from)) return 'same-origin'
  return !source.opaque && chain.every((url) => isSameSite(url, source.url)) ? 'same-site' : 'cross-site'
}

/** Always with a method that changes something; with `GET` only where the answer is to be read across origins. */
function originHeader(errand: Errand, method: string, chain: readonly string[]): string | null {
  if (errand.source === null) return null
  const from = originOf(errand.source)
  const safe = method === 'GET' || method === 'HEAD'
  const reads = errand.mode === 'cors' && chain.some((url) => new URL(url).origin !== from)
  if (safe && !reads) return null
  return isTainted(from, chain) ? 'null' : from
}

/** Redirected from another origin to yet another: nobody says any more who asked. */
export function isTainted(from: string, chain: readonly string[]): boolean {
  return chain.slice(1).some((url, index) => {
    const before = new URL(chain[index] ?? url).origin
    return before !== from && before !== new URL(url).origin
  })
}

/** `strict-origin-when-cross-origin`, the default. What a redirect has cut off stays off. */
function refererHeader({ source }: Errand, chain: readonly string[]): string | null {
  if (source === null || source.opaque) return null
  const { origin, pathname, search } = new URL(source.url)
  if (chain.every((url) => new URL(url).origin === origin)) return origin + pathname + search
  const downgraded = isTrustworthy(source.url) && !chain.every(isTrustworthy)
  return downgraded ? null : `${origin}/`
}
