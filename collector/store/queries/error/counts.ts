import type { Pool } from 'pg'
import type { ErrorsOfService } from './question'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether } from '../read'
import { isNowhere, narrow, rangesOf, rolled, within } from './rollups'

export interface ThrowsOfService extends ErrorsOfService {
  readonly severeCount: number
  readonly unhandledCount: number
}

const ANYTHING = { service: null, environment: null, module: null, operation: null, release: null }
const FATAL = 21
const NAMES = 's.tenant, s.environment, s.namespace, s.name as service'
const IN_ORDER = 'order by s.tenant, s.environment, s.namespace, s.name'

/** Throws of the window, a service each. */
export async function countThrows(
  pool: Pool,
  question: { readonly window: Range; readonly tenant: string | null },
): Promise<readonly ThrowsOfService[]> {
  return readTogether(pool, 'throws', async (reading) => {
    const narrowing = await narrow(reading, { ...ANYTHING, ...question })
    if (isNowhere(narrowing)) return []
    const coverage = cover(question.window, null, await readClockMs(reading.client))
    const values = new Values()
    const columns = 'service_id, occurrence_count, severe_count, unhandled_count'
    return reading.ask<ThrowsOfService>({
      text: `
select ${NAMES}, r.occurrences as count, r.severe as "severeCount", r.unhandled as "unhandledCount"
from (
  select service_id, sum(occurrence_count)::float8 as occurrences, sum(severe_count)::float8 as severe,
    sum(unhandled_count)::float8 as unhandled
  from ${rolled(columns, rangesOf(coverage), narrowing, values)} as r group by service_id
) as r
join sidelight.service s on s.id = r.service_id
${IN_ORDER}`,
      values: values.list,
    })
  })
}

/** Throws of severity fatal that were kept, by the exact window, each once; what people muted is no news to them. */
export async function countFatal(
  pool: Pool,
  question: {
    readonly window: Range
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
  },
): Promise<readonly ErrorsOfService[]> {
  return readTogether(pool, 'fatal errors', async (reading) => {
    const { serviceIds, operationIds } = await narrow(reading, { ...ANYTHING, ...question })
    return reading.ask<ErrorsOfService>({
      text: `
select ${NAMES}, o.count from (
  select service_id, count(distinct e.id)::int as count from sidelight.error_occurrence e
  left join sidelight.error_group_hash h on h.id = e.error_hash
  left join sidelight.error_group g on g.id = h.group_id
  where ${within('e.time', question.window)} and e.severity >= ${FATAL} and g.state is distinct from 'muted'
    and ($1::bigint[] is null or service_id = any($1)) and ($2::bigint[] is null or operation_id = any($2))
  group by service_id
) as o
join sidelight.service s on s.id = o.service_id
${IN_ORDER}`,
      values: [serviceIds, operationIds],
    })
  })
}
