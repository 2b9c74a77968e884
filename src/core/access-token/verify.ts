// Is this text an access token of ours, and still in time? Signature first, claims after, RFC 8725 section 3.
import type { Jws } from '../keys/jws.ts'
import { verifyJws } from '../keys/jws.ts'
import type { SigningKeys } from '../keys/signing.ts'
import type { AccessClaims, AccessTokenPolicy } from './claims.ts'
import { LONGEST_ACCESS_LIFETIME } from './claims.ts'
import type { Payload } from './wire.ts'
import { fromPayload, TOKEN_TYPE } from './wire.ts'

export type AccessVerdict =
  | { readonly ok: true; readonly claims: AccessClaims }
  | { readonly ok: false; readonly reason: 'invalid' }
  /** Everything but the time is right, so the claims may be believed about the past. */
  | { readonly ok: false; readonly reason: 'expired'; readonly claims: AccessClaims }

const INVALID: AccessVerdict = { ok: false, reason: 'invalid' }

/** `now` in milliseconds by this node's clock. */
export async function verifyAccessToken(
  token: string,
  policy: AccessTokenPolicy,
  keys: Pick<SigningKeys, 'find'>,
  now: number,
): Promise<AccessVerdict> {
  const jws = await verifyJws(token, keys)
  if (!jws) return INVALID
  const payload = readPayload(jws)
  if (!payload || !isForUs(jws, payload, policy)) return INVALID

  const claims = fromPayload(payload, policy)
  if (!claims) return INVALID
  if (claims.exp - claims.iat > LONGEST_ACCESS_LIFETIME) return INVALID
  if (!hasBegun(payload['nbf'], now + policy.leeway)) return INVALID
  return isTimely(claims, policy, now) ? { ok: true, claims } : { ok: false, reason: 'expired', claims }
}

/**
 * Milliseconds that the clock which dated a token may be ahead of this one. The revocation log forgets a line five minutes after
 * the last token that it could refuse has ended: one dated later than this would outlive its revocation.
 */
const MOST_AHEAD = 240_000

/** Not past its end, and not dated by a clock that was wrong: either is worth a refresh. */
export function isTimely(
  { iat, exp }: Pick<AccessClaims, 'iat' | 'exp'>,
  { leeway }: Pick<AccessTokenPolicy, 'leeway'>,
  now: number,
): boolean {
  return now < exp * 1000 + leeway && iat * 1000 <= now + MOST_AHEAD
}

/** Of the right kind, from the right issuer, for the right audience: RFC 8725 sections 3.8, 3.9 and 3.11. */
function isForUs({ header }: Jws, payload: Payload, { issuer, audience, form }: AccessTokenPolicy): boolean {
  const { tokenType } = form.names
  if (header['typ'] !== form.type) return false
  if (tokenType !== null && payload[tokenType] !== TOKEN_TYPE) return false
  if (issuer !== null && payload['iss'] !== issuer) return false
  return audience === null || audiencesOf(payload).includes(audience)
}

/** One or several, RFC 7519 section 4.1.3. */
function audiencesOf({ aud }: Payload): readonly unknown[] {
  return Array.isArray(aud) ? aud : [aud]
}

/** `nbf` is not ours, but what says so is not good before it: RFC 7519 section 4.1.5. */
function hasBegun(notBefore: unknown, now: number): boolean {
  return notBefore === undefined || (typeof notBefore === 'number' && notBefore * 1000 <= now)
}

function readPayload({ payload }: Jws): Payload | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Payload) : null
  } catch {
    return null
  }
}
