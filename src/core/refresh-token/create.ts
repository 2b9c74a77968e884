// How is a refresh token made?
import type { KeyRing } from '../keys/ring.ts'
import type { Token } from '../secret/token.ts'
import type { SessionTokenClaims } from '../session-token/create.ts'
import { createSessionToken } from '../session-token/create.ts'

/** What a refresh token says. */
export type RefreshClaims = SessionTokenClaims

export function createRefreshToken(claims: RefreshClaims, ring: KeyRing): Promise<Token> {
  return createSessionToken('refresh-token', claims, ring)
}
