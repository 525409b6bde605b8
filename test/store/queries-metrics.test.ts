import t from 'tap'
import { BadData, Unavailable } from '../../collector/errors'
import type { MetricQuestion } from '../../collector/store/queries/metric/question'
import { createMetricQueries } from '../../collector/store/queries/metrics'
import { openDatabase, openPool } from './database'
import { seedMetrics, type SeedHistogram, type SeedSeries } from './seed-metrics'

const SINCE_MS = Date.parse('2026-03-01T11:00:00Z')
const STEPS = { sinceMs: SINCE_MS, untilMs: SINCE_MS + 240_000, stepMs: 60_000, count: 4 }
const START = '2026-03-01T09:00:00Z'

const SERIES: SeedSeries[] = [
  { id: 11n, name: 'temperature', attributes: '{"room": "hall", "floor": 1}' },
  { id: 12n, name: 'temperature', attributes: '{"room": "attic", "floor": 2}', service: 2n },
  { id: 13n, name: 'temperature', attributes: '{"room": "cellar"}', service: 3n },
  {
    id: -21n,
    name: 'bytes',
    kind: 'sum',
    unit: 'By',
    temporality: 'cumulative',
    isMonotonic: true,
  },
  { id: 22n, name: 'bytes', kind: 'sum', unit: 'By', temporality: 'delta', isMonotonic: true },
  {
    id: 31n,
    name: 'calls',
    kind: 'sum',
    temporality: 'cumulative',
    isMonotonic: true,
    attributes: '{"otel.metric.overflow": true}',
  },
]

const question: MetricQuestion = {
  name: 'temperature',
  kind: 'gauge',
  unit: '1',
  tenant: null,
  service: null,
  steps: STEPS,
  aggregation: 'avg',
  quantiles: [],
  filters: [],
  groupBy: [],
  maxSeries: 100,
}
const point = (key: string) => ({ from: 'point' as const, key, label: key })
const resource = (key: string) => ({ from: 'resource' as const, key, label: `resource.${key}` })
const SERVICE = { from: 'service' as const, key: 'service', label: 'service' }

/** ISO, so many minutes into the window. */
const minute = (n: number) => new Date(SINCE_MS + n * 60_000).toISOString()

t.test('gauges and sums', async (t) => {
  const pool = await openDatabase(t)
  await seedMetrics(pool, {
    series: SERIES,
    points: [
      { series: 11n, time: minute(0), value: 20 },
      { series: 11n, time: minute(0.5), value: 22 },
      { series: 12n, time: minute(0.2), value: 6 },
      { series: 12n, time: minute(3), int: 7n },
      { series: 13n, time: minute(1), value: -4 },
      { series: 11n, time: minute(-1), value: 1000 },
      { series: 11n, time: minute(4), value: 1000 },
      { series: -21n, time: minute(-1), start: START, int: 2n ** 62n },
      { series: -21n, time: minute(1), start: START, int: 2n ** 62n + 3n },
      { series: -21n, time: minute(2), start: minute(1.5), int: 600n },
      { series: 22n, time: minute(1), start: minute(0), value: 0.5 },
    ],
  })
  const queries = createMetricQueries(pool)
  const ask = async (more: Partial<MetricQuestion>) =>
    (await queries.readMetricValues({ ...question, ...more })).series
  const valuesOf = async (more: Partial<MetricQuestion>) =>
    (await ask(more)).map((one) => one.values)

  t.test('without groups all series are one', async (t) => {
    t.strictSame(await ask({}), [{ labels: {}, quantile: null, values: [16, -4, null, 7] }])
    t.strictSame(await valuesOf({ aggregation: 'sum' }), [[28, -4, null, 7]])
    t.strictSame(await valuesOf({ aggregation: 'last' }), [[22, -4, null, 7]])
  })

  t.test('groups are by attribute, resource attribute and service', async (t) => {
    const labels = async (groupBy: MetricQuestion['groupBy']) =>
      (await ask({ groupBy })).map((one) => one.labels)
    t.strictSame(await labels([point('floor')]), [{ floor: '1' }, { floor: '2' }, { floor: null }])
    t.strictSame(await labels([resource('host.name'), SERVICE]), [
      { 'resource.host.name': 'a', service: 'gateway' },
      { 'resource.host.name': 'b', service: 'orders' },
      { 'resource.host.name': null, service: 'orders' },
    ])
  })

  t.test('filters are of the same three, and all must hold', async (t) => {
    const count = async (filters: MetricQuestion['filters']) =>
      (await ask({ filters, groupBy: [point('room')] })).length
    t.equal(await count([{ key: point('floor'), value: '2' }]), 1)
    t.equal(await count([{ key: resource('host.cpus'), value: '4' }]), 1)
    t.equal(await count([{ key: SERVICE, value: 'orders' }]), 2)
    t.equal(
      await count([
        { key: SERVICE, value: 'orders' },
        { key: point('room'), value: 'hall' },
      ]),
      0,
    )
  })

  t.test('a tenant has its own series only, a service too', async (t) => {
    t.strictSame(await valuesOf({ tenant: 'umbrella' }), [[null, -4, null, null]])
    t.strictSame(await valuesOf({ tenant: 'acme', service: 'orders' }), [[6, null, null, 7]])
    t.strictSame(await valuesOf({ tenant: 'nobody' }), [])
  })

  t.test('increases of both temporalities add up, with every digit', async (t) => {
    const bytes = { name: 'bytes', kind: 'sum', unit: 'By' }
    t.strictSame(await valuesOf({ ...bytes, aggregation: 'increase' }), [[null, 3.5, 600, null]])
    t.strictSame(await valuesOf({ ...bytes, aggregation: 'rate' }), [[null, 3.5 / 60, 10, null]])
    const cumulative = { ...bytes, filters: [], aggregation: 'last' as const }
    t.strictSame(await valuesOf({ ...cumulative, aggregation: 'max' }), [
      [null, String(2n ** 62n + 3n), 600, null],
    ])
  })

  t.test('more groups than are asked for are left out, and that is said', async (t) => {
    const some = await queries.readMetricValues({
      ...question,
      groupBy: [point('room')],
      maxSeries: 2,
    })
    t.equal(some.isTruncated, true)
    t.strictSame(
      some.series.map((one) => one.labels['room']),
      ['attic', 'cellar'],
    )
    t.equal((await queries.readMetricValues(question)).isTruncated, false)
  })

  t.test('numbers that JSON does not have are strings', async (t) => {
    await seedMetrics(pool, {
      series: [{ id: 41n, name: 'odd' }],
      points: [NaN, Infinity, -Infinity].map((value, n) => ({
        series: 41n,
        time: minute(n),
        value,
      })),
    })
    t.strictSame(await valuesOf({ name: 'odd', aggregation: 'last' }), [
      ['NaN', 'Infinity', '-Infinity', null],
    ])
  })

  t.test(
    'points of a series that stands in for others are told apart by their own attributes',
    async (t) => {
      const own = (route: string) => `{"route": "${route}", "code": 200}`
      await seedMetrics(pool, {
        points: [0, 1, 2].flatMap((n) => [
          {
            series: 31n,
            time: minute(n),
            start: START,
            int: BigInt(100 + 10 * n),
            attributes: own('/a'),
          },
          {
            series: 31n,
            time: minute(n),
            start: START,
            int: BigInt(5000 - n),
            attributes: own('/b'),
          },
        ]),
      })
      const calls = {
        name: 'calls',
        kind: 'sum',
        aggregation: 'increase' as const,
        groupBy: [point('route')],
      }
      t.strictSame(await ask({ ...calls, filters: [{ key: point('route'), value: '/a' }] }), [
        { labels: { route: '/a' }, quantile: null, values: [null, 10, 10, null] },
      ])
      const all = await queries.readMetricValues({ ...question, ...calls, maxSeries: 1 })
      t.equal(all.series.length, 1)
      t.equal(all.isTruncated, true)
    },
  )
})

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
    t.strictSame(await valuesOf({ aggregation: 'rate' }), [[8 / 60, 0.2, 4 / 60, 4 / 60]])
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

t.test('the catalogue', async (t) => {
  const pool = await openDatabase(t)
  await seedMetrics(pool, {
    series: [
      ...SERIES,
      {
        id: 81n,
        name: 'temperature',
        unit: 'K',
        description: 'Warmth',
        attributes: '{"$$odd": 1}',
      },
      {
        id: 82n,
        name: 'bytes',
        kind: 'sum',
        unit: 'By',
        temporality: 'delta',
        isMonotonic: true,
        lastSeenDay: '2026-03-02',
      },
    ],
  })
  const { readMetricCatalogue, readMetricVariants } = createMetricQueries(pool)
  const all = { tenant: null, service: null, prefix: null, search: null, limit: 100 }

  t.test('has each metric once a kind and unit, with its services and keys', async (t) => {
    const { metrics, isTruncated } = await readMetricCatalogue(all)
    t.equal(isTruncated, false)
    t.strictSame(
      metrics.map(({ name, unit, temporality }) => [name, unit, temporality]),
      [
        ['bytes', 'By', 'cumulative'],
        ['bytes', 'By', 'delta'],
        ['calls', '1', 'cumulative'],
        ['temperature', '1', null],
        ['temperature', 'K', null],
      ],
    )
    t.strictSame(metrics[3], {
      name: 'temperature',
      kind: 'gauge',
      unit: '1',
      temporality: null,
      monotonic: null,
      description: '',
      services: ['gateway', 'orders'],
      labelKeys: ['floor', 'room'],
      seriesCount: 3,
      lastSeenDay: '2026-03-01',
    })
    t.match(metrics[1], { monotonic: true, seriesCount: 2, lastSeenDay: '2026-03-02' })
    t.match(metrics[4], { description: 'Warmth', labelKeys: ['$odd'] })
  })

  t.test('is narrowed by tenant, service, prefix, text and limit', async (t) => {
    const names = async (more: Partial<typeof all> | object) => {
      const { metrics, isTruncated } = await readMetricCatalogue({ ...all, ...more })
      return [...new Set(metrics.map(({ name }) => name)), ...(isTruncated ? ['…'] : [])]
    }
    t.strictSame(await names({ tenant: 'umbrella' }), ['temperature'])
    t.strictSame(await names({ tenant: 'acme', service: 'orders' }), ['temperature'])
    t.strictSame(await names({ prefix: 'b' }), ['bytes'])
    t.strictSame(await names({ prefix: 'B' }), [])
    t.strictSame(await names({ search: 'ALL' }), ['calls'])
    t.strictSame(await names({ limit: 2 }), ['bytes', 'calls', '…'])
    const { metrics } = await readMetricCatalogue({ ...all, tenant: 'umbrella' })
    t.match(metrics, [{ services: ['orders'], labelKeys: ['room'], seriesCount: 1 }])
  })

  t.test('says as what a metric is stored, to its tenant alone', async (t) => {
    t.strictSame(await readMetricVariants({ name: 'temperature', tenant: null, service: null }), [
      { kind: 'gauge', unit: '1', temporality: null, isMonotonic: null },
      { kind: 'gauge', unit: 'K', temporality: null, isMonotonic: null },
    ])
    t.equal(
      (await readMetricVariants({ name: 'temperature', tenant: 'umbrella', service: null })).length,
      1,
    )
    t.strictSame(await readMetricVariants({ name: 'bytes', tenant: 'umbrella', service: null }), [])
  })
})

t.test('a question about more than 20,000 series is refused', async (t) => {
  const pool = await openDatabase(t)
  await pool.query(
    `insert into sidelight.metric_series (id, service_id, resource_id, scope_id, name, kind, unit, description, metadata,
       attributes, last_seen_day)
     select n, 1, 1, 1, 'many', 'gauge', '1', '', '{}', jsonb_build_object('n', n), '2026-03-01'
     from generate_series(1, 20001) as n`,
  )
  const many = { ...question, name: 'many' }
  const { readMetricValues } = createMetricQueries(pool)
  await t.rejects(readMetricValues(many), BadData)
  const one = { ...many, filters: [{ key: point('n'), value: '17' }] }
  t.strictSame((await readMetricValues(one)).series, [])
})

t.test('a Postgres that is away is Unavailable', async (t) => {
  const pool = openPool(t, 'postgresql://nobody@127.0.0.1:1/none')
  await t.rejects(createMetricQueries(pool).readMetricValues(question), Unavailable)
})
