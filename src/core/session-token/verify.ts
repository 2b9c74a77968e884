// Did we write this text? Answered by arithmetic alone, with no database read.
import { decodeBase64url } from '../encoding/base64url.ts'
import { isUuid } from '../encoding/uuid.ts'
import { verifyText } from '../keys/mac.ts'
import type { KeyRing } from '../keys/ring.ts'
import { KEY_ID_PATTERN } from '../keys/ring.ts'
import type { SessionTokenClaims, SessionTokenPurpose } from './create.ts'

export interface VerifiedSessionToken extends SessionTokenClaims {
  /** Whether the first key of the ring signed it. One that a previous key signed is worth a new one. */
  readonly current: boolean
}

const NONCE_BYTES = 16

/** No leading zero and at most 2^53 - 1, so that a generation has one spelling. */
const GENERATION = /^(?:0|[1-9][0-9]{0,14})$/

const SHAPE = /^[0-9a-f-]{36}\.[A-Za-z0-9_-]{22}\.\d{1,15}\.[A-Za-z0-9_-]{8}\.[A-Za-z0-9_-]{43}$/

/** What has another shape is not worth arithmetic. */
export function looksLikeSessionToken(text: string): boolean {
  return SHAPE.test(text)
}

export async function verifySessionToken(
  purpose: SessionTokenPurpose,
  token: string,
  ring: KeyRing,
): Promise<VerifiedSessionToken | null> {
  const parts = token.split('.')
  const [sessionId, nonce, generation, keyId, mac] = parts
  if (parts.length !== 5 || !sessionId || !nonce || !generation || !keyId || !mac) return null
  if (!isUuid(sessionId) || !GENERATION.test(generation) || !KEY_ID_PATTERN.test(keyId)) return null
  if (decodeBase64url(nonce)?.length !== NONCE_BYTES) return null
  const key = ring.find(keyId)
  if (!key) return null
  const text = token.slice(0, token.length - mac.length - 1)
  if (!(await verifyText(key.for[purpose], text, mac))) return null
  return { sessionId, nonce, generation: Number(generation), current: keyId === ring.current.id }
}
