import t from 'tap'
import { foldNumbers, type NumberPoint } from '../../collector/store/queries/metric/number'
import type { Aggregation, MetricQuestion } from '../../collector/store/queries/metric/question'
import type { Series } from '../../collector/store/queries/metric/selection'
import { createMetricQueries } from '../../collector/store/queries/metrics'
import { createRandom, type Random } from '../helpers/random'
import { openDatabase } from './database'
import { question } from './metric-question'
import { CUMULATIVE, DELTA, UP_AND_DOWN } from './metric-streams'
import { seedMetrics, type SeedSeries } from './seed-metrics'

const MINUTE_MS = 60_000
/** Long enough for points to be looked up instead of read in a row. */
const STEP_MS = 2 * MINUTE_MS
const SINCE_MS = question.steps.sinceMs
const STEPS = { sinceMs: SINCE_MS, untilMs: SINCE_MS + 10 * STEP_MS, stepMs: STEP_MS, count: 10 }
const GAUGES: readonly Aggregation[] = ['avg', 'min', 'max', 'count', 'last', 'sum']
const SUMS: readonly Aggregation[] = [...GAUGES, 'increase', 'rate']

interface Stored extends NumberPoint {
  readonly series: bigint
}

/** Whole numbers, whose sum is the same in any order. A value of null says that nothing was recorded. */
function createPoints(random: Random, series: bigint, isCounter: boolean): Stored[] {
  const points: Stored[] = []
  let startMs: number | null = null
  let value = 0
  for (let timeMs = SINCE_MS - 4 * MINUTE_MS; timeMs < STEPS.untilMs;) {
    const restarts = random.chance(0.04)
    if (restarts || timeMs < SINCE_MS - 3 * MINUTE_MS) {
      startMs = random.chance(0.8) ? timeMs - 1000 : null
      value = 0
    }
    value = isCounter ? value + random.below(100) : random.below(100)
    const isStale = random.chance(0.1)
    points.push({
      series,
      timeUs: timeMs * 1000,
      startUs: startMs === null ? null : startMs * 1000,
      value: isStale ? NaN : value,
      isStale,
    })
    timeMs += random.chance(0.1) ? 5 * MINUTE_MS : 10_000 + random.below(20_000)
  }
  return points
}

/** What is answered when all points of all series are read in order. */
function expected(aggregation: Aggregation, series: Series, points: readonly Stored[]) {
  const fold = foldNumbers(aggregation, STEPS)
  for (const id of new Set(points.map((point) => point.series))) {
    const stream = fold.open(series, 0)
    for (const point of points) if (point.series === id) stream.take(point)
    stream.end()
  }
  return fold.answer(0)
}

t.test('what is read in any order, or looked up, answers as all points in order', async (t) => {
  const pool = await openDatabase(t)
  const { readMetricValues } = createMetricQueries(pool)
  const random = createRandom(11)
  const iso = (us: number) => new Date(us / 1000).toISOString()
  const metrics: [string, Series, Partial<SeedSeries>, readonly Aggregation[]][] = [
    ['gauge', UP_AND_DOWN, { kind: 'gauge' }, GAUGES],
    ['counter', CUMULATIVE, { kind: 'sum', temporality: 'cumulative', isMonotonic: true }, SUMS],
    ['level', UP_AND_DOWN, { kind: 'sum', temporality: 'cumulative', isMonotonic: false }, SUMS],
    ['delta', DELTA, { kind: 'sum', temporality: 'delta', isMonotonic: true }, SUMS],
  ]
  for (const [metric, [name, series, stored, aggregations]] of metrics.entries()) {
    // As long as ids are, which are hashes: no number holds them.
    const ids = [1n, 2n, 3n, 4n].map((n) => (BigInt(metric) * 4n + n) * -(2n ** 58n) + 1n)
    const points = ids.flatMap((id) => createPoints(random, id, series === CUMULATIVE))
    await seedMetrics(pool, {
      series: ids.map((id) => ({ ...stored, id, name, attributes: `{"id": "${id}"}` })),
      points: random.shuffle(points).map((point) => ({
        series: point.series,
        time: iso(point.timeUs),
        start: point.startUs === null ? null : iso(point.startUs),
        int: point.isStale ? null : BigInt(point.value),
        flags: point.isStale ? 1 : null,
      })),
    })
    for (const aggregation of aggregations) {
      const asked = { ...question, name, kind: stored.kind ?? '', steps: STEPS, aggregation }
      const answer = await readMetricValues(asked satisfies MetricQuestion)
      const values = expected(aggregation, series, points)
      t.strictSame(
        answer.series[0]?.values.map(rounded),
        values.map(rounded),
        `${name} ${aggregation}`,
      )
    }
  }
})

/** Rates are fractions, added up in another order. */
function rounded(value: number | bigint | string | null): number | null {
  return value === null ? null : Number(Number(value).toPrecision(12))
}
