// How does the audit log come to be a table to which one can only add?
import type { Compilable, RawBuilder } from 'kysely'
import { sql } from 'kysely'
import { query } from './query.ts'

const { schema } = query

const statement = (text: RawBuilder<unknown>): Compilable<unknown> => ({ compile: () => text.compile(query) })

/**
 * The triggers hold whoever uses SQL on the file, by mistake or through a hole in the application. Who may drop a trigger, or write
 * the file itself, is not held: for them there is the chain.
 */
export const AUDIT_MIGRATION: {
  readonly name: string
  readonly statements: readonly Compilable<unknown>[]
} = {
  name: '0006_audit',
  statements: [
    schema
      .createTable('lockjar_audit')
      // AUTOINCREMENT: SQLite remembers the highest id, so that rows that are cut off the end leave a gap.
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('at', 'integer', (column) => column.notNull())
      .addColumn('event', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text')
      .addColumn('actor', 'text')
      .addColumn('session_id', 'text')
      .addColumn('ip', 'text')
      .addColumn('user_agent', 'text')
      .addColumn('details', 'text')
      .addColumn('key_id', 'text', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull())
      .modifyEnd(sql`strict`),
    schema.createIndex('lockjar_audit_time').on('lockjar_audit').column('at'),
    schema.createIndex('lockjar_audit_event').on('lockjar_audit').columns(['event', 'at']),
    schema
      .createIndex('lockjar_audit_user')
      .on('lockjar_audit')
      .columns(['user_id', 'at'])
      .where('user_id', 'is not', null),
    schema
      .createTable('lockjar_audit_anchor')
      .addColumn('id', 'integer', (column) => column.primaryKey().check(sql`id = 1`))
      .addColumn('last_id', 'integer', (column) => column.notNull())
      .addColumn('last_hash', 'text', (column) => column.notNull())
      .addColumn('removed', 'integer', (column) => column.notNull())
      .addColumn('key_id', 'text', (column) => column.notNull())
      .addColumn('mac', 'text', (column) => column.notNull())
      .modifyEnd(sql`strict`),
    statement(sql`create trigger lockjar_audit_update before update on lockjar_audit
      begin select raise(abort, 'lockjar_audit: rows are never changed'); end`),
    statement(sql`create trigger lockjar_audit_delete before delete on lockjar_audit
      when old.id > (select coalesce(max(last_id), 0) from lockjar_audit_anchor)
      begin select raise(abort, 'lockjar_audit: rows are removed by retention only'); end`),
    // REPLACE removes the row that is in its way without asking the trigger above.
    statement(sql`create trigger lockjar_audit_insert before insert on lockjar_audit
      when exists (select 1 from lockjar_audit where id = new.id)
      begin select raise(abort, 'lockjar_audit: rows are never changed'); end`),
    statement(sql`create trigger lockjar_audit_anchor_insert before insert on lockjar_audit_anchor
      when exists (select 1 from lockjar_audit_anchor)
      begin select raise(abort, 'lockjar_audit_anchor: there is one'); end`),
    statement(sql`create trigger lockjar_audit_anchor_update before update on lockjar_audit_anchor
      when new.last_id <= old.last_id
      begin select raise(abort, 'lockjar_audit_anchor: goes forward only'); end`),
    statement(sql`create trigger lockjar_audit_anchor_delete before delete on lockjar_audit_anchor
      begin select raise(abort, 'lockjar_audit_anchor: stays'); end`),
  ],
}
