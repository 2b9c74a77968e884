// How does an Argon2id hash stand in the database? As a PHC string, with its own salt and cost.

/** Argon2id cost, RFC 9106. */
export interface Argon2Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

export interface Argon2Hash extends Argon2Cost {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

export const SALT_BYTES = 16
export const HASH_BYTES = 32

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/

/** PHC strings use the standard alphabet of base64 without padding. */
const encode = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes)).replaceAll('=', '')
const decode = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0))

export function formatPhc({ memory, passes, parallelism, salt, hash }: Argon2Hash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(hash)}`
}

/** `null` for anything else: another scheme, another version, a damaged string. */
export function parsePhc(text: string): Argon2Hash | null {
  const [, memory, passes, parallelism, salt, hash] = PHC.exec(text) ?? []
  if (!memory || !passes || !parallelism || !salt || !hash) return null
  if (salt.length % 4 === 1 || hash.length % 4 === 1) return null
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  if (!isPossible(cost)) return null
  return {
    ...cost,
    salt: decode(salt),
    hash: decode(hash),
  }
}

/** Whether a hash made at `made` is weaker than one made now, and is to be replaced at the next sign-in. */
export function mustRehash(made: Argon2Cost, now: Argon2Cost): boolean {
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
    memory <= 4_194_304
  )
}
