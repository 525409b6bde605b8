import t from 'tap'
import { EXPLICIT } from '../../collector/store/queries/metric/buckets'
import { explicitQuantile } from '../../collector/store/queries/metric/explicit'
import { selectSums } from '../../collector/store/queries/metric/statement'
import type { Steps } from '../../collector/store/queries/metric/steps'
import { createMetricQueries } from '../../collector/store/queries/metrics'
import { withDatabase } from '../helpers/postgres'
import { createRandom, type Random } from '../helpers/random'
import { ensurePartitions, openDatabase, openPool } from './database'
import { point, question } from './metric-question'
import { seedMetrics, type SeedHistogram, type SeedSeries } from './seed-metrics'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const SINCE_MS = question.steps.sinceMs
const UNTIL_MS = SINCE_MS + 20 * MINUTE_MS
/** Within a step. */
const MIDDLE_MS = SINCE_MS + 9 * MINUTE_MS
const QUANTILES = [0, 0.5, 0.95, 1]
const BOUNDS = [1, 2, 5]
/** More than Postgres is asked to add up. */
const MANY_BOUNDS = Array.from({ length: 70 }, (_, at) => at + 1)
/** Workers are worth their while even for a few rows. */
const EAGER_WORKERS = [
  'max_parallel_workers_per_gather=2',
  'parallel_setup_cost=0',
  'parallel_tuple_cost=0',
  'min_parallel_table_scan_size=0',
  'min_parallel_index_scan_size=0',
]

/** What was counted at a time, and what is stored of that. */
interface Counted {
  readonly timeMs: number
  readonly route: string
  readonly bounds: readonly number[]
  /** Null where the point has no buckets, others than it should, or says that nothing was recorded. */
  readonly counts: readonly number[] | null
  readonly stored: SeedHistogram
}

interface Stream {
  readonly series: bigint
  readonly route: string
  readonly bounds: readonly number[]
  readonly isCumulative?: boolean
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Of the points, where several streams are in a series. */
  readonly attributes?: string
}

/** The points of a stream, with gaps. Those of a cumulative one begin within what is read and restart, and say no ends. */
function createPoints(random: Random, stream: Stream): Counted[] {
  const { series, route, bounds, isCumulative = false, attributes = null } = stream
  const { sinceMs = SINCE_MS - 4 * MINUTE_MS, untilMs = UNTIL_MS + MINUTE_MS } = stream
  const points: Counted[] = []
  let startMs = sinceMs
  let total = bounds.map(() => 0).concat(0)
  for (let timeMs = sinceMs + 1000; timeMs < untilMs;) {
    if (random.chance(0.05)) {
      startMs = timeMs - 500
      total = total.map(() => 0)
    }
    const counts = total.map(() => random.below(random.chance(0.02) ? 2 ** 31 : 5))
    total = total.map((before, at) => before + (counts[at] ?? 0))
    const buckets = isCumulative ? total : counts
    const isStale = !isCumulative && random.chance(0.05)
    const isOdd = !isCumulative && random.chance(0.05)
    const end = (value: number) => (isCumulative || random.chance(0.005) ? null : value)
    points.push({
      timeMs,
      route,
      bounds,
      counts: isStale || isOdd ? null : counts,
      stored: {
        series,
        time: new Date(timeMs).toISOString(),
        start: new Date(startMs).toISOString(),
        count: buckets.reduce((sum, count) => sum + count, 0),
        min: end(random.below(10) / 10),
        max: end(10 + random.below(10)),
        flags: isStale ? 1 : random.pick([null, 0, 2]),
        buckets: isOdd ? random.pick([null, [7], [...buckets, 7]]) : buckets,
        attributes,
        bounds: attributes === null ? null : bounds,
      },
    })
    timeMs += random.chance(0.1) ? 5 * MINUTE_MS : 10_000 + random.below(20_000)
  }
  return points
}

/** The quantiles of each step: all that was counted in it, on the bounds that all have. */
function expected(points: readonly Counted[], steps: Steps, quantile: number) {
  return Array.from({ length: steps.count }, (_, step) => {
    const beginMs = steps.sinceMs + step * steps.stepMs
    const whole = points.filter(
      ({ timeMs, counts }) =>
        counts !== null && timeMs >= beginMs && timeMs < beginMs + steps.stepMs,
    )
    if (whole.length === 0) return null
    const bounds = (whole[0]?.bounds ?? []).filter((bound) =>
      whole.every((each) => each.bounds.includes(bound)),
    )
    const total = bounds.map(() => 0).concat(0)
    for (const { bounds: own, counts } of whole) {
      for (const [at, count] of (counts ?? []).entries()) {
        const upper = own[at] ?? Infinity
        const into = bounds.findIndex((bound) => upper <= bound)
        const bucket = into < 0 ? bounds.length : into
        total[bucket] = (total[bucket] ?? 0) + count
      }
    }
    const ends = (which: 'min' | 'max') => {
      const said = whole.flatMap(({ stored }) => stored[which] ?? [])
      return said.length < whole.length ? null : Math[which](...said)
    }
    const buckets = { bounds, counts: total, min: ends('min'), max: ends('max') }
    return explicitQuantile(buckets, quantile)
  })
}

/** Several streams a route; ids are as long as those that are hashes. */
function createStreams(random: Random, seed: number): Stream[] {
  const idOf = (n: number) => -(2n ** 58n) * BigInt(seed) + BigInt(n)
  const some = () => random.pick([BOUNDS, BOUNDS, BOUNDS, [1, 5, 9], [2, 5]])
  const own = (route: string) => ({ route, attributes: `{"route": "${route}"}` })
  return [
    { series: idOf(1), route: '/same', bounds: BOUNDS },
    { series: idOf(2), route: '/same', bounds: BOUNDS },
    { series: idOf(3), route: '/some', bounds: some() },
    { series: idOf(4), route: '/some', bounds: some() },
    { series: idOf(5), route: '/changed', bounds: BOUNDS, untilMs: MIDDLE_MS },
    { series: idOf(6), route: '/changed', bounds: [1, 5, 9], sinceMs: MIDDLE_MS },
    { series: idOf(7), route: '/many', bounds: MANY_BOUNDS },
    { series: idOf(8), route: '/none', bounds: [] },
    { series: idOf(9), route: '/cumulative', bounds: BOUNDS, isCumulative: true },
    { series: idOf(10), route: '/cumulative', bounds: BOUNDS, isCumulative: true },
    { series: idOf(11), ...own('/other'), bounds: some(), untilMs: MIDDLE_MS },
    { series: idOf(11), ...own('/other'), bounds: some(), sinceMs: MIDDLE_MS },
    { series: idOf(11), ...own('/same'), bounds: some() },
  ]
}

function seriesOf({ series, route, bounds, isCumulative, attributes }: Stream): SeedSeries {
  return {
    id: series,
    name: `seed ${series >> 58n}`,
    kind: 'histogram',
    temporality: isCumulative === true ? 'cumulative' : 'delta',
    attributes:
      attributes === undefined ? `{"route": "${route}"}` : '{"otel.metric.overflow": true}',
    bounds: attributes === undefined ? bounds : null,
  }
}

for (const [who, settings] of [
  ['a connection', []],
  ['workers', EAGER_WORKERS],
] as const) {
  t.test(`quantiles added up by ${who} are those of all that was counted`, async (t) => {
    const { connectionString } = await withDatabase(t)
    const url = new URL(connectionString)
    url.searchParams.set('options', settings.map((setting) => `-c ${setting}`).join(' '))
    const pool = openPool(t, url.href)
    const { readMetricValues } = createMetricQueries(pool)
    for (let seed = 1; seed <= 3; seed++) {
      const random = createRandom(seed)
      const streams = createStreams(random, seed)
      const points = streams.flatMap((stream) => createPoints(random, stream))
      const series = new Map(streams.map((stream) => [stream.series, seriesOf(stream)]))
      await seedMetrics(pool, {
        series: [...series.values()],
        histograms: random.shuffle(points).map(({ stored }) => stored),
      })
      for (const stepMs of [30_000, 2 * MINUTE_MS, 10 * MINUTE_MS]) {
        const count = (UNTIL_MS - SINCE_MS) / stepMs
        const steps = { sinceMs: SINCE_MS, untilMs: UNTIL_MS, stepMs, count }
        const answer = await readMetricValues({
          ...question,
          name: series.values().next().value?.name ?? '',
          kind: 'histogram',
          steps,
          aggregation: 'quantile',
          quantiles: QUANTILES,
          groupBy: [point('route')],
        })
        const routes = [...new Set(points.map(({ route }) => route))].sort()
        t.strictSame(
          answer.series,
          routes.flatMap((route) =>
            QUANTILES.map((quantile) => ({
              labels: { route },
              quantile,
              values: expected(
                points.filter((each) => each.route === route),
                steps,
                quantile,
              ),
            })).filter(({ values }) => values.some((value) => value !== null)),
          ),
          `seed ${seed}, steps of ${stepMs} ms`,
        )
      }
    }
  })
}

t.test('workers add up what they read themselves', async (t) => {
  const pool = await openDatabase(t, { max: 1 })
  await ensurePartitions(pool, 'metric_histogram', [Math.floor(SINCE_MS / DAY_MS)])
  await pool.query(
    `insert into sidelight.metric_histogram (series_id, time, count, bucket_counts, time_ns)
     select series, timestamptz '${new Date(SINCE_MS).toISOString()}' + n * interval '1 second', 3, '{1,2,0}', 0
     from generate_series(1, 1000) as n, generate_series(1, 20) as series`,
  )
  await pool.query('analyze sidelight.metric_histogram')
  const steps = { sinceMs: SINCE_MS, untilMs: UNTIL_MS, stepMs: MINUTE_MS, count: 20 }
  const { columns } = EXPLICIT
  const range = { table: 'metric_histogram' as const, columns, steps, looksBack: false }
  const ids = Array.from({ length: 20 }, (_, n) => String(n + 1))
  for (const setting of EAGER_WORKERS) await pool.query(`set ${setting}`)
  const { rows } = await pool.query<Record<string, string>>(`explain ${selectSums(range, ids, 3)}`)
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  t.match(plan, /Finalize \w*Aggregate[^]*Gather[^]*Partial \w*Aggregate/)
})
