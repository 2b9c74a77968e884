// How does a cookie's value say who wrote it, under which name and when? Signed, or sealed as well.
import { signText, verifyText } from '../keys/mac.ts'
import type { KeyRing } from '../keys/ring.ts'
import { KEY_ID_PATTERN } from '../keys/ring.ts'
import { openText, sealedLength, sealText } from '../keys/seal.ts'
import { decodeCookieText, encodeCookieText } from './text.ts'

/** Instants in seconds since 1970. */
export interface DatedValue {
  readonly value: string
  readonly issuedAt: number
  /** `null`: no end of its own. */
  readonly expiresAt: number | null
}

/** `renew`: under a previous key, so the browser should be given it under the current one. */
export interface ReadValue extends DatedValue {
  readonly renew: boolean
}

const MAC_LENGTH = 43
const KEY_ID_LENGTH = 8
const INSTANT = /^(?:0|[1-9][0-9]{0,11})$/

const head = ({ value, issuedAt, expiresAt }: DatedValue): string =>
  `${encodeCookieText(value)}.${issuedAt}.${expiresAt ?? 0}`

/** `=` can stand neither in a name nor in an encoded value, so no name runs on into another's value. */
const signedText = (name: string, dated: string, keyId: string): string => `${name}=${dated}.${keyId}`

/** `value.issuedAt.expiresAt.kid.MAC`. The name is signed too: a value is worth nothing under another one. */
export async function signValue(name: string, dated: DatedValue, { current }: KeyRing): Promise<string> {
  const mac = await signText(current.for.cookie, signedText(name, head(dated), current.id))
  return `${head(dated)}.${current.id}.${mac}`
}

/** Whether it is still in time is another question: `isInTime`. */
export async function verifyValue(name: string, text: string, ring: KeyRing): Promise<ReadValue | null> {
  const parts = text.split('.')
  const [issuedAt = '', expiresAt = '', keyId = '', mac = ''] = parts.splice(-4)
  if (parts.length === 0 || !INSTANT.test(issuedAt) || !INSTANT.test(expiresAt)) return null
  const key = KEY_ID_PATTERN.test(keyId) ? ring.find(keyId) : undefined
  if (!key) return null
  const encoded = parts.join('.')
  const signed = signedText(name, `${encoded}.${issuedAt}.${expiresAt}`, keyId)
  if (!(await verifyText(key.for.cookie, signed, mac))) return null
  const value = decodeCookieText(encoded)
  return value === null ? null : { value, ...instants(issuedAt, expiresAt), renew: key !== ring.current }
}

export const signedValueLength = (dated: DatedValue): number =>
  head(dated).length + 2 + KEY_ID_LENGTH + MAC_LENGTH

const inner = ({ value, issuedAt, expiresAt }: DatedValue): string => `${issuedAt}.${expiresAt ?? 0}.${value}`

export function sealValue(
  name: string,
  dated: DatedValue,
  iv: Uint8Array<ArrayBuffer>,
  ring: KeyRing,
): Promise<string> {
  return sealText(inner(dated), 'cookie-seal', name, iv, ring)
}

export async function openValue(name: string, text: string, ring: KeyRing): Promise<ReadValue | null> {
  const opened = await openText(text, 'cookie-seal', name, ring)
  const [, issuedAt = '', expiresAt = '', value = ''] = /^(\d+)\.(\d+)\.(.*)$/s.exec(opened?.text ?? '') ?? []
  if (!opened || issuedAt === '') return null
  return { value, ...instants(issuedAt, expiresAt), renew: opened.renew }
}

export const sealedValueLength = (dated: DatedValue): number => sealedLength(inner(dated))

/** Seconds that the clock of another process may be ahead, as for access tokens. */
const MOST_AHEAD = 240

/** `maxAge` in seconds, counted from when it was set. */
export function isInTime(
  { issuedAt, expiresAt }: DatedValue,
  now: number,
  maxAge: number | undefined,
): boolean {
  if (expiresAt !== null && now >= expiresAt) return false
  // One that a clock dated which was ahead is of unknown age.
  if (issuedAt > now + MOST_AHEAD) return false
  return maxAge === undefined || now - issuedAt < maxAge
}

const instants = (issuedAt: string, expiresAt: string): Pick<DatedValue, 'issuedAt' | 'expiresAt'> => ({
  issuedAt: Number(issuedAt),
  expiresAt: expiresAt === '0' ? null : Number(expiresAt),
})
