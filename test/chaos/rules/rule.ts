// What is a rule, and what does it find?
import type { Operation } from '../history.ts'
import type { Reading } from '../reading.ts'

export interface Finding {
  /** What happened, in words. */
  readonly what: string
  /** The shortest part of the history that shows it, in the order of starts. */
  readonly excerpt: readonly Operation[]
}

export interface Rule {
  readonly name: string
  /** What is promised. */
  readonly promise: string
  find(reading: Reading): Iterable<Finding>
}

export const finding = (what: string, ...excerpt: readonly Operation[]): Finding => ({
  what,
  excerpt: excerpt.toSorted((a, b) => a.start - b.start),
})

/** Seconds between two instants, for a sentence. */
export const apart = (from: number, to: number): string => `${((to - from) / 1000).toFixed(3)} s`
