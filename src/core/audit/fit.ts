// Are the oldest rows of the audit log as they were written, so that retention may vouch for them?
import { equalSecret } from '../encoding/equal.ts'
import type { AuditAnchor, AuditHead, AuditKey, AuditRow } from './chain.ts'
import { BEGINNING, encodeAnchor, encodeRow } from './chain.ts'

/** HMAC-SHA-256, base64url. Handed in: a store computes it inside its transaction, where it may not wait. */
export type ComputeMac = (key: AuditKey, text: string) => string

/**
 * The id of the first one that does not fit to what is before it, under one of the keys; `null`: all fit. An anchor that was put there by
 * somebody else is the first. Whoever signs a new anchor asks here before: it would make whole what was not.
 */
export function findUnfit(
  anchor: AuditAnchor | null,
  rows: readonly AuditRow[],
  keys: readonly AuditKey[],
  mac: ComputeMac,
): number | null {
  const fits = (keyId: string, text: string, expected: string): boolean => {
    const key = keys.find(({ id }) => id === keyId)
    return key !== undefined && equalSecret(mac(key, text), expected)
  }
  if (anchor && !fits(anchor.keyId, encodeAnchor(anchor), anchor.mac)) return anchor.id
  let previous: AuditHead = anchor ?? BEGINNING
  for (const row of rows) {
    if (row.id !== previous.id + 1) return previous.id + 1
    if (!fits(row.keyId, encodeRow(previous.hash, row), row.hash)) return row.id
    previous = row
  }
  return null
}
