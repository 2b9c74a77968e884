// Which keys sign and seal what only we read, and how does each come from the one secret?
import { encodeBase64url } from '../encoding/base64url.ts'
import { createDerivation } from './derive.ts'

/**
 * What a key is for: to sign (HMAC) or to seal (AES-GCM). One made for one purpose verifies and opens nothing of another.
 * Access tokens have keys of their own: signing.ts.
 */
export const KEY_PURPOSES = {
  'refresh-token': 'sign',
  'session-token': 'sign',
  'session-cache': 'sign',
  'csrf-token': 'sign',
  'session-data': 'sign',
  'session-data-seal': 'seal',
  'rate-limit': 'sign',
  cookie: 'sign',
  'cookie-seal': 'seal',
  'mail-seal': 'seal',
} as const

export type KeyPurpose = keyof typeof KEY_PURPOSES

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

/** Newest first. */
export type Secrets = readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]]

const KEY_ID_BYTES = 6
const KEY_BYTES = 32
export const KEY_ID_PATTERN: RegExp = /^[A-Za-z0-9_-]{8}$/

const FORMS: Readonly<Record<'sign' | 'seal', readonly [algorithm: HmacImportParams | string, KeyUsage[]]>> =
  {
    sign: [{ name: 'HMAC', hash: 'SHA-256' }, ['sign', 'verify']],
    seal: ['AES-GCM', ['encrypt', 'decrypt']],
  }

/** The id of a secret's keys. */
export async function keyIdOf(secret: Uint8Array<ArrayBuffer>): Promise<string> {
  const derive = await createDerivation(secret)
  return encodeBase64url(await derive('key-id', KEY_ID_BYTES))
}

async function deriveKey(secret: Uint8Array<ArrayBuffer>): Promise<Key> {
  const derive = await createDerivation(secret)
  const derivePurpose = async (purpose: KeyPurpose): Promise<[KeyPurpose, CryptoKey]> => {
    const [algorithm, usages] = FORMS[KEY_PURPOSES[purpose]]
    const bytes = await derive(purpose, KEY_BYTES)
    return [purpose, await crypto.subtle.importKey('raw', bytes, algorithm, false, usages)]
  }
  const keys = await Promise.all((Object.keys(KEY_PURPOSES) as KeyPurpose[]).map(derivePurpose))
  return { id: await keyIdOf(secret), for: Object.fromEntries(keys) as Record<KeyPurpose, CryptoKey> }
}

/** Newest secret first; each at least 32 random bytes. */
export async function createKeyRing([first, ...rest]: Secrets): Promise<KeyRing> {
  const current = await deriveKey(first)
  const keys = [current, ...(await Promise.all(rest.map(deriveKey)))]
  const byId = new Map(keys.map((key) => [key.id, key]))
  return { current, find: (id) => byId.get(id) }
}
