// How does a bcrypt hash stand in a database? `$2b$12$` and 53 characters, of which the first 22 are the salt.
import type { StoredHash } from './kdf.ts'
import { DEAREST } from './kdf.ts'

const BCRYPT = /^\$2([aby])\$(0[4-9]|[12][0-9]|3[01])\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/

const utf8 = new TextEncoder()

/** `2a`, `2b` and `2y` are one algorithm in every library that is still in use. */
export function parseBcrypt(text: string, prehashed = false): StoredHash | null {
  const [, , rounds, salt, hash] = BCRYPT.exec(text) ?? []
  if (!rounds || !salt || !hash || Number(rounds) > DEAREST.bcryptRounds) return null
  const setting = `$2b$${rounds}$${salt}`
  return { kdf: { kdf: 'bcrypt', setting, prehashed }, expected: utf8.encode(setting + hash) }
}
