// Which keys chain the audit log, and which still verify it?
import { createDerivation } from '../keys/derive.ts'
import { keyIdOf } from '../keys/ring.ts'
import type { AuditKey } from './chain.ts'

/** The current key chains what is written, every key verifies. */
export interface AuditKeys {
  readonly current: AuditKey
  /** The current one first. */
  readonly all: readonly [AuditKey, ...AuditKey[]]
  find(id: string): AuditKey | undefined
}

const KEY_BYTES = 32

/** Newest secret first. The purpose is `audit`: none of these bytes signs anything else. */
export async function deriveAuditKeys(
  secrets: readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]],
): Promise<AuditKeys> {
  const [first, ...rest] = secrets
  const current = await deriveAuditKey(first)
  const all: AuditKeys['all'] = [current, ...(await Promise.all(rest.map(deriveAuditKey)))]
  const byId = new Map(all.map((key) => [key.id, key]))
  return { current, all, find: (id) => byId.get(id) }
}

async function deriveAuditKey(secret: Uint8Array<ArrayBuffer>): Promise<AuditKey> {
  const derive = await createDerivation(secret)
  return { id: await keyIdOf(secret), bytes: await derive('audit', KEY_BYTES) }
}
