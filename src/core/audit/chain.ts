// How does each row of the audit log vouch for all rows before it?

/** What is kept of an event. Texts are well-formed and without control characters, so that a store gives back what it was given. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly event: string
  readonly user: string | null
  readonly actor: string | null
  readonly session: string | null
  readonly ip: string | null
  readonly userAgent: string | null
  /** An object as JSON, kept as it was written. */
  readonly details: string | null
}

/** An entry at its place. Ids are given without gaps, from 1. */
export interface AuditRow extends AuditEntry {
  readonly id: number
  /** Of the key that made `hash`. */
  readonly keyId: string
  /** HMAC-SHA-256 of `encodeRow`, base64url. */
  readonly hash: string
}

/** Names a place in the chain, and by its hash everything before it. Id 0, hash `''`: the place before the first row. */
export interface AuditHead {
  readonly id: number
  readonly hash: string
}

export const BEGINNING: AuditHead = Object.freeze({ id: 0, hash: '' })

/** The last row that retention has removed: the oldest kept one is chained to it. */
export interface AuditAnchor extends AuditHead {
  /** How many rows were removed in all. */
  readonly removed: number
  readonly keyId: string
  /** HMAC-SHA-256 of `encodeAnchor`, base64url. */
  readonly mac: string
}

/** Raw bytes, since a store computes hashes inside its transaction, where it may not wait. */
export interface AuditKey {
  readonly id: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

const ROW = 'lockjar/audit-row/1'
const ANCHOR = 'lockjar/audit-anchor/1'

/**
 * What the hash of a row is made over. A JSON list of fixed length with its purpose in front: no two rows have one text, and no row
 * that of an anchor.
 */
export function encodeRow(previous: string, row: Omit<AuditRow, 'hash'>): string {
  const { id, at, event, user, actor, session, ip, userAgent, details, keyId } = row
  return JSON.stringify([ROW, previous, id, at, event, user, actor, session, ip, userAgent, details, keyId])
}

export function encodeAnchor({ id, hash, removed, keyId }: Omit<AuditAnchor, 'mac'>): string {
  return JSON.stringify([ANCHOR, id, hash, removed, keyId])
}

/** `ID:HASH`, for an operator to keep elsewhere. */
export function serializeHead({ id, hash }: AuditHead): string {
  return `${id}:${hash}`
}

/** `null`: it is none. */
export function parseHead(text: string): AuditHead | null {
  const [, id, hash = ''] = /^(\d{1,15}):([A-Za-z0-9_-]{43})?$/.exec(text.trim()) ?? []
  return id === undefined || (hash === '') !== (Number(id) === 0) ? null : { id: Number(id), hash }
}
