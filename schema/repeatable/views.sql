-- revision 3
-- The public way to read: tables may change under these views. See schema/README.md.

create or replace view sidelight.spans as
select
  s.trace_id,
  replace(s.trace_id::text, '-', '') as trace_hex,
  s.span_id,
  lpad(to_hex(s.span_id), 16, '0') as span_hex,
  s.parent_span_id,
  lpad(to_hex(s.parent_span_id), 16, '0') as parent_span_hex,
  coalesce(s.name, o.name) as name,
  sv.name as service,
  sv.namespace,
  sv.environment,
  sv.tenant,
  -- An overflow operation has no module; the span and its scope say it, as they do for any operation.
  case when s.name is null or o.module <> '' then o.module
    else coalesce(
      case jsonb_typeof(s.attributes -> 'module')
        when 'string' then nullif(s.attributes ->> 'module', '')
      end,
      sc.name
    )
  end as module,
  case s.kind
    when 0 then 'internal' when 1 then 'internal' when 2 then 'server'
    when 3 then 'client' when 4 then 'producer' when 5 then 'consumer'
    else s.kind::text
  end as kind,
  case s.status
    when 0 then 'unset' when 1 then 'ok' when 2 then 'error' else s.status::text
  end as status,
  s.status_message,
  s.start_time,
  s.end_time,
  s.duration_ns / 1e6::double precision as duration_ms,
  s.duration_ns,
  case when s.start_ns is null then 0
    else trunc(extract(epoch from s.start_time) * 1000000000) + s.start_ns
  end as start_unix_nano,
  case when s.end_time is null then 0
    else trunc(extract(epoch from s.end_time) * 1000000000) + coalesce(s.end_ns, 0)
  end as end_unix_nano,
  s.trace_state,
  s.flags::bigint & 4294967295 as flags,
  coalesce(s.attributes, '{}'::jsonb) as attributes,
  coalesce(s.events, '[]'::jsonb) as events,
  coalesce(s.links, '[]'::jsonb) as links,
  coalesce(s.dropped_attributes_count, 0) as dropped_attributes_count,
  coalesce(s.dropped_events_count, 0) as dropped_events_count,
  coalesce(s.dropped_links_count, 0) as dropped_links_count,
  r.attributes as resource_attributes,
  r.dropped_attributes_count as resource_dropped_attributes_count,
  r.entity_refs,
  r.schema_url as resource_schema_url,
  sc.name as scope_name,
  sc.version as scope_version,
  sc.attributes as scope_attributes,
  sc.dropped_attributes_count as scope_dropped_attributes_count,
  sc.schema_url as scope_schema_url,
  s.kind as kind_code,
  s.status as status_code,
  s.service_id,
  s.operation_id,
  s.resource_id,
  s.scope_id
from sidelight.span s
left join sidelight.operation o on o.id = s.operation_id
left join sidelight.service sv on sv.id = s.service_id
left join sidelight.resource r on r.id = s.resource_id
left join sidelight.scope sc on sc.id = s.scope_id;

create or replace view sidelight.tracing_spans as
select
  trace_hex || '-' || span_hex as id,
  trace_id,
  span_hex as span_id,
  parent_span_hex as parent_span_id,
  name as operation,
  module,
  kind as span_kind,
  start_time,
  end_time,
  duration_ms,
  coalesce(
    attributes ->> 'user.id', attributes ->> 'enduser.id', attributes ->> 'userId'
  ) as user_id,
  coalesce(
    attributes ->> 'correlation.id', attributes ->> 'correlation_id', attributes ->> 'correlationId'
  ) as correlation_id,
  status,
  status_message,
  attributes as tags,
  events
from sidelight.spans;

create or replace view sidelight.logs as
select
  l.time,
  l.observed_time,
  case when l.time_ns is null then 0
    else trunc(extract(epoch from l.time) * 1000000000) + l.time_ns
  end as time_unix_nano,
  case when l.observed_time is null then 0
    else trunc(extract(epoch from l.observed_time) * 1000000000) + coalesce(l.observed_ns, 0)
  end as observed_time_unix_nano,
  -- Each name covers four numbers (OpenTelemetry logs data model, Severity Fields).
  case when l.severity_number between 1 and 24
    then (array['trace', 'debug', 'info', 'warn', 'error', 'fatal'])[(l.severity_number + 3) / 4]
  end as severity,
  l.severity_number,
  coalesce(
    l.severity_text,
    case when l.severity_number between 1 and 24
      then (array['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'])[(l.severity_number + 3) / 4]
        || (array['', '2', '3', '4'])[(l.severity_number + 3) % 4 + 1]
    end
  ) as severity_text,
  coalesce(l.sent_severity_number, l.severity_number) as sent_severity_number,
  l.severity_text as sent_severity_text,
  l.event_name,
  coalesce(l.body, l.body_value::text) as body,
  coalesce(to_jsonb(l.body), l.body_value) as body_value,
  l.trace_id,
  replace(l.trace_id::text, '-', '') as trace_hex,
  l.span_id,
  lpad(to_hex(l.span_id), 16, '0') as span_hex,
  coalesce(l.flags, 0)::bigint & 4294967295 as flags,
  sv.name as service,
  sv.namespace,
  sv.environment,
  sv.tenant,
  coalesce(l.attributes, '{}'::jsonb) as attributes,
  coalesce(l.dropped_attributes_count, 0) as dropped_attributes_count,
  r.attributes as resource_attributes,
  r.dropped_attributes_count as resource_dropped_attributes_count,
  r.entity_refs,
  r.schema_url as resource_schema_url,
  sc.name as scope_name,
  sc.version as scope_version,
  sc.attributes as scope_attributes,
  sc.dropped_attributes_count as scope_dropped_attributes_count,
  sc.schema_url as scope_schema_url,
  l.service_id,
  l.resource_id,
  l.scope_id
from sidelight.log_record l
left join sidelight.service sv on sv.id = l.service_id
left join sidelight.resource r on r.id = l.resource_id
left join sidelight.scope sc on sc.id = l.scope_id;

create or replace view sidelight.metrics as
with point as (
  select
    series_id, time, time_ns, start_time, start_ns, flags, exemplars, attributes,
    value, value_int, null::bigint as count, null::double precision as sum,
    null::double precision as min, null::double precision as max,
    null::bigint[] as bucket_counts, null::double precision[] as explicit_bounds,
    null::integer as scale, null::bigint as zero_count, null::double precision as zero_threshold,
    null::integer as positive_offset, null::bigint[] as positive_counts,
    null::integer as negative_offset, null::bigint[] as negative_counts,
    null::double precision[] as quantiles, null::double precision[] as quantile_values
  from sidelight.metric_point
  union all
  select
    series_id, time, time_ns, start_time, start_ns, flags, exemplars, attributes,
    null, null, count, sum, min, max,
    bucket_counts, explicit_bounds, scale, zero_count, zero_threshold,
    positive_offset, positive_counts, negative_offset, negative_counts,
    quantiles, quantile_values
  from sidelight.metric_histogram
)
select
  p.time,
  m.name,
  m.kind,
  m.unit,
  m.description,
  m.temporality,
  m.is_monotonic,
  sv.name as service,
  sv.namespace,
  sv.environment,
  sv.tenant,
  coalesce(p.attributes, m.attributes) as attributes,
  coalesce(p.value, p.value_int::double precision) as value,
  p.value_int,
  p.count,
  p.sum,
  p.min,
  p.max,
  p.bucket_counts,
  coalesce(p.explicit_bounds, m.explicit_bounds) as explicit_bounds,
  p.scale,
  p.zero_count,
  p.zero_threshold,
  p.positive_offset,
  p.positive_counts,
  p.negative_offset,
  p.negative_counts,
  p.quantiles,
  p.quantile_values,
  p.start_time,
  trunc(extract(epoch from p.time) * 1000000000) + p.time_ns as time_unix_nano,
  case when p.start_time is null then 0
    else trunc(extract(epoch from p.start_time) * 1000000000) + coalesce(p.start_ns, 0)
  end as start_unix_nano,
  coalesce(p.flags, 0)::bigint & 4294967295 as flags,
  coalesce(p.exemplars, '[]'::jsonb) as exemplars,
  m.metadata,
  r.attributes as resource_attributes,
  r.dropped_attributes_count as resource_dropped_attributes_count,
  r.entity_refs,
  r.schema_url as resource_schema_url,
  sc.name as scope_name,
  sc.version as scope_version,
  sc.attributes as scope_attributes,
  sc.dropped_attributes_count as scope_dropped_attributes_count,
  sc.schema_url as scope_schema_url,
  p.series_id,
  m.service_id,
  m.resource_id,
  m.scope_id
from point p
left join sidelight.metric_series m on m.id = p.series_id
left join sidelight.service sv on sv.id = m.service_id
left join sidelight.resource r on r.id = m.resource_id
left join sidelight.scope sc on sc.id = m.scope_id;

comment on view sidelight.spans is 'One row a span, with its service, operation, resource and scope';
comment on view sidelight.tracing_spans is 'One row a span, in the columns of a tracing_spans table';
comment on view sidelight.logs is 'One row a log record, with its service, resource and scope';
comment on view sidelight.metrics is 'One row a data point of any kind, with its series, service, resource and scope';
