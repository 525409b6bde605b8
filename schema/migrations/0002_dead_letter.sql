-- What was refused for good: one row an item that Postgres would not take, or a whole request (table_name '', item -1).
-- The body is an export request in protobuf of just that, to be sent again once the cause is mended.
create table sidelight.dead_letter (
  digest uuid not null,
  table_name text not null,
  item integer not null,
  signal text not null,
  tenant text,
  received_at timestamptz not null,
  dead_at timestamptz not null default clock_timestamp(),
  sqlstate text,
  message text not null,
  body bytea,
  primary key (digest, table_name, item)
);
create index dead_letter_dead_at on sidelight.dead_letter (dead_at);
