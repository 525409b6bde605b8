-- revision 2
-- Adds up what applications tell about webhooks, rules, their API, rate limits and costs. See schema/README.md.

-- When something was, to the microsecond, told in unix nanoseconds.
create or replace function sidelight.time_of(unix_ns bigint) returns timestamptz
language sql stable parallel safe as $$
  select timestamptz 'epoch' + unix_ns / 1000 * interval '1 microsecond'
$$;

-- A time that a sender wrote as RFC 3339 says; null when it is none.
create or replace function sidelight.parse_time(value text) returns timestamptz
language plpgsql stable as $$
begin
  -- These are times for sure. To try others takes a subtransaction each, ten times as long.
  if value ~* '^[1-9]\d{3}-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)[t ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(z|[+-](0\d|1[0-4]):?[0-5]\d)$' then
    return value::timestamptz;
  end if;
  if value !~* '^\d{4}-\d\d-\d\d[t ]\d\d:\d\d(:\d\d(\.\d+)?)?(z|[+-]\d\d:?\d\d)$' then
    return null;
  end if;
  begin
    return value::timestamptz;
  exception
    when data_exception then return null;
  end;
end
$$;

-- What a sender counted; null where it is no number that counts something. One far from any count would overflow what is computed of
-- it, and fail the view for all.
create or replace function sidelight.count_of(value jsonb) returns double precision
language sql immutable parallel safe as $$
  select case when value between '0' and '1e15' and jsonb_typeof(value) = 'number' then value::double precision end
$$;

-- Of the attributes of a registration, or an observation, those that are read, and no more of a text than is shown.
create or replace function sidelight.stated(attributes jsonb) returns jsonb
language sql immutable parallel safe as $$
  select coalesce(jsonb_object_agg(key, case jsonb_typeof(value) when 'string' then to_jsonb(left(value #>> '{}', 2048)) else value end), '{}')
  from jsonb_each(attributes)
  where jsonb_typeof(value) in ('string', 'number', 'boolean') and key in (
    'webhook.url', 'webhook.enabled', 'rule.name', 'rule.type', 'rule.enabled', 'rule.segment_member_count',
    'rate_limit.request_count', 'rate_limit.limit', 'rate_limit.reset_at'
  )
$$;

-- Takes away deltas that ingest appended to event_rollup, the oldest minutes first, and adds them to the rows of the minute, hour
-- and day and to catalogue_state: whole minutes, 50,000 rows at most unless one minute has more. Then it renews windows
-- that the hour has moved on. is_more says that it has left something. Whoever calls it at the same time waits.
create or replace function sidelight.fold_events(out folded bigint, out is_more boolean)
language plpgsql
set jit = off
set work_mem = '32MB'
-- Postgres takes what is folded for few rows, and would look through all of them for each one. Only what is inside "lateral", or
-- looked up by an index in a table that may be large, is a loop. Rows of event_rollup are compared as a whole where they are looked
-- up: no index but that of catalogue_id serves for it. Of a month that was not analysed yet Postgres may choose any, and would
-- read all of the hour for each subject.
set enable_hashjoin = on
set enable_mergejoin = off
set enable_nestloop = off
as $$
declare
  most_deltas constant integer := 50000;
  most_windows constant integer := 20000;
  least_minute timestamptz;
  until_minute timestamptz;
  this_hour timestamptz;
  since_minute timestamptz;
  since_24h timestamptz;
  since_7d timestamptz;
  first_day_end timestamptz;
  raw_since date;
  put sidelight.event_rollup[];
  renewed integer;
begin
  -- A lock of the table itself would end each vacuum of it.
  perform pg_advisory_xact_lock(hashtextextended('sidelight.catalogue_state', 0));
  this_hour := date_trunc('hour', clock_timestamp(), 'UTC');
  since_24h := this_hour - interval '24 hours';
  since_7d := this_hour - interval '168 hours';
  first_day_end := date_trunc('day', since_7d, 'UTC') + interval '24 hours';
  since_minute := date_trunc('minute', clock_timestamp()) - interval '3 hours';
  select dropped_before into raw_since from sidelight.retention where table_name = 'event';
  select bucket into least_minute from sidelight.event_rollup where level = 0 order by bucket limit 1;
  select bucket into until_minute from sidelight.event_rollup where level = 0 order by bucket offset most_deltas limit 1;
  folded := 0;
  is_more := until_minute is not null;
  if until_minute = least_minute then
    until_minute := least_minute + interval '1 minute';
  end if;

  if least_minute is not null then
    with delta as (
      delete from sidelight.event_rollup
      where level = 0 and bucket >= least_minute and bucket < coalesce(until_minute, 'infinity')
      returning bucket, catalogue_id, service_id, event_count, failed_count, amount, duration_sum_ns, duration_min_ns,
        duration_max_ns, zero_count, bucket_indexes, bucket_counts, last_success_ns, last_failure_ns, registered_ns
    ),

    about as (
      select d.catalogue_id, c.kind from (select distinct catalogue_id from delta) as d
      cross join lateral (select kind from sidelight.catalogue where id = d.catalogue_id offset 0) as c
    ),

    -- Rows of minutes (of the api), hours and days.
    piece as (
      select 1 as level, d.bucket as since, d.*
      from delta d join about c on c.catalogue_id = d.catalogue_id
      where c.kind = 'api' and d.bucket >= since_minute
      union all
      select 2, date_trunc('hour', d.bucket, 'UTC'), d.* from delta d where d.event_count > 0
      union all
      select 3, date_trunc('day', d.bucket, 'UTC'), d.* from delta d where d.event_count > 0
    ),
    total as (
      select level, since, catalogue_id, service_id,
        sum(event_count)::bigint as event_count, sum(failed_count)::bigint as failed_count, sum(amount) as amount,
        sum(duration_sum_ns) as duration_sum_ns, min(duration_min_ns) as duration_min_ns,
        max(duration_max_ns) as duration_max_ns, sum(zero_count) as zero_count,
        max(last_success_ns) as last_success_ns, max(last_failure_ns) as last_failure_ns
      from piece group by level, since, catalogue_id, service_id
    ),
    counted as (
      select level, since, catalogue_id, service_id, b.index, sum(b.count) as count
      from piece, unnest(bucket_indexes, bucket_counts) as b (index, count)
      group by level, since, catalogue_id, service_id, b.index
    ),
    histogram as (
      select level, since, catalogue_id, service_id, array_agg(index order by index) as indexes,
        array_agg(count order by index) as counts
      from counted group by level, since, catalogue_id, service_id
    ),

    -- How webhooks, rules and rate limits stand with that: known is before, of those that are touched.
    subject as (
      select d.catalogue_id, c.kind,
        sum(d.event_count)::bigint as event_count, sum(d.failed_count)::bigint as failed_count, sum(d.amount) as amount,
        sum(d.duration_sum_ns) as duration_sum_ns, min(d.duration_min_ns) as duration_min_ns,
        max(d.duration_max_ns) as duration_max_ns, sum(d.zero_count) as zero_count,
        coalesce(sum(d.event_count) filter (where d.bucket >= since_24h), 0)::bigint as events_24h,
        coalesce(sum(d.event_count) filter (where d.bucket >= since_7d), 0)::bigint as events_7d,
        coalesce(sum(d.failed_count) filter (where d.bucket >= since_24h), 0)::bigint as failures_24h,
        max(d.last_success_ns) as last_success_ns, max(d.last_failure_ns) as last_failure_ns,
        max(d.registered_ns) as registered_ns
      from delta d join about c on c.catalogue_id = d.catalogue_id
      where c.kind in ('webhook', 'rule', 'rate_limit')
      group by d.catalogue_id, c.kind
    ),
    known as (
      select n.*, s.bucket_indexes as indexes, s.bucket_counts as counts,
        coalesce(s.event_count, 0) as old_events, coalesce(s.failed_count, 0) as old_failures,
        coalesce(s.amount, 0) as old_amount, coalesce(s.duration_sum_ns, 0) as old_sum_ns,
        s.duration_min_ns as old_min_ns, s.duration_max_ns as old_max_ns,
        coalesce(s.zero_count, 0) as old_zeros,
        coalesce(s.events_24h, 0) as old_24h, coalesce(s.events_7d, 0) as old_7d,
        coalesce(s.failures_24h, 0) as old_failures_24h,
        case when s.events_7d > 0 then s.window_hour else this_hour end as window_hour,
        coalesce(s.consecutive_failures, 0) as old_consecutive, coalesce(s.failures_in_hour, 0) as old_in_hour,
        s.registered_ns as old_registered_ns, s.enabled_ns, s.attributes,
        s.last_success_ns is not distinct from greatest(s.last_success_ns, n.last_success_ns) as is_same_success,
        greatest(s.last_success_ns, n.last_success_ns) as success_ns,
        greatest(s.last_failure_ns, n.last_failure_ns) as failure_ns,
        sidelight.time_of(greatest(s.last_success_ns, n.last_success_ns)) as success_time,
        date_trunc('hour', sidelight.time_of(greatest(s.last_success_ns, n.last_success_ns)), 'UTC') + interval '1 hour' as hour_end
      from subject n left join lateral (
        select * from sidelight.catalogue_state where catalogue_id = n.catalogue_id offset 0
      ) as s on true
    ),
    -- What came of the hour of the last success, and of later hours.
    later as (
      select k.catalogue_id,
        coalesce(bool_or(d.bucket >= k.hour_end - interval '1 hour' and d.bucket < k.hour_end), false) as is_in_hour,
        coalesce(sum(d.failed_count) filter (
          where d.bucket > k.success_time and d.bucket < k.hour_end
        ), 0)::bigint as later_in_hour,
        coalesce(sum(d.failed_count) filter (where d.bucket >= k.hour_end), 0)::bigint as later_failures
      from known k join delta d on d.catalogue_id = k.catalogue_id
      group by k.catalogue_id
    ),
    -- Failures of the hour of the last success that are later than it. Of a success that came just now, or beside which
    -- something came, they are counted anew; once the rows are dropped, what came since is added to what was known.
    beside as (
      select k.catalogue_id, case
        when k.success_ns is null or k.failure_ns is null or k.failure_ns <= k.success_ns then 0
        when k.is_same_success and not l.is_in_hour then k.old_in_hour
        when (k.success_time at time zone 'UTC')::date < raw_since
          then case when k.is_same_success then k.old_in_hour else 0 end + l.later_in_hour
        else (
          select count(*) from sidelight.event e
          where e.catalogue_id = k.catalogue_id and e.time >= k.success_time and e.time < k.hour_end
            and (e.time, e.time_ns::bigint) > (k.success_time, k.success_ns % 1000) and e.outcome = 'failed'
        )
      end as in_hour
      from known k join later l using (catalogue_id)
    ),
    failing as (
      select k.catalogue_id, b.in_hour, case
        when k.success_ns is null then k.old_failures + k.failed_count
        when k.failure_ns is null or k.failure_ns <= k.success_ns then 0
        when k.is_same_success then k.old_consecutive - k.old_in_hour + b.in_hour + l.later_failures
        else b.in_hour + l.later_failures + (
          select coalesce(sum(r.failed_count), 0) from sidelight.event_rollup r
          where r.catalogue_id = k.catalogue_id
            and (r.catalogue_id, r.level, r.bucket) >= (k.catalogue_id, 2, k.hour_end)
            and (r.catalogue_id, r.level, r.bucket) < (k.catalogue_id, 3, '-infinity'::timestamptz)
        )
      end as consecutive
      from known k join later l using (catalogue_id) join beside b using (catalogue_id)
    ),
    -- Since when webhooks and rules are enabled: their first registration that says so since the last one that said otherwise. One
    -- that comes late, of before it is known to be enabled, changes nothing.
    registration as (
      select m.catalogue_id, e.ns, e.is_off
      from (
        select distinct d.catalogue_id, d.bucket, c.kind from delta d join about c on c.catalogue_id = d.catalogue_id
        where c.kind in ('webhook', 'rule') and d.registered_ns is not null
      ) as m
      cross join lateral (
        select (extract(epoch from time) * 1000000)::bigint * 1000 + time_ns as ns,
          coalesce(attributes ->> (m.kind || '.enabled') = 'false', false) as is_off
        from sidelight.event
        where catalogue_id = m.catalogue_id and time >= m.bucket and time < m.bucket + interval '1 minute'
          and outcome = 'registered' offset 0
      ) as e
    ),
    disabling as (
      select k.catalogue_id, greatest(
        max(r.ns) filter (where r.is_off),
        case when k.attributes ->> (k.kind || '.enabled') = 'false' then k.old_registered_ns end
      ) as off_ns
      from known k join registration r on r.catalogue_id = k.catalogue_id
      group by k.catalogue_id, k.attributes, k.kind, k.old_registered_ns
    ),
    enabling as (
      select o.catalogue_id, o.off_ns, min(r.ns) filter (where not r.is_off and r.ns >= coalesce(o.off_ns, 0)) as on_ns
      from disabling o join registration r on r.catalogue_id = o.catalogue_id
      group by o.catalogue_id, o.off_ns
    ),
    duration as (
      select d.catalogue_id, array_agg(b.index) as indexes, array_agg(b.count) as counts
      from delta d join subject n on n.catalogue_id = d.catalogue_id,
        unnest(d.bucket_indexes, d.bucket_counts) as b (index, count)
      group by d.catalogue_id
    ),
    stood as (
      insert into sidelight.catalogue_state as s (catalogue_id, event_count, failed_count, amount, duration_sum_ns,
        duration_min_ns, duration_max_ns, duration_count, p95_ns, zero_count, bucket_indexes, bucket_counts, events_24h, events_7d, failures_24h,
        window_hour, last_success_ns, last_failure_ns, consecutive_failures, failures_in_hour, registered_ns, enabled_ns,
        attributes)
      select k.catalogue_id, k.old_events + k.event_count, k.old_failures + k.failed_count, k.old_amount + k.amount,
        k.old_sum_ns + k.duration_sum_ns, least(k.old_min_ns, k.duration_min_ns),
        greatest(k.old_max_ns, k.duration_max_ns), k.old_zeros + k.zero_count + h.positive_count,
        case
          when coalesce(k.old_max_ns, k.duration_max_ns) is null then null
          when h.rank <= k.old_zeros + k.zero_count and k.old_zeros + k.zero_count > 0 then 0
          -- As in duration_quantile.
          else coalesce(
            least(
              greatest(k.old_max_ns, k.duration_max_ns),
              greatest(
                least(k.old_min_ns, k.duration_min_ns),
                power(2, h.p95_index / 16.0) * 2 * power(2, 1 / 16.0) / (1 + power(2, 1 / 16.0))
              )
            ),
            greatest(k.old_max_ns, k.duration_max_ns)
          )
        end,
        k.old_zeros + k.zero_count, h.indexes, h.counts,
        k.old_24h + k.events_24h, k.old_7d + k.events_7d, k.old_failures_24h + k.failures_24h, k.window_hour,
        k.success_ns, k.failure_ns, f.consecutive, f.in_hour,
        greatest(k.old_registered_ns, k.registered_ns),
        case
          when v.catalogue_id is null or k.enabled_ns >= coalesce(v.off_ns, 0) then k.enabled_ns
          else least(v.on_ns, case when k.old_registered_ns > v.off_ns then k.old_registered_ns end)
        end,
        coalesce(r.attributes, k.attributes)
      from known k
      join failing f on f.catalogue_id = k.catalogue_id
      left join duration n on n.catalogue_id = k.catalogue_id
      left join enabling v on v.catalogue_id = k.catalogue_id
      cross join lateral (
        select coalesce(array_agg(index order by index), '{}') as indexes,
          coalesce(array_agg(count order by index), '{}') as counts,
          coalesce(max(rank), 0) as rank, coalesce(sum(count), 0) as positive_count, min(index) filter (where passed >= rank) as p95_index
        from (
          select index, count, k.old_zeros + k.zero_count + sum(count) over (order by index) as passed,
            0.95::double precision * (k.old_zeros + k.zero_count + sum(count) over ()) as rank
          from (
            select index, sum(count) as count from (
              select * from unnest(k.indexes, k.counts) as a (index, count)
              union all select * from unnest(n.indexes, n.counts)
            ) as both_parts group by index
          ) as merged
        ) as ranked
      ) as h
      -- Of two that were registered at one moment, the one that was stored last.
      left join lateral (
        select sidelight.stated(coalesce(e.attributes, '{}')) as attributes from sidelight.event e
        where k.registered_ns >= coalesce(k.old_registered_ns, k.registered_ns)
          and e.catalogue_id = k.catalogue_id and e.time = sidelight.time_of(k.registered_ns)
          and e.time_ns = k.registered_ns % 1000 and e.outcome in ('registered', 'observed')
        order by e.ctid desc limit 1
      ) as r on true
      on conflict (catalogue_id) do update set
        event_count = excluded.event_count, failed_count = excluded.failed_count, amount = excluded.amount,
        duration_sum_ns = excluded.duration_sum_ns, duration_min_ns = excluded.duration_min_ns,
        duration_max_ns = excluded.duration_max_ns, duration_count = excluded.duration_count, p95_ns = excluded.p95_ns, zero_count = excluded.zero_count,
        bucket_indexes = excluded.bucket_indexes, bucket_counts = excluded.bucket_counts,
        events_24h = excluded.events_24h, events_7d = excluded.events_7d, failures_24h = excluded.failures_24h,
        window_hour = excluded.window_hour, last_success_ns = excluded.last_success_ns,
        last_failure_ns = excluded.last_failure_ns, consecutive_failures = excluded.consecutive_failures,
        failures_in_hour = excluded.failures_in_hour, registered_ns = excluded.registered_ns,
        enabled_ns = excluded.enabled_ns, attributes = excluded.attributes
    )
    select
      (select count(*) from delta),
      (
        select array_agg(row(
          t.since, t.level, t.catalogue_id, t.service_id, t.event_count, t.failed_count, t.amount, t.duration_sum_ns,
          t.duration_min_ns, t.duration_max_ns, t.zero_count, coalesce(h.indexes, '{}'), coalesce(h.counts, '{}'),
          t.last_success_ns, t.last_failure_ns, null
        )::sidelight.event_rollup)
        from total t left join histogram h using (level, since, catalogue_id, service_id)
      )
    into folded, put;

    set local enable_nestloop = on;
    set local enable_hashjoin = off;

    update sidelight.event_rollup r set
      event_count = r.event_count + p.event_count,
      failed_count = r.failed_count + p.failed_count,
      amount = r.amount + p.amount,
      duration_sum_ns = r.duration_sum_ns + p.duration_sum_ns,
      duration_min_ns = least(r.duration_min_ns, p.duration_min_ns),
      duration_max_ns = greatest(r.duration_max_ns, p.duration_max_ns),
      zero_count = r.zero_count + p.zero_count,
      (bucket_indexes, bucket_counts) = (
        select coalesce(array_agg(index order by index), '{}'), coalesce(array_agg(count order by index), '{}')
        from (
          select index, sum(count) as count from (
            select * from unnest(r.bucket_indexes, r.bucket_counts) as a (index, count)
            union all select * from unnest(p.bucket_indexes, p.bucket_counts)
          ) as both_parts group by index
        ) as merged
      ),
      last_success_ns = greatest(r.last_success_ns, p.last_success_ns),
      last_failure_ns = greatest(r.last_failure_ns, p.last_failure_ns)
    from unnest(put) as p
    where r.catalogue_id = p.catalogue_id and r.service_id = p.service_id
      and (r.catalogue_id, r.level, r.bucket) >= (p.catalogue_id, p.level, p.bucket)
      and (r.catalogue_id, r.level, r.bucket) <= (p.catalogue_id, p.level, p.bucket);

    insert into sidelight.event_rollup (bucket, level, catalogue_id, service_id, event_count, failed_count, amount,
      duration_sum_ns, duration_min_ns, duration_max_ns, zero_count, bucket_indexes, bucket_counts, last_success_ns,
      last_failure_ns)
    select p.bucket, p.level, p.catalogue_id, p.service_id, p.event_count, p.failed_count, p.amount,
      p.duration_sum_ns, p.duration_min_ns, p.duration_max_ns, p.zero_count, p.bucket_indexes, p.bucket_counts,
      p.last_success_ns, p.last_failure_ns
    from unnest(put) as p
    left join lateral (
      select true as is_there from sidelight.event_rollup r
      where r.catalogue_id = p.catalogue_id and r.service_id = p.service_id
        and (r.catalogue_id, r.level, r.bucket) >= (p.catalogue_id, p.level, p.bucket)
        and (r.catalogue_id, r.level, r.bucket) <= (p.catalogue_id, p.level, p.bucket)
      limit 1
    ) as r on true
    where r.is_there is null;

    set local enable_nestloop = off;
    set local enable_hashjoin = on;
  end if;

  -- The day in which 7 days began by its hours, the others as a whole.
  with due as materialized (
    select catalogue_id from sidelight.catalogue_state
    where window_hour <> this_hour and events_7d > 0 order by catalogue_id limit most_windows
  ),
  part as (
    select catalogue_id, event_count as events_24h, failed_count as failures_24h, 0 as events_7d
    from sidelight.event_rollup where level = 2 and bucket >= since_24h
    union all
    select catalogue_id, 0, 0, event_count
    from sidelight.event_rollup where level = 2 and bucket >= since_7d and bucket < first_day_end
    union all
    select catalogue_id, 0, 0, event_count from sidelight.event_rollup where level = 3 and bucket >= first_day_end
  ),
  renewal as (
    select d.catalogue_id, coalesce(sum(p.events_24h), 0) as events_24h, coalesce(sum(p.events_7d), 0) as events_7d,
      coalesce(sum(p.failures_24h), 0) as failures_24h
    from due d left join part p on p.catalogue_id = d.catalogue_id
    group by d.catalogue_id
  )
  update sidelight.catalogue_state s set
    events_24h = n.events_24h, events_7d = n.events_7d, failures_24h = n.failures_24h, window_hour = this_hour
  from renewal n where s.catalogue_id = n.catalogue_id;
  get diagnostics renewed = row_count;
  is_more := is_more or renewed = most_windows;

  delete from sidelight.event_rollup where level = 1 and bucket < since_minute;
end
$$;

-- Brings the views of monitoring up to date, as the leader does every few seconds. Returns the time up to which they are:
-- now, or where there was too much for one call, the first minute that is missing.
create or replace function sidelight.refresh_monitoring_views() returns timestamptz
language plpgsql as $$
declare
  most_steps constant integer := 10;
  current_at timestamptz;
  is_more boolean;
begin
  for step in 1..most_steps loop
    current_at := clock_timestamp();
    select f.is_more into is_more from sidelight.fold_events() as f;
    exit when not is_more;
  end loop;
  return least(current_at, (
    select min(bucket) from sidelight.event_rollup where level = 0 and is_more
  ));
end
$$;

comment on function sidelight.refresh_monitoring_views() is
  'Adds what applications told since the last call to what the views of monitoring read; returns the time up to which they are current';
comment on function sidelight.fold_events() is
  'A step of refresh_monitoring_views: how many rows of event_rollup it folded, and whether more are left';
