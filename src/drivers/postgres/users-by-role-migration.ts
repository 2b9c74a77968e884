// How does an index of users by their roles come to be in PostgreSQL?

/** More than one store writes users, and none of them should have to think of it. */
export const USERS_BY_ROLE_STATEMENTS: readonly string[] = [
  `create table lockjar_user_roles (
    role text collate "C" not null,
    user_id text collate "C" not null,
    primary key (role, user_id)
  )`,
  `create function lockjar_users_by_role() returns trigger language plpgsql set search_path from current as $$
    begin
      if tg_op <> 'INSERT' then
        delete from lockjar_user_roles
          where user_id = old.id and role in (select json_array_elements_text(old.roles::json));
      end if;
      if tg_op <> 'DELETE' then
        insert into lockjar_user_roles (role, user_id)
          select distinct value, new.id from json_array_elements_text(new.roles::json) on conflict do nothing;
      end if;
      return null;
    end $$`,
  `create trigger lockjar_users_created after insert on lockjar_users
    for each row when (new.roles <> '[]') execute function lockjar_users_by_role()`,
  `create trigger lockjar_users_changed after update of roles on lockjar_users
    for each row when (new.roles <> old.roles) execute function lockjar_users_by_role()`,
  `create trigger lockjar_users_deleted after delete on lockjar_users
    for each row when (old.roles <> '[]') execute function lockjar_users_by_role()`,
  'create index lockjar_users_disabled on lockjar_users (id) where disabled_at is not null',
]
