// Is this value JSON, so that it comes back as it went?

/** What session data can hold. A `type` of your own fits; an `interface` needs `& Json`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Where the value is something else: `""` for the value itself, `.items[2]` for a part of it; `null` where all of it is JSON.
 * `JSON.stringify` alone would leave out a function, write a date as text and NaN as null, and nobody would notice.
 */
export function notJsonAt(value: unknown, path = '', above: readonly object[] = []): string | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : path
  if (typeof value !== 'object' || above.includes(value)) return path
  const inside = [...above, value]
  const parts: Iterable<readonly [string, unknown]> | null = Array.isArray(value)
    ? Array.from(value, (part: unknown, index) => [`${path}[${index}]`, part] as const)
    : isPlain(value)
      ? Object.entries(value).map(([key, part]) => [`${path}.${key}`, part] as const)
      : null
  if (!parts) return path
  for (const [at, part] of parts) {
    const found = notJsonAt(part, at, inside)
    if (found !== null) return found
  }
  return null
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  const written = prototype === null || prototype === Object.prototype
  return written && !('toJSON' in value) && Object.getOwnPropertySymbols(value).length === 0
}
