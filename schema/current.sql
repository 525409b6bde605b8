create schema sidelight;

create table sidelight.dead_letter (
  digest uuid not null,
  table_name text not null,
  item integer not null,
  signal text not null,
  tenant text,
  received_at timestamp with time zone not null,
  dead_at timestamp with time zone not null default clock_timestamp(),
  sqlstate text,
  message text not null,
  body bytea,
  constraint dead_letter_pkey PRIMARY KEY (digest, table_name, item)
);
CREATE INDEX dead_letter_dead_at ON sidelight.dead_letter USING btree (dead_at);

create table sidelight.ingest_receipt (
  digest uuid not null,
  received_at timestamp with time zone not null default clock_timestamp(),
  constraint ingest_receipt_pkey PRIMARY KEY (digest)
);
CREATE INDEX ingest_receipt_received ON sidelight.ingest_receipt USING brin (received_at);

create table sidelight.lease (
  name text not null,
  owner uuid not null,
  epoch bigint not null,
  expires_at timestamp with time zone not null,
  constraint lease_pkey PRIMARY KEY (name)
);

create table sidelight.migration (
  name text not null,
  checksum text not null,
  is_breaking boolean not null,
  revision integer,
  applied_at timestamp with time zone not null default clock_timestamp(),
  constraint migration_pkey PRIMARY KEY (name)
);

create table sidelight.operation (
  id bigint not null,
  service_id bigint not null,
  module text not null,
  kind integer not null,
  name text not null,
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint operation_pkey PRIMARY KEY (id)
);

create table sidelight.resource (
  id bigint not null,
  attributes jsonb not null,
  dropped_attributes_count bigint not null,
  entity_refs jsonb,
  schema_url text not null,
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint resource_pkey PRIMARY KEY (id)
);

create table sidelight.retention (
  table_name text not null,
  dropped_before date not null,
  constraint retention_pkey PRIMARY KEY (table_name)
);

create table sidelight.scope (
  id bigint not null,
  name text not null,
  version text not null,
  attributes jsonb not null,
  dropped_attributes_count bigint not null,
  schema_url text not null,
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint scope_pkey PRIMARY KEY (id)
);

create table sidelight.service (
  id bigint not null,
  tenant text not null,
  environment text not null,
  namespace text not null,
  name text not null,
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint service_pkey PRIMARY KEY (id)
);

create table sidelight.sidecar (
  id uuid not null,
  host text not null,
  version text not null,
  roles text[] not null,
  started_at timestamp with time zone not null default clock_timestamp(),
  heartbeat_at timestamp with time zone not null default clock_timestamp(),
  oldest_undrained_at timestamp with time zone,
  drained_at timestamp with time zone,
  constraint sidecar_pkey PRIMARY KEY (id)
);

create table sidelight.span (
  trace_id uuid not null,
  span_id bigint not null,
  parent_span_id bigint,
  start_time timestamp with time zone not null,
  end_time timestamp with time zone,
  duration_ns bigint,
  service_id bigint not null,
  operation_id bigint not null,
  resource_id bigint not null,
  scope_id bigint not null,
  flags integer not null,
  kind integer not null,
  status integer not null,
  start_ns smallint,
  end_ns smallint,
  name text,
  status_message text,
  trace_state text,
  dropped_attributes_count bigint,
  dropped_events_count bigint,
  dropped_links_count bigint,
  attributes jsonb,
  events jsonb,
  links jsonb
) partition by RANGE (start_time);
CREATE INDEX span_service_start ON ONLY sidelight.span USING btree (service_id, start_time);
CREATE INDEX span_start_brin ON ONLY sidelight.span USING brin (start_time);
CREATE INDEX span_trace_id ON ONLY sidelight.span USING btree (trace_id);

create view sidelight.spans as
 SELECT s.trace_id,
    replace(s.trace_id::text, '-'::text, ''::text) AS trace_hex,
    s.span_id,
    lpad(to_hex(s.span_id), 16, '0'::text) AS span_hex,
    s.parent_span_id,
    lpad(to_hex(s.parent_span_id), 16, '0'::text) AS parent_span_hex,
    COALESCE(s.name, o.name) AS name,
    sv.name AS service,
    sv.namespace,
    sv.environment,
    sv.tenant,
        CASE
            WHEN s.name IS NULL OR o.module <> ''::text THEN o.module
            ELSE COALESCE(
            CASE jsonb_typeof(s.attributes -> 'module'::text)
                WHEN 'string'::text THEN NULLIF(s.attributes ->> 'module'::text, ''::text)
                ELSE NULL::text
            END, sc.name)
        END AS module,
        CASE s.kind
            WHEN 0 THEN 'internal'::text
            WHEN 1 THEN 'internal'::text
            WHEN 2 THEN 'server'::text
            WHEN 3 THEN 'client'::text
            WHEN 4 THEN 'producer'::text
            WHEN 5 THEN 'consumer'::text
            ELSE s.kind::text
        END AS kind,
        CASE s.status
            WHEN 0 THEN 'unset'::text
            WHEN 1 THEN 'ok'::text
            WHEN 2 THEN 'error'::text
            ELSE s.status::text
        END AS status,
    s.status_message,
    s.start_time,
    s.end_time,
    s.duration_ns::double precision / '1000000'::numeric::double precision AS duration_ms,
    s.duration_ns,
        CASE
            WHEN s.start_ns IS NULL THEN 0::numeric
            ELSE trunc(EXTRACT(epoch FROM s.start_time) * 1000000000::numeric) + s.start_ns::numeric
        END AS start_unix_nano,
        CASE
            WHEN s.end_time IS NULL THEN 0::numeric
            ELSE trunc(EXTRACT(epoch FROM s.end_time) * 1000000000::numeric) + COALESCE(s.end_ns::integer, 0)::numeric
        END AS end_unix_nano,
    s.trace_state,
    s.flags::bigint & '4294967295'::bigint AS flags,
    COALESCE(s.attributes, '{}'::jsonb) AS attributes,
    COALESCE(s.events, '[]'::jsonb) AS events,
    COALESCE(s.links, '[]'::jsonb) AS links,
    COALESCE(s.dropped_attributes_count, 0::bigint) AS dropped_attributes_count,
    COALESCE(s.dropped_events_count, 0::bigint) AS dropped_events_count,
    COALESCE(s.dropped_links_count, 0::bigint) AS dropped_links_count,
    r.attributes AS resource_attributes,
    r.dropped_attributes_count AS resource_dropped_attributes_count,
    r.entity_refs,
    r.schema_url AS resource_schema_url,
    sc.name AS scope_name,
    sc.version AS scope_version,
    sc.attributes AS scope_attributes,
    sc.dropped_attributes_count AS scope_dropped_attributes_count,
    sc.schema_url AS scope_schema_url,
    s.kind AS kind_code,
    s.status AS status_code,
    s.service_id,
    s.operation_id,
    s.resource_id,
    s.scope_id
   FROM sidelight.span s
     LEFT JOIN sidelight.operation o ON o.id = s.operation_id
     LEFT JOIN sidelight.service sv ON sv.id = s.service_id
     LEFT JOIN sidelight.resource r ON r.id = s.resource_id
     LEFT JOIN sidelight.scope sc ON sc.id = s.scope_id;

create view sidelight.tracing_spans as
 SELECT (trace_hex || '-'::text) || span_hex AS id,
    trace_id,
    span_hex AS span_id,
    parent_span_hex AS parent_span_id,
    name AS operation,
    module,
    kind AS span_kind,
    start_time,
    end_time,
    duration_ms,
    COALESCE(attributes ->> 'user.id'::text, attributes ->> 'enduser.id'::text, attributes ->> 'userId'::text) AS user_id,
    COALESCE(attributes ->> 'correlation.id'::text, attributes ->> 'correlation_id'::text, attributes ->> 'correlationId'::text) AS correlation_id,
    status,
    status_message,
    attributes AS tags,
    events
   FROM sidelight.spans;
