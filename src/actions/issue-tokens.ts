// Which credentials does a session's owner receive?
import type { AccessClaims } from '../core/access-token/claims.ts'
import { createAccessToken } from '../core/access-token/create.ts'
import { encodeBase64url } from '../core/encoding/base64url.ts'
import { createRefreshToken } from '../core/refresh-token/create.ts'
import type { Token } from '../core/secret/token.ts'
import type { SessionRecord } from '../core/session/session.ts'
import { createSessionToken } from '../core/session-token/create.ts'
import type { UserRecord } from '../core/user/user.ts'
import type { Runtime } from './runtime.ts'

export interface AccessCredentials {
  readonly strategy: 'jwt'
  readonly accessToken: Token
  /** Milliseconds since 1970 by this node's clock. */
  readonly accessExpiresAt: number
  /** `null`: this answer leaves the one that the owner holds as it is. */
  readonly refreshToken: Token | null
  /**
   * The sender showed this very refresh token. A browser is not sent it again: an answer that comes late would put it in the
   * place of its successor.
   */
  readonly refreshHeld: boolean
}

export interface SessionCredentials {
  readonly strategy: 'opaque'
  readonly sessionToken: Token
}

export interface Issued {
  readonly user: UserRecord
  readonly session: SessionRecord
  readonly credentials: AccessCredentials | SessionCredentials
}

const JTI_BYTES = 16

/** `refreshHeld`: the sender showed the refresh token that this would be. */
export async function issueTokens(
  runtime: Runtime,
  user: UserRecord,
  session: SessionRecord,
  nonce: string,
  refreshHeld = false,
): Promise<Issued> {
  const { config, ring, signing } = runtime
  const { id: sessionId, generation } = session
  if (config.strategy === 'opaque') {
    const sessionToken = await createSessionToken('session-token', { sessionId, nonce, generation }, ring)
    return { user, session, credentials: { strategy: 'opaque', sessionToken } }
  }
  const claims = accessClaims(runtime, user, session)
  const [accessToken, refreshToken] = await Promise.all([
    createAccessToken(claims, config.accessToken, signing),
    createRefreshToken({ sessionId, nonce, generation }, ring),
  ])
  const accessExpiresAt = claims.exp * 1000
  return {
    user,
    session,
    credentials: { strategy: 'jwt', accessToken, accessExpiresAt, refreshToken, refreshHeld },
  }
}

/**
 * An access token alone. `generation`: the one that its owner is known to hold, for a token that is seen confirms its generation.
 */
export async function issueAccessToken(
  runtime: Runtime,
  user: UserRecord,
  session: SessionRecord,
  generation: number,
): Promise<Issued> {
  const claims = accessClaims(runtime, user, { ...session, generation })
  const accessToken = await createAccessToken(claims, runtime.config.accessToken, runtime.signing)
  const accessExpiresAt = claims.exp * 1000
  return {
    user,
    session,
    credentials: { strategy: 'jwt', accessToken, accessExpiresAt, refreshToken: null, refreshHeld: true },
  }
}

/** Or all who signed in together, after a restart for instance, would refresh together for ever. */
const LARGEST_JITTER = 0.05
const JITTER_BYTES = 4

/** As configured, or up to a twentieth shorter; never longer. */
function lifetimeInSeconds({ config, random }: Pick<Runtime, 'config' | 'random'>): number {
  const lifetime = Math.floor(config.accessToken.lifetime / 1000)
  const chance = random.bytes(JITTER_BYTES).reduce((sum, byte) => (sum + byte) / 256, 0)
  return lifetime - Math.floor(lifetime * LARGEST_JITTER * chance)
}

/** `roles` and `rev` come from one read of the user's row, so that no token joins an old role to a new revision. */
function accessClaims(runtime: Runtime, user: UserRecord, session: SessionRecord): AccessClaims {
  const { clock, random } = runtime
  const iat = Math.floor(clock.now() / 1000)
  return {
    sub: user.id,
    sid: session.id,
    gen: session.generation,
    rev: user.revision,
    iat,
    // A token does not outlive its session.
    exp: Math.min(iat + lifetimeInSeconds(runtime), Math.floor(session.expiresAt / 1000)),
    jti: encodeBase64url(random.bytes(JTI_BYTES)),
    amr: session.amr,
    auth_time: Math.floor(session.authTime / 1000),
    roles: user.roles,
  }
}
