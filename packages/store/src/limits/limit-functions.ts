import { type Kysely, sql } from 'kysely';

/**
 * Budgets and circuits as functions of PostgreSQL: one statement takes, one reports. They do what the scripts of the Redis
 * store do, by the server's clock or the time that they are given. The budget's row is locked before the circuit's.
 */
export async function createLimitFunctions(db: Kysely<unknown>): Promise<void> {
  for (const statement of [TAKE, REPORT]) await sql.raw(statement).execute(db);
}

const CLOCK = `coalesce(given_now, extract(epoch from clock_timestamp()) * 1000)`;

const TAKE = `
create or replace function drover_limit_take(
  connection text, grp text, given_now double precision, even_if_down boolean, probe_ms double precision, wary boolean,
  window_grants int[], window_ms double precision[],
  out granted boolean, out wait_ms double precision, out because text, out era int, out owes boolean, out is_probe boolean
) language plpgsql as $$
declare
  now_ms double precision;
  budget rate_budgets%rowtype;
  breaker circuits%rowtype;
  sent double precision[];
  most int := coalesce((select max(n) from unnest(window_grants) n), 0);
  keep int;
  longest double precision := coalesce((select max(n) from unnest(window_ms) n), 0);
  free_at double precision;
begin
  select * into budget from rate_budgets where connection_id = connection and rate_group = grp for update;
  if not found then
    insert into rate_budgets values (connection, grp, '{}', 0, 0, 0, 0) on conflict do nothing;
    select * into budget from rate_budgets where connection_id = connection and rate_group = grp for update;
  end if;
  select * into breaker from circuits where connection_id = connection;
  if breaker.level > 0 and not even_if_down then
    select * into breaker from circuits where connection_id = connection for update;
  end if;
  now_ms := ${CLOCK};
  granted := false;
  is_probe := coalesce(breaker.level, 0) > 0 and not even_if_down;
  if is_probe then
    wait_ms := breaker.open_until - now_ms;
    if wait_ms <= 0 then wait_ms := least(1000, breaker.probe_until - now_ms); end if;
    because := 'down';
    if wait_ms > 0 then return; end if;
  end if;
  sent := budget.grants::double precision[];
  keep := greatest(budget.kept, most);
  if wary and most > 0 and coalesce(sent[1], 0) <= now_ms - longest then
    sent := array_fill(now_ms, array[keep]);
    update rate_budgets set grants = sent::text, kept = keep where connection_id = connection and rate_group = grp;
  end if;
  free_at := budget.closed_until;
  for i in 1 .. coalesce(cardinality(window_grants), 0) loop
    free_at := greatest(free_at, sent[window_grants[i]] + window_ms[i]);
  end loop;
  because := 'limit';
  wait_ms := free_at - now_ms;
  if wait_ms > 0 then return; end if;
  granted := true;
  if keep > 0 then
    update rate_budgets set grants = ((now_ms || sent)[1 : keep])::text, kept = keep
      where connection_id = connection and rate_group = grp;
  end if;
  if is_probe then
    update circuits set probe_until = now_ms + probe_ms where connection_id = connection;
  end if;
  era := coalesce(breaker.era, 0);
  owes := coalesce(breaker.level, 0) > 0 or coalesce(breaker.failures, 0) > 0 or budget.refusals > 0;
end $$`;

const REPORT = `
create or replace function drover_limit_report(
  connection text, grp text, given_now double precision, said_era int, was_probe boolean, vendor text,
  close_ms double precision, back_off double precision[], rule double precision[],
  out back_off_ms double precision, out down_ms double precision, out is_back boolean
) language plpgsql as $$
declare
  now_ms double precision;
  budget rate_budgets%rowtype;
  breaker circuits%rowtype;
begin
  insert into rate_budgets values (connection, grp, '{}', 0, 0, 0, 0) on conflict do nothing;
  insert into circuits values (connection, 0, 0, 0, 0, 0, 0, 0) on conflict do nothing;
  select * into budget from rate_budgets where connection_id = connection and rate_group = grp for update;
  select * into breaker from circuits where connection_id = connection for update;
  now_ms := ${CLOCK};
  is_back := false;
  budget.closed_until := greatest(budget.closed_until, now_ms + close_ms);
  if back_off is not null then
    back_off_ms := ceil(budget.backed_off_until - now_ms);
    if back_off_ms <= 0 then
      back_off_ms := ceil(least(back_off[2], back_off[1] * 2 ^ least(budget.refusals, 10) * back_off[3]));
      budget.refusals := budget.refusals + 1;
      budget.backed_off_until := now_ms + back_off_ms;
      budget.closed_until := greatest(budget.closed_until, budget.backed_off_until);
    end if;
  end if;
  if vendor = 'up' and close_ms is null and back_off is null then budget.refusals := 0; end if;
  update rate_budgets set closed_until = budget.closed_until, refusals = budget.refusals,
    backed_off_until = budget.backed_off_until where connection_id = connection and rate_group = grp;
  if said_era <> breaker.era then return; end if;

  if vendor = 'up' then
    is_back := breaker.level > 0;
    breaker.level := 0;
    breaker.failures := 0;
  elsif vendor = 'down' then
    if breaker.level = 0 then
      if breaker.failures = 0 or now_ms - breaker.failed_at > rule[3] then
        breaker.failures := 0;
        breaker.failing_since := now_ms;
      end if;
      breaker.failures := breaker.failures + 1;
      breaker.failed_at := now_ms;
    end if;
    if (breaker.level > 0 and now_ms >= breaker.open_until) or (breaker.level = 0
      and breaker.failures >= rule[1] and now_ms - breaker.failing_since >= rule[2]) then
      down_ms := ceil(least(rule[5], rule[4] * 2 ^ least(breaker.level, 20) * rule[6]));
      breaker.level := breaker.level + 1;
      breaker.era := breaker.era + 1;
      breaker.open_until := now_ms + down_ms;
      breaker.probe_until := 0;
    end if;
  elsif was_probe then
    breaker.probe_until := 0;
  end if;
  update circuits set era = breaker.era, level = breaker.level, failures = breaker.failures,
    failing_since = breaker.failing_since, failed_at = breaker.failed_at, open_until = breaker.open_until,
    probe_until = breaker.probe_until where connection_id = connection;
end $$`;
