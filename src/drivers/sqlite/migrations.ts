// How does the schema come to be, and change, by itself?
import type { Compilable } from 'kysely'
import { sql } from 'kysely'
import { AuthError } from '../../errors.ts'
import { explainUnknown } from '../sql/migration-names.ts'
import { AUDIT_MIGRATION } from './audit-migration.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'
import { USERS_BY_ROLE_MIGRATION } from './users-by-role-migration.ts'

export interface Migration {
  readonly name: string
  readonly statements: readonly Compilable<unknown>[]
}

const { schema } = query

/** In order, never edited once released. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: '0001_users_sessions_revocations',
    statements: [
      schema
        .createTable('lockjar_users')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('email', 'text', (column) => column.notNull())
        .addColumn('email_key', 'text', (column) => column.notNull().unique())
        .addColumn('username', 'text')
        .addColumn('username_key', 'text', (column) => column.unique())
        .addColumn('name', 'text')
        .addColumn('password_hash', 'text')
        .addColumn('roles', 'text', (column) => column.notNull())
        .addColumn('email_verified_at', 'integer')
        .addColumn('disabled_at', 'integer')
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('last_login_at', 'integer')
        .modifyEnd(sql`strict, without rowid`),
      schema
        .createTable('lockjar_sessions')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('nonce_hash', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('generation', 'integer', (column) => column.notNull())
        .addColumn('predecessor', 'integer')
        .addColumn('confirmed_generation', 'integer', (column) => column.notNull())
        .addColumn('rotated_at', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('last_seen_at', 'integer', (column) => column.notNull())
        .addColumn('idle_expires_at', 'integer', (column) => column.notNull())
        .addColumn('expires_at', 'integer', (column) => column.notNull())
        .addColumn('revoked_at', 'integer')
        .addColumn('revoked_reason', 'text')
        .addColumn('remember', 'integer', (column) => column.notNull())
        .addColumn('carriage', 'text', (column) => column.notNull())
        .addColumn('amr', 'text', (column) => column.notNull())
        .addColumn('auth_time', 'integer', (column) => column.notNull())
        .addColumn('ip', 'text')
        .addColumn('user_agent', 'text')
        .modifyEnd(sql`strict, without rowid`),
      schema.createIndex('lockjar_sessions_user').on('lockjar_sessions').columns(['user_id', 'last_seen_at']),
      schema.createIndex('lockjar_sessions_expiry').on('lockjar_sessions').column('idle_expires_at'),
      schema
        .createIndex('lockjar_sessions_revoked')
        .on('lockjar_sessions')
        .column('revoked_at')
        .where('revoked_at', 'is not', null),
      schema
        .createTable('lockjar_revocations')
        // AUTOINCREMENT: an id is never given twice, so a reader that has seen one has seen all before it.
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('scope', 'text', (column) => column.notNull())
        .addColumn('floor', 'integer')
        .addColumn('expires_at', 'integer', (column) => column.notNull())
        .modifyEnd(sql`strict`),
    ],
  },
  {
    name: '0002_session_data',
    statements: [
      schema
        .createTable('lockjar_containers')
        .addColumn('id_hash', 'text', (column) => column.primaryKey())
        .addColumn('session_id', 'text')
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('last_seen_at', 'integer', (column) => column.notNull())
        .addColumn('idle_expires_at', 'integer', (column) => column.notNull())
        .addColumn('ended_at', 'integer')
        .modifyEnd(sql`strict, without rowid`),
      schema
        .createIndex('lockjar_containers_session')
        .on('lockjar_containers')
        .column('session_id')
        .where('session_id', 'is not', null),
      schema.createIndex('lockjar_containers_expiry').on('lockjar_containers').column('idle_expires_at'),
      schema
        .createIndex('lockjar_containers_ended')
        .on('lockjar_containers')
        .column('ended_at')
        .where('ended_at', 'is not', null),
      schema
        .createTable('lockjar_session_data')
        .addColumn('id_hash', 'text', (column) =>
          column.notNull().references('lockjar_containers.id_hash').onDelete('cascade'),
        )
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('json', 'text', (column) => column.notNull())
        .addColumn('bytes', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('lockjar_session_data_key', ['id_hash', 'key'])
        .modifyEnd(sql`strict, without rowid`),
    ],
  },
  {
    name: '0003_one_time_tokens',
    statements: [
      schema
        .createTable('lockjar_one_time_tokens')
        .addColumn('token_hash', 'text', (column) => column.primaryKey())
        .addColumn('purpose', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text')
        .addColumn('email_key', 'text', (column) => column.notNull())
        .addColumn('new_email', 'text')
        .addColumn('pending', 'text')
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('expires_at', 'integer', (column) => column.notNull())
        .modifyEnd(sql`strict, without rowid`),
      schema
        .createIndex('lockjar_one_time_tokens_subject')
        .on('lockjar_one_time_tokens')
        .columns(['subject', 'purpose', 'created_at']),
      schema.createIndex('lockjar_one_time_tokens_expiry').on('lockjar_one_time_tokens').column('expires_at'),
      schema
        .alterTable('lockjar_users')
        .addColumn('self_registered', 'integer', (column) => column.notNull().defaultTo(0)),
    ],
  },
  {
    name: '0004_outbox',
    statements: [
      schema
        .createTable('lockjar_outbox')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('sealed', 'text', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('ends_at', 'integer', (column) => column.notNull())
        .addColumn('due_at', 'integer', (column) => column.notNull())
        .addColumn('claim', 'integer', (column) => column.notNull())
        .modifyEnd(sql`strict`),
      schema.createIndex('lockjar_outbox_due').on('lockjar_outbox').columns(['due_at', 'id']),
      schema.createIndex('lockjar_outbox_end').on('lockjar_outbox').column('ends_at'),
    ],
  },
  {
    name: '0005_rate_limits',
    statements: [
      schema
        .createTable('lockjar_rate_limits')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('used', 'integer', (column) => column.notNull())
        .addColumn('hits', 'integer', (column) => column.notNull())
        .addColumn('started_at', 'integer', (column) => column.notNull())
        .addColumn('ends_at', 'integer', (column) => column.notNull())
        .addColumn('refused', 'integer', (column) => column.notNull())
        .addColumn('forget_at', 'integer', (column) => column.notNull())
        .modifyEnd(sql`strict, without rowid`),
      schema.createIndex('lockjar_rate_limits_forget').on('lockjar_rate_limits').column('forget_at'),
      schema
        .createTable('lockjar_known_networks')
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('network_hash', 'text', (column) => column.notNull())
        .addColumn('seen_at', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('lockjar_known_networks_key', ['user_id', 'network_hash'])
        .modifyEnd(sql`strict, without rowid`),
      schema.createIndex('lockjar_known_networks_seen').on('lockjar_known_networks').column('seen_at'),
    ],
  },
  AUDIT_MIGRATION,
  USERS_BY_ROLE_MIGRATION,
]

/**
 * Safe when several processes start at once: the first takes the write lock, the others wait and find nothing to do. Answers the
 * names of those that were applied.
 */
export function migrate(connection: Connection, now: number): readonly string[] {
  return connection.transaction(() => {
    connection.run(
      schema
        .createTable('lockjar_migrations')
        .ifNotExists()
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('applied_at', 'integer', (column) => column.notNull())
        .modifyEnd(sql`strict, without rowid`),
    )
    const pending = pendingMigrations(connection)
    for (const { name, statements } of MIGRATIONS) {
      if (!pending.includes(name)) continue
      for (const statement of statements) connection.run(statement)
      connection.run(query.insertInto('lockjar_migrations').values({ name, applied_at: now }))
    }
    return pending
  })
}

/** In order. @throws {AuthError} `unavailable` for a schema that a newer version made. */
export function pendingMigrations(connection: Connection): readonly string[] {
  const applied = readApplied(connection)
  refuseUnknown(applied)
  return MIGRATIONS.map(({ name }) => name).filter((name) => !applied.has(name))
}

function readApplied(connection: Connection): ReadonlySet<string> {
  const known = sql`select 1 from sqlite_schema where name = 'lockjar_migrations'`.compile(query)
  if (connection.first({ compile: () => known }) === null) return new Set()
  const rows = connection.all(query.selectFrom('lockjar_migrations').select('name'))
  return new Set(rows.map(({ name }) => name))
}

function refuseUnknown(applied: ReadonlySet<string>): void {
  const reason = explainUnknown(
    applied,
    MIGRATIONS.map(({ name }) => name),
  )
  if (reason !== null) throw new AuthError('unavailable', { detail: reason, retryAfter: 1 })
}
