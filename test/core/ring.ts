// Which keys do the tests of the core sign with?
import type { AccessTokenForm } from '../../src/core/access-token/claims.ts'
import type { KeyRing } from '../../src/core/keys/ring.ts'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import type { SigningKeys } from '../../src/core/keys/signing.ts'
import { deriveSigningKeys } from '../../src/core/keys/signing.ts'

/** Thirty-two bytes that differ by `seed`. */
export function secretBytes(seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, index) => (seed * 37 + index * 11) % 256)
}

export function testRing(first: number, ...rest: readonly number[]): Promise<KeyRing> {
  return createKeyRing([secretBytes(first), ...rest.map(secretBytes)])
}

/** Of access tokens, from the same secrets. */
export function testSigning(first: number, ...rest: readonly number[]): Promise<SigningKeys> {
  return deriveSigningKeys([secretBytes(first), ...rest.map(secretBytes)], 'HS256')
}

export const OWN_FORM: AccessTokenForm = {
  type: 'at+jwt',
  names: { userId: 'sub', jti: 'jti', roles: 'roles', tokenType: null },
  foreign: false,
}
