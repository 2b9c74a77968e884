// How is an access token made?
import { SignJWT } from 'jose'
import type { KeyRing } from '../keys/ring.ts'
import type { AccessClaims, AccessTokenPolicy } from './claims.ts'
import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE } from './claims.ts'

export function createAccessToken(
  claims: AccessClaims,
  policy: AccessTokenPolicy,
  ring: KeyRing,
): Promise<string> {
  return new SignJWT({ ...claims, amr: [...claims.amr], roles: [...claims.roles] })
    .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: ring.current.id })
    .setIssuer(policy.issuer)
    .setAudience(policy.audience)
    .sign(ring.current.for['access-token'])
}
