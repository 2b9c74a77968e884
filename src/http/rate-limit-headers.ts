// How is a client told what is left? `RateLimit` and `RateLimit-Policy`, draft-ietf-httpapi-ratelimit-headers-10.
import type { Quota } from '../core/rate-limit/budget.ts'

const SECOND = 1000

/** Lists of strings with parameters (RFC 9651). */
export function rateLimitHeaders(quotas: readonly Quota[]): readonly (readonly [string, string])[] {
  if (quotas.length === 0) return []
  const policies = quotas.map((quota) => `${nameOf(quota)};q=${quota.limit};w=${quota.period / SECOND}`)
  const rest = quotas.map(
    (quota) => `${nameOf(quota)};r=${quota.remaining};t=${Math.ceil(quota.resetsIn / SECOND)}`,
  )
  return [
    ['RateLimit-Policy', policies.join(', ')],
    ['RateLimit', rest.join(', ')],
  ]
}

const nameOf = ({ act, scope, period }: Quota): string => `"${act}-${scope}-${period / SECOND}"`
