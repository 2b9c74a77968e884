// Which container of session data does a cookie name, and is it one that we issued? `secret.kid.MAC`.
import { decodeBase64url } from '../encoding/base64url.ts'
import { signText, verifyText } from '../keys/mac.ts'
import type { KeyRing } from '../keys/ring.ts'
import { KEY_ID_PATTERN } from '../keys/ring.ts'

export const SECRET_BYTES = 16

/** `renew`: signed by a previous key. */
export interface DataCookieClaims {
  /** 128 random bits, base64url; the database holds only their SHA-256. */
  readonly secret: string
  readonly renew: boolean
}

export async function createDataCookie(secret: string, { current }: KeyRing): Promise<string> {
  const text = `${secret}.${current.id}`
  return `${text}.${await signText(current.for['session-data'], text)}`
}

/** By arithmetic alone: an id that we did not issue costs no database read, and is never adopted (session fixation). */
export async function verifyDataCookie(value: string, ring: KeyRing): Promise<DataCookieClaims | null> {
  const [secret, keyId, mac, ...rest] = value.split('.')
  if (!secret || !keyId || !mac || rest.length > 0 || !KEY_ID_PATTERN.test(keyId)) return null
  const key = ring.find(keyId)
  if (!key || decodeBase64url(secret)?.length !== SECRET_BYTES) return null
  if (!(await verifyText(key.for['session-data'], `${secret}.${keyId}`, mac))) return null
  return { secret, renew: key !== ring.current }
}
