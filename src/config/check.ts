// How is an option read, and how is a wrong one refused? In one line that names it.
import * as v from 'valibot'
import { parseDuration } from '../core/duration/duration.ts'

export const SECOND = 1000

/** @throws {TypeError} always. */
export function fail(message: string): never {
  throw new TypeError(`lockjar: ${message}`)
}

/** Milliseconds of a duration that is known to be one. */
export const ms = (text: string): number => parseDuration(text) ?? 0

/** A duration as it is written, in milliseconds. */
export const duration: v.GenericSchema<string, number> = v.pipe(
  v.string(),
  v.check(
    (text) => parseDuration(text) !== null,
    'is not a duration: write a whole number and a unit, such as 30s, 10m, 12h or 14d',
  ),
  v.transform(ms),
)

export function within(option: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value
  return fail(`option ${option}: must be from ${low / SECOND}s to ${high / SECOND}s`)
}
