// How do bytes stand in a password hash? In the standard alphabet of base64, with padding or without.

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/

export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('=', '')
}

/** `null` for anything else. */
export function decodeBase64(text: string): Uint8Array | null {
  const bare = text.replace(/=+$/, '')
  if (!ALPHABET.test(text) || bare.length % 4 === 1) return null
  return Uint8Array.from(atob(bare), (character) => character.charCodeAt(0))
}
