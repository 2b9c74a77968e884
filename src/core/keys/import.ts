// Is this PEM or JWK a key that the algorithm can use?
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { exportJWK } from 'jose/key/export'
import { importJWK, importPKCS8, importSPKI } from 'jose/key/import'
import type { KeyPairAlgorithm } from './algorithms.ts'
import { KEY_SHAPES } from './algorithms.ts'
import { rsaProblem } from './rsa.ts'

/** PKCS#8 or SPKI in PEM, or a JWK, as text or as an object. */
export type KeySource = string | Readonly<Record<string, unknown>>

type Jwk = Readonly<Record<string, unknown>>

/** What anybody may know of a key, RFC 7517. */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly use: 'sig'
  readonly alg: KeyPairAlgorithm
  readonly kid: string
  readonly n?: string
  readonly e?: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
}

export interface ImportedKey {
  readonly verifying: CryptoKey
  /** `null` of a public key. */
  readonly signing: CryptoKey | null
  readonly published: PublicJwk
}

export type ImportVerdict =
  | { readonly ok: true; readonly key: ImportedKey }
  /** A predicate, said of the key: "is not a key for ES256". Holds nothing of the key itself. */
  | { readonly ok: false; readonly reason: string }

const refuse = (reason: string): ImportVerdict => ({ ok: false, reason })

/** The members of a public key, RFC 7518 section 6 and RFC 8037; what else a JWK says is not passed on. */
const PUBLIC_MEMBERS = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'] } as const
const PRIVATE_MEMBERS = { RSA: ['d', 'p', 'q', 'dp', 'dq', 'qi'], EC: ['d'], OKP: ['d'] } as const

export async function importKey(source: KeySource, algorithm: KeyPairAlgorithm): Promise<ImportVerdict> {
  const jwk = await toJwk(source, algorithm)
  if (typeof jwk === 'string') return refuse(jwk)
  const problem = jwkProblem(jwk, algorithm)
  if (problem) return refuse(problem)

  const { kty } = KEY_SHAPES[algorithm]
  const publicPart = pick(jwk, ['kty', ...PUBLIC_MEMBERS[kty]])
  const isPrivate = jwk['d'] !== undefined
  try {
    const verifying = await toCryptoKey(publicPart, algorithm)
    const signing = isPrivate
      ? await toCryptoKey({ ...publicPart, ...pick(jwk, PRIVATE_MEMBERS[kty]) }, algorithm)
      : null
    const kid = await calculateJwkThumbprint(verifying)
    const published = { ...publicPart, use: 'sig', alg: algorithm, kid } as unknown as PublicJwk
    return { ok: true, key: { verifying, signing, published } }
  } catch {
    return refuse(notAKeyFor(algorithm))
  }
}

const toCryptoKey = (jwk: Jwk, algorithm: KeyPairAlgorithm): Promise<CryptoKey> =>
  importJWK({ ...jwk } as { kty: 'RSA' }, algorithm)

const pick = (jwk: Jwk, names: readonly string[]): Jwk =>
  Object.fromEntries(names.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])))

function notAKeyFor(algorithm: KeyPairAlgorithm): string {
  const { kty, crv } = KEY_SHAPES[algorithm]
  return `is not a key for ${algorithm}, which takes ${crv ? `${kty} with the curve ${crv}` : kty}`
}

/** The key as a JWK, or why it cannot be read. */
async function toJwk(source: KeySource, algorithm: KeyPairAlgorithm): Promise<Jwk | string> {
  if (typeof source !== 'string') return source
  const text = source.trim()
  if (text.startsWith('{')) return parseJson(text)
  const [, label] = /^-----BEGIN ([A-Z0-9 ]+)-----/.exec(text) ?? []
  if (label === undefined) return 'is neither PEM nor a JWK'
  const read = { 'PRIVATE KEY': importPKCS8, 'PUBLIC KEY': importSPKI }[label]
  if (!read)
    return `is PEM of the kind "${label}"; write it as PKCS#8 with: openssl pkcs8 -topk8 -nocrypt -in old.pem -out new.pem`
  try {
    return { ...(await exportJWK(await read(text, algorithm, { extractable: true }))) }
  } catch {
    return notAKeyFor(algorithm)
  }
}

function parseJson(text: string): Jwk | string {
  try {
    return JSON.parse(text) as Jwk
  } catch {
    return 'is not JSON, so it is no JWK'
  }
}

/** A JWK that says what it is for is believed: RFC 7517 sections 4.2 to 4.4, and one algorithm a key, RFC 8725 section 3.1. */
function jwkProblem(jwk: Jwk, algorithm: KeyPairAlgorithm): string | null {
  const { kty, crv } = KEY_SHAPES[algorithm]
  if (jwk['kty'] !== kty || jwk['crv'] !== crv) return notAKeyFor(algorithm)
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig')
    return 'is not for signatures: its "use" says otherwise'
  if (
    jwk['alg'] !== undefined &&
    jwk['alg'] !== algorithm &&
    !(isEd25519(jwk['alg']) && isEd25519(algorithm))
  )
    return `is for another algorithm than ${algorithm}: its "alg" says so`
  const operations = jwk['key_ops']
  if (operations !== undefined && !allows(operations, jwk['d'] === undefined ? 'verify' : 'sign'))
    return 'is not for signatures: its "key_ops" say otherwise'
  return kty === 'RSA' ? rsaProblem(jwk['n'], jwk['e']) : null
}

/** Two names for one signature, RFC 9864 section 2.2. */
const isEd25519 = (algorithm: unknown): boolean => algorithm === 'EdDSA' || algorithm === 'Ed25519'

const allows = (operations: unknown, wanted: string): boolean =>
  Array.isArray(operations) && operations.some((operation) => operation === wanted)
