import t from 'tap'
import { BadData, Unavailable } from '../../collector/errors'
import type { MetricQuestion } from '../../collector/store/queries/metric/question'
import { createMetricQueries } from '../../collector/store/queries/metrics'
import { openDatabase, openPool } from './database'
import { minute, point, question, resource, SERVICE, START } from './metric-question'
import { seedMetrics, type SeedSeries } from './seed-metrics'

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
    // The cumulative 3 are those of two minutes.
    t.strictSame(await valuesOf({ ...bytes, aggregation: 'rate' }), [
      [null, 3 / 120 + 0.5 / 60, 10, null],
    ])
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
      t.match(
        await ask({ ...calls, groupBy: [point('constructor')] }),
        [{ labels: { constructor: null } }],
        'nor by what every object has',
      )
      const all = await queries.readMetricValues({ ...question, ...calls, maxSeries: 1 })
      t.equal(all.series.length, 1)
      t.equal(all.isTruncated, true)
    },
  )
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
