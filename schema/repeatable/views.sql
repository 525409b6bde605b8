-- revision 2
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

comment on view sidelight.spans is 'One row a span, with its service, operation, resource and scope';
comment on view sidelight.tracing_spans is 'One row a span, in the columns of a tracing_spans table';
