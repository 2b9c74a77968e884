// Which signature algorithms may access tokens use, and what key does each ask for? RFC 7518 section 3.1, RFC 9864.

/** Signed with a secret: whoever can verify can also sign. */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const
/** Signed with a private key; anybody may have the public one. `EdDSA` is the older name on the wire of `Ed25519`. */
export const KEY_PAIR_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
] as const

export type SecretAlgorithm = (typeof SECRET_ALGORITHMS)[number]
export type KeyPairAlgorithm = (typeof KEY_PAIR_ALGORITHMS)[number]
export type SigningAlgorithm = SecretAlgorithm | KeyPairAlgorithm

export const isSecretAlgorithm = (algorithm: SigningAlgorithm): algorithm is SecretAlgorithm =>
  SECRET_ALGORITHMS.some((known) => known === algorithm)

/** A key no shorter than the hash, RFC 7518 section 3.2. */
export const SECRET_BYTES: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 }

/** As WebCrypto names it. */
export const SECRET_HASH: Readonly<Record<SecretAlgorithm, string>> = {
  HS256: 'SHA-256',
  HS384: 'SHA-384',
  HS512: 'SHA-512',
}

/** What a key of the algorithm says of itself in a JWK. */
export interface KeyShape {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'
}

const RSA: KeyShape = { kty: 'RSA' }
const ED25519: KeyShape = { kty: 'OKP', crv: 'Ed25519' }

export const KEY_SHAPES: Readonly<Record<KeyPairAlgorithm, KeyShape>> = {
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  Ed25519: ED25519,
  EdDSA: ED25519,
}
