import type { Reading } from '../read'

/** $1 and $2: the tenant or null, how many. */
const RATE_LIMITS = `
select key_type, identifier, request_count::float8 as request_count, limit_max::float8 as limit_max,
  utilization_pct::float8 as utilization_pct, status, seconds_until_reset::float8 as seconds_until_reset, tenant
from sidelight.v_rate_limit_utilization
where $1::text is null or tenant = $1
order by v_rate_limit_utilization.utilization_pct desc nulls last, tenant, key_type, identifier
limit $2`

/** Rate limits, the most used up first: JSON, as it is answered. */
export async function readRateLimits(
  { ask }: Reading,
  tenant: string | null,
  limit: number,
): Promise<string> {
  return JSON.stringify(await ask({ text: RATE_LIMITS, values: [tenant, limit] }))
}
