import type { Pool } from 'pg'
import { read } from '../read'

const MAX_CONDITIONS = 10_000

/** $1: the tenant or null. The types are literals, so that Postgres leaves out what looks at errors: the API judges these and health itself. */
const CONDITIONS = `
select type, severity, resource_id, resource_name, message, tenant
from sidelight.v_alert_conditions
where ($1::text is null or tenant = $1) and type not in ('error_pattern', 'error_rate', 'p95', 'unresolved_errors')
order by severity, type, tenant collate "C", resource_id collate "C"
limit ${MAX_CONDITIONS}`

/** What is out of order at present with webhooks, rules, rate limits, APIs and databases, critical ones first. */
export async function readConditions(pool: Pool, { tenant }: { readonly tenant: string | null }) {
  return read<Condition>(pool, { what: 'alerts', text: CONDITIONS, values: [tenant] })
}

export interface Condition {
  readonly type:
    | 'webhook_failure'
    | 'webhook_inactive'
    | 'rule_not_triggering'
    | 'api_error_rate'
    | 'slow_query'
    | 'rate_limit'
  readonly severity: 'critical' | 'warning'
  readonly resource_id: string
  readonly resource_name: string
  readonly message: string
  readonly tenant: string
}
