-- Errors. A throw is one fault as the program met it, however many spans and log records tell of it. Its hash (fp/1) says what
-- it is a case of: facts are kept by the hash, so that groups of hashes merge and split without anything being written anew.

-- Dictionary of hashes: what a fault is by its fingerprint, as the first throw showed it. id is the first 128 bits of a SHA-256
-- over tenant, namespace, service and the parts in why; group_id is the group the hash belongs to, its own id unless merged.
-- similar are hashes of less (the nearest frames, the message), equal ones of which hint at the same fault.
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
  created_at timestamptz not null default clock_timestamp(),
  last_seen_day date not null default (now() at time zone 'utc')::date,
  primary key (id) include (group_id)
);
create index error_group_hash_group on sidelight.error_group_hash (group_id);
create index error_group_hash_merged on sidelight.error_group_hash (group_id) where group_id <> id;
create index error_group_hash_service on sidelight.error_group_hash using hash (service);
create index error_group_hash_similar on sidelight.error_group_hash using gin (similar_hashes);

-- Dictionary of the releases of a service (service.version), in the order in which they were first seen.
create table sidelight.release (
  id bigint primary key,
  tenant text not null,
  namespace text not null,
  service text not null,
  version text not null,
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_day date not null default (now() at time zone 'utc')::date
);
create index release_service on sidelight.release using hash (service);

-- Which throws are counted. scope is a hash of tenant, service and trace, or, without a trace, of the service instance and the
-- time; innermost is the hash of the innermost exception. error_hash is the one it was counted by, severity the worst of
-- those that were told: as soon as one is that of an error, the throw is counted as one. is_candidate: a failure without an
-- exception, counted by the leader; it keeps no other failure of its scope from being counted.
create table sidelight.error_seen (
  scope uuid not null,
  innermost uuid not null,
  error_hash uuid not null,
  severity smallint not null,
  is_candidate boolean not null default false,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (scope, innermost)
);
create index error_seen_at on sidelight.error_seen using brin (seen_at);

-- Failures without an exception (a span of status error, an HTTP status from 500 on), until the leader has looked, a minute
-- after they were stored, whether an exception of the same service and trace tells more. occurrence is the row of
-- error_occurrence it becomes, null where none is kept.
create table sidelight.error_candidate (
  bucket timestamptz not null,
  added_at timestamptz not null default clock_timestamp(),
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
create index error_candidate_added on sidelight.error_candidate (added_at);

-- What throws add up to, in levels as in span_rollup: 0 what one transaction stored, 1 a minute, 2 an hour. occurrence_count
-- counts each throw once; severe_count those with the severity of an error (17) or worse, which may be known later than the
-- throw; unhandled_count those that nothing caught. first_ns and last_ns are unix nanoseconds. user_hashes are the least 64 of
-- the hashes of the users affected, from which their number follows.
create table sidelight.error_rollup (
  bucket timestamptz not null,
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
) partition by range (bucket);
create index error_rollup_level_bucket on sidelight.error_rollup (level, bucket);
create index error_rollup_hash_level_bucket on sidelight.error_rollup (error_hash, level, bucket);

-- Throws as they were, a sample: of each hash and release the first and last ones and some between. id is that of the throw
-- (a hash of scope and innermost). exceptions are the chain from the outermost to the cause, with their frames.
create table sidelight.error_occurrence (
  time timestamptz not null,
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
) partition by range (time);
create index error_occurrence_hash_time on sidelight.error_occurrence (error_hash, time);
create index error_occurrence_id on sidelight.error_occurrence (id);
create index error_occurrence_trace on sidelight.error_occurrence (trace_id) where trace_id is not null;
create index error_occurrence_fatal on sidelight.error_occurrence (time) where severity >= 21;

-- What people and the leader decided about a group. A group without a row is new. state: new, ongoing, escalating, regressed,
-- resolved or muted. last_seen_at is a minute behind at most. resolution: now, in_release or in_next_release, the release in
-- resolved_release (null until there is a next); throws not later than resolved_through never take a resolution back.
-- A mute ends at muted_until, or when muted_count throws come within muted_minutes; without either it does not end.
-- muted_before are the throws of the minute of muted_at that came before it. The row of a group that was merged into another
-- stays as it was.
create table sidelight.error_group (
  id uuid primary key,
  tenant text not null,
  namespace text not null,
  service text not null,
  state text not null default 'new',
  state_since timestamptz not null default clock_timestamp(),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  assignee text,
  resolved_at timestamptz,
  resolved_through timestamptz,
  resolved_by text,
  resolution text,
  resolved_release text,
  resolution_notes text,
  muted_at timestamptz,
  muted_until timestamptz,
  muted_count bigint,
  muted_minutes integer,
  muted_before bigint
);
create index error_group_last_seen on sidelight.error_group (last_seen_at);
create index error_group_service on sidelight.error_group using hash (service);

-- What happened to a group, and who did it: appended, never changed. actor is empty where the leader did.
create table sidelight.error_group_event (
  id bigint generated always as identity primary key,
  group_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  action text not null,
  details jsonb not null
);
create index error_group_event_group on sidelight.error_group_event (group_id, id);
