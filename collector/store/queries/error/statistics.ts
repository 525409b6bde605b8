import type { Pool } from 'pg'
import { type Counted, type ErrorFilter, UNRESOLVED_STATES } from './question'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether } from '../read'
import { groupConditions, where } from './filter'
import { hashesOf } from './matching'
import {
  type ErrorNarrowing,
  isNowhere,
  type LevelRange,
  narrow,
  rangesOf,
  rolled,
} from './rollups'
import { userCount } from './users'

/** How many classes, modules and services are told, those with the most throws. */
const MAX_COUNTED = 20

const NOTHING = {
  groupCount: 0,
  unresolvedCount: 0,
  newCount: 0,
  occurrenceCount: 0,
  severeCount: 0,
  unhandledCount: 0,
  userCount: 0,
  byClass: [],
  byModule: [],
  byService: [],
  byState: [],
}

/**
 * What the throws of a window add up to. Unresolved are groups with throws of the severity of an error, new are those first
 * seen in the window; states count groups, everything else throws.
 */
export async function readErrorStatistics(
  pool: Pool,
  question: { readonly window: Range; readonly filter: ErrorFilter },
) {
  const { filter } = question
  return readTogether(pool, 'statistics of errors', async (reading) => {
    const coverage = cover(question.window, null, await readClockMs(reading.client))
    const { window } = coverage
    const hashes = await hashesOf(reading, filter, null)
    const narrowing = { ...(await narrow(reading, filter)), hashes }
    if (isNowhere(narrowing)) return { window, ...NOTHING }
    const ranges = rangesOf(coverage)
    const values = new Values()
    const text = statementOf({ ranges, narrowing, filter, window }, values)
    const rows = await reading.ask<Row>({ text, values: values.list })
    return { window, ...statisticsOf(rows) }
  })
}

interface Asked {
  readonly ranges: readonly LevelRange[]
  readonly narrowing: ErrorNarrowing
  readonly filter: ErrorFilter
  readonly window: Range
}

/** A line of the answer: `what` says which figure, `name` of what. */
interface Row {
  readonly what: string
  readonly name: string
  readonly count: number
}

const COLUMNS =
  'error_hash, operation_id, occurrence_count, severe_count, unhandled_count, first_ns, user_hashes'

function statementOf({ ranges, narrowing, filter, window }: Asked, values: Values): string {
  const { minOccurrences, severeOnly } = filter
  const counted = [
    ...(minOccurrences > 1 ? [`sum(c.occurrences) >= ${values.bind(minOccurrences)}`] : []),
    ...(severeOnly ? ['sum(c.severe) > 0'] : []),
  ]
  const rollups = rolled(COLUMNS, ranges, narrowing, values)
  const conditions = where(groupConditions(filter, values))
  return `
with counted as materialized (
  select error_hash, operation_id, sum(occurrence_count) as occurrences, sum(severe_count) as severe,
    sum(unhandled_count) as unhandled, min(first_ns) as first_ns
  from ${rollups} as r group by error_hash, operation_id
),
kept as materialized (
  select h.group_id, min(h.service) as service, coalesce(min(g.state), 'new') as state,
    sum(c.severe) as severe,
    least(min((extract(epoch from g.first_seen_at) * 1000)::bigint), min(c.first_ns) / 1000000) as first_ms,
    sum(c.occurrences) as occurrences, sum(c.unhandled) as unhandled
  from counted c join sidelight.error_group_hash h on h.id = c.error_hash
  left join sidelight.error_group g on g.id = h.group_id
  ${conditions}
  group by h.group_id
  ${counted.length === 0 ? '' : `having ${counted.join(' and ')}`}
),
thrown as materialized (
  select h.class, c.operation_id, sum(c.occurrences) as occurrences
  from counted c join sidelight.error_group_hash h on h.id = c.error_hash
  ${isPartial(filter) ? 'where h.group_id in (select group_id from kept)' : ''}
  group by 1, 2
)
select 'total' as what, t.name, t.count from (
  select count(*) as groups, count(*) filter (where severe > 0 and state = any(${values.bind(UNRESOLVED_STATES)}::text[])) as unresolved,
    count(*) filter (where first_ms >= ${window.sinceMs}) as fresh, sum(occurrences) as occurrences, sum(severe) as severe,
    sum(unhandled) as unhandled
  from kept
) as k, lateral (values ('groups', k.groups::float8), ('unresolved', k.unresolved), ('new', k.fresh), ('occurrences', k.occurrences),
  ('severe', k.severe), ('unhandled', k.unhandled)) as t (name, count)
union all
select 'users', '', user_count::float8 from (${userCount(`
  select 1 as group_id, unnest(r.user_hashes) as user_hash from ${rollups} as r
  ${isPartial(filter) ? 'join sidelight.error_group_hash h on h.id = r.error_hash where h.group_id in (select group_id from kept)' : ''}`)}) as users
union all (select 'class', class, sum(occurrences)::float8 from thrown group by 2 order by 3 desc, 2 limit ${MAX_COUNTED})
union all (select 'module', coalesce(o.module, ''), sum(t.occurrences)::float8
  from thrown t left join sidelight.operation o on o.id = t.operation_id group by 2 order by 3 desc, 2 limit ${MAX_COUNTED})
union all (select 'service', service, sum(occurrences)::float8 from kept group by 2 order by 3 desc, 2 limit ${MAX_COUNTED})
union all (select 'state', state, count(*)::float8 from kept group by 2 order by 3 desc, 2)`
}

/** Whether groups that the rollups of the window tell of may be left out. */
function isPartial({ tenant, service, states, text, assignee, ...sums }: ErrorFilter): boolean {
  const isNarrowed = [tenant, service, text, assignee].some((value) => value !== null)
  return isNarrowed || states.length > 0 || sums.minOccurrences > 1 || sums.severeOnly
}

function statisticsOf(rows: readonly Row[]) {
  const total = new Map<string, number>()
  for (const { what, name, count } of rows) if (what === 'total') total.set(name, count)
  const of = (name: string) => total.get(name) ?? 0
  const counted = (of: string): Counted[] =>
    rows.filter(({ what }) => what === of).map(({ name, count }) => ({ name, count }))
  return {
    groupCount: of('groups'),
    unresolvedCount: of('unresolved'),
    newCount: of('new'),
    occurrenceCount: of('occurrences'),
    severeCount: of('severe'),
    unhandledCount: of('unhandled'),
    userCount: counted('users')[0]?.count ?? 0,
    byClass: counted('class'),
    byModule: counted('module'),
    byService: counted('service'),
    byState: counted('state'),
  }
}
