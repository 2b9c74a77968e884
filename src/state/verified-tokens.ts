// Which access tokens has this node verified already? By exact text, so that no two tokens share an entry.
import type { AccessClaims, AccessTokenPolicy } from '../core/access-token/claims.ts'
import type { AccessVerdict } from '../core/access-token/verify.ts'
import { verifyAccessToken } from '../core/access-token/verify.ts'
import type { KeyRing } from '../core/keys/ring.ts'

export interface VerifiedTokens {
  /** `now` in milliseconds. A hit costs no cryptography; expiry is judged each time. */
  verify(token: string, now: number): Promise<AccessVerdict> | AccessVerdict
}

export interface VerifiedTokensParts {
  readonly policy: AccessTokenPolicy
  readonly ring: KeyRing
  /** Most entries kept; the oldest half is dropped when it is reached. */
  readonly capacity: number
  /** Called when this node has verified a token that it did not know; for two requests at once, perhaps twice. */
  readonly onFirstSight: (claims: AccessClaims) => void
}

/** Two generations of entries: a token in use is always in the young one, and dropping the old one is one assignment. */
export function createVerifiedTokens({
  policy,
  ring,
  capacity,
  onFirstSight,
}: VerifiedTokensParts): VerifiedTokens {
  let young = new Map<string, AccessVerdict & { readonly ok: true }>()
  let old = new Map<string, AccessVerdict & { readonly ok: true }>()

  const keep = (token: string, verdict: AccessVerdict & { readonly ok: true }): void => {
    if (young.size >= capacity / 2) {
      old = young
      young = new Map()
    }
    young.set(token, verdict)
  }

  return {
    verify(token, now) {
      const known = young.get(token) ?? old.get(token)
      if (!known) return verifyFirst(token, now)
      if (now >= known.claims.exp * 1000 + policy.leeway) {
        young.delete(token)
        old.delete(token)
        return { ok: false, reason: 'expired', claims: known.claims }
      }
      if (!young.has(token)) keep(token, known)
      return known
    },
  }

  async function verifyFirst(token: string, now: number): Promise<AccessVerdict> {
    const verdict = await verifyAccessToken(token, policy, ring, now)
    if (verdict.ok) {
      keep(token, verdict)
      onFirstSight(verdict.claims)
    }
    return verdict
  }
}
