// Does a request go to Lockjar's own routes? Read off its target as it was sent, without parsing a URL.

/**
 * `target`: a path, with or without a query, or a whole URL. It is compared as it is written: what a server behind us would
 * decode or normalise is that server's to route, and never reaches two.
 */
export function isBelow(basePath: string, target: string): boolean {
  const at = target.startsWith('/') ? 0 : startOfPath(target)
  if (at < 0 || !target.startsWith(basePath, at)) return false
  const next = target[at + basePath.length]
  return next === undefined || next === '/' || next === '?' || next === '#'
}

/** -1 where there is none. */
function startOfPath(url: string): number {
  const authority = url.indexOf('://')
  if (authority < 0) return -1
  const path = url.indexOf('/', authority + 3)
  const rest = url.slice(authority + 3, path)
  return /[?#]/.test(rest) ? -1 : path
}
