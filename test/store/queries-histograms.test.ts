import t from 'tap'
import type { MetricQuestion } from '../../collector/store/queries/metric/question'
import { createMetricQueries } from '../../collector/store/queries/metrics'
import { openDatabase } from './database'
import { minute, point, question, START, STEPS } from './metric-question'
import { seedMetrics, type SeedHistogram } from './seed-metrics'

/** One point each minute from before the window on, counting on; a restart after minute 1. */
function cumulativeHistogram(series: bigint, bounds: readonly number[] | null): SeedHistogram[] {
  const at = (n: number, start: string, buckets: number[], sum: number) => ({
    series,
    time: minute(n),
    start,
    count: buckets.reduce((a, b) => a + b, 0),
    sum,
    min: 0.5,
    max: 9,
    buckets,
    bounds,
  })
  return [
    at(-1, START, [10, 10, 10], 60),
    at(0, START, [14, 10, 10], 64),
    at(0.5, START, [14, 14, 10], 70),
    at(1, START, [14, 14, 18], 126),
    at(2, minute(1.5), [0, 4, 0], 8),
    at(3, minute(1.5), [2, 4, 2], 20),
  ]
}

t.test('histograms', async (t) => {
  const pool = await openDatabase(t)
  const duration = { name: 'duration', kind: 'histogram', unit: 's' }
  await seedMetrics(pool, {
    series: [
      { ...duration, id: 51n, temporality: 'cumulative', bounds: [1, 2] },
      { ...duration, id: 52n, temporality: 'delta', bounds: [1, 2, 4], attributes: '{"code": 1}' },
    ],
    histograms: [
      ...cumulativeHistogram(51n, null),
      {
        series: 52n,
        time: minute(1.5),
        start: minute(1),
        count: 4,
        sum: 12,
        buckets: [0, 0, 4, 0],
      },
    ],
  })
  const queries = createMetricQueries(pool)
  const base = { ...question, ...duration }
  const valuesOf = async (more: Partial<MetricQuestion>) =>
    (await queries.readMetricValues({ ...base, ...more })).series.map((one) => one.values)
  const of = (code: string) => ({ filters: [{ key: point('code'), value: code }] })

  t.test('what was counted is answered through a restart', async (t) => {
    t.strictSame(await valuesOf({ aggregation: 'count' }), [[8, 12, 4, 4]])
    t.strictSame(await valuesOf({ aggregation: 'rate' }), [[8 / 90, 0.2, 4 / 60, 4 / 60]])
    t.strictSame(await valuesOf({ aggregation: 'sum' }), [[10, 68, 8, 12]])
    t.strictSame(await valuesOf({ aggregation: 'avg' }), [[10 / 8, 68 / 12, 2, 3]])
    t.strictSame(await valuesOf({ aggregation: 'max' }), [[9, 9, 9, 9]])
  })

  t.test('quantiles are of what was counted in the step', async (t) => {
    const [median] = await valuesOf({
      aggregation: 'quantile',
      quantiles: [0.5],
      groupBy: [point('code')],
      ...of('1'),
    })
    t.strictSame(median, [null, 3, null, null])
    const both = await queries.readMetricValues({
      ...base,
      aggregation: 'quantile',
      quantiles: [0.5, 1],
      groupBy: [point('code')],
    })
    t.strictSame(
      both.series.map(({ labels, quantile, values }) => [labels['code'], quantile, ...values]),
      [
        ['1', 0.5, null, 3, null, null],
        ['1', 1, null, 4, null, null],
        [null, 0.5, 1, 5.5, 1.5, 1],
        [null, 1, 2, 9, 2, 9],
      ],
    )
  })

  t.test('different bounds are joined on the common ones', async (t) => {
    // Minute 1: 8 of the one and 4 of the other lie above 2; only one says the greatest.
    const [values] = await valuesOf({ aggregation: 'quantile', quantiles: [0.5] })
    t.equal(values?.[1], 2)
  })

  t.test('a stream goes on over midnight', async (t) => {
    const before = '2026-02-28T23:59:30Z'
    const after = '2026-03-01T00:00:30Z'
    const point = { series: 54n, start: '2026-02-28T20:00:00Z' }
    await seedMetrics(pool, {
      series: [{ ...duration, id: 54n, name: 'night', temporality: 'cumulative', bounds: [1, 2] }],
      histograms: [
        { ...point, time: before, count: 4, buckets: [4, 0, 0] },
        { ...point, time: after, count: 8, buckets: [4, 4, 0] },
      ],
    })
    const [values] = await valuesOf({
      name: 'night',
      aggregation: 'quantile',
      quantiles: [0.5],
      steps: { ...STEPS, sinceMs: Date.parse('2026-02-28T23:59:00Z'), count: 2 },
    })
    t.strictSame(values, [null, 1.5])
  })

  t.test('steps of which only the last points are read add up to the short ones', async (t) => {
    const steps = { ...STEPS, stepMs: 120_000, count: 2 }
    const cumulative = { steps, service: 'gateway' }
    t.strictSame(await valuesOf({ ...cumulative, aggregation: 'count' }), [[20, 8]])
    t.strictSame(await valuesOf({ ...cumulative, aggregation: 'sum' }), [[78, 20]])
    // A restart within a step, of which no last point tells: 5 more before it, 7 after.
    const point = { series: 55n, buckets: null }
    const early = { ...point, start: START }
    const late = { ...point, start: minute(0.7) }
    await seedMetrics(pool, {
      series: [{ ...duration, id: 55n, name: 'restarted', temporality: 'cumulative' }],
      histograms: [
        { ...early, time: minute(-1), count: 100 },
        { ...early, time: minute(0.5), count: 105 },
        { ...late, time: minute(1), count: 3 },
        { ...late, time: minute(1.5), count: 7 },
        { ...late, time: minute(1.7), count: 0, flags: 1 },
      ],
    })
    t.strictSame(await valuesOf({ name: 'restarted', steps, aggregation: 'count' }), [[12, null]])
  })

  t.test('histograms of a series that stands in bring their own bounds', async (t) => {
    await seedMetrics(pool, {
      series: [
        {
          id: 53n,
          name: 'stand-in',
          kind: 'histogram',
          temporality: 'cumulative',
          attributes: '{"otel.metric.overflow": true}',
        },
      ],
      histograms: cumulativeHistogram(53n, [1, 2]).map((each) => ({
        ...each,
        attributes: '{"a": 1}',
      })),
    })
    const [values] = await valuesOf({
      name: 'stand-in',
      unit: '1',
      aggregation: 'quantile',
      quantiles: [0.5],
      filters: [{ key: point('a'), value: '1' }],
    })
    t.strictSame(values, [1, 5.5, 1.5, 1])
  })
})

t.test('exponential histograms of several scales are put together', async (t) => {
  const pool = await openDatabase(t)
  const size = { name: 'size', kind: 'exponential_histogram', temporality: 'cumulative' }
  await seedMetrics(pool, {
    series: [
      { ...size, id: 61n },
      { ...size, id: 62n, temporality: 'delta', attributes: '{"way": "out"}' },
    ],
    histograms: [
      // Values in (1, 2], then in (4, 8] at half the scale, one of -3 and one of 0.
      {
        series: 61n,
        time: minute(-1),
        start: START,
        count: 8,
        scale: 1,
        zeroCount: 0,
        positive: { offset: 0, counts: [4, 4] },
      },
      {
        series: 61n,
        time: minute(0),
        start: START,
        count: 14,
        scale: 0,
        zeroCount: 1,
        positive: { offset: 0, counts: [8, 0, 4] },
        negative: { offset: 1, counts: [1] },
      },
      {
        series: 62n,
        time: minute(0.5),
        start: minute(0),
        count: 4,
        scale: 3,
        zeroCount: 4,
        zeroThreshold: 0.001,
      },
    ],
  })
  const { series } = await createMetricQueries(pool).readMetricValues({
    ...question,
    ...size,
    aggregation: 'quantile',
    quantiles: [0, 0.5, 1],
  })
  const [least, median, greatest] = series.map((one) => one.values[0])
  t.equal(least, -2 / 0.75)
  t.equal(median, 0)
  t.equal(greatest, 16 / 3)
})

t.test('a summary answers the quantiles that were sent, the largest of several', async (t) => {
  const pool = await openDatabase(t)
  const gc = { name: 'gc', kind: 'summary', unit: 's' }
  const sent = (series: bigint, n: number, count: number, p99: number) => ({
    series,
    time: minute(n),
    start: START,
    count,
    sum: count * 2,
    quantiles: [0.5, 0.99],
    quantileValues: [1, p99],
  })
  await seedMetrics(pool, {
    series: [
      { ...gc, id: 71n },
      { ...gc, id: 72n, attributes: '{"pool": "old"}' },
    ],
    histograms: [
      sent(71n, -1, 10, 3),
      sent(71n, 0, 20, 5),
      sent(71n, 0.5, 30, 4),
      sent(72n, 0, 5, 3),
    ],
  })
  const valuesOf = async (more: Partial<MetricQuestion>) =>
    (await createMetricQueries(pool).readMetricValues({ ...question, ...gc, ...more })).series.map(
      (one) => one.values[0],
    )
  t.strictSame(await valuesOf({ aggregation: 'quantile', quantiles: [0.99] }), [4])
  t.strictSame(await valuesOf({ aggregation: 'quantile', quantiles: [0.9] }), [])
  t.strictSame(await valuesOf({ aggregation: 'count' }), [20])
  t.strictSame(await valuesOf({ aggregation: 'avg' }), [2])
})
