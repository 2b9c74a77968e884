// Is this value JSON, so that it comes back as it went?

/** What session data can hold. A `type` of your own fits; an `interface` needs `& Json`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Where the value is something else: `""` for the value itself, `.items[2]` for a part of it; `null` where all of it is JSON.
 * `JSON.stringify` alone would leave out a function, write a date as text and NaN as null, and nobody would notice.
 */
export function notJsonAt(value: unknown): string | null {
  return find(value, '', new Set())
}

/** `above`: the objects that the value is in; one that is in itself is no JSON. */
function find(value: unknown, path: string, above: Set<object>): string | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : path
  if (typeof value !== 'object' || above.has(value)) return path
  if (!Array.isArray(value) && !isPlain(value)) return path
  if (above.size >= DEEPEST) return null
  above.add(value)
  const parts = Array.isArray(value) ? value.entries() : Object.entries(value)
  for (const [key, part] of parts) {
    const found = find(part, typeof key === 'number' ? `${path}[${key}]` : `${path}.${key}`, above)
    if (found !== null) return found
  }
  above.delete(value)
  return null
}

/** Levels of objects and lists in one another. What a sender has nested deeper costs more to look at than it is worth. */
export const DEEPEST = 32

/** Looks no deeper than it has to. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(part, levels - 1))
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  const written = prototype === null || prototype === Object.prototype
  return written && !('toJSON' in value) && Object.getOwnPropertySymbols(value).length === 0
}
