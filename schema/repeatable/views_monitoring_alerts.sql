-- revision 4
-- What is to be told about now: a row a condition that holds. See schema/README.md.

create or replace view sidelight.v_alert_conditions as

-- Webhooks and rules that are enabled, all looked at once. There are tens of thousands: when the 7 days began is computed once.
select v.type, v.severity, c.subject as resource_id, v.resource_name, v.message, c.tenant
from sidelight.catalogue c
join sidelight.catalogue_state s on s.catalogue_id = c.id
cross join lateral (
  select
    'webhook_failure' as type,
    case when s.consecutive_failures >= 10 then 'critical' else 'warning' end as severity,
    coalesce(s.attributes ->> 'webhook.url', c.subject) as resource_name,
    format(
      '%s deliveries failed in a row, %s', s.consecutive_failures,
      case when s.consecutive_failures >= 10 then 'critical from 10' else 'a warning from 5' end
    ) as message
  where c.kind = 'webhook' and s.consecutive_failures >= 5
  union all
  select
    c.kind || case c.kind when 'webhook' then '_inactive' else '_not_triggering' end,
    'warning',
    coalesce(s.attributes ->> 'webhook.url', s.attributes ->> 'rule.name', c.subject),
    format(
      '%s for 7 days, %s',
      case c.kind when 'webhook' then 'no delivery' else 'not triggered' end,
      coalesce(
        'last ' || to_char(
          sidelight.time_of(greatest(s.last_success_ns, s.last_failure_ns)) at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
        ),
        'never since it was registered'
      )
    )
  where greatest(s.last_success_ns, s.last_failure_ns, s.enabled_ns) / 1000 <= (
    select (extract(epoch from now() - interval '168 hours') * 1000000)::bigint
  )
) as v
where c.kind in ('webhook', 'rule')
  and (
    s.consecutive_failures >= 5
    or greatest(s.last_success_ns, s.last_failure_ns, s.enabled_ns) / 1000 <= (
      select (extract(epoch from now() - interval '168 hours') * 1000000)::bigint
    )
  )
  and s.attributes ->> (c.kind || '.enabled') is distinct from 'false'

union all
select
  'api_error_rate',
  'critical',
  'api',
  'API',
  format(
    '%s of %s requests failed within an hour (%s %%), critical above 50 %%', sum(r.failed_count), sum(r.event_count),
    round(100 * sum(r.failed_count) / sum(r.event_count))
  ),
  c.tenant
from (
  -- Sums of doubles, exact below 2^53, take a fraction of the time of those of bigint, which are numeric.
  select catalogue_id, sum(event_count::float8)::bigint as event_count, sum(failed_count::float8)::bigint as failed_count
  from sidelight.event_rollup
  where level in (0, 1) and bucket >= date_trunc('minute', now()) - interval '1 hour' and bucket <= now()
  group by catalogue_id
) as r
join sidelight.catalogue c on c.id = r.catalogue_id
where c.kind = 'api'
group by c.tenant
having sum(r.event_count) >= 10 and 2 * sum(r.failed_count) > sum(r.event_count)

union all
-- The slowest span of a minute says whether it was a query: all of its operation are alike.
select
  'slow_query',
  'critical',
  q.operation,
  q.service,
  format('a query took %s s, critical above 5 s (trace %s)', round(max(q.duration_ns) / 1e9, 1), replace(
    (array_agg(q.trace_id order by q.duration_ns desc))[1]::text, '-', ''
  )),
  q.tenant
from (
  select coalesce(s.name, o.name) as operation, sv.name as service, sv.tenant, s.duration_ns, s.trace_id
  from (
    select distinct operation_id, slowest_trace_id from sidelight.span_rollup
    where level in (0, 1) and bucket >= date_trunc('minute', now()) - interval '1 hour'
      and duration_max_ns > 5000000000 and not is_request
  ) as r
  join sidelight.operation o on o.id = r.operation_id and o.kind = 3
  join sidelight.service sv on sv.id = o.service_id
  cross join lateral (
    select p.name, p.duration_ns, p.trace_id, p.attributes from sidelight.span p
    where p.trace_id = r.slowest_trace_id and p.operation_id = r.operation_id
      and p.start_time >= now() - interval '49 hours' and p.duration_ns > 5000000000
      and p.end_time >= date_trunc('minute', now()) - interval '1 hour'
      and p.attributes ?| array['db.system.name', 'db.system', 'db.operation.name']
  ) as s
) as q
group by q.operation, q.service, q.tenant

union all
select
  'rate_limit',
  'warning',
  key_type || ':' || identifier,
  identifier,
  format('%s %% of %s requests are used, a warning above 90 %%', round(utilization_pct::numeric, 1), limit_max),
  tenant
from sidelight.v_rate_limit_utilization where utilization_pct > 90

union all
-- As the API tells them: throws of one unresolved error, and fatal ones of a service.
select
  'error_pattern',
  'warning',
  r.group_id::text,
  h.class,
  format(
    '%s: %s: %s times in an hour, a warning from 10', h.service,
    case
      when h.message = '' then h.class
      when length(h.class || h.message) > 197 then left(h.class || ' (' || h.message, 200) || '…'
      else h.class || ' (' || h.message || ')'
    end, r.count
  ),
  h.tenant
from (
  select n.group_id, sum(e.severe_count)::bigint as count
  from sidelight.error_rollup e
  join sidelight.error_group_hash n on n.id = e.error_hash
  where e.level in (0, 1) and e.bucket >= date_trunc('minute', now()) - interval '1 hour'
  group by n.group_id having sum(e.severe_count) >= 10
) as r
left join sidelight.error_group g on g.id = r.group_id
cross join lateral (
  select n.class, n.message, n.service, n.tenant from sidelight.error_group_hash n
  where n.group_id = r.group_id order by n.id <> r.group_id, n.created_at, n.id limit 1
) as h
where coalesce(g.state, 'new') not in ('resolved', 'muted')

union all
select
  'error_pattern',
  'critical',
  s.name,
  s.name,
  format('%s: %s fatal errors in an hour, critical from 3', s.name, r.count),
  s.tenant
from (
  select o.service_id, count(distinct o.id) as count
  from sidelight.error_occurrence o
  left join sidelight.error_group_hash h on h.id = o.error_hash
  left join sidelight.error_group g on g.id = h.group_id
  where o.time >= now() - interval '1 hour' and o.time <= now() and o.severity >= 21 and g.state is distinct from 'muted'
  group by o.service_id having count(distinct o.id) >= 3
) as r
join sidelight.service s on s.id = r.service_id

union all
-- Limits of health, which are configured: as the leader judged them last.
select criterion, severity, service, service, message, tenant
from sidelight.health_condition where judged_at > now() - interval '2 minutes';

comment on view sidelight.v_alert_conditions is 'One row a condition to be told about that holds now';
