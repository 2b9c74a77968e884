// Which key pairs do the tests sign with? Made once in each process, for making an RSA key takes long.
import type { KeyObject } from 'node:crypto'
import { generateKeyPairSync } from 'node:crypto'
import type { KeyPairAlgorithm } from '../../src/core/keys/algorithms.ts'

export interface TestKeyPair {
  readonly privateKey: KeyObject
  readonly privatePem: string
  readonly publicPem: string
  readonly privateJwk: Readonly<Record<string, unknown>>
  readonly publicJwk: Readonly<Record<string, unknown>> & { readonly kty: string }
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
const made = new Map<string, TestKeyPair>()

/** `which`: another one of the same kind. */
export function keyPair(algorithm: KeyPairAlgorithm, which = 0): TestKeyPair {
  const kind = CURVES[algorithm] ?? (algorithm.startsWith('Ed') ? 'Ed25519' : 'RSA')
  const known = made.get(`${kind} ${which}`)
  if (known) return known
  const { privateKey, publicKey } =
    kind === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : kind === 'Ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: kind })
  const pair: TestKeyPair = {
    privateKey,
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    privateJwk: { ...privateKey.export({ format: 'jwk' }) },
    publicJwk: { kty: kind, ...publicKey.export({ format: 'jwk' }) },
  }
  made.set(`${kind} ${which}`, pair)
  return pair
}
