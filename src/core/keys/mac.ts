// How is a text signed, and a signature verified? HMAC-SHA-256, RFC 2104.
import { decodeBase64url, encodeBase64url } from '../encoding/base64url.ts'

const utf8 = new TextEncoder()

/** Base64url, 43 characters. */
export async function signText(key: CryptoKey, text: string): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8.encode(text))))
}

/** Constant in time (WebCrypto compares), and true for the one canonical spelling only. */
export async function verifyText(key: CryptoKey, text: string, mac: string): Promise<boolean> {
  const bytes = decodeBase64url(mac)
  return bytes !== null && crypto.subtle.verify('HMAC', key, bytes, utf8.encode(text))
}
