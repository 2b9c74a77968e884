// Is the audit log whole: no row changed, none missing?
import type { AuditAnchor, AuditHead, AuditRow } from '../core/audit/chain.ts'
import { BEGINNING, encodeAnchor, encodeRow, serializeHead } from '../core/audit/chain.ts'
import type { AuditKeys } from '../core/audit/keys.ts'
import { verifyText } from '../core/keys/mac.ts'
import type { AuditLog } from '../ports/audit-log.ts'

/**
 * - `changed`: the row is not as it was written, or was written by somebody without the secret.
 * - `missing`: this row and perhaps more after it are gone.
 * - `cut_off`: rows at the end are gone, or others stand in their place.
 * - `anchor_changed`: what retention says it removed is not what it wrote.
 * - `unknown_key`: the row was chained with a secret that is not configured.
 */
export type AuditBreakKind = 'changed' | 'missing' | 'cut_off' | 'anchor_changed' | 'unknown_key'

/** A row, by its id and its time. */
export interface AuditMark {
  readonly id: number
  /** ISO 8601, UTC. */
  readonly at: string
}

export interface AuditWhole {
  readonly ok: true
  /** Verified. */
  readonly rows: number
  /** Removed by retention, before the first. */
  readonly removed: number
  readonly first: AuditMark | null
  readonly last: AuditMark | null
  /** To keep elsewhere, and to give to the next `verify`. */
  readonly head: string
}

export interface AuditBroken {
  readonly ok: false
  /** Verified before the break. */
  readonly rows: number
  readonly broken: { readonly kind: AuditBreakKind; readonly id: number }
}

export type AuditVerdict = AuditWhole | AuditBroken

export interface VerifyParts {
  readonly audit: Pick<AuditLog, 'chain' | 'ends'>
  readonly keys: AuditKeys
  /** One that an earlier verification has answered, or `null`. One that retention has passed since is not looked for. */
  readonly expected: AuditHead | null
  onProgress(done: number, total: number): void
}

/** Rows in memory at a time. */
const PAGE = 500

/** From the anchor to the head, page by page. Rows that come meanwhile are verified too; retention that goes on meanwhile is no break. */
export async function verifyAudit({ audit, keys, expected, onProgress }: VerifyParts): Promise<AuditVerdict> {
  const check = createCheck(keys)
  let rows = 0
  const broken = (kind: AuditBreakKind, id: number): AuditBroken => ({
    ok: false,
    rows,
    broken: { kind, id },
  })

  let { anchor, head } = await audit.ends()
  if (anchor && !(await check.anchor(anchor))) return broken('anchor_changed', anchor.id)
  let at: AuditHead = anchor ?? BEGINNING
  if (isReplaced(at, expected)) return broken('cut_off', at.id)
  let first: AuditRow | null = null
  let last: AuditRow | null = null
  const total = head.id - at.id

  for (;;) {
    const page = await audit.chain(at.id, PAGE)
    const [next] = page
    if (!next) break
    if (next.id !== at.id + 1) {
      const moved = (await audit.ends()).anchor
      if (!moved || moved.id <= at.id) return broken('missing', at.id + 1)
      if (!(await check.anchor(moved))) return broken('anchor_changed', moved.id)
      anchor = moved
      at = moved
      continue
    }
    const previous = [at, ...page]
    const kinds = await Promise.all(page.map((row, n) => check.row(row, previous[n] ?? at)))
    for (const [n, row] of page.entries()) {
      const kind = kinds[n]
      if (kind) return broken(kind, kind === 'missing' ? at.id + 1 : row.id)
      if (isReplaced(row, expected)) return broken('cut_off', row.id)
      rows++
      at = row
      first ??= row
      last = row
    }
    onProgress(rows, Math.max(total, rows))
  }

  const ends = await audit.ends()
  const newest = Math.max(ends.lastId > ends.head.id ? ends.lastId : 0, expected?.id ?? 0)
  if (newest > at.id && newest > ends.head.id) return broken('cut_off', at.id + 1)
  return {
    ok: true,
    rows,
    removed: anchor?.removed ?? 0,
    first: first && toMark(first),
    last: last && toMark(last),
    head: serializeHead(at),
  }
}

const toMark = ({ id, at }: AuditRow): AuditMark => ({ id, at: new Date(at).toISOString() })

const isReplaced = ({ id, hash }: AuditHead, expected: AuditHead | null): boolean =>
  expected !== null && expected.id === id && expected.hash !== hash

/** By WebCrypto, where the stores hash by other means. */
function createCheck(keys: AuditKeys) {
  const imported = new Map<string, Promise<CryptoKey>>()
  const find = (id: string): Promise<CryptoKey> | undefined => {
    const known = imported.get(id)
    const key = keys.find(id)
    if (known || !key) return known
    const made = crypto.subtle.importKey('raw', key.bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
      'verify',
    ])
    imported.set(id, made)
    return made
  }
  return {
    /** What is wrong with it, behind `previous`. */
    async row(row: AuditRow, previous: AuditHead): Promise<AuditBreakKind | null> {
      if (row.id !== previous.id + 1) return 'missing'
      const key = find(row.keyId)
      if (!key) return 'unknown_key'
      return (await verifyText(await key, encodeRow(previous.hash, row), row.hash)) ? null : 'changed'
    },
    async anchor(anchor: AuditAnchor): Promise<boolean> {
      const key = find(anchor.keyId)
      return key !== undefined && verifyText(await key, encodeAnchor(anchor), anchor.mac)
    },
  }
}
