-- What spans add up to, an operation and a minute or an hour each; it outlives the spans. bucket is when the minute or hour
-- began in which they ended. Ingest appends a row for what one transaction stored (level 0); the leader folds those of a
-- minute that is over into one (level 1) and adds them to the hour's (level 2) in the same statement. So whole hours are
-- levels 0 and 2 of them, single minutes levels 0 and 1, and nothing is counted twice at any moment.
--
-- is_request tells requests (SERVER and CONSUMER spans and INTERNAL roots) from other spans of the same operation. Counts
-- are of the spans received; the adjusted ones, the sum of durations and the histogram count each span for as many as it
-- stands for by its sampling threshold (trace state, ot=th:). The histogram is base-2 exponential of scale 4: bucket i holds
-- durations in (2^(i/16), 2^((i+1)/16)] nanoseconds; zero_count those of 0. Spans of unknown duration are in none.
create table sidelight.span_rollup (
  bucket timestamptz not null,
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
) partition by range (bucket);

create index span_rollup_level_bucket on sidelight.span_rollup (level, bucket);

-- SERVER and CONSUMER spans with a parent, until the leader has looked, a minute after they were stored, who called. A parent
-- and its child come from two processes and meet nowhere before.
create table sidelight.edge_candidate (
  bucket timestamptz not null,
  added_at timestamptz not null default clock_timestamp(),
  trace_id uuid not null,
  parent_span_id bigint not null,
  service_id bigint not null,
  duration_ns bigint,
  adjusted_count double precision not null,
  is_error boolean not null
);

-- Who calls whom: calls that ended in the minute or, when they are older than two days, the hour that began at bucket.
create table sidelight.edge_rollup (
  bucket timestamptz not null,
  client_service_id bigint not null,
  server_service_id bigint not null,
  call_count bigint not null,
  error_count bigint not null,
  adjusted_count double precision not null,
  adjusted_error_count double precision not null,
  duration_sum_ns double precision not null,
  duration_max_ns bigint,
  primary key (bucket, client_service_id, server_service_id)
) partition by range (bucket);
