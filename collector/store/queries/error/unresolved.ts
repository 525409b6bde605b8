import type { Pool } from 'pg'
import { ALARMING_STATES, type ErrorsOfService } from './question'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether } from '../read'
import { isNowhere, narrow, rangesOf, rolled } from './rollups'

const ANYTHING = { environment: null, operation: null, release: null }

const SHORT_MS = 15 * 60_000
/** Groups of a short window are few: Postgres, which does not know how few, might read the whole dictionary. */
const ONE_BY_ONE = `
cross join lateral (select group_id from sidelight.error_group_hash where id = r.error_hash offset 0) as h
left join lateral (select state from sidelight.error_group where id = h.group_id offset 0) as g on true`
const ALL = `
join sidelight.error_group_hash h on h.id = r.error_hash
left join sidelight.error_group g on g.id = h.group_id`

/** Groups in alarming states with throws of the severity of an error in the window, a service each. */
export async function countUnresolved(
  pool: Pool,
  question: {
    readonly window: Range
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
  },
): Promise<readonly ErrorsOfService[]> {
  return readTogether(pool, 'unresolved errors', async (reading) => {
    const narrowing = await narrow(reading, { ...ANYTHING, ...question })
    if (isNowhere(narrowing)) return []
    const coverage = cover(question.window, null, await readClockMs(reading.client))
    const { sinceMs, untilMs } = coverage.window
    const lookups = untilMs - sinceMs <= SHORT_MS ? ONE_BY_ONE : ALL
    const values = new Values()
    const columns = 'error_hash, service_id, severe_count'
    return reading.ask<ErrorsOfService>({
      text: `
select s.tenant, s.environment, s.namespace, s.name as service, count(distinct h.group_id)::int as count
from (
  select distinct error_hash, service_id
  from ${rolled(columns, rangesOf(coverage), narrowing, values)} as r where severe_count > 0
) as r
${lookups}
join sidelight.service s on s.id = r.service_id
where coalesce(g.state, 'new') = any(${values.bind(ALARMING_STATES)}::text[])
group by s.id
order by s.tenant, s.environment, s.namespace, s.name`,
      values: values.list,
    })
  })
}
