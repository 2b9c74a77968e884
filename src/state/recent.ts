// How does a process keep what it has just used, within a bound?

export interface Recent<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  delete(key: string): void
}

/**
 * Two generations of entries: what is in use is always in the young one, and dropping the old one is one assignment.
 * `capacity` bounds both together.
 */
export function createRecent<T>(capacity: number): Recent<T> {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  const set = (key: string, value: T): void => {
    if (young.size >= capacity / 2 && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const kept = old.get(key)
      if (kept !== undefined) set(key, kept)
      return kept
    },
    set,
    delete(key) {
      young.delete(key)
      old.delete(key)
    },
  }
}
