// How does one secret become a key for each purpose? HKDF-SHA-256, RFC 5869.

const utf8 = new TextEncoder()

/** Answers so many bytes for a purpose. Nobody can tell one purpose's bytes from another's, nor come back to the secret. */
export type Derive = (purpose: string, bytes: number) => Promise<Uint8Array<ArrayBuffer>>

/** The secret is random already, so the salt may be empty (RFC 5869 section 3.1). */
export async function createDerivation(secret: Uint8Array<ArrayBuffer>): Promise<Derive> {
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  return async (purpose, bytes) => {
    const info = utf8.encode(`lockjar/v1/${purpose}`)
    const parameters = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, material, bytes * 8))
  }
}
