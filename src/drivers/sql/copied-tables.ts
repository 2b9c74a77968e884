// Which rows make up a store, so that a copy of them is the same store in another database?
import type { Tables } from './schema.ts'

/** Rows of the others follow from these, or are about the database that they are in. */
export type CopiedTable = Exclude<keyof Tables, 'lockjar_user_roles' | 'lockjar_migrations'>

export interface TableColumns {
  /** By which rows are ordered: the same in every database, for all compare these by their bytes. */
  readonly key: readonly string[]
  readonly others: readonly string[]
}

type Columns<Table extends CopiedTable> = readonly (keyof Tables[Table] & string)[]

/** In an order in which no row comes before one that it refers to. */
export const COPIED: {
  readonly [Table in CopiedTable]: { readonly key: Columns<Table>; readonly others: Columns<Table> }
} = {
  lockjar_users: {
    key: ['id'],
    others: [
      'email',
      'email_key',
      'username',
      'username_key',
      'name',
      'password_hash',
      'roles',
      'email_verified_at',
      'disabled_at',
      'revision',
      'created_at',
      'last_login_at',
      'self_registered',
    ],
  },
  lockjar_sessions: {
    key: ['id'],
    others: [
      'nonce_hash',
      'user_id',
      'generation',
      'predecessor',
      'confirmed_generation',
      'rotated_at',
      'created_at',
      'last_seen_at',
      'idle_expires_at',
      'expires_at',
      'revoked_at',
      'revoked_reason',
      'remember',
      'carriage',
      'amr',
      'auth_time',
      'ip',
      'user_agent',
    ],
  },
  lockjar_revocations: { key: ['id'], others: ['scope', 'floor', 'expires_at'] },
  lockjar_containers: {
    key: ['id_hash'],
    others: ['session_id', 'created_at', 'last_seen_at', 'idle_expires_at', 'ended_at'],
  },
  lockjar_session_data: { key: ['id_hash', 'key'], others: ['json', 'bytes'] },
  lockjar_one_time_tokens: {
    key: ['token_hash'],
    others: [
      'purpose',
      'subject',
      'user_id',
      'email_key',
      'new_email',
      'pending',
      'created_at',
      'expires_at',
    ],
  },
  lockjar_outbox: { key: ['id'], others: ['sealed', 'created_at', 'ends_at', 'due_at', 'claim'] },
  lockjar_rate_limits: {
    key: ['key'],
    others: ['used', 'hits', 'started_at', 'ends_at', 'refused', 'forget_at'],
  },
  lockjar_known_networks: { key: ['user_id', 'network_hash'], others: ['seen_at'] },
  lockjar_audit_anchor: { key: ['id'], others: ['last_id', 'last_hash', 'removed', 'key_id', 'mac'] },
  lockjar_audit: {
    key: ['id'],
    others: [
      'at',
      'event',
      'user_id',
      'actor',
      'session_id',
      'ip',
      'user_agent',
      'details',
      'key_id',
      'hash',
    ],
  },
}

export const COPIED_TABLES = Object.keys(COPIED) as readonly CopiedTable[]

export function columnsOf(table: CopiedTable): readonly string[] {
  const { key, others }: TableColumns = COPIED[table]
  return [...key, ...others]
}
