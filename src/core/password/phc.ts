// How does an Argon2 hash stand in the database? As a PHC string, with its own salt and cost.
import { decodeBase64, encodeBase64 } from './base64.ts'
import type { Argon2Cost, Argon2Kdf, StoredHash } from './kdf.ts'
import { DEAREST } from './kdf.ts'

export const SALT_BYTES = 16
export const HASH_BYTES = 32

const PHC =
  /^\$(argon2id|argon2i|argon2d)\$v=19\$([a-z0-9=,A-Z+/]{1,64})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/

/** Libraries differ in their order; each stands there once. */
const PARAMETERS =
  /^(?:m=(?<m>\d{1,10})|t=(?<t>\d{1,10})|p=(?<p>\d{1,8})|keyid=(?<keyid>[A-Za-z0-9+/]{1,11}))$/

function readParameters(text: string): Readonly<Record<string, string>> | null {
  const found: Record<string, string> = {}
  for (const part of text.split(',')) {
    const [key = '', value = ''] =
      Object.entries(PARAMETERS.exec(part)?.groups ?? {}).find(([, given]) => given) ?? []
    if (key === '' || key in found) return null
    found[key] = value
  }
  return found
}

/** `keyid`, as the PHC string format names it, says which pepper went in. */
export function formatArgon2({ kdf, expected }: StoredHash & { readonly kdf: Argon2Kdf }): string {
  const { variant, memory, passes, parallelism, pepper, salt } = kdf
  const keyId = pepper === null ? '' : `,keyid=${pepper}`
  return `$${variant}$v=19$m=${memory},t=${passes},p=${parallelism}${keyId}$${encodeBase64(salt)}$${encodeBase64(expected)}`
}

/** `null` for anything else: another scheme, another version, a damaged string. */
export function parseArgon2(text: string): (StoredHash & { readonly kdf: Argon2Kdf }) | null {
  const [, variant, parameters, salt, hash] = PHC.exec(text) ?? []
  const saltBytes = decodeBase64(salt ?? '')
  const expected = decodeBase64(hash ?? '')
  const given = readParameters(parameters ?? '')
  if (!variant || !given || !saltBytes || !expected) return null
  const cost = { memory: Number(given['m']), passes: Number(given['t']), parallelism: Number(given['p']) }
  if (!isPossible(cost)) return null
  return {
    kdf: {
      kdf: 'argon2',
      variant: variant as Argon2Kdf['variant'],
      ...cost,
      salt: saltBytes,
      length: expected.length,
      pepper: given['keyid'] ?? null,
    },
    expected,
  }
}

/** Whether a hash made at `made` is weaker than one made now, and is to be replaced at the next sign-in. */
export function isWeaker(made: Argon2Cost, now: Argon2Cost): boolean {
  return made.memory < now.memory || made.passes < now.passes || made.parallelism !== now.parallelism
}

/** RFC 9106 section 3.1, and no more than a stored hash may cost a server. */
function isPossible({ memory, passes, parallelism }: Argon2Cost): boolean {
  return (
    parallelism >= 1 &&
    parallelism <= 255 &&
    passes >= 1 &&
    passes <= 1000 &&
    memory >= 8 * parallelism &&
    memory <= DEAREST.argon2Memory
  )
}
