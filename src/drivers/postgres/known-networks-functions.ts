// How does one statement remember a network and forget those that are too many, whoever else remembers one of that user?
import { SUBJECTS } from './locks.ts'

/** The lock is taken in a statement of its own: what follows sees what whoever had it before has written. */
const REMEMBER = `
create function lockjar_remember_network(of_user text, network text, present bigint, most integer) returns void
language plpgsql set search_path from current as $$
begin
  perform pg_advisory_xact_lock(${SUBJECTS.networks}, hashtext(of_user));
  insert into lockjar_known_networks (user_id, network_hash, seen_at) values (of_user, network, present)
  on conflict (user_id, network_hash) do update set seen_at = present;
  delete from lockjar_known_networks where user_id = of_user and network_hash in (
    select network_hash from lockjar_known_networks where user_id = of_user
    order by seen_at desc, network_hash offset most
  );
end $$`

export const KNOWN_NETWORKS_FUNCTIONS: readonly string[] = [REMEMBER]
