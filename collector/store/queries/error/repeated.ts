import type { Pool } from 'pg'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether } from '../read'
import { UNRESOLVED_STATES } from './question'
import { isNowhere, narrow, rangesOf, rolled } from './rollups'

/** A group with what was thrown of it in a window, and when it was thrown first of all, in unix milliseconds. */
export interface RepeatedError {
  readonly id: string
  readonly tenant: string
  readonly environment: null
  readonly namespace: string
  readonly service: string
  readonly class: string
  readonly message: string
  readonly count: number
  readonly firstSeenMs: number
}

const ANYTHING = { environment: null, operation: null, release: null }

/** The unresolved groups with `least` throws of the severity of an error in the window, those with the most first. */
export async function listRepeated(
  pool: Pool,
  {
    window,
    least,
    limit,
    ...about
  }: {
    readonly window: Range
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
    readonly least: number
    readonly limit: number
  },
): Promise<readonly RepeatedError[]> {
  return readTogether(pool, 'repeated errors', async (reading) => {
    const narrowing = await narrow(reading, { ...ANYTHING, ...about })
    if (isNowhere(narrowing)) return []
    const coverage = cover(window, null, await readClockMs(reading.client))
    const values = new Values()
    const columns = 'error_hash, severe_count, first_ns'
    const rollups = rolled(columns, rangesOf(coverage), narrowing, values)
    const text = statementOf(rollups, values, least, limit)
    return reading.ask<RepeatedError>({ text, values: values.list })
  })
}

/** Groups are left out by their counts before anything else is looked up: few repeat. */
function statementOf(rollups: string, values: Values, least: number, limit: number): string {
  return `
with thrown as materialized (
  select h.group_id, sum(r.severe_count) as severe_count, min(r.first_ns) as first_ns
  from (
    select error_hash, sum(severe_count::float8) as severe_count, min(first_ns) as first_ns
    from ${rollups} as each group by error_hash
  ) as r
  join sidelight.error_group_hash h on h.id = r.error_hash
  group by h.group_id having sum(r.severe_count) >= ${values.bind(least)}
),
repeated as (
  select t.group_id, t.severe_count, least((extract(epoch from g.first_seen_at) * 1e9)::bigint, t.first_ns) as first_ns
  from thrown t left join sidelight.error_group g on g.id = t.group_id
  where coalesce(g.state, 'new') = any(${values.bind(UNRESOLVED_STATES)}::text[])
  order by t.severe_count desc, t.group_id desc limit ${values.bind(limit)}
)
select r.group_id as id, h.tenant, null as environment, h.namespace, h.service, h.class, h.message,
  r.severe_count as count, (least(r.first_ns, earlier.first_ns) / 1000000)::float8 as "firstSeenMs"
from repeated r
cross join lateral (
  select n.tenant, n.namespace, n.service, n.class, n.message from sidelight.error_group_hash n
  where n.group_id = r.group_id order by n.id <> r.group_id, n.created_at, n.id limit 1
) as h
-- What nobody has noted yet of the group is in the rollups: deltas, and hours.
cross join lateral (
  select min(e.first_ns) as first_ns
  from sidelight.error_group_hash n cross join lateral (${firstOf(0)} union all ${firstOf(2)}) as e
  where n.group_id = r.group_id
) as earlier
order by r.severe_count desc, r.group_id desc`
}

function firstOf(level: 0 | 2): string {
  return `
    (select first_ns from sidelight.error_rollup
    where error_hash = n.id and level = ${level} order by bucket, first_ns limit 1)`
}
