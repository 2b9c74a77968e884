// Which credentials does a session's owner receive?
import type { AccessClaims } from '../core/access-token/claims.ts'
import { createAccessToken } from '../core/access-token/create.ts'
import { encodeBase64url } from '../core/encoding/base64url.ts'
import { createRefreshToken } from '../core/refresh-token/create.ts'
import type { SessionRecord } from '../core/session/session.ts'
import type { UserRecord } from '../core/user/user.ts'
import type { Runtime } from './runtime.ts'

export interface Issued {
  readonly user: UserRecord
  readonly session: SessionRecord
  readonly accessToken: string
  /** Milliseconds since 1970 by this node's clock. */
  readonly accessExpiresAt: number
  readonly refreshToken: string
  /**
   * The sender showed this very refresh token. A browser is not sent it again: an answer that comes late would put it in the
   * place of its successor.
   */
  readonly refreshHeld: boolean
}

const JTI_BYTES = 16

/** `roles` and `rev` come from one read of the user's row, so that no token joins an old role to a new revision. */
export async function issueTokens(
  { config, ring, clock, random }: Runtime,
  user: UserRecord,
  session: SessionRecord,
  nonce: string,
): Promise<Issued> {
  const iat = Math.floor(clock.now() / 1000)
  const claims: AccessClaims = {
    sub: user.id,
    sid: session.id,
    gen: session.generation,
    rev: user.revision,
    iat,
    // A token does not outlive its session.
    exp: Math.min(iat + Math.floor(config.accessToken.lifetime / 1000), Math.floor(session.expiresAt / 1000)),
    jti: encodeBase64url(random.bytes(JTI_BYTES)),
    amr: session.amr,
    auth_time: Math.floor(session.authTime / 1000),
    roles: user.roles,
  }
  const [accessToken, refreshToken] = await Promise.all([
    createAccessToken(claims, config.accessToken, ring),
    createRefreshToken({ sessionId: session.id, nonce, generation: session.generation }, ring),
  ])
  return { user, session, accessToken, accessExpiresAt: claims.exp * 1000, refreshToken, refreshHeld: false }
}
