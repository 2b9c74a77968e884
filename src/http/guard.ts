// May this request act with the authority that a browser adds by itself? Runs before anything that costs or changes.
import type { Config } from '../config/config.ts'
import { judgeSource } from '../core/csrf/judge.ts'
import { originOfUrl } from '../core/origin/origin.ts'
import { AuthError } from '../errors.ts'
import { CSRF_FIELD, PATHS } from '../protocol.ts'
import type { Facts } from './facts.ts'

/** `token`: allowed with a CSRF token that is bound to the request's session. */
export type GuardVerdict = 'allowed' | 'token' | 'refused'

/** What a request would use that a foreign page could make a browser send. */
export interface Authority {
  /** A cookie credential, or cookies that the answer will set. */
  readonly ambient: boolean
  /** A request without any of our cookies is safe when no form could have sent it. */
  readonly onlyJson: boolean
}

/** DNS rebinding and a mistaken proxy end here. `baseURL` is the truth, `Host` only has to agree with it. */
export function requireHost(facts: Facts, config: Config): void {
  if (facts.host?.toLowerCase() === config.host) return
  throw new AuthError('misdirected', {
    detail: `This server answers for ${config.origin}; open it there, or set baseURL to the address in use.`,
  })
}

export function guard(facts: Facts, config: Config, { ambient, onlyJson }: Authority): GuardVerdict {
  const isTrusted = (origin: string): boolean => origin === config.origin || config.trustedOrigins.has(origin)
  const source = judgeSource(facts, { isTrusted }, originOfUrl)
  if (source === 'safe' || !ambient) return 'allowed'
  if (source === 'refused') return 'refused'
  if (config.csrf === 'token') return 'token'
  if (source === 'trusted') return 'allowed'
  if (facts.carriesCookies) return 'token'
  return !onlyJson || isJson(facts) ? 'allowed' : 'refused'
}

/** No form can send it, and every browser's script that does sends `Origin` too. */
function isJson({ contentType }: Facts): boolean {
  return contentType !== null && /^application\/json\b/i.test(contentType)
}

/** Names what was seen and the setting to change. */
export function csrfRefusal(facts: Facts, config: Config, missing: 'source' | 'token'): AuthError {
  if (missing === 'token') {
    return new AuthError('csrf_failed', {
      detail: `Send the CSRF token of this session in X-CSRF-Token, or in the field ${CSRF_FIELD} of a URL-encoded form; GET ${config.basePath}${PATHS.csrf} gives one.`,
    })
  }
  // Of a Referer the origin only: its path may hold what is nobody else's business.
  const from = facts.origin ?? originOfUrl(facts.referer ?? '')
  if (from === null) {
    return new AuthError('csrf_failed', {
      detail:
        'The request names no page that it comes from; a client that is no browser sends application/json.',
    })
  }
  return new AuthError('csrf_failed', {
    detail: `The request comes from ${printable(from)}, not from ${config.origin}. If that page is yours, add its origin to trustedOrigins.`,
  })
}

/** A header's text may hold anything; an answer and a log line should not. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 128)
}
