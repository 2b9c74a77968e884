// How is a text sealed so that its holder can neither read nor change it, and opened again? AES-256-GCM, NIST SP 800-38D.
import { decodeBase64url, encodeBase64url } from '../encoding/base64url.ts'
import type { KeyPurpose, KeyRing } from './ring.ts'
import { KEY_ID_PATTERN } from './ring.ts'

/** Random for each seal: 96 bits, as SP 800-38D section 8.2.2 has it, good for 2^32 seals under one key. */
export const IV_BYTES = 12
const TAG_BYTES = 16
const KEY_ID_LENGTH = 8

const utf8 = new TextEncoder()

/** `renew`: opened under a previous key, so it should be sealed anew. */
export interface Opened {
  readonly text: string
  readonly renew: boolean
}

type SealPurpose = KeyPurpose & `${string}-seal`

const parameters = (iv: Uint8Array<ArrayBuffer>, context: string): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: utf8.encode(context),
})

/** `kid.` and base64url of IV and ciphertext. What was sealed in one `context` opens in no other. */
export async function sealText(
  text: string,
  purpose: SealPurpose,
  context: string,
  iv: Uint8Array<ArrayBuffer>,
  { current }: KeyRing,
): Promise<string> {
  const sealed = await crypto.subtle.encrypt(parameters(iv, context), current.for[purpose], utf8.encode(text))
  const bytes = new Uint8Array(iv.length + sealed.byteLength)
  bytes.set(iv)
  bytes.set(new Uint8Array(sealed), iv.length)
  return `${current.id}.${encodeBase64url(bytes)}`
}

/** Under any key of the ring; `null` for what was not sealed by one of them in this context. */
export async function openText(
  sealed: string,
  purpose: SealPurpose,
  context: string,
  ring: KeyRing,
): Promise<Opened | null> {
  const id = sealed.slice(0, KEY_ID_LENGTH)
  if (!KEY_ID_PATTERN.test(id) || sealed[KEY_ID_LENGTH] !== '.') return null
  const key = ring.find(id)
  const bytes = key ? decodeBase64url(sealed.slice(KEY_ID_LENGTH + 1)) : null
  if (!key || !bytes || bytes.length < IV_BYTES + TAG_BYTES) return null
  try {
    const iv = bytes.slice(0, IV_BYTES)
    const text = await crypto.subtle.decrypt(
      parameters(iv, context),
      key.for[purpose],
      bytes.subarray(IV_BYTES),
    )
    return { text: new TextDecoder().decode(text), renew: key !== ring.current }
  } catch {
    return null
  }
}

/** How long the seal of a text will be, known before anything is done. */
export function sealedLength(text: string): number {
  const bytes = IV_BYTES + utf8.encode(text).length + TAG_BYTES
  return KEY_ID_LENGTH + 1 + Math.ceil((bytes * 4) / 3)
}
