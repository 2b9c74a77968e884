// How does an index of users by their roles come to be, for which rows that hold lists of roles are no help?
import type { Compilable, RawBuilder } from 'kysely'
import { sql } from 'kysely'
import { query } from './query.ts'

const { schema } = query

/** Kysely has no word for it. */
const trigger = (create: RawBuilder<unknown>): Compilable<unknown> => ({
  compile: () => create.compile(query),
})

export const USERS_BY_ROLE_MIGRATION: {
  readonly name: string
  readonly statements: readonly Compilable<unknown>[]
} = {
  name: '0007_users_by_role',
  statements: [
    schema
      .createTable('lockjar_user_roles')
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('lockjar_user_roles_key', ['role', 'user_id'])
      .modifyEnd(sql`strict, without rowid`),
    query
      .insertInto('lockjar_user_roles')
      .columns(['role', 'user_id'])
      .expression(
        query
          .selectFrom(['lockjar_users', sql<{ value: string }>`json_each(lockjar_users.roles)`.as('each')])
          .select(['each.value', 'lockjar_users.id'])
          .distinct(),
      ),
    // More than one store writes users, and none of them should have to think of it.
    trigger(sql`create trigger lockjar_users_created after insert on lockjar_users when new.roles <> '[]' begin
      insert into lockjar_user_roles (role, user_id) select distinct value, new.id from json_each(new.roles);
    end`),
    trigger(sql`create trigger lockjar_users_changed after update of roles on lockjar_users when new.roles <> old.roles begin
      delete from lockjar_user_roles where user_id = old.id and role in (select value from json_each(old.roles));
      insert into lockjar_user_roles (role, user_id) select distinct value, new.id from json_each(new.roles);
    end`),
    trigger(sql`create trigger lockjar_users_deleted after delete on lockjar_users when old.roles <> '[]' begin
      delete from lockjar_user_roles where user_id = old.id and role in (select value from json_each(old.roles));
    end`),
    schema
      .createIndex('lockjar_users_disabled')
      .on('lockjar_users')
      .column('id')
      .where(sql<boolean>`disabled_at is not null`),
  ],
}
