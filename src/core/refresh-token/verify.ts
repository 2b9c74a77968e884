// Is this text a refresh token of ours?
import type { KeyRing } from '../keys/ring.ts'
import { verifySessionToken } from '../session-token/verify.ts'
import type { RefreshClaims } from './create.ts'

export async function verifyRefreshToken(token: string, ring: KeyRing): Promise<RefreshClaims | null> {
  const verified = await verifySessionToken('refresh-token', token, ring)
  if (!verified) return null
  const { sessionId, nonce, generation } = verified
  return { sessionId, nonce, generation }
}
