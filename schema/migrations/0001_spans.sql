-- Dictionaries. An id is the first 64 bits of a cryptographic hash of the canonical content, so a writer knows it
-- without asking; last_seen_day is Postgres's date and lets unseen rows be collected.

create table sidelight.service (
  id bigint primary key,
  tenant text not null,
  environment text not null,
  namespace text not null,
  name text not null,
  last_seen_day date not null default (now() at time zone 'utc')::date
);

create table sidelight.operation (
  id bigint primary key,
  service_id bigint not null,
  module text not null,
  kind integer not null,
  name text not null,
  last_seen_day date not null default (now() at time zone 'utc')::date
);

create table sidelight.resource (
  id bigint primary key,
  attributes jsonb not null,
  dropped_attributes_count bigint not null,
  entity_refs jsonb,
  schema_url text not null,
  last_seen_day date not null default (now() at time zone 'utc')::date
);

create table sidelight.scope (
  id bigint primary key,
  name text not null,
  version text not null,
  attributes jsonb not null,
  dropped_attributes_count bigint not null,
  schema_url text not null,
  last_seen_day date not null default (now() at time zone 'utc')::date
);

-- One row a span. Times are split into microseconds (timestamptz) and the remaining 0 to 999 nanoseconds.
-- start_ns is null when the sender gave no start: start_time then holds the end. end_time is null when no end was sent.
-- duration_ns is null when there is no end or the end lies before the start. name is set only where it differs from the
-- operation's. Columns of zero, empty or absent values are null wherever null is cheaper and means the same.
create table sidelight.span (
  trace_id uuid not null,
  span_id bigint not null,
  parent_span_id bigint,
  start_time timestamptz not null,
  end_time timestamptz,
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
) partition by range (start_time);

create index span_trace_id on sidelight.span (trace_id);
create index span_service_start on sidelight.span (service_id, start_time);
create index span_start_brin on sidelight.span using brin (start_time);

-- One row a request that was stored: the same signal, tenant and body sent again finds it and adds nothing.
create table sidelight.ingest_receipt (
  digest uuid primary key,
  received_at timestamptz not null default clock_timestamp()
);
create index ingest_receipt_received on sidelight.ingest_receipt using brin (received_at);

-- One row a collector process.
create table sidelight.sidecar (
  id uuid primary key,
  host text not null,
  version text not null,
  roles text[] not null,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  oldest_undrained_at timestamptz,
  drained_at timestamptz
);

-- Work that only one collector may do. Taking over raises the epoch, which fences the previous owner.
create table sidelight.lease (
  name text primary key,
  owner uuid not null,
  epoch bigint not null,
  expires_at timestamptz not null
);
