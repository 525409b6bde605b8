import type { Pool } from 'pg'
import { readTogether } from '../read'
import { readClockMs } from '../../clock'
import { cover } from './coverage'
import type { Range } from './question'

/** $1 to $3: since, until, tenant. Of a tenant both ends must be. */
const EDGES_SQL = `
select client.name as client, server.name as server, sum(call_count)::float8 as "count",
  sum(error_count)::float8 as "errorCount", sum(adjusted_count) as "adjustedCount",
  sum(adjusted_error_count) as "adjustedErrorCount", sum(duration_sum_ns) as "durationSumNs",
  max(duration_max_ns)::float8 as "durationMaxNs"
from sidelight.edge_rollup
join sidelight.service client on client.id = client_service_id
join sidelight.service server on server.id = server_service_id
where bucket >= $1::timestamptz and bucket < $2::timestamptz
  and ($3::text is null or (client.tenant = $3 and server.tenant = $3))
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
