import t from 'tap'
import { createMetricTranslator, DAY_MS, NOON_MS, NOON_NS } from '../helpers/metric-points'
import type { DataPointInput, MetricInput, MetricsInput } from '../helpers/otlp-metrics'
import type { FullRow } from './expected-rows'

const OVERFLOW_SCOPE = ['(overflow)', '', '{}', '0', '']
const OVERFLOW = '{"otel.metric.overflow":true}'
const NOTHING = {
  operation: 0,
  resource: 0,
  scope: 0,
  metric_series: 0,
  error_group_hash: 0,
  release: 0,
  catalogue: 0,
}

/** A gauge of a service with a data point a label. */
function labelled(service: string, ...labels: readonly string[]): MetricsInput {
  return {
    service,
    scope: { name: 'lib' },
    metrics: [
      gauge(
        'm',
        labels.map((label) => ({ attributes: { label } })),
      ),
    ],
  }
}

function gauge(name: string, points: readonly DataPointInput[]): MetricInput {
  return { name, unit: 's', description: 'd', gauge: { dataPoints: points.map(numbered) } }
}

function numbered(point: DataPointInput, index: number): DataPointInput {
  return { timeUnixNano: NOON_NS, asInt: String(index), ...point }
}

/** The attributes of each row's series, and of the row itself. */
function attributesOf(rows: readonly FullRow[]): unknown[] {
  return rows.map(({ series, attributes }) => [(series as string[])[7], attributes])
}

t.test(
  'series up to the cap have their own row; further points share one and keep their attributes',
  (t) => {
    // It remembers hardly anything, so that what is known is not known from the caches alone.
    const translate = createMetricTranslator({ maxSeries: 2 }, 2)
    const { rows, overflowed, dictionary } = translate(labelled('shop', 'a', 'b', 'c', 'd', 'a'))
    t.strictSame(attributesOf(rows), [
      ['{"label":"a"}', null],
      ['{"label":"b"}', null],
      [OVERFLOW, '{"label":"c"}'],
      [OVERFLOW, '{"label":"d"}'],
      ['{"label":"a"}', null],
    ])
    t.strictSame(rows[2]?.['series'], ['m', 'gauge', 's', null, null, '', '{}', OVERFLOW, null])
    t.strictSame(rows[2]?.['service'], ['', '', '', 'shop'])
    t.strictSame(rows[2]?.['scope'], OVERFLOW_SCOPE)
    t.strictSame(
      (rows[2]?.['resource'] as string[])[0],
      '{"service.name":"shop","sidelight.overflow":true}',
    )
    t.strictSame(overflowed, { ...NOTHING, metric_series: 2 })
    t.equal(dictionary.filter((row) => row.dictionary === 'metric_series').length, 3)
    t.end()
  },
)

t.test(
  'what is known goes on at the cap, each service for itself, and the next day begins anew',
  (t) => {
    const translate = createMetricTranslator({ maxSeries: 2 }, 2)
    translate(labelled('shop', 'a', 'b'))
    t.strictSame(attributesOf(translate(labelled('shop', 'b', 'c', 'a')).rows), [
      ['{"label":"b"}', null],
      [OVERFLOW, '{"label":"c"}'],
      ['{"label":"a"}', null],
    ])
    t.strictSame(translate(labelled('till', 'c', 'd')).overflowed, NOTHING)
    t.strictSame(translate(labelled('shop', 'c', 'd'), NOON_MS + DAY_MS).overflowed, NOTHING)
    t.equal(translate(labelled('shop', 'e'), NOON_MS + DAY_MS).overflowed.metric_series, 1)
    t.end()
  },
)

t.test('series above the cap of all resources and scopes of a metric share one', (t) => {
  const translate = createMetricTranslator({ maxSeries: 1 })
  translate(labelled('shop', 'a'))
  const inputs = [0, 1, 2].map((pod) => ({
    ...labelled('shop', `of ${pod}`),
    resource: { attributes: { pod } },
    scope: { name: `lib ${pod}` },
  }))
  const { dictionary, rows } = translate(inputs)
  t.equal(dictionary.filter((row) => row.dictionary === 'metric_series').length, 1)
  t.equal(dictionary.filter((row) => row.dictionary === 'resource').length, 1)
  t.strictSame(
    rows.map(({ attributes }) => attributes),
    ['{"label":"of 0"}', '{"label":"of 1"}', '{"label":"of 2"}'],
  )
  t.end()
})

t.test('a histogram above the cap keeps its own bounds, a summary its quantiles', (t) => {
  const translate = createMetricTranslator({ maxSeries: 1 })
  translate(labelled('shop', 'a'))
  const histogram = (...explicitBounds: number[]) => ({
    timeUnixNano: NOON_NS,
    bucketCounts: [...explicitBounds, 0].map(() => '0'),
    explicitBounds,
  })
  const said = { aggregationTemporality: 1 }
  const { rows, dictionary } = translate({
    service: 'shop',
    metrics: [
      {
        name: 'h',
        histogram: { ...said, dataPoints: [histogram(1, 2), histogram(3), histogram()] },
      },
      { name: 'e', exponentialHistogram: { ...said, dataPoints: [{ timeUnixNano: NOON_NS }] } },
      {
        name: 's',
        summary: { dataPoints: [{ timeUnixNano: NOON_NS, quantileValues: [{ quantile: 1 }] }] },
      },
    ],
  })
  t.strictSame(
    rows.map(({ explicit_bounds }) => explicit_bounds),
    [[1, 2], [3], [], null, null],
  )
  t.strictSame(rows[0]?.['series'], ['h', 'histogram', '', 'delta', null, '', '{}', OVERFLOW, null])
  t.strictSame(rows[4]?.['quantiles'], [1])
  t.equal(dictionary.filter((row) => row.dictionary === 'metric_series').length, 3)
  t.end()
})

t.test(
  'metrics whose series are above the cap are themselves bounded; then a row says its metric',
  (t) => {
    const translate = createMetricTranslator({ maxSeries: 2 })
    translate(labelled('shop', 'a', 'b'))
    const names = ['m1', 'm2', 'm3', 'm4', 'm1']
    const metrics = names.map((name) => gauge(name, [{ attributes: { label: 'x' } }]))
    const { rows, dictionary, overflowed } = translate({
      service: 'shop',
      metrics: [...metrics, gauge('m"5', [{}])],
    })
    t.strictSame(
      rows.map(({ series, attributes }) => [(series as string[])[0], attributes]),
      [
        ['m1', '{"label":"x"}'],
        ['m2', '{"label":"x"}'],
        ['(overflow)', '{"sidelight.metric.name":"m3","label":"x"}'],
        ['(overflow)', '{"sidelight.metric.name":"m4","label":"x"}'],
        ['m1', '{"label":"x"}'],
        ['(overflow)', '{"sidelight.metric.name":"m\\"5"}'],
      ],
    )
    t.equal(dictionary.filter((row) => row.dictionary === 'metric_series').length, 3)
    t.equal(overflowed.metric_series, 6)
    t.end()
  },
)

t.test('the series that stands in for metrics is one row, handed out again and again', (t) => {
  const translate = createMetricTranslator({ maxSeries: 1 })
  const rowOf = (...names: string[]) => {
    const metrics = names.map((name) => gauge(name, [{}]))
    const { dictionary } = translate({ service: 'shop', metrics })
    return dictionary.find(
      ({ values }) => values.includes('(overflow)') && values.includes('gauge'),
    )
  }
  t.equal(rowOf('m1', 'm2'), undefined)
  const row = rowOf('m3', 'm4')
  t.ok(row)
  t.equal(rowOf('m5'), row)
  const sum = { aggregationTemporality: 1, dataPoints: [numbered({}, 0)] }
  const { rows } = translate({
    service: 'shop',
    metrics: [
      { name: 'm6', sum },
      { name: 'm7', sum: { ...sum, aggregationTemporality: 2 } },
      { name: 'm8', sum: { ...sum, isMonotonic: true } },
    ],
  })
  t.strictSame(
    rows.map(({ series }) => (series as string[]).slice(0, 5)),
    [
      ['(overflow)', 'sum', '', 'delta', 'false'],
      ['(overflow)', 'sum', '', 'cumulative', 'false'],
      ['(overflow)', 'sum', '', 'delta', 'true'],
    ],
  )
  t.end()
})

t.test('series of resources and scopes above their caps stay apart', (t) => {
  const translate = createMetricTranslator({ maxResources: 1, maxScopes: 1 }, 2)
  const inputs = [0, 1, 2, 1].map((pod) => ({
    ...labelled('shop', 'a'),
    resource: { attributes: { pod } },
    scope: { name: `lib ${pod}` },
  }))
  const { rows, overflowed, dictionary } = translate(inputs)
  t.match((rows[0]?.['resource'] as string[])[0], /"pod":0/)
  t.match((rows[1]?.['resource'] as string[])[0], /sidelight.overflow/)
  t.strictSame(rows[2]?.['scope'], OVERFLOW_SCOPE)
  t.equal(dictionary.filter((row) => row.dictionary === 'metric_series').length, 3)
  t.strictSame(overflowed, { ...NOTHING, resource: 3, scope: 3 })
  t.end()
})

t.test('a known series follows its resource below the cap, and above it', (t) => {
  const translate = createMetricTranslator({ maxResources: 1 })
  const pods = (...names: readonly string[]) =>
    names.map((pod) => ({ ...labelled('shop', 'a'), resource: { attributes: { pod } } }))
  const resources = (names: readonly string[], receivedMs: number) =>
    translate(pods(...names), receivedMs).rows.map(({ resource }) =>
      /"pod":"(.)"|overflow/
        .exec((resource as string[])[0]!)
        ?.slice(0, 2)
        .findLast(Boolean),
    )
  t.strictSame(resources(['a', 'b'], NOON_MS), ['a', 'overflow'])
  t.strictSame(resources(['b', 'a'], NOON_MS + DAY_MS), ['b', 'overflow'])
  t.strictSame(resources(['a', 'b'], NOON_MS + 2 * DAY_MS), ['a', 'overflow'])
  t.end()
})

t.test('a rejected data point uses up no cap', (t) => {
  const translate = createMetricTranslator({ maxSeries: 1 })
  const points = [
    { attributes: { label: 'broken' }, timeUnixNano: 0n },
    { attributes: { label: 'sound' } },
  ]
  const { overflowed, rejected } = translate({ service: 'shop', metrics: [gauge('m', points)] })
  t.equal(rejected, 1)
  t.strictSame(overflowed, NOTHING)
  t.end()
})

t.test('what was changed in attributes above the cap is counted with each data point', (t) => {
  const translate = createMetricTranslator({ maxSeries: 1, maxAttributes: 1, maxAttributeBytes: 2 })
  translate(labelled('shop', 'a'))
  const points = [
    { attributes: { label: 'x\0y', more: 1 } },
    { attributes: { label: 'x\0y', more: 1 } },
  ]
  const { rows, truncatedAttributes, repairedStrings } = translate({
    service: 'shop',
    metrics: [gauge('m', points)],
  })
  t.equal(rows[1]?.['attributes'], '{"label":"x\ufffd"}')
  t.strictSame(truncatedAttributes, { count: 2, length: 2 })
  t.equal(repairedStrings, 2)
  t.end()
})
