// In which of the forms that we know does a stored hash come? Ours, Django's, and those of libraries people come from.
import { parseBcrypt } from './bcrypt.ts'
import { parseDjango } from './django.ts'
import type { StoredHash } from './kdf.ts'
import { parseArgon2 } from './phc.ts'
import { parseBetterAuth, parseFirebase, parseScrypt } from './scrypt.ts'

const FORMS: readonly ((text: string) => StoredHash | null)[] = [
  parseArgon2,
  parseDjango,
  parseBcrypt,
  parseScrypt,
  parseFirebase,
  parseBetterAuth,
]

/** Longer than any hash; what is longer is not looked at. */
const LONGEST_HASH = 1024

/** `null` for anything else: a damaged string, an unknown form, Django's `!` for a password that cannot be used. */
export function parseStored(text: string): StoredHash | null {
  if (text.length > LONGEST_HASH) return null
  for (const parse of FORMS) {
    const stored = parse(text)
    if (stored) return stored
  }
  return null
}
