// How is an access token made?
import type { BoundKey } from '../keys/jws.ts'
import { signJws } from '../keys/jws.ts'
import type { Token } from '../secret/token.ts'
import type { AccessClaims, AccessTokenPolicy } from './claims.ts'
import { toPayload } from './wire.ts'

const utf8 = new TextEncoder()

/** `current`: the key that signs. */
export async function createAccessToken(
  claims: AccessClaims,
  policy: AccessTokenPolicy,
  { current }: { readonly current: BoundKey },
): Promise<Token> {
  const payload = utf8.encode(JSON.stringify(toPayload(claims, policy)))
  return (await signJws(payload, policy.form.type, current)) as Token
}
