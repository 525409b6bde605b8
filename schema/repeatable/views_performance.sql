-- revision 1
-- What operations take, span by span and by the hour. See schema/README.md.

-- The duration in nanoseconds within which a share (0 to 1) of what rollups count ended, to within 2.17 %; null when no
-- duration is known. histograms is a list of {"i": bucket_indexes, "n": bucket_counts}, zero_count the durations of 0.
create or replace function sidelight.duration_quantile(
  share double precision, zero_count double precision, min_ns bigint, max_ns bigint, histograms jsonb
) returns double precision language sql immutable parallel safe as $$
  with bucket as (
    select i.value::integer as index, sum(n.value::double precision) as count
    from jsonb_array_elements(histograms) as part,
      jsonb_array_elements_text(part -> 'i') with ordinality as i (value, position)
      join jsonb_array_elements_text(part -> 'n') with ordinality as n (value, position) using (position)
    group by 1
  ),
  counted as (
    select index, zero_count + sum(count) over (order by index) as passed from bucket
  ),
  wanted as (
    select share * (zero_count + coalesce((select sum(count) from bucket), 0)) as rank
  )
  select case
    when max_ns is null then null
    when zero_count > 0 and rank <= zero_count then 0
    else coalesce((
      -- The harmonic middle of the bucket: as far from its one end as from the other, in proportion.
      select least(max_ns, greatest(min_ns, power(2, index / 16.0) * 2 * power(2, 1 / 16.0) / (1 + power(2, 1 / 16.0))))
      from counted where passed >= rank order by index limit 1
    ), max_ns)
  end
  from wanted
$$;

create or replace view sidelight.performance_metrics as
select
  s.trace_hex || '-' || s.span_hex as id,
  coalesce(
    s.attributes ->> 'correlation.id', s.attributes ->> 'correlation_id', s.attributes ->> 'correlationId'
  ) as correlation_id,
  coalesce(
    s.attributes ->> 'request.id', s.attributes ->> 'request_id', s.attributes ->> 'requestId'
  ) as request_id,
  s.name as operation,
  s.module,
  s.duration_ms,
  s.start_time as started_at,
  s.end_time as completed_at,
  coalesce(
    s.attributes ->> 'user.id', s.attributes ->> 'enduser.id', s.attributes ->> 'userId'
  ) as user_id,
  coalesce(
    s.attributes ->> 'agent.id', s.attributes ->> 'agent_id', s.attributes ->> 'agentId'
  ) as agent_id,
  coalesce(s.attributes ->> 'db.operation.name', s.attributes ->> 'db.operation') as db_operation,
  coalesce(s.attributes ->> 'db.collection.name', s.attributes ->> 'db.sql.table') as db_table,
  case when s.kind = 'client' and not (s.attributes ?| array['db.system.name', 'db.system'])
    then coalesce(
      s.attributes ->> 'peer.service', s.attributes ->> 'server.address', s.attributes ->> 'net.peer.name'
    )
  end as external_service,
  case when s.kind = 'client' and not (s.attributes ?| array['db.system.name', 'db.system'])
    then coalesce(
      s.attributes ->> 'url.template', s.attributes ->> 'http.route', s.attributes ->> 'url.path',
      s.attributes ->> 'rpc.method', s.attributes ->> 'http.target'
    )
  end as external_api,
  s.status_code <> 2 and not (s.kind = 'server' and coalesce(
    s.attributes ->> 'http.response.status_code', s.attributes ->> 'http.status_code', ''
  ) ~ '^[5-9][0-9][0-9]$') as success,
  coalesce(
    s.attributes ->> 'error.type', jsonb_path_query_first(
      s.events, '$[*].attributes."exception.type"'
    ) #>> '{}'
  ) as error_type,
  s.attributes as metadata,
  coalesce(s.end_time, s.start_time) as created_at
from sidelight.spans s;

create or replace view sidelight.performance_metrics_hourly as
with part as (
  -- An hour is in rows of hours and of minutes that are not in those yet.
  select bucket as hour, operation_id, span_count, error_count, duration_sum_ns, duration_min_ns,
    duration_max_ns, zero_count, bucket_indexes, bucket_counts
  from sidelight.span_rollup where level = 2
  union all
  select date_trunc('hour', bucket, 'UTC'), operation_id, span_count, error_count, duration_sum_ns,
    duration_min_ns, duration_max_ns, zero_count, bucket_indexes, bucket_counts
  from sidelight.span_rollup where level = 0
)
select
  p.hour,
  o.module,
  o.name as operation,
  sum(p.span_count)::bigint as request_count,
  sum(p.duration_sum_ns) / nullif(
    sum(p.zero_count + (select coalesce(sum(count), 0) from unnest(p.bucket_counts) as count)), 0
  ) / 1e6 as avg_duration_ms,
  sidelight.duration_quantile(
    0.95, sum(p.zero_count), min(p.duration_min_ns), max(p.duration_max_ns),
    jsonb_agg(jsonb_build_object('i', p.bucket_indexes, 'n', p.bucket_counts))
  ) / 1e6 as p95_duration_ms,
  sum(p.error_count)::bigint as error_count
from part p
join sidelight.operation o on o.id = p.operation_id
group by p.hour, o.module, o.name;

-- These views read rollups that ingest writes: they are as fresh as what is stored, and nothing waits for a refresh.
create or replace function sidelight.refresh_observability_views() returns timestamptz
language sql stable as $$ select now() $$;

comment on function sidelight.refresh_observability_views() is
  'Returns the time up to which the views are current: now, for they read rollups that are written with the spans';
comment on view sidelight.performance_metrics is 'One row a span, in the columns of a performance_metrics table';
comment on view sidelight.performance_metrics_hourly is
  'Operations by the hour in which their spans ended, of all services together';
