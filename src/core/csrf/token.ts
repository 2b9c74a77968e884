// What is a CSRF token, and is this one good? A signed double submit, bound to the session (OWASP CSRF cheat sheet).
import { decodeBase64url } from '../encoding/base64url.ts'
import { equalSecret } from '../encoding/equal.ts'
import { signText, verifyText } from '../keys/mac.ts'
import type { KeyRing } from '../keys/ring.ts'
import { unmaskCsrfToken } from './mask.ts'

const NONCE_BYTES = 16
const LONGEST_TOKEN = 128

/** `binding` is the session's id, or empty for a visitor without one. `nonce` is 128 random bits, base64url. */
export async function createCsrfToken(binding: string, nonce: string, ring: KeyRing): Promise<string> {
  const mac = await signText(ring.current.for['csrf-token'], `${binding}.${nonce}`)
  return [nonce, ring.current.id, mac].join('.')
}

/**
 * Good when it was signed for this session, whoever sent it. A token taken from another session, the attacker's own
 * for instance, has another binding and fails.
 */
export async function isCsrfTokenFor(binding: string, token: string, ring: KeyRing): Promise<boolean> {
  if (token.length > LONGEST_TOKEN) return false
  const [nonce, keyId, mac, ...rest] = token.split('.')
  if (!nonce || !keyId || !mac || rest.length > 0) return false
  const key = ring.find(keyId)
  if (!key || decodeBase64url(nonce)?.length !== NONCE_BYTES) return false
  return verifyText(key.for['csrf-token'], `${binding}.${nonce}`, mac)
}

/** The double submit: what the page sent, masked or plain, is what the browser kept, and both were signed for this session. */
export async function verifyCsrfToken(
  binding: string,
  submitted: string | null,
  cookies: readonly string[],
  ring: KeyRing,
): Promise<boolean> {
  const [cookie] = cookies
  if (submitted === null || cookie === undefined || cookies.length !== 1) return false
  const token = unmaskCsrfToken(submitted)
  return token !== null && equalSecret(token, cookie) && isCsrfTokenFor(binding, token, ring)
}
