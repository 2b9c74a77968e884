// What stands in the database for a secret of high entropy? Its SHA-256.
import { encodeBase64url } from './base64url.ts'

const utf8 = new TextEncoder()

export async function sha256(text: string): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text))))
}
