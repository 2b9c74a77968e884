// How is a refresh token made? `sid.nonce.generation.kid.MAC`.

import { signText } from '../keys/mac.ts'
import type { KeyRing } from '../keys/ring.ts'

/** What a refresh token says. */
export interface RefreshClaims {
  readonly sessionId: string
  /** 128 random bits, base64url. The row holds only their SHA-256, so a leaked key alone makes no token. */
  readonly nonce: string
  readonly generation: number
}

/**
 * A function of the session, the generation and the key, so that every node that is shown generation g can hand
 * out the one successor without asking anyone what another node handed out.
 */
export async function createRefreshToken(claims: RefreshClaims, ring: KeyRing): Promise<string> {
  const text = [claims.sessionId, claims.nonce, claims.generation, ring.current.id].join('.')
  return `${text}.${await signText(ring.current.for['refresh-token'], text)}`
}
