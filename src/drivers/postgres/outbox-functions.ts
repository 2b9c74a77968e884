// How does a mail go into the outbox while there is room, whoever else adds one?
import { SUBJECTS } from './locks.ts'

/**
 * Answers how many there was room for, this one included; without room nothing is written. The lock is taken in a statement of its
 * own: what follows counts what whoever had it before has added.
 */
const ADD = `
create function lockjar_add_mail(mail text, sealed text, present bigint, ends_at bigint, most bigint) returns bigint
language plpgsql set search_path from current as $$
declare
  room bigint;
begin
  perform pg_advisory_xact_lock(${SUBJECTS.mails}, 0);
  select most - count(*) into room from (select from lockjar_outbox limit most) as waiting;
  if room > 0 then
    insert into lockjar_outbox (id, sealed, created_at, ends_at, due_at, claim)
    values (mail, sealed, present, ends_at, present, 0);
  end if;
  return room;
end $$`

export const OUTBOX_FUNCTIONS: readonly string[] = [ADD]
