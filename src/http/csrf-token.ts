// Which CSRF token does the browser hold after this answer?
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { maskCsrfToken, padLength } from '../core/csrf/mask.ts'
import { createCsrfToken, isCsrfTokenFor } from '../core/csrf/token.ts'
import { encodeBase64url } from '../core/encoding/base64url.ts'
import type { Facts } from './facts.ts'

const NONCE_BYTES = 16

export interface CsrfToken {
  /** As the cookie has it. */
  readonly token: string
  /** Whether the browser holds it already, so that its cookie may stay as it is. */
  readonly held: boolean
}

/** The one it holds while that is good for the session, so that a second tab's form stays valid. */
export async function csrfTokenFor(
  binding: string,
  facts: Facts,
  policy: CookiePolicy,
  { ring, random }: Pick<Runtime, 'ring' | 'random'>,
): Promise<CsrfToken> {
  const [held, ...others] = policy.read('csrf', facts.cookies)
  if (held !== undefined && others.length === 0 && (await isCsrfTokenFor(binding, held, ring)))
    return { token: held, held: true }
  return {
    token: await createCsrfToken(binding, encodeBase64url(random.bytes(NONCE_BYTES)), ring),
    held: false,
  }
}

/** As a page may hold it: another text in every answer. */
export function maskToken(token: string, { random }: Pick<Runtime, 'random'>): string {
  return maskCsrfToken(token, random.bytes(padLength(token)))
}
