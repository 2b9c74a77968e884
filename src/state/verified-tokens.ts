// Which access tokens has this node verified already? By exact text, so that no two tokens share an entry.
import type { AccessClaims, AccessTokenPolicy } from '../core/access-token/claims.ts'
import type { AccessVerdict } from '../core/access-token/verify.ts'
import { isTimely, verifyAccessToken } from '../core/access-token/verify.ts'
import type { SigningKeys } from '../core/keys/signing.ts'
import { createRecent } from './recent.ts'

export interface VerifiedTokens {
  /** `now` in milliseconds. A hit costs no cryptography; expiry is judged each time. */
  verify(token: string, now: number): Promise<AccessVerdict> | AccessVerdict
}

export interface VerifiedTokensParts {
  readonly policy: AccessTokenPolicy
  readonly keys: Pick<SigningKeys, 'find'>
  /** Most entries kept; the oldest half is dropped when it is reached. */
  readonly capacity: number
  /** Called when this node has verified a token that it did not know; for two requests at once, perhaps twice. */
  readonly onFirstSight: (claims: AccessClaims) => void
}

export function createVerifiedTokens({
  policy,
  keys,
  capacity,
  onFirstSight,
}: VerifiedTokensParts): VerifiedTokens {
  const verified = createRecent<AccessVerdict & { readonly ok: true }>(capacity)
  return {
    verify(token, now) {
      const known = verified.get(token)
      if (!known) return verifyFirst(token, now)
      if (isTimely(known.claims, policy, now)) return known
      verified.delete(token)
      return { ok: false, reason: 'expired', claims: known.claims }
    },
  }

  async function verifyFirst(token: string, now: number): Promise<AccessVerdict> {
    const verdict = await verifyAccessToken(token, policy, keys, now)
    if (verdict.ok) {
      verified.set(token, verdict)
      onFirstSight(verdict.claims)
    }
    return verdict
  }
}
