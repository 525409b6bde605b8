import type { Pool } from 'pg'
import { readClockMs } from '../clock'
import { cover } from './figure/coverage'
import type { Range } from './figure/question'
import { isDelta, isFolded } from './figure/statement'
import { read, readTogether } from './read'

/** SeverityNumber FATAL (OpenTelemetry logs data model). */
const FATAL = 21

/** A service with a number of errors. */
export interface ErrorsOfService {
  readonly tenant: string
  readonly environment: string
  readonly namespace: string
  readonly service: string
  readonly count: number
}

/** Throws of a service, each counted once; the two others are among them. */
export interface ThrowsOfService extends ErrorsOfService {
  readonly severeCount: number
  readonly unhandledCount: number
}

/** How many errors of each service, for counters and alerts. Each throws Unavailable when Postgres is away or too slow. */
export function createErrorCountQueries(pool: Pool) {
  return {
    countThrows: (question: { readonly window: Range; readonly tenant: string | null }) =>
      countThrows(pool, question),
    countFatal: (question: {
      readonly window: Range
      readonly tenant: string | null
      readonly service: string | null
      readonly module: string | null
    }) => countFatal(pool, question),
  }
}

/** From rollups, in one statement: a delta moves into a minute and an hour meanwhile. */
function countThrows(
  pool: Pool,
  { window, tenant }: { readonly window: Range; readonly tenant: string | null },
): Promise<ThrowsOfService[]> {
  return readTogether(pool, 'the errors of the services', async ({ ask, client }) => {
    const coverage = cover(window, null, await readClockMs(client))
    const text = `
      with thrown as (
        select service_id, sum(occurrence_count) as count, sum(severe_count) as severe, sum(unhandled_count) as unhandled
        from sidelight.error_rollup
        where ${isDelta(coverage)} or ${isFolded(coverage)}
        group by 1
      )
      select tenant, environment, namespace, name as service, count::float8 as count, severe::float8 as "severeCount",
        unhandled::float8 as "unhandledCount"
      from thrown join sidelight.service on id = service_id
      where $1::text is null or tenant = $1
      order by 4, 3, 2, 1`
    return ask<ThrowsOfService>({ text, values: [tenant] })
  })
}

/** $1 to $5: since, until, tenant, service, module. What people muted is no news to them. */
const FATAL_SQL = `
select service.tenant, service.environment, service.namespace, service.name as service,
  count(distinct thrown.id)::float8 as count
from sidelight.error_occurrence thrown
join sidelight.service on service.id = thrown.service_id
join sidelight.operation on operation.id = thrown.operation_id
left join sidelight.error_group_hash hashed on hashed.id = thrown.error_hash
left join sidelight.error_group grouped on grouped.id = hashed.group_id
where thrown.severity >= ${FATAL} and thrown.time >= $1::timestamptz and thrown.time < $2::timestamptz
  and ($3::text is null or service.tenant = $3)
  and ($4::text is null or service.name = $4)
  and ($5::text is null or operation.module = $5)
  and grouped.state is distinct from 'muted'
group by 1, 2, 3, 4
order by 4, 3, 2, 1`

function countFatal(
  pool: Pool,
  {
    window: { sinceMs, untilMs },
    tenant,
    service,
    module,
  }: {
    readonly window: Range
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
  },
): Promise<ErrorsOfService[]> {
  const instants = [sinceMs, untilMs].map((ms) => new Date(ms).toISOString())
  const values = [...instants, tenant, service, module]
  return read<ErrorsOfService>(pool, { what: 'the fatal errors', text: FATAL_SQL, values })
}
