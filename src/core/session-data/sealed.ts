// How does a whole container of session data travel in its cookie? Sealed, with whose it is and until when.
import * as v from 'valibot'
import { LONGEST_COOKIE } from '../cookie/serialize.ts'
import type { KeyRing } from '../keys/ring.ts'
import { openText, sealedLength, sealText } from '../keys/seal.ts'

/** Instants in milliseconds since 1970 by the clock of the node that wrote it. */
export interface SealedContainer {
  /** New at sign-in and when rotated: a copy of the old cookie is another container. */
  readonly id: string
  readonly sessionId: string | null
  /** Until when the browser keeps the cookie; `null`: until it ends. */
  readonly keepUntil: number | null
  readonly seenAt: number
  readonly expiresAt: number
  /** Values as JSON, by key. */
  readonly entries: ReadonlyMap<string, string>
}

const payload = v.strictObject({
  i: v.string(),
  s: v.nullable(v.string()),
  k: v.nullable(v.number()),
  t: v.number(),
  e: v.number(),
  d: v.array(v.tuple([v.string(), v.string()])),
})

function toText({ id, sessionId, keepUntil, seenAt, expiresAt, entries }: SealedContainer): string {
  return JSON.stringify({ i: id, s: sessionId, k: keepUntil, t: seenAt, e: expiresAt, d: [...entries] })
}

/** The cookie's name is sealed with it, so that it can be put under no other. */
export function sealContainer(
  container: SealedContainer,
  cookieName: string,
  iv: Uint8Array<ArrayBuffer>,
  ring: KeyRing,
): Promise<string> {
  return sealText(toText(container), 'session-data-seal', cookieName, iv, ring)
}

/** Whose it is and whether it is in time are the caller's to judge. */
export async function openContainer(
  value: string,
  cookieName: string,
  ring: KeyRing,
): Promise<{ readonly container: SealedContainer; readonly renew: boolean } | null> {
  const opened = await openText(value, 'session-data-seal', cookieName, ring)
  if (!opened) return null
  const parsed = v.safeParse(payload, JSON.parse(opened.text))
  // Another version of Lockjar sealed it in another form.
  if (!parsed.success) return null
  const { i, s, k, t, e, d } = parsed.output
  const container = { id: i, sessionId: s, keepUntil: k, seenAt: t, expiresAt: e, entries: new Map(d) }
  return { container, renew: opened.renew }
}

const WIDEST_INSTANT = 9_999_999_999_999
const UUID_LENGTH = 36

/**
 * By how many bytes a browser would find the cookie too long; 0 where it fits. Measured as if it were bound to a session, so
 * that signing in never makes it too long.
 */
export function bytesTooMany(container: SealedContainer, cookieName: string): number {
  const bound: SealedContainer = {
    ...container,
    sessionId: 'x'.repeat(UUID_LENGTH),
    keepUntil: WIDEST_INSTANT,
    seenAt: WIDEST_INSTANT,
    expiresAt: WIDEST_INSTANT,
  }
  return Math.max(0, cookieName.length + sealedLength(toText(bound)) - LONGEST_COOKIE)
}
