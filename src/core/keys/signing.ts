// Which keys sign access tokens, and which verify them?
import type { KeyPairAlgorithm, SecretAlgorithm } from './algorithms.ts'
import { SECRET_BYTES, SECRET_HASH } from './algorithms.ts'
import { createDerivation } from './derive.ts'
import type { ImportedKey, KeySource, PublicJwk } from './import.ts'
import { importKey } from './import.ts'
import type { BoundKey } from './jws.ts'
import { signJws, verifyJws } from './jws.ts'
import type { Secrets } from './ring.ts'
import { keyIdOf } from './ring.ts'

export interface SigningKeys {
  /** Signs. */
  readonly current: BoundKey
  /** The key that verifies tokens of this `kid`. */
  find(id: string | null): BoundKey | undefined
  /** What anybody may verify with; `null` where keys are secret. */
  readonly published: readonly PublicJwk[] | null
}

/** @throws {TypeError} where two keys have one id, so that a token would not say which it means. */
export function createSigningKeys(
  current: BoundKey,
  verifying: readonly BoundKey[],
  published: readonly PublicJwk[] | null,
): SigningKeys {
  const byId = new Map(verifying.map((key) => [key.id, key]))
  if (byId.size < verifying.length) throw new TypeError('lockjar: two signing keys have one id')
  if (verifying.some(({ algorithm }) => algorithm !== current.algorithm))
    throw new TypeError('lockjar: signing keys of two algorithms')
  return { current, find: (id) => byId.get(id), published }
}

/** Of HS256 what it was before there were others, so that live tokens stay good. */
const purposeOf = (algorithm: SecretAlgorithm): string =>
  algorithm === 'HS256' ? 'access-token' : `access-token/${algorithm}`

/** Newest secret first. */
export async function deriveSigningKeys(secrets: Secrets, algorithm: SecretAlgorithm): Promise<SigningKeys> {
  const derive = async (secret: Secrets[0]): Promise<BoundKey> => {
    const bytes = await (await createDerivation(secret))(purposeOf(algorithm), SECRET_BYTES[algorithm])
    return { id: await keyIdOf(secret), algorithm, key: await importSecret(bytes, algorithm) }
  }
  const [first, ...rest] = secrets
  const current = await derive(first)
  return createSigningKeys(current, [current, ...(await Promise.all(rest.map(derive)))], null)
}

/** A secret that another service signs and verifies with as it is. Its tokens name no key. */
export async function sharedSigningKeys(secret: Uint8Array<ArrayBuffer>): Promise<SigningKeys> {
  const key: BoundKey = { id: null, algorithm: 'HS256', key: await importSecret(secret, 'HS256') }
  return createSigningKeys(key, [key], null)
}

export function importSecret(bytes: Uint8Array<ArrayBuffer>, algorithm: SecretAlgorithm): Promise<CryptoKey> {
  const hmac = { name: 'HMAC', hash: SECRET_HASH[algorithm] }
  return crypto.subtle.importKey('raw', bytes, hmac, false, ['sign', 'verify'])
}

export type SigningKeysVerdict =
  | { readonly ok: true; readonly keys: SigningKeys }
  /** `index` of the key that is refused. */
  | { readonly ok: false; readonly index: number; readonly reason: string }

/** Newest first: the first one signs, and must be private; of the others the public half is kept. */
export async function importSigningKeys(
  sources: readonly KeySource[],
  algorithm: KeyPairAlgorithm,
): Promise<SigningKeysVerdict> {
  const keys: ImportedKey[] = []
  for (const [index, source] of sources.entries()) {
    const verdict = await importKey(source, algorithm)
    if (!verdict.ok) return { ok: false, index, reason: verdict.reason }
    if (keys.some(({ published }) => published.kid === verdict.key.published.kid))
      return { ok: false, index, reason: 'is there twice' }
    keys.push(verdict.key)
  }
  const [first] = keys
  if (!first) return { ok: false, index: 0, reason: 'is missing' }
  const { signing } = first
  if (!signing) return { ok: false, index: 0, reason: 'is public, but the first key signs' }
  if (!(await belong(first, signing, algorithm)))
    return { ok: false, index: 0, reason: 'has a private half that does not belong to its public half' }
  const verifying = keys.map(
    ({ published, verifying: key }): BoundKey => ({ id: published.kid, algorithm, key }),
  )
  const current: BoundKey = { id: first.published.kid, algorithm, key: signing }
  const published = keys.map((key) => key.published)
  return { ok: true, keys: createSigningKeys(current, verifying, published) }
}

/** Or every token would be refused by those who read our public keys, and by ourselves. */
async function belong(
  { verifying }: ImportedKey,
  signing: CryptoKey,
  algorithm: KeyPairAlgorithm,
): Promise<boolean> {
  const current: BoundKey = { id: null, algorithm, key: signing }
  try {
    const token = await signJws(new Uint8Array(1), 'probe', current)
    return (await verifyJws(token, { find: () => ({ ...current, key: verifying }) })) !== null
  } catch {
    return false
  }
}
