// How does a CSRF token look different in every answer, and still say the same? A random pad, XOR (BREACH).
import { decodeBase64url, encodeBase64url } from '../encoding/base64url.ts'

const utf8 = new TextEncoder()
const LONGEST_MASKED = 512

/** How much randomness one mask takes: as many bytes as the token has characters. */
export const padLength = (token: string): number => token.length

/**
 * Where an answer is compressed and repeats something of the request's, its length tells whether that resembles a secret
 * beside it. A secret that is another text each time cannot be guessed so, byte by byte.
 */
export function maskCsrfToken(token: string, pad: Uint8Array): string {
  const text = utf8.encode(token)
  const both = new Uint8Array(text.length * 2)
  both.set(pad.subarray(0, text.length))
  for (const [index, byte] of text.entries()) both[text.length + index] = byte ^ (pad[index] ?? 0)
  return encodeBase64url(both)
}

/**
 * The token behind a mask. A plain one, copied from the cookie by a script as Django's documentation shows, is told by its
 * dots and comes back as it is; `null` for what is neither.
 */
export function unmaskCsrfToken(submitted: string): string | null {
  if (submitted.includes('.')) return submitted
  const both = submitted.length > LONGEST_MASKED ? null : decodeBase64url(submitted)
  if (!both || both.length === 0 || both.length % 2 !== 0) return null
  const half = both.length / 2
  let token = ''
  for (let index = 0; index < half; index++) {
    token += String.fromCharCode((both[index] ?? 0) ^ (both[half + index] ?? 0))
  }
  return token
}
