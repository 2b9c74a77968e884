// How does the row of a one-time token become its record, and back?
import type { Selectable } from 'kysely'
import type {
  OneTimeTokenRecord,
  PendingRegistration,
  TokenPurpose,
} from '../../core/one-time-token/token.ts'
import type { NewOneTimeToken } from '../../ports/one-time-token-store.ts'
import type { OneTimeTokensTable } from './schema.ts'

export function toTokenRow(token: NewOneTimeToken, now: number): OneTimeTokensTable {
  const { tokenHash, purpose, userId, emailKey, newEmail, pending, lifetime } = token
  return {
    token_hash: tokenHash,
    purpose,
    subject: userId ?? emailKey,
    user_id: userId,
    email_key: emailKey,
    new_email: newEmail,
    pending: pending && JSON.stringify(pending),
    created_at: now,
    expires_at: now + lifetime,
  }
}

export function toToken(row: Selectable<OneTimeTokensTable>): OneTimeTokenRecord {
  return {
    tokenHash: row.token_hash,
    purpose: row.purpose as TokenPurpose,
    userId: row.user_id,
    emailKey: row.email_key,
    newEmail: row.new_email,
    pending: row.pending === null ? null : (JSON.parse(row.pending) as PendingRegistration),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
