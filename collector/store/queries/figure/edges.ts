import type { Pool } from 'pg'
import { readTogether } from '../read'
import { readClockMs } from '../../clock'
import { cover } from './coverage'
import type { Range } from './question'

/** $1 to $3: since, until, tenant. Of a tenant both ends must be. */
const EDGES_SQL = `
with called as (
  select client_service_id, server_service_id, sum(call_count) as calls, sum(error_count) as errors,
    sum(adjusted_count) as adjusted, sum(adjusted_error_count) as adjusted_errors, sum(duration_sum_ns) as sum_ns,
    max(duration_max_ns) as max_ns
  from sidelight.edge_rollup
  where bucket >= $1::timestamptz and bucket < $2::timestamptz
  group by 1, 2
)
select client.name as client, server.name as server, sum(calls)::float8 as "count",
  sum(errors)::float8 as "errorCount", sum(adjusted) as "adjustedCount",
  sum(adjusted_errors) as "adjustedErrorCount", sum(sum_ns) as "durationSumNs", max(max_ns)::float8 as "durationMaxNs"
from called
join sidelight.service client on client.id = client_service_id
join sidelight.service server on server.id = server_service_id
where $3::text is null or (client.tenant = $3 and server.tenant = $3)
group by 1, 2
order by 1, 2`

/** Calls from one service to another. */
export interface Edge {
  readonly client: string
  readonly server: string
  readonly count: number
  readonly errorCount: number
  readonly adjustedCount: number
  readonly adjustedErrorCount: number
  readonly durationSumNs: number
  readonly durationMaxNs: number | null
}

/** Who calls whom in a window, by the names of services. */
export async function readEdges(
  pool: Pool,
  { window: asked, tenant }: { readonly window: Range; readonly tenant: string | null },
) {
  return readTogether(pool, 'the calls between services', async ({ client, ask }) => {
    const { window } = cover(asked, null, await readClockMs(client))
    const bounds = [window.sinceMs, window.untilMs].map((ms) => new Date(ms).toISOString())
    const edges = await ask<Edge>({ text: EDGES_SQL, values: [...bounds, tenant] })
    return { window, edges }
  })
}
