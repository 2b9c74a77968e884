// In which forms do scrypt hashes stand in databases? RFC 7914: N, r, p.
import { decodeBase64 } from './base64.ts'
import type { ScryptKdf, StoredHash } from './kdf.ts'
import { DEAREST } from './kdf.ts'

type Parameters = Pick<ScryptKdf, 'cost' | 'blockSize' | 'parallelism' | 'salt'> &
  Partial<Pick<ScryptKdf, 'normalized' | 'signerKey' | 'length'>>

const SHORTEST_HASH = 16

/** `null` for parameters that scrypt does not have, or that would cost too much. */
export function storedScrypt(parameters: Parameters, expected: Uint8Array): StoredHash | null {
  const { cost, blockSize, parallelism } = parameters
  const isPowerOfTwo = cost >= 2 && (cost & (cost - 1)) === 0
  if (!isPowerOfTwo || blockSize < 1 || parallelism < 1 || expected.length < SHORTEST_HASH) return null
  if (128 * cost * blockSize * parallelism > DEAREST.scryptMemory) return null
  return {
    kdf: { kdf: 'scrypt', normalized: false, signerKey: null, length: expected.length, ...parameters },
    expected,
  }
}

/** PHC: `$scrypt$ln=17,r=8,p=1$salt$hash`. */
export function parseScrypt(text: string): StoredHash | null {
  const [, ln, r, p, salt, hash] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4})\$([^$]{1,128})\$([^$]+)$/.exec(text) ?? []
  const saltBytes = decodeBase64(salt ?? '')
  const expected = decodeBase64(hash ?? '')
  if (!ln || Number(ln) > 30 || !saltBytes || !expected) return null
  return storedScrypt(
    { cost: 2 ** Number(ln), blockSize: Number(r), parallelism: Number(p), salt: saltBytes },
    expected,
  )
}

/**
 * `$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$salt$hash`: Firebase's form with the project's parameters in it, as they stand in its console
 * (`ss` the salt separator, `sk` the signer key), since a hash without them says nothing.
 */
export function parseFirebase(text: string): StoredHash | null {
  const [, n, r, p, separator, key, salt, hash] =
    /^\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4}),ss=([^,$]{0,64}),sk=([^,$]{1,256})\$([^$]{1,128})\$([^$]+)$/.exec(
      text,
    ) ?? []
  const parts = [salt, separator, key, hash].map((part) => (part === undefined ? null : decodeBase64(part)))
  const [saltBytes, separatorBytes, signerKey, expected] = parts
  if (!n || Number(n) > 30 || !saltBytes || !separatorBytes || !signerKey || !expected) return null
  return storedScrypt(
    {
      cost: 2 ** Number(n),
      blockSize: Number(r),
      parallelism: Number(p),
      salt: Uint8Array.from([...saltBytes, ...separatorBytes]),
      signerKey,
      // The first 32 bytes are the key that encrypts the signer key.
      length: 32,
    },
    expected,
  )
}

/** better-auth: `salt:hash` in hex, N 16384, r 16, p 1; the salt goes in as its hex text, the password normalised (NFKC). */
export function parseBetterAuth(text: string): StoredHash | null {
  const [, salt, hash] = /^([0-9a-f]{32}):([0-9a-f]{128})$/.exec(text) ?? []
  if (!salt || !hash) return null
  return storedScrypt(
    {
      cost: 16_384,
      blockSize: 16,
      parallelism: 1,
      salt: new TextEncoder().encode(salt),
      normalized: true,
    },
    Uint8Array.from(hash.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
  )
}
