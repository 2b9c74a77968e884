// How is a session renewed, whatever kind of token its owner holds?

import type { Sender } from '../core/audit/event.ts'
import type { Carriage } from '../core/session/session.ts'
import type { SessionTokenClaims, SessionTokenPurpose } from '../core/session-token/create.ts'
import { AuthError } from '../errors.ts'
import { getAccount } from './account.ts'
import { authenticate } from './authenticate.ts'
import type { Issued } from './issue-tokens.ts'
import { issueTokens } from './issue-tokens.ts'
import { refresh } from './refresh.ts'
import type { Runtime } from './runtime.ts'

/** A token whose MAC is right. */
export interface Renewable {
  readonly purpose: SessionTokenPurpose
  readonly token: string
  readonly claims: SessionTokenClaims
}

/**
 * A refresh token is rotated, and so is a session token where the installation has left the opaque strategy: what either
 * becomes is what the strategy issues now. With the opaque strategy a session token is issued as it is, under the current key.
 *
 * @throws {AuthError} `unauthenticated`, `session_revoked`, `unavailable`.
 */
export async function renewSession(
  runtime: Runtime,
  { purpose, token, claims }: Renewable,
  carriage: Carriage,
  sender: Sender,
): Promise<Issued> {
  if (purpose === 'refresh-token' || runtime.config.strategy === 'jwt') {
    return refresh(runtime, claims, carriage, sender, purpose)
  }
  const verdict = await authenticate(runtime, token, carriage)
  // A client cannot refresh its way out of a refresh.
  if (!verdict.ok) throw new AuthError(verdict.code === 'token_expired' ? 'unauthenticated' : verdict.code)
  const { user, session } = await getAccount(runtime, verdict.claims)
  // Of the generation that was shown: the one after it went to whoever proved the password.
  const { generation } = claims
  return issueTokens(runtime, user, { ...session, generation }, claims.nonce)
}
