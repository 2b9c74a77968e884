// Is this RSA key too weak to sign with?
import { decodeBase64url } from '../encoding/base64url.ts'

/** RFC 7518 section 3.3. NIST SP 800-57 recommends 3072 for what shall last beyond 2030. */
const SHORTEST_MODULUS = 2048
const LONGEST_MODULUS = 16_384

/** Small primes at which the keys of the faulty generator show themselves. */
const PRIMES: readonly number[] = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]
const GENERATOR = 65_537

/** Why the key is refused, or `null`. `n` and `e` as a JWK writes them. */
export function rsaProblem(n: unknown, e: unknown): string | null {
  const modulus = toNumber(n)
  const exponent = toNumber(e)
  if (modulus === null || exponent === null) return 'is no RSA key: its modulus or exponent cannot be read'
  const bits = modulus.toString(2).length
  if (bits < SHORTEST_MODULUS)
    return `is an RSA key of ${bits} bits; at least ${SHORTEST_MODULUS} are needed, 3072 are recommended`
  if (bits > LONGEST_MODULUS) return `is an RSA key of ${bits} bits; at most ${LONGEST_MODULUS} are accepted`
  // With the exponent 1 a message is its own signature; an even one has no inverse.
  if (exponent < 3n || exponent % 2n === 0n) return 'is an RSA key with an exponent that signs nothing'
  if (isRoca(modulus)) return 'is an RSA key of a faulty generator (ROCA, CVE-2017-15361); make a new one'
  return null
}

function toNumber(text: unknown): bigint | null {
  const bytes = typeof text === 'string' ? decodeBase64url(text) : null
  if (!bytes || bytes.length === 0) return null
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)
}

/** The faulty generator made primes that are powers of 65537 modulo every small prime, so the modulus is one too. */
function isRoca(modulus: bigint): boolean {
  return PRIMES.every((prime) => {
    const wanted = Number(modulus % BigInt(prime))
    let power = 1
    do {
      if (power === wanted) return true
      power = (power * GENERATOR) % prime
    } while (power !== 1)
    return false
  })
}
