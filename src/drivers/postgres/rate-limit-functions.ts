// How is a try counted in all of its budgets by one statement, whoever else is counting?

/**
 * The rules are those of `core/rate-limit`, once more in SQL, so that a try costs one round trip; a test holds the two against each
 * other. What the planner believed of a table that was empty must not make it read all of one that has grown since.
 */
const SETTINGS = `language plpgsql set search_path from current set enable_seqscan = off`

/** `forgetAt` of core/rate-limit/count.ts. */
const FORGET_AT = `
create function lockjar_forget_at(ends_at bigint, hits bigint, period bigint, longest_wait bigint) returns bigint
language sql immutable as $$
  select case when hits > 0 and longest_wait > period then ends_at + longest_wait else ends_at end $$`

/** `isOpen` of core/rate-limit/count.ts. */
const IS_OPEN = `
create function lockjar_is_open(ends_at bigint, longest_wait bigint, present bigint) returns boolean
language sql immutable as $$
  select present < ends_at and ends_at - present <= longest_wait + 600000 $$`

/**
 * `judgeBuckets` of core/rate-limit/bucket.ts. The first statement locks every row, in the order of the keys, so that no two tries
 * wait for each other: one that is there by the conflict, which changes nothing; one that is not by making it, as the first try
 * would. Each of the statements after it sees what whoever had the locks before has written.
 */
const CONSUME = `
create function lockjar_consume(
  keys text[], limits bigint[], periods bigint[], longest_waits bigint[], inout present bigint,
  out allowed boolean, out states jsonb
) ${SETTINGS} as $$
declare
  made text[];
  used_up text[];
begin
  with added as (
    insert into lockjar_rate_limits as kept (key, used, hits, started_at, ends_at, refused, forget_at)
    select asked.key, 1, hits, present, present + period, 0, lockjar_forget_at(present + period, hits, period, longest_wait)
    from unnest(keys, limits, periods, longest_waits) as asked (key, most, period, longest_wait),
      lateral (select case when most > 1 then 0 else 1 end as hits) as first
    order by asked.key
    on conflict (key) do update set used = kept.used where false
    returning kept.key
  )
  select coalesce(array_agg(added.key), '{}') into made from added;

  used_up := array(
    select asked.key
    from unnest(keys, limits, longest_waits) as asked (key, most, longest_wait)
    join lockjar_rate_limits as kept on kept.key = asked.key
    where asked.key <> all (made) and used >= most and lockjar_is_open(ends_at, longest_wait, present)
  );
  allowed := used_up = '{}';

  if allowed then
    with opened as (
      select kept.key, most, period, longest_wait,
        case when is_open then used else 0 end as used,
        case when is_open or present < kept_until then hits else 0 end as hits,
        case when is_open then started_at else present end as started_at,
        case when is_open then ends_at else present + period end as ends_at,
        case when is_open then refused else 0 end as refused
      from unnest(keys, limits, periods, longest_waits) as asked (key, most, period, longest_wait)
      join lockjar_rate_limits as kept on kept.key = asked.key,
        lateral lockjar_is_open(ends_at, longest_wait, present) as is_open,
        lateral lockjar_forget_at(ends_at, hits, period, longest_wait) as kept_until
      where asked.key <> all (made)
    ), taken as (
      select key, period, longest_wait, started_at, refused, used + 1 as used,
        case when used + 1 < most then hits else hits + 1 end as hits,
        case when used + 1 < most then ends_at
          else greatest(ends_at, present + least(period * power(2, least(hits, 62)), longest_wait)::bigint)
        end as ends_at
      from opened
    )
    update lockjar_rate_limits as kept
    set used = taken.used, hits = taken.hits, started_at = taken.started_at, ends_at = taken.ends_at, refused = taken.refused,
      forget_at = lockjar_forget_at(taken.ends_at, taken.hits, period, longest_wait)
    from taken
    where kept.key = taken.key;
  else
    delete from lockjar_rate_limits where key = any (made);
  end if;

  states := (
    select coalesce(jsonb_agg(jsonb_build_object(
      'remaining', case when is_refused then 0 when allowed or is_open then most - used else most end,
      'endsAt', case when is_refused or allowed or is_open then ends_at else present + period end,
      'refused', is_refused,
      'first', is_refused and refused = 0
    ) order by place), '[]')
    from unnest(keys, limits, periods, longest_waits) with ordinality as asked (key, most, period, longest_wait, place)
    left join lockjar_rate_limits as kept on kept.key = asked.key,
      lateral (select asked.key = any (used_up) as is_refused) as verdict,
      lateral coalesce(lockjar_is_open(ends_at, longest_wait, present), false) as is_open
  );

  if not allowed then
    update lockjar_rate_limits as kept
    set refused = 1, forget_at = lockjar_forget_at(ends_at, hits, period, longest_wait)
    from unnest(keys, periods, longest_waits) as asked (key, period, longest_wait)
    where kept.key = asked.key and asked.key = any (used_up) and refused = 0;
  end if;
end $$`

/**
 * `giveOneBack` of core/rate-limit/count.ts for each bucket that is there. Locks in the order of the keys, as above, and touches no row
 * that has come since: that would be out of order.
 */
const GIVE_BACK = `
create function lockjar_give_back(
  keys text[], limits bigint[], periods bigint[], longest_waits bigint[], taken_at bigint, cleared text[]
) returns void ${SETTINGS} as $$
declare
  held text[];
begin
  held := array(select key from lockjar_rate_limits where key = any (keys || cleared) order by key for update);

  with given as (
    select kept.key, period, longest_wait, used - 1 as used,
      case when used < most then hits else greatest(0, hits - 1) end as hits,
      case when used < most then ends_at else started_at + period end as ends_at
    from unnest(keys, limits, periods, longest_waits) as asked (key, most, period, longest_wait)
    join lockjar_rate_limits as kept on kept.key = asked.key
    where kept.key = any (held) and started_at <= taken_at and used > 0
  )
  update lockjar_rate_limits as kept
  set used = given.used, hits = given.hits, ends_at = given.ends_at,
    forget_at = lockjar_forget_at(given.ends_at, given.hits, period, longest_wait)
  from given
  where kept.key = given.key;

  delete from lockjar_rate_limits where key = any (held) and key = any (cleared);
end $$`

export const RATE_LIMIT_FUNCTIONS: readonly string[] = [FORGET_AT, IS_OPEN, CONSUME, GIVE_BACK]
