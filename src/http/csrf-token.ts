// Which CSRF token does the browser hold after this answer?
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { createCsrfToken, isCsrfTokenFor } from '../core/csrf/token.ts'
import { encodeBase64url } from '../core/encoding/base64url.ts'
import type { Facts } from './facts.ts'

const NONCE_BYTES = 16

/** The one it holds already while that is good for the session, so that a second tab's form stays valid. */
export async function csrfTokenFor(
  binding: string,
  facts: Facts,
  policy: CookiePolicy,
  { ring, random }: Pick<Runtime, 'ring' | 'random'>,
): Promise<string> {
  const [held, ...others] = policy.read('csrf', facts.cookies)
  if (held !== undefined && others.length === 0 && (await isCsrfTokenFor(binding, held, ring))) return held
  return createCsrfToken(binding, encodeBase64url(random.bytes(NONCE_BYTES)), ring)
}
