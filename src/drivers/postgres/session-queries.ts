// Which statements keep sessions right, whoever else writes them at the same moment?
//
// READ COMMITTED: an update that waits for another's row judges the row again as that one left it. Where many rows are written they
// are locked in the order of their ids first, so that two such statements never wait for each other.
import type { Compilable, Expression, RawBuilder, Selectable } from 'kysely'
import { sql } from 'kysely'
import type { RevokedReason } from '../../core/session/session.ts'
import type { Confirmation, IdleTimeout, SwapCommand } from '../../ports/session-store.ts'
import type { SessionsTable } from '../sql/schema.ts'
import { query } from './query.ts'

const DAY = 86_400_000

type Row = Selectable<SessionsTable>
type Now = Expression<number> | number

/** The first row is there in any case, with the time; without a session all of its columns are `null`. */
export type RowAtNow = Omit<Row, 'id'> & { readonly id: string | null; readonly now: number }

/** Which sessions a command ends. */
export type Chosen =
  | { readonly owner: string; readonly keep?: string }
  /** So many, by their ids, so that one who goes on from there passes over none twice. */
  | { readonly first: number; readonly after: string }

/** By which instant a session that has ended is old. */
export type OldSessions = 'idle_expires_at' | 'revoked_at'

const compilable = <T>(text: RawBuilder<T>): Compilable<T> => ({ compile: () => text.compile(query) })

const live = (now: Now): RawBuilder<boolean> =>
  sql`revoked_at is null and expires_at > ${now} and idle_expires_at > ${now}`

export function findSessions(ids: readonly string[], now: Now): Compilable<RowAtNow> {
  return compilable(sql<RowAtNow>`
    select present.now, session.* from (select ${now} as now) as present
    left join lockjar_sessions as session on session.id = any(${ids}::text[])`)
}

/** Live ones, the one seen last first. */
export function listSessions(userId: string, now: Now): Compilable<RowAtNow> {
  return compilable(sql<RowAtNow>`
    select present.now, session.* from (select ${now} as now) as present
    left join lockjar_sessions as session on session.user_id = ${userId} and ${live(now)}
    order by session.last_seen_at desc, session.id desc`)
}

/** The one statement of a rotation. Its text is the same for every swap, so that it is parsed once. */
export function swapGeneration(
  { id, nonceHash, carriage, swap, idleTimeout }: SwapCommand,
  now: Now,
): Compilable<Row> {
  const { settledFor } = swap
  return compilable(sql<Row>`
    update lockjar_sessions set
      generation = ${swap.to},
      predecessor = ${swap.predecessor},
      confirmed_generation = greatest(confirmed_generation, ${swap.confirmed}),
      rotated_at = ${now},
      last_seen_at = ${now},
      idle_expires_at = ${idleEnd(idleTimeout, now)}
    where id = ${id} and nonce_hash = ${nonceHash} and carriage = ${carriage} and generation = ${swap.from}
      and ${live(now)}
      and (${settledFor}::bigint <= 0 or predecessor is null
        or rotated_at not between ${now} - ${settledFor}::bigint and ${now} + ${settledFor}::bigint)
      and (not ${swap.whileUnconfirmed === true}::boolean or confirmed_generation < generation)
    returning *`)
}

/** When the session ends unless it is used again; the row says whether it is remembered. */
function idleEnd({ plain, remembered }: IdleTimeout, now: Now): RawBuilder<number> {
  return sql`least(expires_at,
    ${now} + case remember when 1 then ${remembered}::bigint else ${plain}::bigint end)`
}

/** For whoever decides by the row and writes it. */
export function lockLive(id: string, now: Now): Compilable<Row & { readonly now: number }> {
  return compilable(sql<Row & { readonly now: number }>`
    select *, ${now} as now from lockjar_sessions where id = ${id} and ${live(now)} for update`)
}

/** Never lowers a generation, shortens no session, and brings none back that has ended. */
export function confirmAll(
  confirmations: readonly Confirmation[],
  idleTimeout: IdleTimeout | null,
  now: Now,
): Compilable<unknown> {
  const ids = confirmations.map(({ sessionId }) => sessionId)
  const generations = confirmations.map(({ generation }) => generation)
  const extended = idleEnd(idleTimeout ?? { plain: 0, remembered: 0 }, now)
  // A generation that the row does not have cannot have been seen: the row was restored from a backup.
  return compilable(sql`
    with seen as (
      select id, max(generation) as generation
      from unnest(${ids}::text[], ${generations}::bigint[]) as one (id, generation) group by id
    ), locked as materialized (
      select id from lockjar_sessions where id = any(${ids}::text[]) order by id for update
    )
    update lockjar_sessions as session set
      confirmed_generation = greatest(confirmed_generation, least(seen.generation, session.generation)),
      last_seen_at = greatest(last_seen_at, ${now}),
      idle_expires_at = case when ${idleTimeout !== null}::boolean and ${live(now)}
        then greatest(idle_expires_at, ${extended}) else idle_expires_at end
    from seen, locked
    where session.id = seen.id and session.id = locked.id`)
}

export function endOne(
  id: string,
  owner: string | null,
  reason: RevokedReason,
  now: Now,
): Compilable<{ readonly user_id: string; readonly now: number }> {
  return compilable(sql<{ readonly user_id: string; readonly now: number }>`
    update lockjar_sessions set revoked_at = ${now}, revoked_reason = ${reason}
    where id = ${id} and (${owner}::text is null or user_id = ${owner}::text) and ${live(now)}
    returning user_id, ${now} as now`)
}

export function endChosen(
  chosen: Chosen,
  reason: RevokedReason,
  now: Now,
): Compilable<{ readonly id: string }> {
  const these =
    'owner' in chosen
      ? sql`user_id = ${chosen.owner} and id <> ${chosen.keep ?? ''} and ${live(now)} order by id`
      : sql`id > ${chosen.after} and ${live(now)} order by id limit ${chosen.first}`
  return compilable(sql<{ readonly id: string }>`
    with chosen as materialized (select id from lockjar_sessions where ${these} for update)
    update lockjar_sessions set revoked_at = ${now}, revoked_reason = ${reason}
    where id in (select id from chosen) and ${live(now)}
    returning id`)
}

/** Those that are replaced, and of the user's others those seen longest ago, that have to go so that one more is not too many. */
export function endTooMany(
  userId: string,
  replaces: readonly string[],
  most: number | undefined,
  now: Now,
): Compilable<Pick<Row, 'id' | 'revoked_reason'>> {
  // No limit keeps all, and passes over as many as there can be.
  const kept = most === undefined ? Number.MAX_SAFE_INTEGER : most - 1
  return compilable(sql<Pick<Row, 'id' | 'revoked_reason'>>`
    with candidates as (
      select id from unnest(${replaces}::text[]) as replaced (id)
      union
      select id from (
        select id from lockjar_sessions
        where user_id = ${userId} and id <> all(${replaces}::text[]) and ${live(now)}
        order by last_seen_at desc, id desc offset ${kept}
      ) as oldest
    ), chosen as materialized (
      select id from lockjar_sessions where id in (select id from candidates) and ${live(now)} order by id for update
    )
    update lockjar_sessions set
      revoked_at = ${now},
      revoked_reason = case when id = any(${replaces}::text[]) then 'replaced' else 'too_many' end
    where id in (select id from chosen) and ${live(now)}
    returning id, revoked_reason`)
}

/** Rows that another one is at are left to that one. */
export function removeOld(by: OldSessions, limit: number, now: Now): Compilable<unknown> {
  const column = sql.ref(by)
  return compilable(sql`
    delete from lockjar_sessions where id in (
      select id from lockjar_sessions where ${column} < ${now} - ${sql.lit(DAY)}
      order by ${column} limit ${limit} for update skip locked
    )`)
}
