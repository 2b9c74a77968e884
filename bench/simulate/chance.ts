// What happens by chance? The same again for the same seed.
import type { Random } from 'lockjar'

export interface Chance extends Random {
  /** From 0 up to, not including, 1. */
  next(): number
  happens(probability: number): boolean
  between(least: number, most: number): number
  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number
  pick<T>(all: readonly T[]): T | undefined
  /** How long until something happens that happens every `mean` on average. */
  until(mean: number): number
  /** Log-normal, as the time of a network is: half of all below `median`, one in a hundred above six times that. */
  latency(median: number): number
  /** Another sequence, that does not depend on how often this one was asked. */
  apart(name: string): Chance
}

const SIGMA = Math.log(6) / 2.326

export function createChance(seed: number, name = ''): Chance {
  let state = hash(`${seed} ${name}`)
  /** mulberry32. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    happens: (probability) => next() < probability,
    between: (least, most) => least + (most - least) * next(),
    below: (count) => Math.floor(next() * count),
    pick: (all) => all[Math.floor(next() * all.length)],
    until: (mean) => -mean * Math.log(1 - next()),
    latency: (median) => median * Math.exp(SIGMA * normal()),
    apart: (other) => createChance(seed, `${name}/${other}`),
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value
}
