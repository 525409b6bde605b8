create schema sidelight;

create table sidelight.catalogue (
  id bigint not null,
  tenant text not null,
  kind text not null,
  subject text not null,
  detail text not null,
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint catalogue_pkey PRIMARY KEY (id)
);
CREATE INDEX catalogue_kind_subject ON sidelight.catalogue USING btree (kind, subject);

create table sidelight.correlation (
  time timestamp with time zone not null,
  service_id bigint not null,
  trace_id uuid,
  id text not null
) partition by RANGE ("time");
CREATE INDEX correlation_id_time ON ONLY sidelight.correlation USING btree (id, "time");

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

create table sidelight.edge_candidate (
  bucket timestamp with time zone not null,
  added_at timestamp with time zone not null default clock_timestamp(),
  trace_id uuid not null,
  parent_span_id bigint not null,
  service_id bigint not null,
  duration_ns bigint,
  adjusted_count double precision not null,
  is_error boolean not null
);

create table sidelight.edge_rollup (
  bucket timestamp with time zone not null,
  client_service_id bigint not null,
  server_service_id bigint not null,
  call_count bigint not null,
  error_count bigint not null,
  adjusted_count double precision not null,
  adjusted_error_count double precision not null,
  duration_sum_ns double precision not null,
  duration_max_ns bigint,
  constraint edge_rollup_pkey PRIMARY KEY (bucket, client_service_id, server_service_id)
) partition by RANGE (bucket);

create table sidelight.error_candidate (
  bucket timestamp with time zone not null,
  added_at timestamp with time zone not null default clock_timestamp(),
  scope uuid not null,
  innermost uuid not null,
  error_hash uuid not null,
  service_id bigint not null,
  operation_id bigint not null,
  release text not null,
  severity smallint not null,
  is_handled boolean not null,
  time_ns bigint not null,
  user_hash bigint,
  occurrence jsonb
);
CREATE INDEX error_candidate_added ON sidelight.error_candidate USING btree (added_at);

create table sidelight.error_group (
  id uuid not null,
  tenant text not null,
  namespace text not null,
  service text not null,
  state text not null default 'new'::text,
  state_since timestamp with time zone not null default clock_timestamp(),
  first_seen_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  assignee text,
  resolved_at timestamp with time zone,
  resolved_through timestamp with time zone,
  resolved_by text,
  resolution text,
  resolved_release text,
  resolution_notes text,
  muted_at timestamp with time zone,
  muted_until timestamp with time zone,
  muted_count bigint,
  muted_minutes integer,
  muted_before bigint,
  constraint error_group_pkey PRIMARY KEY (id)
);
CREATE INDEX error_group_last_seen ON sidelight.error_group USING btree (last_seen_at);
CREATE INDEX error_group_service ON sidelight.error_group USING hash (service);

create table sidelight.error_group_event (
  id bigint not null,
  group_id uuid not null,
  at timestamp with time zone not null default clock_timestamp(),
  actor text not null,
  action text not null,
  details jsonb not null,
  constraint error_group_event_pkey PRIMARY KEY (id)
);
CREATE INDEX error_group_event_group ON sidelight.error_group_event USING btree (group_id, id);

create table sidelight.error_group_hash (
  id uuid not null,
  group_id uuid not null,
  algorithm text not null,
  tenant text not null,
  namespace text not null,
  service text not null,
  kind text not null,
  class text not null,
  code text,
  message text not null,
  culprit text not null,
  module text not null,
  operation text not null,
  why jsonb not null,
  similar_hashes uuid[] not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint error_group_hash_pkey PRIMARY KEY (id) INCLUDE (group_id)
);
CREATE INDEX error_group_hash_group ON sidelight.error_group_hash USING btree (group_id);
CREATE INDEX error_group_hash_merged ON sidelight.error_group_hash USING btree (group_id) WHERE (group_id <> id);
CREATE INDEX error_group_hash_service ON sidelight.error_group_hash USING hash (service);
CREATE INDEX error_group_hash_similar ON sidelight.error_group_hash USING gin (similar_hashes);

create table sidelight.error_occurrence (
  time timestamp with time zone not null,
  id uuid not null,
  error_hash uuid not null,
  service_id bigint not null,
  operation_id bigint not null,
  resource_id bigint not null,
  trace_id uuid,
  span_id bigint,
  severity smallint not null,
  is_handled boolean not null,
  is_incomplete boolean not null,
  time_ns smallint not null,
  source text not null,
  release text not null,
  class text not null,
  code text,
  message text not null,
  stack_trace text,
  user_id text,
  correlation_id text,
  request_id text,
  http_method text,
  http_path text,
  exceptions jsonb not null,
  attributes jsonb
) partition by RANGE ("time");
CREATE INDEX error_occurrence_fatal ON ONLY sidelight.error_occurrence USING btree ("time") WHERE (severity >= 21);
CREATE INDEX error_occurrence_hash_time ON ONLY sidelight.error_occurrence USING btree (error_hash, "time");
CREATE INDEX error_occurrence_id ON ONLY sidelight.error_occurrence USING btree (id);
CREATE INDEX error_occurrence_trace ON ONLY sidelight.error_occurrence USING btree (trace_id) WHERE (trace_id IS NOT NULL);

create table sidelight.error_rollup (
  bucket timestamp with time zone not null,
  level smallint not null,
  error_hash uuid not null,
  service_id bigint not null,
  operation_id bigint not null,
  release text not null,
  occurrence_count bigint not null,
  severe_count bigint not null,
  unhandled_count bigint not null,
  first_ns bigint not null,
  last_ns bigint not null,
  user_hashes bigint[] not null
) partition by RANGE (bucket);
CREATE INDEX error_rollup_hash_level_bucket ON ONLY sidelight.error_rollup USING btree (error_hash, level, bucket);
CREATE INDEX error_rollup_level_bucket ON ONLY sidelight.error_rollup USING btree (level, bucket);

create table sidelight.error_seen (
  scope uuid not null,
  innermost uuid not null,
  error_hash uuid not null,
  severity smallint not null,
  is_candidate boolean not null default false,
  seen_at timestamp with time zone not null default clock_timestamp(),
  constraint error_seen_pkey PRIMARY KEY (scope, innermost)
);
CREATE INDEX error_seen_at ON sidelight.error_seen USING brin (seen_at);

create table sidelight.event (
  time timestamp with time zone not null,
  catalogue_id bigint not null,
  service_id bigint not null,
  trace_id uuid,
  span_id bigint,
  time_ns smallint not null,
  outcome text not null,
  duration_ns bigint,
  amount double precision,
  attributes jsonb
) partition by RANGE ("time");
CREATE INDEX event_catalogue_time ON ONLY sidelight.event USING btree (catalogue_id, "time");

create table sidelight.event_rollup (
  bucket timestamp with time zone not null,
  level smallint not null,
  catalogue_id bigint not null,
  service_id bigint not null,
  event_count bigint not null,
  failed_count bigint not null,
  amount double precision not null,
  duration_sum_ns double precision not null,
  duration_min_ns bigint,
  duration_max_ns bigint,
  zero_count double precision not null,
  bucket_indexes smallint[] not null,
  bucket_counts double precision[] not null,
  last_success_ns bigint,
  last_failure_ns bigint,
  registered_ns bigint
) partition by RANGE (bucket);
CREATE INDEX event_rollup_catalogue_level_bucket ON ONLY sidelight.event_rollup USING btree (catalogue_id, level, bucket);
CREATE INDEX event_rollup_level_bucket ON ONLY sidelight.event_rollup USING btree (level, bucket);

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

create table sidelight.log_record (
  time timestamp with time zone not null,
  observed_time timestamp with time zone,
  trace_id uuid,
  span_id bigint,
  service_id bigint not null,
  resource_id bigint not null,
  scope_id bigint not null,
  severity_number integer not null,
  sent_severity_number integer,
  flags integer,
  time_ns smallint,
  observed_ns smallint,
  severity_text text,
  event_name text,
  body text,
  body_value jsonb,
  dropped_attributes_count bigint,
  attributes jsonb
) partition by RANGE ("time");
CREATE INDEX log_record_errors ON ONLY sidelight.log_record USING btree (service_id, "time") WHERE (severity_number >= 17);
CREATE INDEX log_record_service_time ON ONLY sidelight.log_record USING btree (service_id, "time");
CREATE INDEX log_record_time_brin ON ONLY sidelight.log_record USING brin ("time") WITH (autosummarize='on');
CREATE INDEX log_record_trace_id ON ONLY sidelight.log_record USING btree (trace_id) WHERE (trace_id IS NOT NULL);

create table sidelight.metric_histogram (
  series_id bigint not null,
  time timestamp with time zone not null,
  start_time timestamp with time zone,
  count bigint not null,
  sum double precision,
  min double precision,
  max double precision,
  zero_count bigint,
  zero_threshold double precision,
  scale integer,
  positive_offset integer,
  negative_offset integer,
  flags integer,
  time_ns smallint not null,
  start_ns smallint,
  bucket_counts bigint[],
  positive_counts bigint[],
  negative_counts bigint[],
  quantiles double precision[],
  quantile_values double precision[],
  explicit_bounds double precision[],
  exemplars jsonb,
  attributes jsonb
) partition by RANGE ("time");
CREATE INDEX metric_histogram_series_time ON ONLY sidelight.metric_histogram USING btree (series_id, "time");

create table sidelight.metric_point (
  series_id bigint not null,
  time timestamp with time zone not null,
  start_time timestamp with time zone,
  value double precision,
  value_int bigint,
  flags integer,
  time_ns smallint not null,
  start_ns smallint,
  exemplars jsonb,
  attributes jsonb
) partition by RANGE ("time");
CREATE INDEX metric_point_series_time ON ONLY sidelight.metric_point USING btree (series_id, "time");

create table sidelight.metric_series (
  id bigint not null,
  service_id bigint not null,
  resource_id bigint not null,
  scope_id bigint not null,
  name text not null,
  kind text not null,
  unit text not null,
  temporality text,
  is_monotonic boolean,
  description text not null,
  metadata jsonb not null,
  attributes jsonb not null,
  explicit_bounds double precision[],
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint metric_series_pkey PRIMARY KEY (id)
);
CREATE INDEX metric_series_name_service ON sidelight.metric_series USING btree (name, service_id);

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

create table sidelight.release (
  id bigint not null,
  tenant text not null,
  namespace text not null,
  service text not null,
  version text not null,
  first_seen_at timestamp with time zone not null default clock_timestamp(),
  last_seen_day date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  constraint release_pkey PRIMARY KEY (id)
);
CREATE INDEX release_service ON sidelight.release USING hash (service);

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

create table sidelight.span_rollup (
  bucket timestamp with time zone not null,
  level smallint not null,
  is_request boolean not null,
  service_id bigint not null,
  operation_id bigint not null,
  span_count bigint not null,
  root_count bigint not null,
  error_count bigint not null,
  adjusted_count double precision not null,
  adjusted_error_count double precision not null,
  duration_sum_ns double precision not null,
  duration_min_ns bigint,
  duration_max_ns bigint,
  zero_count double precision not null,
  bucket_indexes smallint[] not null,
  bucket_counts double precision[] not null,
  slowest_trace_id uuid,
  error_trace_id uuid,
  random_trace_id uuid
) partition by RANGE (bucket);
CREATE INDEX span_rollup_level_bucket ON ONLY sidelight.span_rollup USING btree (level, bucket);

create view sidelight.error_aggregation as
 SELECT id,
    class AS error_type,
    code AS error_code,
    message AS error_message,
    replace(error_hash::text, '-'::text, ''::text) AS error_hash,
    module,
    operation,
    occurrence_count,
    first_seen AS first_seen_at,
    last_seen AS last_seen_at,
    ( SELECT o.stack_trace
           FROM sidelight.error_group_hash m
             CROSS JOIN LATERAL ( SELECT k."time",
                    k.stack_trace
                   FROM sidelight.error_occurrence k
                  WHERE k.error_hash = m.id AND k.stack_trace IS NOT NULL
                  ORDER BY k."time" DESC
                 LIMIT 1) o
          WHERE m.group_id = e.id
          ORDER BY o."time" DESC
         LIMIT 1) AS last_stack_trace,
    ( SELECT o.correlation_id
           FROM sidelight.error_group_hash m
             CROSS JOIN LATERAL ( SELECT k."time",
                    k.correlation_id
                   FROM sidelight.error_occurrence k
                  WHERE k.error_hash = m.id AND k.correlation_id IS NOT NULL
                  ORDER BY k."time" DESC
                 LIMIT 1) o
          WHERE m.group_id = e.id
          ORDER BY o."time" DESC
         LIMIT 1) AS last_correlation_id,
    state = 'resolved'::text AS resolved,
        CASE
            WHEN state = 'resolved'::text THEN resolved_at
            ELSE NULL::timestamp with time zone
        END AS resolved_at,
        CASE
            WHEN state = 'resolved'::text THEN resolved_by
            ELSE NULL::text
        END AS resolved_by,
        CASE
            WHEN state = 'resolved'::text THEN resolution_notes
            ELSE NULL::text
        END AS resolution_notes
   FROM sidelight.errors e;

create view sidelight.error_occurrences as
 SELECT o.id,
    h.group_id AS aggregation_id,
    o.class AS error_type,
    o.message AS error_message,
    o.stack_trace,
    o.correlation_id,
    o.request_id,
    o.user_id,
    op.module,
    o.http_method,
    o.http_path,
    COALESCE(o.attributes, '{}'::jsonb) || jsonb_strip_nulls(jsonb_build_object('time', o."time", 'service.name', sv.name, 'deployment.environment.name', NULLIF(sv.environment, ''::text), 'service.version', NULLIF(o.release, ''::text), 'operation', NULLIF(op.name, ''::text), 'error_code', o.code, 'severity',
        CASE
            WHEN o.severity >= 21 THEN 'fatal'::text
            WHEN o.severity >= 17 THEN 'error'::text
            WHEN o.severity >= 13 THEN 'warning'::text
            WHEN o.severity >= 9 THEN 'info'::text
            ELSE 'debug'::text
        END, 'is_handled', o.is_handled, 'trace_id', replace(o.trace_id::text, '-'::text, ''::text), 'span_id', lpad(to_hex(o.span_id), 16, '0'::text))) AS metadata
   FROM sidelight.error_occurrence o
     LEFT JOIN sidelight.error_group_hash h ON h.id = o.error_hash
     LEFT JOIN sidelight.service sv ON sv.id = o.service_id
     LEFT JOIN sidelight.operation op ON op.id = o.operation_id;

create view sidelight.error_summary as
 WITH part AS (
         SELECT error_rollup.bucket AS hour,
            error_rollup.error_hash,
            error_rollup.operation_id,
            error_rollup.occurrence_count,
            error_rollup.severe_count
           FROM sidelight.error_rollup
          WHERE error_rollup.level = 2
        UNION ALL
         SELECT date_trunc('hour'::text, error_rollup.bucket, 'UTC'::text) AS date_trunc,
            error_rollup.error_hash,
            error_rollup.operation_id,
            error_rollup.occurrence_count,
            error_rollup.severe_count
           FROM sidelight.error_rollup
          WHERE error_rollup.level = 0
        )
 SELECT p.hour,
    COALESCE(op.module, ''::text) AS module,
    h.class AS error_type,
    count(DISTINCT h.group_id) AS error_groups,
    sum(p.occurrence_count)::bigint AS total_occurrences,
    count(DISTINCT h.group_id) FILTER (WHERE p.severe_count > 0 AND (COALESCE(g.state, 'new'::text) <> ALL (ARRAY['resolved'::text, 'muted'::text]))) AS unresolved_groups
   FROM part p
     JOIN sidelight.error_group_hash h ON h.id = p.error_hash
     LEFT JOIN sidelight.operation op ON op.id = p.operation_id
     LEFT JOIN sidelight.error_group g ON g.id = h.group_id
  GROUP BY p.hour, (COALESCE(op.module, ''::text)), h.class;

create view sidelight.errors as
 SELECT h.group_id AS id,
    COALESCE(g.state, 'new'::text) AS state,
    h.service,
    h.namespace,
    h.tenant,
    h.module,
    h.operation,
    h.class,
    h.code,
    h.message,
    h.culprit,
    ( SELECT COALESCE(sum(r.occurrence_count), 0::numeric)::bigint AS "coalesce"
           FROM sidelight.error_group_hash m
             JOIN sidelight.error_rollup r ON r.error_hash = m.id
          WHERE m.group_id = h.group_id AND (r.level = ANY (ARRAY[0, 2]))) AS occurrence_count,
    ( SELECT COALESCE(sum(r.severe_count), 0::numeric)::bigint AS "coalesce"
           FROM sidelight.error_group_hash m
             JOIN sidelight.error_rollup r ON r.error_hash = m.id
          WHERE m.group_id = h.group_id AND (r.level = ANY (ARRAY[0, 2]))) AS severe_count,
    ( SELECT COALESCE(sum(r.unhandled_count), 0::numeric)::bigint AS "coalesce"
           FROM sidelight.error_group_hash m
             JOIN sidelight.error_rollup r ON r.error_hash = m.id
          WHERE m.group_id = h.group_id AND (r.level = ANY (ARRAY[0, 2]))) AS unhandled_count,
    ( SELECT
                CASE
                    WHEN count(*) < 64 THEN count(*)
                    ELSE round(63::numeric * '18446744073709551616'::numeric / (max(least_hashes.least_hash)::numeric + '9223372036854775808'::numeric))::bigint
                END AS round
           FROM ( SELECT DISTINCT u.user_hash AS least_hash
                   FROM sidelight.error_group_hash m
                     JOIN sidelight.error_rollup r ON r.error_hash = m.id
                     CROSS JOIN LATERAL unnest(r.user_hashes) u(user_hash)
                  WHERE m.group_id = h.group_id AND (r.level = ANY (ARRAY[0, 2]))
                  ORDER BY u.user_hash
                 LIMIT 64) least_hashes) AS user_count,
    COALESCE(g.first_seen_at, ( SELECT to_timestamp((min(r.first_ns)::numeric / '1000000000'::numeric)::double precision) AS to_timestamp
           FROM sidelight.error_group_hash m
             JOIN sidelight.error_rollup r ON r.error_hash = m.id
          WHERE m.group_id = h.group_id AND (r.level = ANY (ARRAY[0, 2]))), h.created_at) AS first_seen,
    COALESCE(g.last_seen_at, ( SELECT to_timestamp((max(r.last_ns)::numeric / '1000000000'::numeric)::double precision) AS to_timestamp
           FROM sidelight.error_group_hash m
             JOIN sidelight.error_rollup r ON r.error_hash = m.id
          WHERE m.group_id = h.group_id AND (r.level = ANY (ARRAY[0, 2]))), h.created_at) AS last_seen,
    ARRAY( SELECT r.release
           FROM sidelight.error_group_hash m
             JOIN sidelight.error_rollup r ON r.error_hash = m.id
          WHERE m.group_id = h.group_id AND (r.level = ANY (ARRAY[0, 2])) AND r.release <> ''::text
          GROUP BY r.release
          ORDER BY (min(r.first_ns))) AS releases,
    g.assignee,
    COALESCE(g.state_since, h.created_at) AS state_since,
    g.resolution,
    g.resolved_release,
    g.resolved_at,
    g.resolved_by,
    g.resolution_notes,
    g.muted_until,
    h.id AS error_hash
   FROM sidelight.error_group_hash h
     LEFT JOIN sidelight.error_group g ON g.id = h.group_id
  WHERE h.id = h.group_id OR NOT (EXISTS ( SELECT
           FROM sidelight.error_group_hash n
          WHERE n.id = h.group_id AND n.group_id = h.group_id)) AND h.id = (( SELECT o.id
           FROM sidelight.error_group_hash o
          WHERE o.group_id = h.group_id
          ORDER BY o.created_at, o.id
         LIMIT 1));

create view sidelight.logs as
 SELECT l."time",
    l.observed_time,
        CASE
            WHEN l.time_ns IS NULL THEN 0::numeric
            ELSE trunc(EXTRACT(epoch FROM l."time") * 1000000000::numeric) + l.time_ns::numeric
        END AS time_unix_nano,
        CASE
            WHEN l.observed_time IS NULL THEN 0::numeric
            ELSE trunc(EXTRACT(epoch FROM l.observed_time) * 1000000000::numeric) + COALESCE(l.observed_ns::integer, 0)::numeric
        END AS observed_time_unix_nano,
        CASE
            WHEN l.severity_number >= 1 AND l.severity_number <= 24 THEN (ARRAY['trace'::text, 'debug'::text, 'info'::text, 'warn'::text, 'error'::text, 'fatal'::text])[(l.severity_number + 3) / 4]
            ELSE NULL::text
        END AS severity,
    l.severity_number,
    COALESCE(l.severity_text,
        CASE
            WHEN l.severity_number >= 1 AND l.severity_number <= 24 THEN (ARRAY['TRACE'::text, 'DEBUG'::text, 'INFO'::text, 'WARN'::text, 'ERROR'::text, 'FATAL'::text])[(l.severity_number + 3) / 4] || (ARRAY[''::text, '2'::text, '3'::text, '4'::text])[(l.severity_number + 3) % 4 + 1]
            ELSE NULL::text
        END) AS severity_text,
    COALESCE(l.sent_severity_number, l.severity_number) AS sent_severity_number,
    l.severity_text AS sent_severity_text,
    l.event_name,
    COALESCE(l.body, l.body_value::text) AS body,
    COALESCE(to_jsonb(l.body), l.body_value) AS body_value,
    l.trace_id,
    replace(l.trace_id::text, '-'::text, ''::text) AS trace_hex,
    l.span_id,
    lpad(to_hex(l.span_id), 16, '0'::text) AS span_hex,
    COALESCE(l.flags, 0)::bigint & '4294967295'::bigint AS flags,
    sv.name AS service,
    sv.namespace,
    sv.environment,
    sv.tenant,
    COALESCE(l.attributes, '{}'::jsonb) AS attributes,
    COALESCE(l.dropped_attributes_count, 0::bigint) AS dropped_attributes_count,
    r.attributes AS resource_attributes,
    r.dropped_attributes_count AS resource_dropped_attributes_count,
    r.entity_refs,
    r.schema_url AS resource_schema_url,
    sc.name AS scope_name,
    sc.version AS scope_version,
    sc.attributes AS scope_attributes,
    sc.dropped_attributes_count AS scope_dropped_attributes_count,
    sc.schema_url AS scope_schema_url,
    l.service_id,
    l.resource_id,
    l.scope_id
   FROM sidelight.log_record l
     LEFT JOIN sidelight.service sv ON sv.id = l.service_id
     LEFT JOIN sidelight.resource r ON r.id = l.resource_id
     LEFT JOIN sidelight.scope sc ON sc.id = l.scope_id;

create view sidelight.metrics as
 WITH point AS (
         SELECT metric_point.series_id,
            metric_point."time",
            metric_point.time_ns,
            metric_point.start_time,
            metric_point.start_ns,
            metric_point.flags,
            metric_point.exemplars,
            metric_point.attributes,
            metric_point.value,
            metric_point.value_int,
            NULL::bigint AS count,
            NULL::double precision AS sum,
            NULL::double precision AS min,
            NULL::double precision AS max,
            NULL::bigint[] AS bucket_counts,
            NULL::double precision[] AS explicit_bounds,
            NULL::integer AS scale,
            NULL::bigint AS zero_count,
            NULL::double precision AS zero_threshold,
            NULL::integer AS positive_offset,
            NULL::bigint[] AS positive_counts,
            NULL::integer AS negative_offset,
            NULL::bigint[] AS negative_counts,
            NULL::double precision[] AS quantiles,
            NULL::double precision[] AS quantile_values
           FROM sidelight.metric_point
        UNION ALL
         SELECT metric_histogram.series_id,
            metric_histogram."time",
            metric_histogram.time_ns,
            metric_histogram.start_time,
            metric_histogram.start_ns,
            metric_histogram.flags,
            metric_histogram.exemplars,
            metric_histogram.attributes,
            NULL::double precision,
            NULL::bigint,
            metric_histogram.count,
            metric_histogram.sum,
            metric_histogram.min,
            metric_histogram.max,
            metric_histogram.bucket_counts,
            metric_histogram.explicit_bounds,
            metric_histogram.scale,
            metric_histogram.zero_count,
            metric_histogram.zero_threshold,
            metric_histogram.positive_offset,
            metric_histogram.positive_counts,
            metric_histogram.negative_offset,
            metric_histogram.negative_counts,
            metric_histogram.quantiles,
            metric_histogram.quantile_values
           FROM sidelight.metric_histogram
        )
 SELECT p."time",
    m.name,
    m.kind,
    m.unit,
    m.description,
    m.temporality,
    m.is_monotonic,
    sv.name AS service,
    sv.namespace,
    sv.environment,
    sv.tenant,
    COALESCE(p.attributes, m.attributes) AS attributes,
    COALESCE(p.value, p.value_int::double precision) AS value,
    p.value_int,
    p.count,
    p.sum,
    p.min,
    p.max,
    p.bucket_counts,
    COALESCE(p.explicit_bounds, m.explicit_bounds) AS explicit_bounds,
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
    trunc(EXTRACT(epoch FROM p."time") * 1000000000::numeric) + p.time_ns::numeric AS time_unix_nano,
        CASE
            WHEN p.start_time IS NULL THEN 0::numeric
            ELSE trunc(EXTRACT(epoch FROM p.start_time) * 1000000000::numeric) + COALESCE(p.start_ns::integer, 0)::numeric
        END AS start_unix_nano,
    COALESCE(p.flags, 0)::bigint & '4294967295'::bigint AS flags,
    COALESCE(p.exemplars, '[]'::jsonb) AS exemplars,
    m.metadata,
    r.attributes AS resource_attributes,
    r.dropped_attributes_count AS resource_dropped_attributes_count,
    r.entity_refs,
    r.schema_url AS resource_schema_url,
    sc.name AS scope_name,
    sc.version AS scope_version,
    sc.attributes AS scope_attributes,
    sc.dropped_attributes_count AS scope_dropped_attributes_count,
    sc.schema_url AS scope_schema_url,
    p.series_id,
    m.service_id,
    m.resource_id,
    m.scope_id
   FROM point p
     LEFT JOIN sidelight.metric_series m ON m.id = p.series_id
     LEFT JOIN sidelight.service sv ON sv.id = m.service_id
     LEFT JOIN sidelight.resource r ON r.id = m.resource_id
     LEFT JOIN sidelight.scope sc ON sc.id = m.scope_id;

create view sidelight.performance_metrics as
 SELECT (trace_hex || '-'::text) || span_hex AS id,
    COALESCE(attributes ->> 'correlation.id'::text, attributes ->> 'correlation_id'::text, attributes ->> 'correlationId'::text) AS correlation_id,
    COALESCE(attributes ->> 'request.id'::text, attributes ->> 'request_id'::text, attributes ->> 'requestId'::text) AS request_id,
    name AS operation,
    module,
    duration_ms,
    start_time AS started_at,
    end_time AS completed_at,
    COALESCE(attributes ->> 'user.id'::text, attributes ->> 'enduser.id'::text, attributes ->> 'userId'::text) AS user_id,
    COALESCE(attributes ->> 'agent.id'::text, attributes ->> 'agent_id'::text, attributes ->> 'agentId'::text) AS agent_id,
    COALESCE(attributes ->> 'db.operation.name'::text, attributes ->> 'db.operation'::text) AS db_operation,
    COALESCE(attributes ->> 'db.collection.name'::text, attributes ->> 'db.sql.table'::text) AS db_table,
        CASE
            WHEN kind = 'client'::text AND NOT attributes ?| ARRAY['db.system.name'::text, 'db.system'::text] THEN COALESCE(attributes ->> 'peer.service'::text, attributes ->> 'server.address'::text, attributes ->> 'net.peer.name'::text)
            ELSE NULL::text
        END AS external_service,
        CASE
            WHEN kind = 'client'::text AND NOT attributes ?| ARRAY['db.system.name'::text, 'db.system'::text] THEN COALESCE(attributes ->> 'url.template'::text, attributes ->> 'http.route'::text, attributes ->> 'url.path'::text, attributes ->> 'rpc.method'::text, attributes ->> 'http.target'::text)
            ELSE NULL::text
        END AS external_api,
    status_code <> 2 AND NOT (kind = 'server'::text AND COALESCE(attributes ->> 'http.response.status_code'::text, attributes ->> 'http.status_code'::text, ''::text) ~ '^[5-9][0-9][0-9]$'::text) AS success,
    COALESCE(attributes ->> 'error.type'::text, jsonb_path_query_first(events, '$[*]."attributes"."exception.type"'::jsonpath) #>> '{}'::text[]) AS error_type,
    attributes AS metadata,
    COALESCE(end_time, start_time) AS created_at
   FROM sidelight.spans s;

create view sidelight.performance_metrics_hourly as
 WITH part AS (
         SELECT span_rollup.bucket AS hour,
            span_rollup.operation_id,
            span_rollup.span_count,
            span_rollup.error_count,
            span_rollup.duration_sum_ns,
            span_rollup.duration_min_ns,
            span_rollup.duration_max_ns,
            span_rollup.zero_count,
            span_rollup.bucket_indexes,
            span_rollup.bucket_counts
           FROM sidelight.span_rollup
          WHERE span_rollup.level = 2
        UNION ALL
         SELECT date_trunc('hour'::text, span_rollup.bucket, 'UTC'::text) AS date_trunc,
            span_rollup.operation_id,
            span_rollup.span_count,
            span_rollup.error_count,
            span_rollup.duration_sum_ns,
            span_rollup.duration_min_ns,
            span_rollup.duration_max_ns,
            span_rollup.zero_count,
            span_rollup.bucket_indexes,
            span_rollup.bucket_counts
           FROM sidelight.span_rollup
          WHERE span_rollup.level = 0
        )
 SELECT p.hour,
    o.module,
    o.name AS operation,
    sum(p.span_count)::bigint AS request_count,
    sum(p.duration_sum_ns) / NULLIF(sum(p.zero_count + (( SELECT COALESCE(sum(count.count), 0::double precision) AS "coalesce"
           FROM unnest(p.bucket_counts) count(count)))), 0::double precision) / '1000000'::numeric::double precision AS avg_duration_ms,
    sidelight.duration_quantile(0.95::double precision, sum(p.zero_count), min(p.duration_min_ns), max(p.duration_max_ns), jsonb_agg(jsonb_build_object('i', p.bucket_indexes, 'n', p.bucket_counts))) / '1000000'::numeric::double precision AS p95_duration_ms,
    sum(p.error_count)::bigint AS error_count
   FROM part p
     JOIN sidelight.operation o ON o.id = p.operation_id
  GROUP BY p.hour, o.module, o.name;

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

CREATE OR REPLACE FUNCTION sidelight.duration_quantile(share double precision, zero_count double precision, min_ns bigint, max_ns bigint, histograms jsonb)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION sidelight.refresh_observability_views()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$ select now() $function$;
