// Which keys sign and verify, and how does each come from the one secret?
import { encodeBase64url } from '../encoding/base64url.ts'

/** What a key is for: to sign (HMAC) or to seal (AES-GCM). One made for one purpose verifies and opens nothing of another. */
const PURPOSES = {
  'access-token': 'sign',
  'refresh-token': 'sign',
  'session-token': 'sign',
  'csrf-token': 'sign',
  'session-data': 'sign',
  'session-data-seal': 'seal',
  cookie: 'sign',
  'cookie-seal': 'seal',
} as const

export type KeyPurpose = keyof typeof PURPOSES

/** The keys derived from one secret. */
export interface Key {
  /** Derived from the secret, so that all nodes agree on it without being told. */
  readonly id: string
  readonly for: Readonly<Record<KeyPurpose, CryptoKey>>
}

/** The first key signs, every key verifies. */
export interface KeyRing {
  readonly current: Key
  find(id: string): Key | undefined
}

const utf8 = new TextEncoder()
const KEY_ID_BYTES = 6
export const KEY_ID_PATTERN: RegExp = /^[A-Za-z0-9_-]{8}$/

const info = (purpose: string): Uint8Array<ArrayBuffer> => utf8.encode(`lockjar/v1/${purpose}`)

const FORMS: Readonly<
  Record<'sign' | 'seal', readonly [object: Parameters<SubtleCrypto['deriveKey']>[2], KeyUsage[]]>
> = {
  sign: [{ name: 'HMAC', hash: 'SHA-256', length: 256 }, ['sign', 'verify']],
  seal: [{ name: 'AES-GCM', length: 256 }, ['encrypt', 'decrypt']],
}

/** HKDF-SHA-256, RFC 5869: the secret is random already, so the salt may be empty (section 3.1). */
async function deriveKey(secret: Uint8Array<ArrayBuffer>): Promise<Key> {
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey', 'deriveBits'])
  const parameters = (purpose: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: info(purpose),
  })
  const derive = async (purpose: KeyPurpose): Promise<[KeyPurpose, CryptoKey]> => {
    const [algorithm, usages] = FORMS[PURPOSES[purpose]]
    const key = await crypto.subtle.deriveKey(parameters(purpose), material, algorithm, false, usages)
    return [purpose, key]
  }
  const id = await crypto.subtle.deriveBits(parameters('key-id'), material, KEY_ID_BYTES * 8)
  const keys = await Promise.all((Object.keys(PURPOSES) as KeyPurpose[]).map(derive))
  return {
    id: encodeBase64url(new Uint8Array(id)),
    for: Object.fromEntries(keys) as Record<KeyPurpose, CryptoKey>,
  }
}

/** Newest secret first; each at least 32 random bytes. */
export async function createKeyRing(
  secrets: readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]],
): Promise<KeyRing> {
  const [first, ...rest] = secrets
  const current = await deriveKey(first)
  const keys = [current, ...(await Promise.all(rest.map(deriveKey)))]
  const byId = new Map(keys.map((key) => [key.id, key]))
  return { current, find: (id) => byId.get(id) }
}
