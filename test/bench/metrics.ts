import type { Client } from 'pg'
import type { RunningCollector } from '../helpers/collector'
import { ask } from './ask'
import { type Figure, spread } from './report'

const SERIES = 50
const INTERVAL_SECONDS = 15
const POINTS = (24 * 3600) / INTERVAL_SECONDS
const CATALOGUE_SERIES = 100_000
const QUESTIONS = 40
const DAY_MS = 86_400_000

/**
 * The catalogue among 100,000 series, half of them of one metric; and rates and quantiles of the last 24 hours, of 50 series
 * with a point each 15 s, in partitions made like any other.
 */
export async function benchMetrics(client: Client, collector: RunningCollector): Promise<Figure[]> {
  await fill(client)
  const day = 'hours=24&groupBy=route'
  return [
    ...(await time(
      collector,
      `catalogue of ${CATALOGUE_SERIES.toLocaleString('en')} series`,
      '?limit=100',
    )),
    ...(await time(collector, '24 h rate', `/query?name=bench.requests&aggregation=rate&${day}`)),
    ...(await time(collector, '24 h gauge average', `/query?name=bench.memory&${day}`)),
    ...(await time(collector, '24 h gauge sum', `/query?name=bench.memory&aggregation=sum&${day}`)),
    ...(await time(collector, '24 h p95', `/query?name=bench.duration&quantile=0.95&${day}`)),
    ...(await time(
      collector,
      '24 h p95, exponential',
      `/query?name=bench.size&quantile=0.95&${day}`,
    )),
    ...(await time(collector, '24 h p95, delta', `/query?name=bench.delta&quantile=0.95&${day}`)),
  ]
}

async function time(collector: RunningCollector, name: string, path: string): Promise<Figure[]> {
  const all: number[] = []
  for (let asked = 0; asked < QUESTIONS; asked++) {
    const { answer, millis } = await ask<Answer>(collector, `/api/v1/metrics${path}`)
    const { series, metrics } = answer
    const found = series?.length ?? metrics?.length ?? 0
    const expected = series === undefined ? 100 : SERIES
    if (found !== expected) throw new Error(`${path} came back with ${found}, not ${expected}`)
    all.push(millis)
  }
  return spread(name, all, { floor: 300, aim: 100 })
}

interface Answer {
  readonly series?: unknown[]
  readonly metrics?: unknown[]
}

const METRICS: readonly (readonly [string, string, string | null, boolean | null])[] = [
  ['bench.requests', 'sum', 'cumulative', true],
  ['bench.memory', 'gauge', null, null],
  ['bench.duration', 'histogram', 'cumulative', null],
  ['bench.size', 'exponential_histogram', 'cumulative', null],
  ['bench.delta', 'histogram', 'delta', null],
]

async function fill(client: Client): Promise<void> {
  await client.query(
    'truncate sidelight.metric_series, sidelight.metric_point, sidelight.metric_histogram',
  )
  await client.query(
    `insert into sidelight.service (id, tenant, environment, namespace, name)
     select n, '', '', '', 'bench ' || n from generate_series(1, 20) as n on conflict do nothing`,
  )
  await client.query(FILL_CATALOGUE, [CATALOGUE_SERIES])
  for (const [metric, [name, kind, temporality, isMonotonic]] of METRICS.entries()) {
    await client.query(FILL_SERIES, [metric * SERIES, name, kind, temporality, isMonotonic, SERIES])
  }
  const untilMs = Math.floor(Date.now() / DAY_MS) * DAY_MS + (Date.now() % DAY_MS)
  for (const [metric] of METRICS.entries()) {
    const statement = metric < 2 ? FILL_POINTS : FILL_HISTOGRAMS[metric - 2]
    const until = new Date(untilMs).toISOString()
    await client.query(statement ?? '', [until, POINTS, metric * SERIES, SERIES])
    process.stderr.write(`metrics: ${METRICS[metric]?.[0]} is in\n`)
  }
  await client.query(
    'vacuum analyze sidelight.metric_series, sidelight.metric_point, sidelight.metric_histogram',
  )
}

const FILL_CATALOGUE = `
  insert into sidelight.metric_series (id, service_id, resource_id, scope_id, name, kind, unit, temporality, description,
    metadata, attributes)
  select 1000000 + n, 1 + n % 20, 1, 1, case when n % 2 = 0 then 'a.busy.metric' else 'some.metric.' || n % 997 end,
    'histogram', 's', 'cumulative', 'A metric among others.', '{}',
    jsonb_build_object('http.route', '/' || n, 'http.request.method', 'GET', 'http.response.status_code', n % 5)
  from generate_series(1, $1::integer) as n`

const FILL_SERIES = `
  insert into sidelight.metric_series (id, service_id, resource_id, scope_id, name, kind, unit, temporality, is_monotonic,
    description, metadata, attributes, explicit_bounds)
  select ($1::integer + n)::bigint << 54, 1, 1, 1, $2, $3, '1', $4, $5, '', '{}', jsonb_build_object('route', '/' || n),
    case when $3 = 'histogram' then '{0.005,0.01,0.025,0.05,0.075,0.1,0.25,0.5,0.75,1,2.5,5,7.5,10}'::float8[] end
  from generate_series(1, $6::integer) as n`

/** In the order in which points come in: all series at each time. A process restarts every 1000 points. Ids are
 * as long as those that are stored, which are hashes. */
const TIMES = `generate_series(1, $2::integer) as i, generate_series($3::integer + 1, $3::integer + $4::integer) as n,
  lateral (select n::bigint << 54 as id, $1::timestamptz - ($2::integer - i) * interval '${INTERVAL_SECONDS} s' as at,
    i % 1000 + 1 as k, $1::timestamptz - ($2::integer - i + i % 1000 + 1) * interval '${INTERVAL_SECONDS} s' as start) as t`

const FILL_POINTS = `
  insert into sidelight.metric_point (series_id, time, start_time, value_int, time_ns, start_ns)
  select id, at, start, k * (n % 50), 0, 0 from ${TIMES} order by i`

const FILL_HISTOGRAMS = [
  explicit('k'),
  `insert into sidelight.metric_histogram (series_id, time, start_time, count, sum, scale, zero_count, zero_threshold,
     positive_offset, positive_counts, time_ns, start_ns)
   select id, at, start, k * 160, k * 9.5, 4, 0, 0, -80, array_fill(k::bigint, array[160]), 0, 0 from ${TIMES} order by i`,
  explicit('1'),
]

function explicit(count: string): string {
  const buckets = [2, 5, 8, 9, 7, 5, 3, 2, 1, 1, 1, 1, 0, 0, 0].map((each) => `${each} * ${count}`)
  return `
    insert into sidelight.metric_histogram (series_id, time, start_time, count, sum, min, max, bucket_counts, time_ns, start_ns)
    select id, at, start, 45 * ${count}, 1.5 * ${count}, 0.001, 9, array[${buckets.join(', ')}]::bigint[], 0, 0
    from ${TIMES} order by i`
}
