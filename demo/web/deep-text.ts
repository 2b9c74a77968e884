// Which texts does a value hold, however deep?

/** React keeps a component's hooks as a chain, one level deeper each. */
const DEEPEST = 40
const MOST_VALUES = 20_000

/** Strings, numbers and names of properties, depth first; neither nodes of the page nor anything twice. */
export function deepText(value: unknown): string {
  const texts: string[] = []
  const seen = new Set<object>()

  const visit = (item: unknown, depth: number): void => {
    if (typeof item === 'string' || typeof item === 'number') texts.push(String(item))
    if (typeof item !== 'object' || item === null || item instanceof Node || item instanceof Window) return
    if (seen.has(item) || seen.size > MOST_VALUES || depth > DEEPEST) return
    seen.add(item)
    if (item instanceof Map || item instanceof Set) visit([...item], depth + 1)
    for (const key of Object.getOwnPropertyNames(item)) {
      if (Array.isArray(item) && key === 'length') continue
      if (!Array.isArray(item)) texts.push(key)
      visit(property(item, key), depth + 1)
    }
  }

  visit(value, 0)
  return texts.join(' ')
}

/** A getter may throw. */
function property(item: object, key: string): unknown {
  try {
    return Reflect.get(item, key)
  } catch {
    return undefined
  }
}
