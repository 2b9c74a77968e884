// What has to be computed to see whether a password fits a stored hash? Told without the password, for whichever thread does it.

/** Argon2 cost, RFC 9106. */
export interface Argon2Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

export interface Argon2Kdf extends Argon2Cost {
  readonly kdf: 'argon2'
  readonly variant: 'argon2id' | 'argon2i' | 'argon2d'
  readonly salt: Uint8Array
  readonly length: number
  /** The id of the pepper that goes in; `null` for none. */
  readonly pepper: string | null
}

/** RFC 8018. */
export interface Pbkdf2Kdf {
  readonly kdf: 'pbkdf2'
  readonly digest: 'sha1' | 'sha256' | 'sha512'
  readonly iterations: number
  readonly salt: Uint8Array
  readonly length: number
}

/** RFC 7914; with `key`, Firebase's form, in which the result encrypts a key that the project keeps. */
export interface ScryptKdf {
  readonly kdf: 'scrypt'
  /** N, a power of two. */
  readonly cost: number
  /** r */
  readonly blockSize: number
  /** p */
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly length: number
  /** better-auth normalises a password (NFKC) before it hashes it. */
  readonly normalized: boolean
  readonly signerKey: Uint8Array | null
}

export interface BcryptKdf {
  readonly kdf: 'bcrypt'
  /** `$2b$12$` and 22 characters of salt. The result is the whole hash as text. */
  readonly setting: string
  /** Django's `bcrypt_sha256`: the hex of the password's SHA-256 goes in, so that nothing is cut. */
  readonly prehashed: boolean
}

export type Kdf = Argon2Kdf | Pbkdf2Kdf | ScryptKdf | BcryptKdf

export interface StoredHash {
  readonly kdf: Kdf
  /** What the computation must give. */
  readonly expected: Uint8Array
}

/**
 * HMAC pads its key with NUL bytes and bcrypt ends at the first one, so that a password with NUL would fit the hash of one
 * without. Such a password is never right against these.
 */
export function ignoresNul(kdf: Kdf): boolean {
  return kdf.kdf !== 'argon2' && !(kdf.kdf === 'bcrypt' && kdf.prehashed)
}

/** A stored hash may come from a file that somebody imported: none may cost a server more than this. */
export const DEAREST = {
  /** KiB. */
  argon2Memory: 4_194_304,
  pbkdf2Iterations: 10_000_000,
  bcryptRounds: 16,
  /** Bytes: 128 N r p. */
  scryptMemory: 536_870_912,
} as const
