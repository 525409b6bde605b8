-- revision 2
-- Webhooks, rules, the API's use, rate limits, business events and costs, and what is to be told of them. See schema/README.md.

create or replace view sidelight.mv_webhook_performance as
select
  c.subject as webhook_id,
  s.attributes ->> 'webhook.url' as url,
  coalesce(s.attributes ->> 'webhook.enabled' <> 'false', true) as enabled,
  s.event_count as total_deliveries,
  s.event_count - s.failed_count as successful_deliveries,
  s.failed_count as failed_deliveries,
  100 * (s.event_count - s.failed_count) / nullif(s.event_count, 0)::double precision as success_rate_pct,
  s.duration_sum_ns / nullif(s.duration_count, 0) / 1e6 as avg_duration_ms,
  s.p95_ns / 1e6 as p95_duration_ms,
  s.duration_max_ns / 1e6::double precision as max_duration_ms,
  s.events_24h as deliveries_24h,
  s.events_7d as deliveries_7d,
  s.failures_24h,
  s.consecutive_failures,
  sidelight.time_of(s.last_success_ns) as last_success_at,
  sidelight.time_of(s.last_failure_ns) as last_failure_at,
  c.tenant
from sidelight.catalogue c
join sidelight.catalogue_state s on s.catalogue_id = c.id
where c.kind = 'webhook';

create or replace view sidelight.mv_rule_performance as
select
  c.subject as rule_id,
  s.attributes ->> 'rule.name' as rule_name,
  s.attributes ->> 'rule.type' as rule_type,
  coalesce(s.attributes ->> 'rule.enabled' <> 'false', true) as enabled,
  s.event_count as trigger_count,
  s.event_count - s.failed_count as success_count,
  s.failed_count as failure_count,
  s.events_24h as executions_24h,
  s.events_7d as executions_7d,
  s.amount as affected_total,
  sidelight.count_of(s.attributes -> 'rule.segment_member_count') as segment_member_count,
  sidelight.time_of(greatest(s.last_success_ns, s.last_failure_ns)) as last_triggered_at,
  c.tenant
from sidelight.catalogue c
join sidelight.catalogue_state s on s.catalogue_id = c.id
where c.kind = 'rule';

create or replace view sidelight.v_api_usage_metrics as
with part as (
  -- An hour is in rows of hours and of what is not in those yet.
  select bucket as hour, catalogue_id, event_count, failed_count, duration_sum_ns, duration_min_ns, duration_max_ns,
    zero_count, bucket_indexes, bucket_counts
  from sidelight.event_rollup where level = 2
  union all
  select date_trunc('hour', bucket, 'UTC'), catalogue_id, event_count, failed_count, duration_sum_ns, duration_min_ns,
    duration_max_ns, zero_count, bucket_indexes, bucket_counts
  from sidelight.event_rollup where level = 0
),
total as (
  select p.hour, c.tenant, sum(p.event_count)::bigint as total_requests, sum(p.failed_count)::bigint as failed_requests,
    sum(p.duration_sum_ns) as duration_sum_ns, min(p.duration_min_ns) as duration_min_ns,
    max(p.duration_max_ns) as duration_max_ns, sum(p.zero_count) as zero_count,
    sum((select coalesce(sum(count), 0) from unnest(p.bucket_counts) as count)) as positive_count,
    jsonb_agg(jsonb_build_object('i', p.bucket_indexes, 'n', p.bucket_counts)) as histograms,
    jsonb_agg(jsonb_build_array(c.subject, c.detail, p.event_count, p.failed_count)) as counts
  from part p
  join sidelight.catalogue c on c.id = p.catalogue_id
  where c.kind = 'api'
  group by p.hour, c.tenant
)
select
  t.hour,
  t.total_requests,
  t.failed_requests,
  t.duration_sum_ns / nullif(t.zero_count + t.positive_count, 0) / 1e6 as avg_duration_ms,
  sidelight.duration_quantile(
    0.95, t.zero_count, t.duration_min_ns, t.duration_max_ns, t.histograms
  ) / 1e6 as p95_duration_ms,
  t.duration_max_ns / 1e6::double precision as max_duration_ms,
  (
    select jsonb_object_agg(resource, requests) from (
      select n ->> 0 as resource, sum((n -> 2)::bigint) as requests
      from jsonb_array_elements(t.counts) as n group by 1
    ) as of_resource
  ) as requests_by_resource,
  (
    select coalesce(jsonb_object_agg(status_code, errors), '{}') from (
      select n ->> 1 as status_code, sum((n -> 3)::bigint) as errors
      from jsonb_array_elements(t.counts) as n where (n -> 3)::bigint > 0 group by 1
    ) as of_status
  ) as errors_by_status_code,
  t.tenant
from total t;

create or replace view sidelight.v_rate_limit_utilization as
with observed as (
  select c.detail as key_type, c.subject as identifier, c.tenant,
    sidelight.count_of(s.attributes -> 'rate_limit.request_count') as request_count,
    sidelight.count_of(s.attributes -> 'rate_limit.limit') as limit_max,
    r.reset_at
  from sidelight.catalogue c
  join sidelight.catalogue_state s on s.catalogue_id = c.id
  -- Read once, however often it is looked at below.
  cross join lateral (select sidelight.parse_time(s.attributes ->> 'rate_limit.reset_at') as reset_at offset 0) as r
  where c.kind = 'rate_limit'
),
present as (
  -- What was counted counts no more once the limit was reset.
  select key_type, identifier, tenant, limit_max, reset_at,
    case when reset_at <= now() then 0 else request_count end as request_count
  from observed
),
used as (
  select key_type, identifier, tenant, request_count, limit_max, reset_at,
    100 * request_count / case when limit_max >= 1e-6 then limit_max end as utilization_pct
  from present
)
select
  key_type,
  identifier,
  request_count,
  limit_max,
  utilization_pct,
  case when utilization_pct >= 100 then 'throttled' when utilization_pct > 90 then 'warning' else 'normal' end as status,
  case when reset_at is not null
    then greatest(0, ceil(extract(epoch from reset_at - now())))::bigint
  end as seconds_until_reset,
  tenant
from used;

-- Inactive is what is enabled, has been for 7 days, and had no delivery for as long.
create or replace view sidelight.v_webhook_health as
select
  c.subject as webhook_id,
  s.attributes ->> 'webhook.url' as url,
  case
    when s.attributes ->> 'webhook.enabled' = 'false' then 'disabled'
    when s.consecutive_failures >= 10 then 'critical'
    when s.consecutive_failures >= 5 then 'warning'
    when sidelight.time_of(greatest(s.last_success_ns, s.last_failure_ns, s.enabled_ns)) <= now() - interval '168 hours' then 'inactive'
    else 'healthy'
  end as health_status,
  s.consecutive_failures,
  -- Clocks that are ahead of ours tell of successes to come.
  case when s.last_success_ns is not null
    then greatest(0, extract(epoch from now() - sidelight.time_of(s.last_success_ns)))::double precision / 86400
  end as days_since_last_success,
  100 * s.failures_24h / nullif(s.events_24h, 0)::double precision as failure_rate_24h,
  c.tenant
from sidelight.catalogue c
join sidelight.catalogue_state s on s.catalogue_id = c.id
where c.kind = 'webhook';

create or replace view sidelight.business_events as
select
  e.time,
  c.subject as name,
  case e.outcome when 'succeeded' then 'completed' else e.outcome end as status,
  sv.name as service,
  c.tenant,
  e.attributes ->> 'user.id' as user_id,
  e.attributes ->> 'correlation.id' as correlation_id,
  e.attributes ->> 'request.id' as request_id,
  e.trace_id,
  e.duration_ns / 1e6::double precision as duration_ms,
  e.amount as cost_usd,
  case when jsonb_typeof(e.attributes -> 'sidelight.count') = 'number'
    then (e.attributes ->> 'sidelight.count')::double precision
  end as count,
  coalesce(e.attributes, '{}'::jsonb) - array[
    'business.event', 'sidelight.outcome', 'sidelight.duration_ms', 'sidelight.cost_usd', 'sidelight.count', 'user.id',
    'correlation.id', 'request.id', 'tenant.id'
  ] as fields
from sidelight.event e
join sidelight.catalogue c on c.id = e.catalogue_id
left join sidelight.service sv on sv.id = e.service_id
where c.kind = 'business';

create or replace view sidelight.cost_daily as
with part as (
  -- A day is in rows of days and of what is not in those yet.
  select bucket as day, catalogue_id, service_id, event_count, amount from sidelight.event_rollup where level = 3
  union all
  select date_trunc('day', bucket, 'UTC'), catalogue_id, service_id, event_count, amount
  from sidelight.event_rollup where level = 0
)
select
  p.day,
  c.subject as user_id,
  c.detail as endpoint,
  -- 15 digits: 0.1 and 0.2 are 0.3.
  sum(p.amount)::numeric::float8 as cost_usd,
  sum(p.event_count)::bigint as event_count,
  sv.name as service,
  c.tenant
from part p
join sidelight.catalogue c on c.id = p.catalogue_id
left join sidelight.service sv on sv.id = p.service_id
where c.kind = 'cost'
group by p.day, c.subject, c.detail, sv.name, c.tenant;

comment on view sidelight.mv_webhook_performance is 'One row a webhook, with what its deliveries add up to';
comment on view sidelight.mv_rule_performance is 'One row a rule, with what its executions add up to';
comment on view sidelight.v_api_usage_metrics is 'Requests to the API by the hour and tenant';
comment on view sidelight.v_rate_limit_utilization is 'One row a key that is limited, as it was observed last';
comment on view sidelight.v_webhook_health is 'One row a webhook, with how it fares';
comment on view sidelight.business_events is 'One row a business event';
comment on view sidelight.cost_daily is 'Costs by day, user and endpoint';
