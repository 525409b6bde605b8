import type { Pool } from 'pg'
import type { Difference } from './recount'

/** What log records tell, as the helpers send them: numbers as numbers, and all that is needed. */
const TOLD_BY_RECORDS = `
  select service_id, date_trunc('hour', time, 'UTC') as bucket, tenant, kind, subject, detail, outcome,
    (extract(epoch from time) * 1000000)::bigint * 1000 + coalesce(time_ns, 0) as ns,
    outcome in ('registered', 'observed') is not true as is_counted,
    round((attributes ->> 'sidelight.duration_ms')::numeric * 1000000) as duration_ns,
    coalesce((attributes ->> amount_name)::double precision, 0) as amount
  from sidelight.log_record join sidelight.service on service.id = service_id, lateral (
    select attributes ->> 'sidelight.outcome' as said, attributes ->> 'http.response.status_code' as status
  ) as sent, lateral (values
    ('sidelight.webhook.delivery', 'webhook', attributes ->> 'webhook.id', '', said, null),
    ('sidelight.webhook.registration', 'webhook', attributes ->> 'webhook.id', '', 'registered', null),
    ('sidelight.rule.execution', 'rule', attributes ->> 'rule.id', '', said, 'rule.affected_count'),
    ('sidelight.rule.registration', 'rule', attributes ->> 'rule.id', '', 'registered', null),
    ('sidelight.rate_limit', 'rate_limit', attributes ->> 'rate_limit.identifier',
      attributes ->> 'rate_limit.key_type', 'observed', null),
    ('sidelight.api.request', 'api', coalesce(attributes ->> 'api.resource', ''), status,
      case when status >= '400' then 'failed' else 'succeeded' end, null),
    ('sidelight.business', 'business', attributes ->> 'business.event', said, said, 'sidelight.cost_usd'),
    ('sidelight.cost', 'cost', coalesce(attributes ->> 'user.id', ''),
      coalesce(attributes ->> 'cost.endpoint', ''), null, 'sidelight.cost_usd')
  ) as event (name, kind, subject, detail, outcome, amount_name)
  where event_name = event.name`

const ROLLUP_DIFFERENCES = `
with record as (${TOLD_BY_RECORDS}), counted as (
  select bucket, service_id, tenant, kind, subject, detail, jsonb_build_object(
    'events', count(*) filter (where is_counted), 'failed', count(*) filter (where outcome = 'failed'),
    'amount', round(coalesce(sum(amount) filter (where is_counted), 0)::numeric, 6),
    'sum', coalesce(sum(duration_ns) filter (where is_counted), 0),
    'min', min(duration_ns) filter (where is_counted), 'max', max(duration_ns) filter (where is_counted),
    'timed', count(duration_ns) filter (where is_counted),
    'success', max(ns) filter (where outcome = 'succeeded'), 'failure', max(ns) filter (where outcome = 'failed'),
    'registered', max(ns) filter (where not is_counted)
  ) as figures
  from record group by bucket, service_id, tenant, kind, subject, detail
), told as (
  select date_trunc('hour', bucket, 'UTC') as bucket, service_id, tenant, kind, subject, detail, jsonb_build_object(
    'events', sum(event_count), 'failed', sum(failed_count), 'amount', round(sum(amount)::numeric, 6),
    'sum', sum(duration_sum_ns)::numeric, 'min', min(duration_min_ns), 'max', max(duration_max_ns),
    'timed', sum(zero_count + (select coalesce(sum(count), 0) from unnest(bucket_counts) as count)),
    'success', max(last_success_ns), 'failure', max(last_failure_ns), 'registered', max(registered_ns)
  ) as figures
  from sidelight.event_rollup join sidelight.catalogue on catalogue.id = catalogue_id
  where level in (0, 2)
  group by 1, service_id, tenant, kind, subject, detail
)
select counted.figures as counted, told.figures as told
from counted full join told using (bucket, service_id, tenant, kind, subject, detail)
where counted.figures is distinct from told.figures`

const ROW_DIFFERENCES = `
with counted as (
  select ns, service_id, tenant, kind, subject, detail, outcome, count(*) as copies from (${TOLD_BY_RECORDS}) as record
  where kind not in ('api', 'cost') group by ns, service_id, tenant, kind, subject, detail, outcome
), told as (
  select (extract(epoch from time) * 1000000)::bigint * 1000 + time_ns as ns, service_id, tenant, kind, subject, detail, outcome,
    count(*) as copies
  from sidelight.event join sidelight.catalogue on catalogue.id = catalogue_id
  group by ns, service_id, tenant, kind, subject, detail, outcome
)
select to_jsonb(counted) as counted, to_jsonb(told) as told
from counted full join told using (ns, service_id, tenant, kind, subject, detail, outcome, copies)
where (counted is null) <> (told is null)`

/**
 * Where `event` and `event_rollup`, added to other levels or not, differ from a count of the log records that are stored. For
 * events as the helpers send them, none of them above a cap or a limit.
 */
export async function eventDifferences(
  database: Pick<Pool, 'query'>,
): Promise<readonly Difference[]> {
  const all: Difference[] = []
  for (const statement of [ROLLUP_DIFFERENCES, ROW_DIFFERENCES]) {
    all.push(...(await database.query<Difference>(statement)).rows)
  }
  return all
}

/** How many events are told of. */
export async function countEvents(database: Pick<Pool, 'query'>): Promise<number> {
  const { rows } = await database.query<{ count: string }>(
    'select coalesce(sum(event_count), 0) as count from sidelight.event_rollup where level in (0, 2)',
  )
  return Number(rows[0]?.count)
}
