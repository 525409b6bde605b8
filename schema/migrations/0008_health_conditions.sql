-- The limits of health that services pass at present, as the leader judges them every few seconds, for v_alert_conditions. Those of
-- a round that is long over say nothing: there is no leader.
create table sidelight.health_condition (
  judged_at timestamptz not null,
  tenant text not null,
  service text not null,
  criterion text not null,
  severity text not null,
  message text not null
);
