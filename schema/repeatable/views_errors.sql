-- revision 1
-- Errors by group, by throw and by the hour. See schema/README.md.

create or replace view sidelight.errors as
select
  h.group_id as id,
  coalesce(g.state, 'new') as state,
  h.service,
  h.namespace,
  h.tenant,
  h.module,
  h.operation,
  h.class,
  h.code,
  h.message,
  h.culprit,
  -- Each of these is looked up on its own, so that a query pays for those it names. Levels 0 and 2 count each throw once.
  (
    select coalesce(sum(r.occurrence_count), 0)::bigint
    from sidelight.error_group_hash m join sidelight.error_rollup r on r.error_hash = m.id
    where m.group_id = h.group_id and r.level in (0, 2)
  ) as occurrence_count,
  (
    select coalesce(sum(r.severe_count), 0)::bigint
    from sidelight.error_group_hash m join sidelight.error_rollup r on r.error_hash = m.id
    where m.group_id = h.group_id and r.level in (0, 2)
  ) as severe_count,
  (
    select coalesce(sum(r.unhandled_count), 0)::bigint
    from sidelight.error_group_hash m join sidelight.error_rollup r on r.error_hash = m.id
    where m.group_id = h.group_id and r.level in (0, 2)
  ) as unhandled_count,
  (
    -- The 64 least of hashes that are spread evenly over 64 bits lie as close together as there are many.
    select case when count(*) < 64 then count(*)
      else round(63 * 18446744073709551616 / (max(least_hash)::numeric + 9223372036854775808))::bigint
    end
    from (
      select distinct u.user_hash as least_hash
      from sidelight.error_group_hash m
      join sidelight.error_rollup r on r.error_hash = m.id
      cross join unnest(r.user_hashes) as u (user_hash)
      where m.group_id = h.group_id and r.level in (0, 2)
      order by u.user_hash limit 64
    ) as least_hashes
  ) as user_count,
  coalesce(g.first_seen_at, (
    select to_timestamp(min(r.first_ns) / 1e9)
    from sidelight.error_group_hash m join sidelight.error_rollup r on r.error_hash = m.id
    where m.group_id = h.group_id and r.level in (0, 2)
  ), h.created_at) as first_seen,
  coalesce(g.last_seen_at, (
    select to_timestamp(max(r.last_ns) / 1e9)
    from sidelight.error_group_hash m join sidelight.error_rollup r on r.error_hash = m.id
    where m.group_id = h.group_id and r.level in (0, 2)
  ), h.created_at) as last_seen,
  array(
    select r.release
    from sidelight.error_group_hash m join sidelight.error_rollup r on r.error_hash = m.id
    where m.group_id = h.group_id and r.level in (0, 2) and r.release <> ''
    group by r.release order by min(r.first_ns)
  ) as releases,
  g.assignee,
  coalesce(g.state_since, h.created_at) as state_since,
  g.resolution,
  g.resolved_release,
  g.resolved_at,
  g.resolved_by,
  g.resolution_notes,
  g.muted_until,
  h.id as error_hash
from sidelight.error_group_hash h
left join sidelight.error_group g on g.id = h.group_id
-- One hash speaks for its group: the one the group is named after, or the oldest where that one is elsewhere or gone.
where h.id = h.group_id or (
  not exists (
    select from sidelight.error_group_hash n where n.id = h.group_id and n.group_id = h.group_id
  )
  and h.id = (
    select o.id from sidelight.error_group_hash o
    where o.group_id = h.group_id order by o.created_at, o.id limit 1
  )
);

create or replace view sidelight.error_aggregation as
select
  e.id,
  e.class as error_type,
  e.code as error_code,
  e.message as error_message,
  replace(e.error_hash::text, '-', '') as error_hash,
  e.module,
  e.operation,
  e.occurrence_count,
  e.first_seen as first_seen_at,
  e.last_seen as last_seen_at,
  (
    select o.stack_trace
    from sidelight.error_group_hash m
    cross join lateral (
      select k.time, k.stack_trace from sidelight.error_occurrence k
      where k.error_hash = m.id and k.stack_trace is not null order by k.time desc limit 1
    ) as o
    where m.group_id = e.id order by o.time desc limit 1
  ) as last_stack_trace,
  (
    select o.correlation_id
    from sidelight.error_group_hash m
    cross join lateral (
      select k.time, k.correlation_id from sidelight.error_occurrence k
      where k.error_hash = m.id and k.correlation_id is not null order by k.time desc limit 1
    ) as o
    where m.group_id = e.id order by o.time desc limit 1
  ) as last_correlation_id,
  e.state = 'resolved' as resolved,
  case when e.state = 'resolved' then e.resolved_at end as resolved_at,
  case when e.state = 'resolved' then e.resolved_by end as resolved_by,
  case when e.state = 'resolved' then e.resolution_notes end as resolution_notes
from sidelight.errors e;

create or replace view sidelight.error_occurrences as
select
  o.id,
  h.group_id as aggregation_id,
  o.class as error_type,
  o.message as error_message,
  o.stack_trace,
  o.correlation_id,
  o.request_id,
  o.user_id,
  op.module,
  o.http_method,
  o.http_path,
  coalesce(o.attributes, '{}'::jsonb) || jsonb_strip_nulls(jsonb_build_object(
    'time', o.time,
    'service.name', sv.name,
    'deployment.environment.name', nullif(sv.environment, ''),
    'service.version', nullif(o.release, ''),
    'operation', nullif(op.name, ''),
    'error_code', o.code,
    'severity', case
      when o.severity >= 21 then 'fatal' when o.severity >= 17 then 'error'
      when o.severity >= 13 then 'warning' when o.severity >= 9 then 'info' else 'debug'
    end,
    'is_handled', o.is_handled,
    'trace_id', replace(o.trace_id::text, '-', ''),
    'span_id', lpad(to_hex(o.span_id), 16, '0')
  )) as metadata
from sidelight.error_occurrence o
left join sidelight.error_group_hash h on h.id = o.error_hash
left join sidelight.service sv on sv.id = o.service_id
left join sidelight.operation op on op.id = o.operation_id;

create or replace view sidelight.error_summary as
with part as (
  -- An hour is in rows of hours and of what is not in those yet.
  select bucket as hour, error_hash, operation_id, occurrence_count, severe_count
  from sidelight.error_rollup where level = 2
  union all
  select date_trunc('hour', bucket, 'UTC'), error_hash, operation_id, occurrence_count, severe_count
  from sidelight.error_rollup where level = 0
)
select
  p.hour,
  coalesce(op.module, '') as module,
  h.class as error_type,
  count(distinct h.group_id) as error_groups,
  sum(p.occurrence_count)::bigint as total_occurrences,
  count(distinct h.group_id) filter (
    where p.severe_count > 0 and coalesce(g.state, 'new') not in ('resolved', 'muted')
  ) as unresolved_groups
from part p
join sidelight.error_group_hash h on h.id = p.error_hash
left join sidelight.operation op on op.id = p.operation_id
left join sidelight.error_group g on g.id = h.group_id
group by p.hour, coalesce(op.module, ''), h.class;

comment on view sidelight.errors is 'One row a group of errors, with how it stands and how often it was thrown';
comment on view sidelight.error_aggregation is 'One row a group of errors, in the columns of an error_aggregation table';
comment on view sidelight.error_occurrences is 'One row a throw that was kept, in the columns of an error_occurrences table';
comment on view sidelight.error_summary is 'Errors by the hour in which they were thrown, of all services together';
