import type { Pool } from 'pg'
import { type Counted, type ErrorFilter, UNRESOLVED_STATES } from './question'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether } from '../read'
import { groupConditions, groupJoin, where } from './filter'
import { hashesOf } from './matching'
import {
  allowMany,
  type ErrorNarrowing,
  isNowhere,
  type LevelRange,
  narrow,
  rangesOf,
  rolled,
} from './rollups'
import { LEAST_KEPT, userCount } from './users'

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
    await allowMany(reading)
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

const LAST_BIGINT = '9223372036854775807'

const COLUMNS =
  'error_hash, operation_id, occurrence_count, severe_count, unhandled_count, first_ns, user_hashes'

function statementOf({ ranges, narrowing, filter, window }: Asked, values: Values): string {
  const { minOccurrences, severeOnly } = filter
  const asked = [
    ...(minOccurrences > 1 ? [`sum(c.occurrences) >= ${values.bind(minOccurrences)}`] : []),
    ...(severeOnly ? ['sum(c.severe) > 0'] : []),
  ]
  const rollups = rolled(COLUMNS, ranges, narrowing, values)
  const ofKept = asked.length === 0 ? '' : 'where group_id in (select group_id from kept)'
  // Sums of doubles, as in the order by count.
  return `
with counted as materialized (
  select h.id, h.group_id, h.class, h.service, r.operation_id, sum(r.occurrence_count::float8) as occurrences,
    sum(r.severe_count::float8) as severe, sum(r.unhandled_count::float8) as unhandled, min(r.first_ns) as first_ns,
    min(r.user_hashes[1]) as least_user
  from ${rollups} as r join sidelight.error_group_hash h on h.id = r.error_hash
  ${groupJoin(filter)}
  ${where(groupConditions(filter, values))}
  group by h.id, r.operation_id
),
kept as materialized (
  select c.group_id, sum(c.occurrences) as occurrences, sum(c.severe) as severe, sum(c.unhandled) as unhandled,
    coalesce(g.state, 'new') as state,
    least((extract(epoch from g.first_seen_at) * 1000)::bigint, min(c.first_ns) / 1000000) as first_ms
  from counted c left join sidelight.error_group g on g.id = c.group_id
  group by c.group_id, g.id ${asked.length === 0 ? '' : `having ${asked.join(' and ')}`}
),
parts as materialized (
  select class, service, operation_id, sum(occurrences) as occurrences from counted ${ofKept}
  group by grouping sets ((class), (service), (operation_id))
),
greatest as materialized (
  select case when count(*) < ${LEAST_KEPT} then ${LAST_BIGINT} else max(least_user) end as user_hash from (
    select distinct least_user from counted ${ofKept} order by 1 limit ${LEAST_KEPT}
  ) as least where least_user is not null
)
select 'total' as what, t.name, t.count from (
  select count(*) as groups, count(*) filter (where severe > 0 and state = any(${values.bind(UNRESOLVED_STATES)}::text[])) as unresolved,
    count(*) filter (where first_ms >= ${window.sinceMs}) as fresh, sum(occurrences) as occurrences, sum(severe) as severe,
    sum(unhandled) as unhandled
  from kept
) as k, lateral (values ('groups', k.groups::float8), ('unresolved', k.unresolved), ('new', k.fresh), ('occurrences', k.occurrences),
  ('severe', k.severe), ('unhandled', k.unhandled)) as t (name, count)
union all
select 'users', '', user_count::float8 from (${userCount(usersOf(rollups, filter, ofKept))}) as users
union all (select 'class', class, occurrences from parts where class is not null order by 3 desc, 2 limit ${MAX_COUNTED})
union all (select 'module', coalesce(o.module, ''), sum(p.occurrences) from parts p left join sidelight.operation o on o.id = p.operation_id
  where p.operation_id is not null group by 2 order by 3 desc, 2 limit ${MAX_COUNTED})
union all (select 'service', service, occurrences from parts where service is not null order by 3 desc, 2 limit ${MAX_COUNTED})
union all (select 'state', state, count(*)::float8 from kept group by 2 order by 3 desc, 2)`
}

/**
 * The users of all groups together that can be among the least ones, which are all that count: none above the greatest of so
 * many that are the least of a hash.
 */
function usersOf(rollups: string, filter: ErrorFilter, ofKept: string): string {
  const isKept = isPartial(filter) ? `and r.error_hash in (select id from counted ${ofKept})` : ''
  return `
  select 1 as group_id, user_hash from ${rollups} as r cross join lateral unnest(r.user_hashes) as each (user_hash)
  where r.user_hashes[1] <= (select user_hash from greatest) and user_hash <= (select user_hash from greatest) ${isKept}`
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
