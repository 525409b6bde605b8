import type { Pool } from 'pg'
import { groupBy } from '../../../group-by'
import { DAY_MS, HOUR_MS } from '../../clock'
import { Values } from '../log-filter'
import { read } from '../read'
import { businessConditions, STATUS, type BusinessFilter } from './filter'

/** Business events over time, in a window of whole steps. */
export interface SeriesQuestion {
  readonly window: { readonly sinceMs: number; readonly untilMs: number }
  readonly stepMs: number
  readonly filter: BusinessFilter
  readonly limit: number
}

/** Counts, costs and durations by name, status and step, those with the most events first. */
export async function readBusinessSeries(pool: Pool, question: SeriesQuestion) {
  const values = new Values()
  const text = seriesStatement(question, values)
  const rows = await read<StepRow>(pool, { what: 'business events', text, values: values.list })
  const groups = [...groupBy(rows, ({ rank }) => rank).values()]
  const series = groups.map((steps) => ({
    name: steps[0]?.name ?? '',
    status: steps[0]?.status ?? '',
    steps: steps.map(({ sinceMs, count, costUsd, avgDurationMs, maxDurationMs }) => {
      return { sinceMs, count, costUsd, avgDurationMs, maxDurationMs }
    }),
  }))
  const { limit } = question
  return { series: series.slice(0, limit), isTruncated: series.length > limit }
}

interface StepRow {
  readonly rank: number
  readonly name: string
  readonly status: string
  readonly sinceMs: number
  readonly count: number
  readonly costUsd: number
  readonly avgDurationMs: number | null
  readonly maxDurationMs: number | null
}

function seriesStatement({ window, stepMs, filter, limit }: SeriesQuestion, values: Values) {
  const [since, until] = [window.sinceMs, window.untilMs].map(
    (ms) => `${values.bind(new Date(ms).toISOString())}::timestamptz`,
  )
  const isByHour = stepMs % HOUR_MS === 0
  const time = isByHour ? 'fact.bucket' : 'fact.time'
  const conditions = [
    `${time} >= ${since}`,
    `${time} < ${until}`,
    ...businessConditions(filter, values),
  ]
  if (isByHour) conditions.push(`fact.level in (0, ${levelOf(window, stepMs)})`)
  return `
with counted as (
  select catalogue.subject as name, ${STATUS} as status,
    date_bin('${stepMs} milliseconds', ${time}, 'epoch'::timestamptz) as since, ${isByHour ? OF_ROLLUPS : OF_EVENTS}
  from sidelight.catalogue
  join sidelight.${isByHour ? 'event_rollup' : 'event'} as fact on fact.catalogue_id = catalogue.id
  left join sidelight.service on service.id = fact.service_id
  where ${conditions.join(' and ')}
  group by 1, 2, 3
),
ranked as (
  select name, status, row_number() over (order by sum(count) desc, name, status) as rank
  from counted group by name, status
)
select rank::int as rank, name, status, (extract(epoch from since) * 1000)::float8 as "sinceMs", count as "count",
  cost::numeric::float8 as "costUsd", sum_ns / nullif(known, 0) / 1e6 as "avgDurationMs", max_ns / 1e6 as "maxDurationMs"
from counted join ranked using (name, status)
where rank <= ${values.bind(limit)}::int + 1
order by rank, since`
}

/** Rows of days where steps are days and the window whole ones, else rows of hours. */
function levelOf({ sinceMs, untilMs }: SeriesQuestion['window'], stepMs: number): number {
  return [stepMs, sinceMs, untilMs].every((ms) => ms % DAY_MS === 0) ? 3 : 2
}

const OF_ROLLUPS = `sum(fact.event_count)::float8 as count,
    sum(fact.amount)::float8 as cost, sum(fact.duration_sum_ns)::float8 as sum_ns,
    sum(fact.zero_count + (select coalesce(sum(n), 0) from unnest(fact.bucket_counts) as n))::float8 as known,
    max(fact.duration_max_ns)::float8 as max_ns`

const OF_EVENTS = `count(*)::float8 as count, coalesce(sum(fact.amount), 0)::float8 as cost,
    coalesce(sum(fact.duration_ns), 0)::float8 as sum_ns, count(fact.duration_ns)::float8 as known,
    max(fact.duration_ns)::float8 as max_ns`
