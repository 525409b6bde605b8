-- One row a log record. Times are split into microseconds (timestamptz) and the remaining 0 to 999 nanoseconds.
-- time_ns is null when the sender gave no time: time then holds the observed time, or the arrival where that was not sent
-- either. severity_number is the one sent, else what the text means; sent_severity_number says what was sent where that
-- differs. A string body is in body, any other kind in body_value; both are null without one.
create table sidelight.log_record (
  time timestamptz not null,
  observed_time timestamptz,
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
) partition by range (time);

create index log_record_service_time on sidelight.log_record (service_id, time);
-- Without it the newest pages, which most questions are about, would be read in full until the next vacuum.
create index log_record_time_brin on sidelight.log_record using brin (time) with (autosummarize = on);
create index log_record_trace_id on sidelight.log_record (trace_id) where trace_id is not null;
-- Errors (severity numbers from 17 on) are few, and what people ask for first.
create index log_record_errors on sidelight.log_record (service_id, time) where severity_number >= 17;

-- Where an id that a span or log record carries (a correlation id, a request id) was seen: once for each trace of a
-- request, and once for each log record without a trace, whose time it has.
create table sidelight.correlation (
  time timestamptz not null,
  service_id bigint not null,
  trace_id uuid,
  id text not null
) partition by range (time);

create index correlation_id_time on sidelight.correlation (id, time);

-- Dictionary of metric streams: a metric of a resource and scope with one set of attributes. temporality is 'delta' or
-- 'cumulative', null for a gauge and a summary; is_monotonic is null but for a sum; explicit_bounds but for a histogram.
create table sidelight.metric_series (
  id bigint primary key,
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
  last_seen_day date not null default (now() at time zone 'utc')::date
);
create index metric_series_name_service on sidelight.metric_series (name, service_id);

-- One row a data point of a gauge or sum. An integer is in value_int, anything else in value; both are null for a point
-- that says that nothing was recorded (bit 0 of flags). attributes are null but for points of a series that stands in for
-- those above the cap of their service, which keep their own.
create table sidelight.metric_point (
  series_id bigint not null,
  time timestamptz not null,
  start_time timestamptz,
  value double precision,
  value_int bigint,
  flags integer,
  time_ns smallint not null,
  start_ns smallint,
  exemplars jsonb,
  attributes jsonb
) partition by range (time);

create index metric_point_series_time on sidelight.metric_point (series_id, time);

-- One row a data point of a histogram (bucket_counts), an exponential histogram (scale, zero_count, zero_threshold, the
-- buckets from positive_offset and negative_offset on) or a summary (quantiles and their values). What was not sent is null.
create table sidelight.metric_histogram (
  series_id bigint not null,
  time timestamptz not null,
  start_time timestamptz,
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
) partition by range (time);

create index metric_histogram_series_time on sidelight.metric_histogram (series_id, time);
