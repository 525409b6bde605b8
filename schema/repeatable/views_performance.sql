-- revision 2
-- What operations take, span by span and by the hour. See schema/README.md.

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
