-- What was dropped on purpose. A partition of an earlier day is not created again, whoever still has rows for it.
create table sidelight.retention (
  table_name text primary key,
  dropped_before date not null
);
