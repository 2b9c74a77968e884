// Which cookies did the browser send? RFC 6265bis section 5.7.3, read from the server's side.

/** Every value of every name, in the order sent. A value is as sent: quotes belong to it, nothing is decoded. */
export type CookieJar = ReadonlyMap<string, readonly string[]>

/**
 * Splits on `;` only and trims space and tab only. `String.trim` would also take U+00A0, and with it turn the name
 * `\u00a0__Host-session`, which a sibling sub-domain may set, into ours. Never throws.
 */
export function parseCookies(header: string | null): CookieJar {
  const jar = new Map<string, string[]>()
  if (!header) return jar
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    // A cookie without a name is not ours, and Chromium sends it as a bare value.
    if (equals < 0) continue
    const name = trim(pair.slice(0, equals))
    if (name === '') continue
    const value = trim(pair.slice(equals + 1))
    const values = jar.get(name)
    if (values) values.push(value)
    else jar.set(name, [value])
  }
  return jar
}

const isBlank = (text: string, index: number): boolean => text[index] === ' ' || text[index] === '\t'

function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text, start)) start++
  while (end > start && isBlank(text, end - 1)) end--
  return text.slice(start, end)
}
