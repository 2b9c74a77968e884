// Which keys do the tests of the core sign with?
import type { KeyRing } from '../../src/core/keys/ring.ts'
import { createKeyRing } from '../../src/core/keys/ring.ts'

/** Thirty-two bytes that differ by `seed`. */
export function secretBytes(seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, index) => (seed * 37 + index * 11) % 256)
}

export function testRing(first: number, ...rest: readonly number[]): Promise<KeyRing> {
  return createKeyRing([secretBytes(first), ...rest.map(secretBytes)])
}
