import type { Reading } from '../read'
import { formatTimes } from './times'

/** $1 and $2: the tenant and the one webhook asked about, or null. Disabled ones are not critical, nobody waits for them. */
const SUMMARY = `
select count(*)::float8 as total_webhooks,
  count(*) filter (where enabled)::float8 as enabled_webhooks,
  coalesce(sum(total_deliveries), 0)::float8 as total_deliveries,
  coalesce(sum(successful_deliveries), 0)::float8 as successful_deliveries,
  coalesce(sum(failed_deliveries), 0)::float8 as failed_deliveries,
  avg(success_rate_pct)::float8 as avg_success_rate,
  count(*) filter (where consecutive_failures > 0)::float8 as webhooks_with_failures,
  count(*) filter (where enabled and consecutive_failures >= 10)::float8 as critical_webhooks
from sidelight.mv_webhook_performance
where ($1::text is null or tenant = $1) and ($2::text is null or webhook_id = $2)`

/** The same, and $3: how many. Only of those that are answered are means worked out. */
const WORST = `
select json_agg(worst) as webhooks from (
  select webhook_id, url, enabled, total_deliveries, successful_deliveries, failed_deliveries, success_rate_pct,
    avg_duration_ms, p95_duration_ms, max_duration_ms, deliveries_24h, deliveries_7d, failures_24h,
    consecutive_failures, last_success_at, last_failure_at, tenant
  from sidelight.mv_webhook_performance
  where ($1::text is null or tenant = $1) and ($2::text is null or webhook_id = $2)
  order by enabled desc, consecutive_failures desc, failures_24h desc, success_rate_pct nulls last, total_deliveries desc,
    webhook_id collate "C", tenant collate "C"
  limit $3
) as worst`

/** Webhooks, worst first, and a summary of all of them; or the one with an id. */
export async function readWebhooks(
  { ask }: Reading,
  tenant: string | null,
  { limit, id }: { readonly limit: number; readonly id: string | null },
) {
  const [summary] = await ask<Summary>({ text: SUMMARY, values: [tenant, id] })
  const [worst] = await ask<Worst>({ text: WORST, values: [tenant, id, limit] })
  if (summary === undefined) throw new Error('an aggregate has no row')
  return { summary, webhooks: (worst?.webhooks ?? []).map((each) => formatTimes(each, TIMES)) }
}

const TIMES = ['last_success_at', 'last_failure_at'] as const

export interface Summary {
  readonly total_webhooks: number
  readonly enabled_webhooks: number
  readonly total_deliveries: number
  readonly successful_deliveries: number
  readonly failed_deliveries: number
  readonly avg_success_rate: number | null
  readonly webhooks_with_failures: number
  readonly critical_webhooks: number
}

export interface Worst {
  readonly webhooks: readonly Webhook[] | null
}

export interface Webhook {
  readonly webhook_id: string
  readonly url: string | null
  readonly enabled: boolean
  readonly total_deliveries: number
  readonly successful_deliveries: number
  readonly failed_deliveries: number
  readonly success_rate_pct: number | null
  readonly avg_duration_ms: number | null
  readonly p95_duration_ms: number | null
  readonly max_duration_ms: number | null
  readonly deliveries_24h: number
  readonly deliveries_7d: number
  readonly failures_24h: number
  readonly consecutive_failures: number
  readonly last_success_at: string | null
  readonly last_failure_at: string | null
  readonly tenant: string
}
