// How do Django's password hashes stand in a database? django.contrib.auth.hashers, `algorithm$…`.
import { decodeBase64 } from './base64.ts'
import { parseBcrypt } from './bcrypt.ts'
import type { Pbkdf2Kdf, StoredHash } from './kdf.ts'
import { DEAREST } from './kdf.ts'
import { parseArgon2 } from './phc.ts'
import { storedScrypt } from './scrypt.ts'

const utf8 = new TextEncoder()

export function parseDjango(text: string): StoredHash | null {
  const end = text.indexOf('$')
  const rest = text.slice(end + 1)
  switch (text.slice(0, Math.max(0, end))) {
    case 'pbkdf2_sha256':
      return pbkdf2(rest, 'sha256', 32)
    case 'pbkdf2_sha1':
      return pbkdf2(rest, 'sha1', 20)
    // PHC, and for bcrypt modular crypt format, each behind the name of the hasher.
    case 'argon2':
      return parseArgon2(`$${rest}`)
    case 'bcrypt':
      return parseBcrypt(rest)
    case 'bcrypt_sha256':
      return parseBcrypt(rest, true)
    case 'scrypt':
      return scrypt(rest)
    default:
      return null
  }
}

/** `iterations$salt$hash`; the salt is text. */
function pbkdf2(text: string, digest: Pbkdf2Kdf['digest'], length: number): StoredHash | null {
  const [, iterations, salt, hash] = /^([1-9]\d{0,8})\$([^$]{1,128})\$([^$]+)$/.exec(text) ?? []
  if (!iterations || !salt || !hash || Number(iterations) > DEAREST.pbkdf2Iterations) return null
  const expected = decodeBase64(hash)
  if (expected?.length !== length) return null
  const kdf: Pbkdf2Kdf = {
    kdf: 'pbkdf2',
    digest,
    iterations: Number(iterations),
    salt: utf8.encode(salt),
    length,
  }
  return { kdf, expected }
}

/** `N$salt$r$p$hash`. */
function scrypt(text: string): StoredHash | null {
  const [, cost, salt, blockSize, parallelism, hash] =
    /^(\d{1,8})\$([^$]{1,128})\$(\d{1,4})\$(\d{1,4})\$([^$]+)$/.exec(text) ?? []
  const expected = decodeBase64(hash ?? '')
  if (!cost || !salt || !blockSize || !parallelism || !expected) return null
  return storedScrypt(
    {
      cost: Number(cost),
      blockSize: Number(blockSize),
      parallelism: Number(parallelism),
      salt: utf8.encode(salt),
    },
    expected,
  )
}
