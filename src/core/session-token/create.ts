// What text names a session and a generation, and shows by itself that we wrote it? `sid.nonce.generation.kid.MAC`.
import { signText } from '../keys/mac.ts'
import type { KeyRing } from '../keys/ring.ts'
import type { Token } from '../secret/token.ts'

/** `session-token`: shown with every request. `refresh-token`: shown to renew. Neither can be taken for the other. */
export type SessionTokenPurpose = 'session-token' | 'refresh-token'

export interface SessionTokenClaims {
  readonly sessionId: string
  /** 128 random bits, base64url. The row holds only their SHA-256, so a leaked key alone makes no token. */
  readonly nonce: string
  readonly generation: number
}

/**
 * A function of the session, the generation and the key, so that every node that is shown generation g can hand
 * out the one successor without asking anyone what another node handed out.
 */
export async function createSessionToken(
  purpose: SessionTokenPurpose,
  { sessionId, nonce, generation }: SessionTokenClaims,
  ring: KeyRing,
): Promise<Token> {
  const text = [sessionId, nonce, generation, ring.current.id].join('.')
  return `${text}.${await signText(ring.current.for[purpose], text)}` as Token
}
