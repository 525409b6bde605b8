-- What applications tell about webhooks, rules, their API, rate limits, business events and costs: log records whose event
-- name begins with "sidelight.". The records themselves are in log_record; what is here follows from them.

-- Dictionary of what events are about. kind, subject and detail: webhook, its id, ''. rule, its id, ''. api, the resource, the
-- status code. rate_limit, who is limited, the type of key. business, the name of the event, its outcome. cost, the user, the
-- endpoint. Services of a tenant share them.
create table sidelight.catalogue (
  id bigint primary key,
  tenant text not null,
  kind text not null,
  subject text not null,
  detail text not null,
  last_seen_day date not null default (now() at time zone 'utc')::date
);
create index catalogue_kind_subject on sidelight.catalogue (kind, subject);

-- Events that are asked for one by one: deliveries of webhooks, executions of rules, registrations of both, business events and
-- what was observed of rate limits. outcome is succeeded, failed, started, registered or observed. attributes are those of
-- the log record, where they are read by anything: null for deliveries and executions.
create table sidelight.event (
  time timestamptz not null,
  catalogue_id bigint not null,
  service_id bigint not null,
  trace_id uuid,
  span_id bigint,
  time_ns smallint not null,
  outcome text not null,
  duration_ns bigint,
  amount double precision,
  attributes jsonb
) partition by range (time);

create index event_catalogue_time on sidelight.event (catalogue_id, time);

-- What events add up to. Ingest appends a row for what one request told (level 0, bucket is its minute); refresh_monitoring_views()
-- takes those away and adds them to the rows of the minute (level 1, of the api alone), the hour (2) and the day (3), and to
-- catalogue_state, in one transaction. So whole hours are levels 0 and 2, and nothing is counted twice at any moment.
--
-- amount adds up what events say: the members a rule affected, US dollars of a cost. The histogram of durations is that of
-- span_rollup. last_success_ns, last_failure_ns and registered_ns (of a registration, or an observation of a rate limit, which
-- are in no count) are the latest times, in unix nanoseconds.
create table sidelight.event_rollup (
  bucket timestamptz not null,
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
) partition by range (bucket);

create index event_rollup_level_bucket on sidelight.event_rollup (level, bucket);
create index event_rollup_catalogue_level_bucket on sidelight.event_rollup (catalogue_id, level, bucket);

-- How each webhook, rule and rate limit stands, as of the last refresh_monitoring_views(): a row of catalogue each. Counts and the
-- histogram are of everything since the row is there. Windows of 24 hours and 7 days begin with a whole hour, so many hours
-- before window_hour.
--
-- consecutive_failures are the failures later than the last success, of which failures_in_hour are in the same hour as
-- that: they are told apart by the rows of event, and stay known when those are dropped. enabled_ns is since when
-- registrations say that it is enabled; registered_ns and attributes are those of the latest registration, or observation.
create table sidelight.catalogue_state (
  catalogue_id bigint primary key,
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
  window_hour timestamptz not null,
  last_success_ns bigint,
  last_failure_ns bigint,
  consecutive_failures bigint not null,
  failures_in_hour bigint not null,
  registered_ns bigint,
  enabled_ns bigint,
  attributes jsonb,
  -- Last, for a reader of the others goes no further than those.
  bucket_indexes smallint[] not null,
  bucket_counts double precision[] not null
) with (fillfactor = 50);
