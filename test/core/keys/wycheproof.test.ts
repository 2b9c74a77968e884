// Do signatures hold against Wycheproof, the collected attacks on JWS and JWK libraries? Vectors: github.com/C2SP/wycheproof.
import { decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import type {
  KeyPairAlgorithm,
  SecretAlgorithm,
  SigningAlgorithm,
} from '../../../src/core/keys/algorithms.ts'
import { KEY_PAIR_ALGORITHMS, SECRET_ALGORITHMS, SECRET_BYTES } from '../../../src/core/keys/algorithms.ts'
import { importKey } from '../../../src/core/keys/import.ts'
import type { BoundKey } from '../../../src/core/keys/jws.ts'
import { verifyJws } from '../../../src/core/keys/jws.ts'
import { createSigningKeys, importSecret } from '../../../src/core/keys/signing.ts'
import { readVectors } from '../../support/vectors.ts'

type Jwk = Readonly<Record<string, unknown>>
interface Test {
  readonly tcId: number
  readonly comment: string
  readonly jws?: string | object
  readonly jwe?: string
  readonly result: 'valid' | 'invalid'
}
interface Group {
  readonly comment: string
  readonly private: Jwk & { readonly keys?: readonly Jwk[] }
  readonly public?: Jwk & { readonly keys?: readonly Jwk[] }
  readonly tests: readonly Test[]
}
interface Vectors {
  readonly numberOfTests: number
  readonly testGroups: readonly Group[]
}

/** Where we differ from the label, and why. */
const OVERRULED: ReadonlyMap<number, string> = new Map([
  // Accepted by a lenient decoder; RFC 8725bis section 3.14 asks for one spelling.
  [372, 'labelled valid, holds a ? in its header'],
  [373, 'labelled valid, holds a ? in its payload'],
  // RFC 7517 section 4.4: the key says what it is for. With that corrected they verify, below.
  [346, 'labelled valid, a token of PS384 with a key that says PS256'],
  [350, 'labelled valid, a token of PS384 with a key that says PS256'],
  [347, 'labelled valid, with a key that says ES521, which is no algorithm'],
  [351, 'labelled valid, with a key that says ES521, which is no algorithm'],
  // The padding that their names speak of is not there.
  [367, 'labelled invalid, and letter for letter the token of 357, labelled valid'],
  [370, 'labelled invalid, and letter for letter the token of 357, labelled valid'],
])

const SIGNATURES = readVectors<Vectors>('wycheproof/json_web_signature_test.json')
const KEYS = readVectors<Vectors>('wycheproof/json_web_key_test.json')
const MIXED = readVectors<Vectors>('wycheproof/json_web_crypto_test.json')

const isOneOf = <T extends string>(names: readonly T[], name: unknown): name is T =>
  names.some((known) => known === name)

/** A secret of a vector comes as it is; ours are derived, but for the one that is shared, which must be as long as these. */
async function secretOf(jwk: Jwk, algorithm: SecretAlgorithm): Promise<CryptoKey | null> {
  const bytes = new Uint8Array(Buffer.from(String(jwk['k']), 'base64url'))
  const fits = jwk['kty'] === 'oct' && jwk['alg'] === algorithm && bytes.length >= SECRET_BYTES[algorithm]
  return fits ? importSecret(bytes, algorithm) : null
}

/** The key as this library would take it for the algorithm, or `null` where it refuses it at the start. */
async function bind(jwk: Jwk, algorithm: SigningAlgorithm, id: string | null): Promise<BoundKey | null> {
  if (isOneOf(SECRET_ALGORITHMS, algorithm)) {
    const key = await secretOf(jwk, algorithm)
    return key && { id, algorithm, key }
  }
  const verdict = await importKey(jwk, algorithm)
  return verdict.ok ? { id, algorithm, key: verdict.key.verifying } : null
}

/** What somebody would configure who trusts this key: the algorithm that it names, or the one the specification gives it. */
function algorithmOf(jwk: Jwk): SigningAlgorithm | null {
  const { alg, kty, crv } = jwk
  if (isOneOf<KeyPairAlgorithm>(KEY_PAIR_ALGORITHMS, alg) || isOneOf(SECRET_ALGORITHMS, alg)) return alg
  if (alg !== undefined) return null
  if (kty === 'EC') return crv === 'P-256' ? 'ES256' : null
  return kty === 'RSA' ? 'RS256' : null
}

function kidOf(token: string): string | null {
  try {
    const { kid } = decodeProtectedHeader(token)
    return kid ?? null
  } catch {
    return null
  }
}

/** Accepted by a ring of the group's keys? One that no ring can be made of accepts nothing. */
async function accepts(group: Group, token: string): Promise<boolean> {
  const sent = group.public ?? group.private
  const jwks = sent.keys ?? [sent]
  const ring: BoundKey[] = []
  for (const jwk of jwks) {
    const algorithm = algorithmOf(jwk)
    // In a set the ids tell the keys apart; the id of a lone key is what its tokens say, if anything.
    const id = jwks.length > 1 ? String(jwk['kid']) : kidOf(token)
    const key = algorithm && (await bind(jwk, algorithm, id))
    if (!key) return false
    ring.push(key)
  }
  const [first] = ring
  if (!first) return false
  try {
    return (await verifyJws(token, createSigningKeys(first, ring, null))) !== null
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith('lockjar: ')) return false
    throw error
  }
}

const textOf = ({ jws, jwe }: Test): string => {
  const token = jws ?? jwe ?? ''
  return typeof token === 'string' ? token : JSON.stringify(token)
}

async function judgeAll(vectors: Vectors | null, isGood: (test: Test) => boolean) {
  const judged = { total: 0, accepted: 0, refused: 0 }
  const wrong: string[] = []
  for (const group of vectors?.testGroups ?? []) {
    for (const test of group.tests) {
      const accepted = await accepts(group, textOf(test))
      judged.total++
      judged[accepted ? 'accepted' : 'refused']++
      if (accepted !== isGood(test))
        wrong.push(`${test.tcId} ${group.comment} ${test.comment}: ${test.result}`)
    }
  }
  return { judged, wrong }
}

const isValid = ({ result }: Test): boolean => result === 'valid'

describe('of Wycheproof', () => {
  it.skipIf(!SIGNATURES)('401 signatures: 42 accepted, 359 refused', async () => {
    const { judged, wrong } = await judgeAll(SIGNATURES, (test) => isValid(test) !== OVERRULED.has(test.tcId))
    expect(wrong).toEqual([])
    expect(judged).toEqual({ total: 401, accepted: 42, refused: 359 })
    expect(SIGNATURES?.numberOfTests).toBe(401)
  })

  it.skipIf(!KEYS)('26 keys: 5 accepted, 21 refused', async () => {
    const { judged, wrong } = await judgeAll(KEYS, isValid)
    expect(wrong).toEqual([])
    expect(judged).toEqual({ total: 26, accepted: 5, refused: 21 })
  })

  it.skipIf(!MIXED)(
    '83 signed and encrypted: 4 accepted, 79 refused, for nothing encrypted is a token of ours',
    async () => {
      const { judged, wrong } = await judgeAll(MIXED, (test) => isValid(test) && test.jws !== undefined)
      expect(wrong).toEqual([])
      expect(judged).toEqual({ total: 83, accepted: 4, refused: 79 })
    },
  )

  it.skipIf(!SIGNATURES)('those where we differ differ for the reason we give', async () => {
    const find = (id: number) => {
      for (const group of SIGNATURES?.testGroups ?? []) {
        const test = group.tests.find(({ tcId }) => tcId === id)
        if (test) return { group, token: textOf(test) }
      }
      throw new Error(`no test ${id}`)
    }
    for (const id of [372, 373]) expect(find(id).token).toContain('?')
    const [good, ...same] = [357, 367, 370].map((id) => find(id).token)
    expect(new Set(same)).toEqual(new Set([good]))
    const { group } = find(357)
    const [head, body, mac] = good?.split('.') ?? []
    expect(await accepts(group, `${head}.${body}.${mac}`)).toBe(true)
    for (const padded of [`${head}=.${body}.${mac}`, `${head}.${body}==.${mac}`, `${head}.${body}.${mac}=`])
      expect(await accepts(group, padded)).toBe(false)
    for (const [id, alg] of [
      [346, 'PS384'],
      [350, 'PS384'],
      [347, 'ES512'],
      [351, 'ES512'],
    ] as const) {
      const { group: said, token } = find(id)
      expect(decodeProtectedHeader(token).alg).toBe(alg)
      expect(await accepts({ ...said, public: { ...said.public, alg } }, token)).toBe(true)
    }
  })
})
