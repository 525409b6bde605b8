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

create table sidelight.catalogue_state (
  catalogue_id bigint not null,
  event_count bigint not null,
  failed_count bigint not null,
  amount double precision not null,
  duration_sum_ns double precision not null,
  duration_min_ns bigint,
  duration_max_ns bigint,
  duration_count double precision not null,
  p95_ns double precision,
  zero_count double precision not null,
  events_24h bigint not null,
  events_7d bigint not null,
  failures_24h bigint not null,
  window_hour timestamp with time zone not null,
  last_success_ns bigint,
  last_failure_ns bigint,
  consecutive_failures bigint not null,
  failures_in_hour bigint not null,
  registered_ns bigint,
  enabled_ns bigint,
  attributes jsonb,
  bucket_indexes smallint[] not null,
  bucket_counts double precision[] not null,
  constraint catalogue_state_pkey PRIMARY KEY (catalogue_id)
);

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

create table sidelight.health_condition (
  judged_at timestamp with time zone not null,
  tenant text not null,
  service text not null,
  criterion text not null,
  severity text not null,
  message text not null
);

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

create view sidelight.business_events as
 SELECT e."time",
    c.subject AS name,
        CASE e.outcome
            WHEN 'succeeded'::text THEN 'completed'::text
            ELSE e.outcome
        END AS status,
    sv.name AS service,
    c.tenant,
    e.attributes ->> 'user.id'::text AS user_id,
    e.attributes ->> 'correlation.id'::text AS correlation_id,
    e.attributes ->> 'request.id'::text AS request_id,
    e.trace_id,
    e.duration_ns::double precision / '1000000'::numeric::double precision AS duration_ms,
    e.amount AS cost_usd,
        CASE
            WHEN jsonb_typeof(e.attributes -> 'sidelight.count'::text) = 'number'::text THEN (e.attributes ->> 'sidelight.count'::text)::double precision
            ELSE NULL::double precision
        END AS count,
    COALESCE(e.attributes, '{}'::jsonb) - ARRAY['business.event'::text, 'sidelight.outcome'::text, 'sidelight.duration_ms'::text, 'sidelight.cost_usd'::text, 'sidelight.count'::text, 'user.id'::text, 'correlation.id'::text, 'request.id'::text, 'tenant.id'::text] AS fields
   FROM sidelight.event e
     JOIN sidelight.catalogue c ON c.id = e.catalogue_id
     LEFT JOIN sidelight.service sv ON sv.id = e.service_id
  WHERE c.kind = 'business'::text;

create view sidelight.cost_daily as
 WITH part AS (
         SELECT event_rollup.bucket AS day,
            event_rollup.catalogue_id,
            event_rollup.service_id,
            event_rollup.event_count,
            event_rollup.amount
           FROM sidelight.event_rollup
          WHERE event_rollup.level = 3
        UNION ALL
         SELECT date_trunc('day'::text, event_rollup.bucket, 'UTC'::text) AS date_trunc,
            event_rollup.catalogue_id,
            event_rollup.service_id,
            event_rollup.event_count,
            event_rollup.amount
           FROM sidelight.event_rollup
          WHERE event_rollup.level = 0
        )
 SELECT p.day,
    c.subject AS user_id,
    c.detail AS endpoint,
    sum(p.amount)::numeric::double precision AS cost_usd,
    sum(p.event_count)::bigint AS event_count,
    sv.name AS service,
    c.tenant
   FROM part p
     JOIN sidelight.catalogue c ON c.id = p.catalogue_id
     LEFT JOIN sidelight.service sv ON sv.id = p.service_id
  WHERE c.kind = 'cost'::text
  GROUP BY p.day, c.subject, c.detail, sv.name, c.tenant;

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

create view sidelight.mv_rule_performance as
 SELECT c.subject AS rule_id,
    s.attributes ->> 'rule.name'::text AS rule_name,
    s.attributes ->> 'rule.type'::text AS rule_type,
    COALESCE((s.attributes ->> 'rule.enabled'::text) <> 'false'::text, true) AS enabled,
    s.event_count AS trigger_count,
    s.event_count - s.failed_count AS success_count,
    s.failed_count AS failure_count,
    s.events_24h AS executions_24h,
    s.events_7d AS executions_7d,
    s.amount AS affected_total,
    sidelight.count_of(s.attributes -> 'rule.segment_member_count'::text) AS segment_member_count,
    sidelight.time_of(GREATEST(s.last_success_ns, s.last_failure_ns)) AS last_triggered_at,
    c.tenant
   FROM sidelight.catalogue c
     JOIN sidelight.catalogue_state s ON s.catalogue_id = c.id
  WHERE c.kind = 'rule'::text;

create view sidelight.mv_webhook_performance as
 SELECT c.subject AS webhook_id,
    s.attributes ->> 'webhook.url'::text AS url,
    COALESCE((s.attributes ->> 'webhook.enabled'::text) <> 'false'::text, true) AS enabled,
    s.event_count AS total_deliveries,
    s.event_count - s.failed_count AS successful_deliveries,
    s.failed_count AS failed_deliveries,
    (100 * (s.event_count - s.failed_count))::double precision / NULLIF(s.event_count, 0)::double precision AS success_rate_pct,
    s.duration_sum_ns / NULLIF(s.duration_count, 0::double precision) / '1000000'::numeric::double precision AS avg_duration_ms,
    s.p95_ns / '1000000'::numeric::double precision AS p95_duration_ms,
    s.duration_max_ns::double precision / '1000000'::numeric::double precision AS max_duration_ms,
    s.events_24h AS deliveries_24h,
    s.events_7d AS deliveries_7d,
    s.failures_24h,
    s.consecutive_failures,
    sidelight.time_of(s.last_success_ns) AS last_success_at,
    sidelight.time_of(s.last_failure_ns) AS last_failure_at,
    c.tenant
   FROM sidelight.catalogue c
     JOIN sidelight.catalogue_state s ON s.catalogue_id = c.id
  WHERE c.kind = 'webhook'::text;

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

create view sidelight.v_alert_conditions as
 SELECT v.type,
    v.severity,
    c.subject AS resource_id,
    v.resource_name,
    v.message,
    c.tenant
   FROM sidelight.catalogue c
     JOIN sidelight.catalogue_state s ON s.catalogue_id = c.id
     CROSS JOIN LATERAL ( SELECT 'webhook_failure'::text AS type,
                CASE
                    WHEN s.consecutive_failures >= 10 THEN 'critical'::text
                    ELSE 'warning'::text
                END AS severity,
            COALESCE(s.attributes ->> 'webhook.url'::text, c.subject) AS resource_name,
            format('%s deliveries failed in a row, %s'::text, s.consecutive_failures,
                CASE
                    WHEN s.consecutive_failures >= 10 THEN 'critical from 10'::text
                    ELSE 'a warning from 5'::text
                END) AS message
          WHERE c.kind = 'webhook'::text AND s.consecutive_failures >= 5
        UNION ALL
         SELECT c.kind ||
                CASE c.kind
                    WHEN 'webhook'::text THEN '_inactive'::text
                    ELSE '_not_triggering'::text
                END,
            'warning'::text,
            COALESCE(s.attributes ->> 'webhook.url'::text, s.attributes ->> 'rule.name'::text, c.subject) AS "coalesce",
            format('%s for 7 days, %s'::text,
                CASE c.kind
                    WHEN 'webhook'::text THEN 'no delivery'::text
                    ELSE 'not triggered'::text
                END, COALESCE('last '::text || to_char((sidelight.time_of(GREATEST(s.last_success_ns, s.last_failure_ns)) AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI "UTC"'::text), 'never since it was registered'::text)) AS format
          WHERE (GREATEST(s.last_success_ns, s.last_failure_ns, s.enabled_ns) / 1000) <= (( SELECT (EXTRACT(epoch FROM now() - '168:00:00'::interval) * 1000000::numeric)::bigint AS int8))) v
  WHERE (c.kind = ANY (ARRAY['webhook'::text, 'rule'::text])) AND (s.consecutive_failures >= 5 OR (GREATEST(s.last_success_ns, s.last_failure_ns, s.enabled_ns) / 1000) <= (( SELECT (EXTRACT(epoch FROM now() - '168:00:00'::interval) * 1000000::numeric)::bigint AS int8))) AND (s.attributes ->> (c.kind || '.enabled'::text)) IS DISTINCT FROM 'false'::text
UNION ALL
 SELECT 'api_error_rate'::text AS type,
    'critical'::text AS severity,
    'api'::text AS resource_id,
    'API'::text AS resource_name,
    format('%s of %s requests failed within an hour (%s %%), critical above 50 %%'::text, sum(r.failed_count), sum(r.event_count), round(100::numeric * sum(r.failed_count) / sum(r.event_count))) AS message,
    c.tenant
   FROM ( SELECT event_rollup.catalogue_id,
            sum(event_rollup.event_count::double precision)::bigint AS event_count,
            sum(event_rollup.failed_count::double precision)::bigint AS failed_count
           FROM sidelight.event_rollup
          WHERE (event_rollup.level = ANY (ARRAY[0, 1])) AND event_rollup.bucket >= (date_trunc('minute'::text, now()) - '01:00:00'::interval) AND event_rollup.bucket <= now()
          GROUP BY event_rollup.catalogue_id) r
     JOIN sidelight.catalogue c ON c.id = r.catalogue_id
  WHERE c.kind = 'api'::text
  GROUP BY c.tenant
 HAVING sum(r.event_count) >= 10::numeric AND (2::numeric * sum(r.failed_count)) > sum(r.event_count)
UNION ALL
 SELECT 'slow_query'::text AS type,
    'critical'::text AS severity,
    q.operation AS resource_id,
    q.service AS resource_name,
    format('a query took %s s, critical above 5 s (trace %s)'::text, round(max(q.duration_ns)::numeric / '1000000000'::numeric, 1), replace((array_agg(q.trace_id ORDER BY q.duration_ns DESC))[1]::text, '-'::text, ''::text)) AS message,
    q.tenant
   FROM ( SELECT COALESCE(s.name, o.name) AS operation,
            sv.name AS service,
            sv.tenant,
            s.duration_ns,
            s.trace_id
           FROM ( SELECT DISTINCT span_rollup.operation_id,
                    span_rollup.slowest_trace_id
                   FROM sidelight.span_rollup
                  WHERE (span_rollup.level = ANY (ARRAY[0, 1])) AND span_rollup.bucket >= (date_trunc('minute'::text, now()) - '01:00:00'::interval) AND span_rollup.duration_max_ns > '5000000000'::bigint AND NOT span_rollup.is_request) r
             JOIN sidelight.operation o ON o.id = r.operation_id AND o.kind = 3
             JOIN sidelight.service sv ON sv.id = o.service_id
             CROSS JOIN LATERAL ( SELECT p.name,
                    p.duration_ns,
                    p.trace_id,
                    p.attributes
                   FROM sidelight.span p
                  WHERE p.trace_id = r.slowest_trace_id AND p.operation_id = r.operation_id AND p.start_time >= (now() - '49:00:00'::interval) AND p.duration_ns > '5000000000'::bigint AND p.end_time >= (date_trunc('minute'::text, now()) - '01:00:00'::interval) AND p.attributes ?| ARRAY['db.system.name'::text, 'db.system'::text, 'db.operation.name'::text]) s) q
  GROUP BY q.operation, q.service, q.tenant
UNION ALL
 SELECT 'rate_limit'::text AS type,
    'warning'::text AS severity,
    (v_rate_limit_utilization.key_type || ':'::text) || v_rate_limit_utilization.identifier AS resource_id,
    v_rate_limit_utilization.identifier AS resource_name,
    format('%s %% of %s requests are used, a warning above 90 %%'::text, round(v_rate_limit_utilization.utilization_pct::numeric, 1), v_rate_limit_utilization.limit_max) AS message,
    v_rate_limit_utilization.tenant
   FROM sidelight.v_rate_limit_utilization
  WHERE v_rate_limit_utilization.utilization_pct > 90::double precision
UNION ALL
 SELECT 'error_pattern'::text AS type,
    'warning'::text AS severity,
    r.group_id::text AS resource_id,
    h.class AS resource_name,
    format('%s: %s: %s times in an hour, a warning from 10'::text, h.service,
        CASE
            WHEN h.message = ''::text THEN h.class
            WHEN length(h.class || h.message) > 197 THEN "left"((h.class || ' ('::text) || h.message, 200) || '…'::text
            ELSE ((h.class || ' ('::text) || h.message) || ')'::text
        END, r.count) AS message,
    h.tenant
   FROM ( SELECT n.group_id,
            sum(e.severe_count)::bigint AS count
           FROM sidelight.error_rollup e
             JOIN sidelight.error_group_hash n ON n.id = e.error_hash
          WHERE (e.level = ANY (ARRAY[0, 1])) AND e.bucket >= (date_trunc('minute'::text, now()) - '01:00:00'::interval)
          GROUP BY n.group_id
         HAVING sum(e.severe_count) >= 10::numeric) r
     LEFT JOIN sidelight.error_group g ON g.id = r.group_id
     CROSS JOIN LATERAL ( SELECT n.class,
            n.message,
            n.service,
            n.tenant
           FROM sidelight.error_group_hash n
          WHERE n.group_id = r.group_id
          ORDER BY (n.id <> r.group_id), n.created_at, n.id
         LIMIT 1) h
  WHERE COALESCE(g.state, 'new'::text) <> ALL (ARRAY['resolved'::text, 'muted'::text])
UNION ALL
 SELECT 'error_pattern'::text AS type,
    'critical'::text AS severity,
    s.name AS resource_id,
    s.name AS resource_name,
    format('%s: %s fatal errors in an hour, critical from 3'::text, s.name, r.count) AS message,
    s.tenant
   FROM ( SELECT o.service_id,
            count(DISTINCT o.id) AS count
           FROM sidelight.error_occurrence o
             LEFT JOIN sidelight.error_group_hash h ON h.id = o.error_hash
             LEFT JOIN sidelight.error_group g ON g.id = h.group_id
          WHERE o."time" >= (now() - '01:00:00'::interval) AND o."time" <= now() AND o.severity >= 21 AND g.state IS DISTINCT FROM 'muted'::text
          GROUP BY o.service_id
         HAVING count(DISTINCT o.id) >= 3) r
     JOIN sidelight.service s ON s.id = r.service_id
UNION ALL
 SELECT health_condition.criterion AS type,
    health_condition.severity,
    health_condition.service AS resource_id,
    health_condition.service AS resource_name,
    health_condition.message,
    health_condition.tenant
   FROM sidelight.health_condition
  WHERE health_condition.judged_at > (now() - '00:02:00'::interval);

create view sidelight.v_api_usage_metrics as
 WITH part AS (
         SELECT event_rollup.bucket AS hour,
            event_rollup.catalogue_id,
            event_rollup.event_count,
            event_rollup.failed_count,
            event_rollup.duration_sum_ns,
            event_rollup.duration_min_ns,
            event_rollup.duration_max_ns,
            event_rollup.zero_count,
            event_rollup.bucket_indexes,
            event_rollup.bucket_counts
           FROM sidelight.event_rollup
          WHERE event_rollup.level = 2
        UNION ALL
         SELECT date_trunc('hour'::text, event_rollup.bucket, 'UTC'::text) AS date_trunc,
            event_rollup.catalogue_id,
            event_rollup.event_count,
            event_rollup.failed_count,
            event_rollup.duration_sum_ns,
            event_rollup.duration_min_ns,
            event_rollup.duration_max_ns,
            event_rollup.zero_count,
            event_rollup.bucket_indexes,
            event_rollup.bucket_counts
           FROM sidelight.event_rollup
          WHERE event_rollup.level = 0
        ), total AS (
         SELECT p.hour,
            c.tenant,
            sum(p.event_count)::bigint AS total_requests,
            sum(p.failed_count)::bigint AS failed_requests,
            sum(p.duration_sum_ns) AS duration_sum_ns,
            min(p.duration_min_ns) AS duration_min_ns,
            max(p.duration_max_ns) AS duration_max_ns,
            sum(p.zero_count) AS zero_count,
            sum(( SELECT COALESCE(sum(count.count), 0::double precision) AS "coalesce"
                   FROM unnest(p.bucket_counts) count(count))) AS positive_count,
            jsonb_agg(jsonb_build_object('i', p.bucket_indexes, 'n', p.bucket_counts)) AS histograms,
            jsonb_agg(jsonb_build_array(c.subject, c.detail, p.event_count, p.failed_count)) AS counts
           FROM part p
             JOIN sidelight.catalogue c ON c.id = p.catalogue_id
          WHERE c.kind = 'api'::text
          GROUP BY p.hour, c.tenant
        )
 SELECT hour,
    total_requests,
    failed_requests,
    duration_sum_ns / NULLIF(zero_count + positive_count, 0::double precision) / '1000000'::numeric::double precision AS avg_duration_ms,
    sidelight.duration_quantile(0.95::double precision, zero_count, duration_min_ns, duration_max_ns, histograms) / '1000000'::numeric::double precision AS p95_duration_ms,
    duration_max_ns::double precision / '1000000'::numeric::double precision AS max_duration_ms,
    ( SELECT jsonb_object_agg(of_resource.resource, of_resource.requests) AS jsonb_object_agg
           FROM ( SELECT n.value ->> 0 AS resource,
                    sum((n.value -> 2)::bigint) AS requests
                   FROM jsonb_array_elements(t.counts) n(value)
                  GROUP BY (n.value ->> 0)) of_resource) AS requests_by_resource,
    ( SELECT COALESCE(jsonb_object_agg(of_status.status_code, of_status.errors), '{}'::jsonb) AS "coalesce"
           FROM ( SELECT n.value ->> 1 AS status_code,
                    sum((n.value -> 3)::bigint) AS errors
                   FROM jsonb_array_elements(t.counts) n(value)
                  WHERE (n.value -> 3)::bigint > 0
                  GROUP BY (n.value ->> 1)) of_status) AS errors_by_status_code,
    tenant
   FROM total t;

create view sidelight.v_rate_limit_utilization as
 WITH observed AS (
         SELECT c.detail AS key_type,
            c.subject AS identifier,
            c.tenant,
            sidelight.count_of(s.attributes -> 'rate_limit.request_count'::text) AS request_count,
            sidelight.count_of(s.attributes -> 'rate_limit.limit'::text) AS limit_max,
            r.reset_at
           FROM sidelight.catalogue c
             JOIN sidelight.catalogue_state s ON s.catalogue_id = c.id
             CROSS JOIN LATERAL ( SELECT sidelight.parse_time(s.attributes ->> 'rate_limit.reset_at'::text) AS reset_at
                 OFFSET 0) r
          WHERE c.kind = 'rate_limit'::text
        ), present AS (
         SELECT observed.key_type,
            observed.identifier,
            observed.tenant,
            observed.limit_max,
            observed.reset_at,
                CASE
                    WHEN observed.reset_at <= now() THEN 0::double precision
                    ELSE observed.request_count
                END AS request_count
           FROM observed
        ), used AS (
         SELECT present.key_type,
            present.identifier,
            present.tenant,
            present.request_count,
            present.limit_max,
            present.reset_at,
            100::double precision * present.request_count /
                CASE
                    WHEN present.limit_max >= 0.000001::double precision THEN present.limit_max
                    ELSE NULL::double precision
                END AS utilization_pct
           FROM present
        )
 SELECT key_type,
    identifier,
    request_count,
    limit_max,
    utilization_pct,
        CASE
            WHEN utilization_pct >= 100::double precision THEN 'throttled'::text
            WHEN utilization_pct > 90::double precision THEN 'warning'::text
            ELSE 'normal'::text
        END AS status,
        CASE
            WHEN reset_at IS NOT NULL THEN GREATEST(0::numeric, ceil(EXTRACT(epoch FROM reset_at - now())))::bigint
            ELSE NULL::bigint
        END AS seconds_until_reset,
    tenant
   FROM used;

create view sidelight.v_webhook_health as
 SELECT c.subject AS webhook_id,
    s.attributes ->> 'webhook.url'::text AS url,
        CASE
            WHEN (s.attributes ->> 'webhook.enabled'::text) = 'false'::text THEN 'disabled'::text
            WHEN s.consecutive_failures >= 10 THEN 'critical'::text
            WHEN s.consecutive_failures >= 5 THEN 'warning'::text
            WHEN sidelight.time_of(GREATEST(s.last_success_ns, s.last_failure_ns, s.enabled_ns)) <= (now() - '168:00:00'::interval) THEN 'inactive'::text
            ELSE 'healthy'::text
        END AS health_status,
    s.consecutive_failures,
        CASE
            WHEN s.last_success_ns IS NOT NULL THEN GREATEST(0::numeric, EXTRACT(epoch FROM now() - sidelight.time_of(s.last_success_ns)))::double precision / 86400::double precision
            ELSE NULL::double precision
        END AS days_since_last_success,
    (100 * s.failures_24h)::double precision / NULLIF(s.events_24h, 0)::double precision AS failure_rate_24h,
    c.tenant
   FROM sidelight.catalogue c
     JOIN sidelight.catalogue_state s ON s.catalogue_id = c.id
  WHERE c.kind = 'webhook'::text;

CREATE OR REPLACE FUNCTION sidelight.count_of(value jsonb)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when value between '0' and '1e15' and jsonb_typeof(value) = 'number' then value::double precision end
$function$;

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

CREATE OR REPLACE FUNCTION sidelight.fold_events(OUT folded bigint, OUT is_more boolean)
 RETURNS record
 LANGUAGE plpgsql
 SET jit TO 'off'
 SET work_mem TO '32MB'
 SET enable_hashjoin TO 'on'
 SET enable_mergejoin TO 'off'
 SET enable_nestloop TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION sidelight.parse_time(value text)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION sidelight.refresh_monitoring_views()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION sidelight.refresh_observability_views()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$ select now() $function$;

CREATE OR REPLACE FUNCTION sidelight.stated(attributes jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select coalesce(jsonb_object_agg(key, case jsonb_typeof(value) when 'string' then to_jsonb(left(value #>> '{}', 2048)) else value end), '{}')
  from jsonb_each(attributes)
  where jsonb_typeof(value) in ('string', 'number', 'boolean') and key in (
    'webhook.url', 'webhook.enabled', 'rule.name', 'rule.type', 'rule.enabled', 'rule.segment_member_count',
    'rate_limit.request_count', 'rate_limit.limit', 'rate_limit.reset_at'
  )
$function$;

CREATE OR REPLACE FUNCTION sidelight.time_of(unix_ns bigint)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select timestamptz 'epoch' + unix_ns / 1000 * interval '1 microsecond'
$function$;
