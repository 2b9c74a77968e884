// How does the audit log come to be a table to which one can only add, in PostgreSQL?

/**
 * The triggers hold whoever uses SQL on the tables, by mistake or through a hole in the application. Who may drop a trigger, or is
 * the database's superuser, is not held: for them there is the chain.
 */
export const AUDIT_STATEMENTS: readonly string[] = [
  `create table lockjar_audit (
    id bigint primary key,
    at bigint not null,
    event text collate "C" not null,
    user_id text collate "C",
    actor text collate "C",
    session_id text collate "C",
    ip text,
    user_agent text,
    details text,
    key_id text not null,
    hash text not null
  )`,
  'create index lockjar_audit_time on lockjar_audit (at, id)',
  'create index lockjar_audit_event on lockjar_audit (event, at, id)',
  'create index lockjar_audit_user on lockjar_audit (user_id, at, id) where user_id is not null',
  `create table lockjar_audit_anchor (
    id smallint primary key check (id = 1),
    last_id bigint not null,
    last_hash text not null,
    removed bigint not null,
    key_id text not null,
    mac text not null
  )`,
  // A row, and no sequence: a sequence passes over numbers where a transaction fails, and such a gap looks like rows that are gone.
  'create table lockjar_audit_counter (id smallint primary key check (id = 1), last_id bigint not null)',
  'insert into lockjar_audit_counter (id, last_id) values (1, 0)',

  `create function lockjar_audit_refuse() returns trigger language plpgsql as $$
    begin raise exception '%: %', tg_table_name, tg_argv[0]; end $$`,
  `create trigger lockjar_audit_update before update or truncate on lockjar_audit
    for each statement execute function lockjar_audit_refuse('rows are never changed')`,
  `create function lockjar_audit_kept() returns trigger language plpgsql set search_path from current as $$
    begin
      if (select max(id) from gone) > (select coalesce(max(last_id), 0) from lockjar_audit_anchor) then
        raise exception 'lockjar_audit: rows are removed by retention only';
      end if;
      return null;
    end $$`,
  `create trigger lockjar_audit_delete after delete on lockjar_audit referencing old table as gone
    for each statement execute function lockjar_audit_kept()`,
  `create trigger lockjar_audit_anchor_delete before delete or truncate on lockjar_audit_anchor
    for each statement execute function lockjar_audit_refuse('stays')`,
  `create trigger lockjar_audit_anchor_update before update on lockjar_audit_anchor
    for each row when (new.last_id <= old.last_id) execute function lockjar_audit_refuse('goes forward only')`,
  `create trigger lockjar_audit_counter_delete before delete or truncate on lockjar_audit_counter
    for each statement execute function lockjar_audit_refuse('stays')`,
  `create trigger lockjar_audit_counter_update before update on lockjar_audit_counter
    for each row when (new.last_id < old.last_id) execute function lockjar_audit_refuse('goes forward only')`,
]
