// Whose work is next, when many wait? Each source in turn, so that one that floods waits behind itself.

export interface FairQueue<T> {
  push(source: string, item: T): void
  shift(): T | undefined
  /** Takes back `item`; false where it is not waiting any more. */
  remove(source: string, item: T): boolean
  /** Takes back what came last from the source that waits with the most, where that is more than `source` would. */
  evictFor(source: string): T | undefined
  readonly size: number
}

export function createFairQueue<T>(): FairQueue<T> {
  /** In the order in which sources are served. */
  const bySource = new Map<string, T[]>()
  let size = 0
  return {
    push(source, item) {
      const own = bySource.get(source)
      if (own) own.push(item)
      else bySource.set(source, [item])
      size++
    },
    shift() {
      const [next] = bySource
      if (!next) return undefined
      const [source, items] = next
      const item = items.shift()
      // To the back of the line, if there is more.
      bySource.delete(source)
      if (items.length > 0) bySource.set(source, items)
      size--
      return item
    },
    remove(source, item) {
      const items = bySource.get(source) ?? []
      const at = items.indexOf(item)
      if (at < 0) return false
      items.splice(at, 1)
      if (items.length === 0) bySource.delete(source)
      size--
      return true
    },
    evictFor(source) {
      let longest = bySource.get(source) ?? []
      const own = longest.length
      for (const items of bySource.values()) if (items.length > longest.length) longest = items
      if (longest.length <= own + 1) return undefined
      size--
      return longest.pop()
    },
    get size() {
      return size
    },
  }
}
