import { type Reading, readJson } from '../read'
import { formatTime } from './times'

/**
 * $1 and $2: the tenant and the one webhook asked about, or null; $3: how many. All are read once, with no more than puts them in
 * order and adds them up. Disabled ones are not critical, nobody waits for them.
 */
const WEBHOOKS = `
with webhook as materialized (
  select webhook_id, enabled, total_deliveries, successful_deliveries, failed_deliveries, success_rate_pct, failures_24h,
    consecutive_failures, tenant
  from sidelight.mv_webhook_performance
  where ($1::text is null or tenant = $1) and ($2::text is null or webhook_id = $2)
),
worst as materialized (
  select webhook_id, tenant, row_number() over () as place from (
    select webhook_id, tenant from webhook
    order by enabled desc, consecutive_failures desc, failures_24h desc, success_rate_pct nulls last,
      total_deliveries desc, webhook_id collate "C", tenant collate "C"
    limit $3
  ) as sorted
),
answered as (
  select webhook_id, url, enabled, total_deliveries, successful_deliveries, failed_deliveries, success_rate_pct,
    avg_duration_ms, p95_duration_ms, max_duration_ms, deliveries_24h, deliveries_7d, failures_24h,
    consecutive_failures, ${formatTime('last_success_at')}, ${formatTime('last_failure_at')}, tenant
  from worst join sidelight.mv_webhook_performance using (webhook_id, tenant)
  order by place
)
select json_build_object(
  'summary', json_build_object(
    'total_webhooks', count(*),
    'enabled_webhooks', count(*) filter (where enabled),
    'total_deliveries', coalesce(sum(total_deliveries), 0),
    'successful_deliveries', coalesce(sum(successful_deliveries), 0),
    'failed_deliveries', coalesce(sum(failed_deliveries), 0),
    'avg_success_rate', avg(success_rate_pct),
    'webhooks_with_failures', count(*) filter (where consecutive_failures > 0),
    'critical_webhooks', count(*) filter (where enabled and consecutive_failures >= 10)
  ),
  'webhooks', (select coalesce(json_agg(answered), '[]') from answered)
)::text as json
from webhook`

/** Webhooks, worst first, and a summary of all of them, or the one with an id: JSON, as it is answered. */
export async function readWebhooks(
  reading: Reading,
  tenant: string | null,
  { limit, id }: { readonly limit: number; readonly id: string | null },
): Promise<string> {
  return readJson(reading, { text: WEBHOOKS, values: [tenant, id, limit] })
}
