// Was this text signed with one of these keys? JWS in its compact form, RFC 7515.
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { CompactSign } from 'jose/jws/compact/sign'
import { compactVerify } from 'jose/jws/compact/verify'
import { decodeBase64url } from '../encoding/base64url.ts'
import type { SigningAlgorithm } from './algorithms.ts'

/** Bound to one algorithm for its whole life, RFC 8725 section 3.1. */
export interface BoundKey {
  /** The `kid` of its tokens; `null` where they have none. */
  readonly id: string | null
  readonly algorithm: SigningAlgorithm
  readonly key: CryptoKey
}

export interface Jws {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Uint8Array
}

/** Above any token we issue and any cookie a browser keeps. */
const LONGEST_TOKEN = 8192

export function signJws(payload: Uint8Array, typ: string, { id, algorithm, key }: BoundKey): Promise<string> {
  return new CompactSign(payload)
    .setProtectedHeader({ alg: algorithm, typ, ...(id !== null && { kid: id }) })
    .sign(key)
}

/** `null` for whatever is wrong with it: nobody who sends a bad signature is owed a reason. */
export async function verifyJws(
  token: string,
  keys: { find(id: string | null): BoundKey | undefined },
): Promise<Jws | null> {
  if (token.length > LONGEST_TOKEN || !isCompact(token)) return null
  const header = readHeader(token)
  // We understand no extension, so whatever is critical is refused (RFC 7515 section 4.1.11).
  if (!header || header['crit'] !== undefined) return null

  const key = keys.find(header.kid)
  if (!key) return null
  try {
    // The algorithm is the key's, never the token's (RFC 8725 section 3.1).
    const { payload } = await compactVerify(token, key.key, { algorithms: [key.algorithm] })
    return { header, payload }
  } catch {
    return null
  }
}

/** Three parts, each in the one canonical spelling of its bytes (RFC 8725bis section 3.14). */
function isCompact(token: string): boolean {
  const parts = token.split('.', 4)
  return parts.length === 3 && parts.every((part) => decodeBase64url(part) !== null)
}

/** `kid` is the sender's word: it only chooses among our keys. `jku`, `jwk` and `x5u` are never followed. */
function readHeader(token: string): (Jws['header'] & { readonly kid: string | null }) | null {
  try {
    const { kid = null, ...header } = decodeProtectedHeader(token)
    return kid === null || typeof kid === 'string' ? { ...header, kid } : null
  } catch {
    return null
  }
}
