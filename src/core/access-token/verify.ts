// Is this text an access token of ours, and still in time? Signature first, claims after, RFC 8725 section 3.
import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import * as v from 'valibot'
import { decodeBase64url } from '../encoding/base64url.ts'
import type { KeyRing } from '../keys/ring.ts'
import type { AccessClaims, AccessTokenPolicy } from './claims.ts'
import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE, LONGEST_ACCESS_LIFETIME } from './claims.ts'

export type AccessVerdict =
  | { readonly ok: true; readonly claims: AccessClaims }
  | { readonly ok: false; readonly reason: 'invalid' }
  /** Everything but the time is right, so the claims may be believed about the past. */
  | { readonly ok: false; readonly reason: 'expired'; readonly claims: AccessClaims }

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const claimsSchema = v.object({
  sub: v.pipe(v.string(), v.minLength(1)),
  sid: v.pipe(v.string(), v.minLength(1)),
  gen: count,
  rev: count,
  iat: count,
  exp: count,
  jti: v.string(),
  amr: v.array(v.string()),
  auth_time: count,
  roles: v.array(v.string()),
})

const INVALID: AccessVerdict = { ok: false, reason: 'invalid' }
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
/** Above any token we issue and any cookie a browser keeps. */
const LONGEST_TOKEN = 8192

/** `now` in milliseconds by this node's clock. */
export async function verifyAccessToken(
  token: string,
  policy: AccessTokenPolicy,
  ring: KeyRing,
  now: number,
): Promise<AccessVerdict> {
  if (token.length > LONGEST_TOKEN || !COMPACT.test(token)) return INVALID
  // The signature covers the text of the other two parts; only its own spelling could vary (RFC 8725bis 3.14).
  if (decodeBase64url(token.slice(token.lastIndexOf('.') + 1)) === null) return INVALID

  const key = findKey(token, ring)
  if (!key) return INVALID
  const expected = {
    algorithms: [ACCESS_TOKEN_ALGORITHM],
    typ: ACCESS_TOKEN_TYPE,
    issuer: policy.issuer,
    audience: policy.audience,
    requiredClaims: ['exp', 'iat'],
    clockTolerance: policy.leeway / 1000,
    currentDate: new Date(now),
  }
  try {
    const { payload } = await jwtVerify(token, key, expected)
    const claims = readClaims(payload)
    return claims ? { ok: true, claims } : INVALID
  } catch (error) {
    if (!(error instanceof errors.JWTExpired)) return INVALID
    // jose judges `exp` last, after signature, `typ`, `iss`, `aud` and `nbf`.
    const claims = readClaims(error.payload)
    return claims ? { ok: false, reason: 'expired', claims } : INVALID
  }
}

/** `kid` is the sender's word: it only chooses among our keys. `jku`, `jwk` and `x5u` are never followed. */
function findKey(token: string, ring: KeyRing): CryptoKey | undefined {
  try {
    const { kid } = decodeProtectedHeader(token)
    return typeof kid === 'string' ? ring.find(kid)?.for['access-token'] : undefined
  } catch {
    return undefined
  }
}

function readClaims(payload: unknown): AccessClaims | null {
  const result = v.safeParse(claimsSchema, payload)
  if (!result.success) return null
  const claims = result.output
  return claims.exp - claims.iat <= LONGEST_ACCESS_LIFETIME ? claims : null
}
