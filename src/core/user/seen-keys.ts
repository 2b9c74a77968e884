// In which line was this address seen before, among millions, in little memory?

export interface SeenKeys {
  /** The line with which the key was added, or `null`. */
  find(key: string): number | null
  add(key: string, line: number): void
}

const FIRST_CAPACITY = 1 << 12

/**
 * Twelve bytes a slot, at most half of them taken: of each key 64 bits of a hash, and the line. So of ten million keys two would be
 * taken for one in some three of a million imports.
 */
export function createSeenKeys(): SeenKeys {
  let capacity = FIRST_CAPACITY
  let table = new Uint32Array(capacity * 3)
  let count = 0

  /** The slot of the hash, or the free one where it belongs. */
  const slotOf = (high: number, low: number): number => {
    for (let slot = low & (capacity - 1); ; slot = (slot + 1) & (capacity - 1)) {
      const at = slot * 3
      if (table[at + 2] === 0 || (table[at] === high && table[at + 1] === low)) return at
    }
  }
  const put = (high: number, low: number, line: number): void => {
    const at = slotOf(high, low)
    if (table[at + 2] !== 0) return
    table.set([high, low, line], at)
    count++
  }
  const grow = (): void => {
    const old = table
    capacity *= 2
    table = new Uint32Array(capacity * 3)
    count = 0
    for (let at = 0; at < old.length; at += 3) {
      const [high = 0, low = 0, line = 0] = old.subarray(at, at + 3)
      if (line !== 0) put(high, low, line)
    }
  }

  return {
    find(key) {
      const [high, low] = hash(key)
      return table[slotOf(high, low) + 2] || null
    },
    add(key, line) {
      if (count * 2 >= capacity) grow()
      put(...hash(key), line)
    },
  }
}

/** Two sums with different multipliers, mixed at the end. For finding, not for secrecy. */
function hash(key: string): readonly [high: number, low: number] {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return [high >>> 0, low >>> 0]
}
