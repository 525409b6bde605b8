import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { protobufFromJson } from '../../collector/otlp/json'
import { EXPORT_METRICS_SERVICE_REQUEST } from '../../collector/otlp/schema'
import { createMetricTranslator, NOON_MS, NOON_NS } from '../helpers/metric-points'
import { decodeMetricRows } from '../helpers/metric-rows'
import { createSignalTranslator } from '../helpers/translator'
import { withSeries } from './expected-metric-rows'

const FIXTURES = join(__dirname, '../fixtures/otlp-json')
/** The fixtures have the times of when they were made. */
const FOREVER_MS = 1e13

const SHARED = {
  exemplars: null,
  attributes: null,
  flags: null,
  service: ['', '', '', 'orders'],
  resource: [
    '{"service.name":"orders","service.version":"1.4.0",' +
      '"process.command_args":["node","--require","sidelight/bootstrap","app.js"]}',
    '0',
    null,
    '',
  ],
  scope: ['@example/orders', '2.0.0', '{}', '0', ''],
}
const ORDERS = ['orders', 'sum', '{order}', 'cumulative', 'true', 'Orders taken', '{}']
const BOUNDS = '{0,5,10,25,50,75,100,250,500,750,1000,2500,5000,7500,10000}'
const HISTOGRAM = {
  ...SHARED,
  bucket_counts: null,
  explicit_bounds: null,
  scale: null,
  zero_count: null,
  zero_threshold: null,
  positive_offset: null,
  positive_counts: null,
  negative_offset: null,
  negative_counts: null,
  quantiles: null,
  quantile_values: null,
}

const EXPECTED = [
  {
    ...HISTOGRAM,
    count: 4n,
    sum: 1_000_000_513,
    min: 0,
    max: 1_000_000_000,
    scale: -1,
    zero_count: 1n,
    zero_threshold: 0,
    positive_offset: -1,
    positive_counts: [1n, 0n, 0n, 0n, 0n, 1n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 1n],
    negative_offset: 0,
    negative_counts: [],
    series: ['size', 'exponential_histogram', 'By', 'cumulative', null, '', '{}', '{}', null],
  },
  { ...SHARED, value: 3, value_int: null, series: [...ORDERS, '{"tier":"gold"}', null] },
  { ...SHARED, value: 4.5, value_int: null, series: [...ORDERS, '{"tier":"silver"}', null] },
  {
    ...SHARED,
    value: null,
    value_int: -5n,
    series: ['queue', 'sum', '', 'cumulative', 'false', '', '{}', '{}', null],
  },
  {
    ...SHARED,
    value: 21.5,
    value_int: null,
    series: ['temperature', 'gauge', '', null, null, '', '{}', '{"room":"ü"}', null],
  },
  {
    ...HISTOGRAM,
    count: 4n,
    sum: 100_007.251,
    min: 0.001,
    max: 100_000,
    bucket_counts: [0n, 2n, 1n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 1n],
    series: ['duration', 'histogram', 's', 'cumulative', null, '', '{}', '{"route":"/"}', BOUNDS],
  },
]

for (const encoding of ['pb', 'json'] as const) {
  t.test(`what the official exporter sends as ${encoding} becomes the expected rows`, (t) => {
    const translator = createSignalTranslator('metrics', {
      retentionMs: FOREVER_MS,
      maxAheadMs: FOREVER_MS,
      dictionaryCacheSize: 100,
    })
    const file = readFileSync(join(FIXTURES, `metrics.${encoding}`))
    const body = encoding === 'pb' ? file : protobufFromJson(file, EXPORT_METRICS_SERVICE_REQUEST)
    const { copies, dictionary, rejection, accepted } = translator.translate(body, {
      receivedMs: NOON_MS,
      tenant: null,
    })
    t.equal(rejection, '')
    t.equal(accepted, EXPECTED.length)
    const rows = withSeries(decodeMetricRows(copies), dictionary)
    const timeless = rows.map(({ time, time_ns, start_time, start_ns, ...row }) => {
      t.ok((time as bigint) >= (start_time as bigint))
      t.strictSame([time_ns, start_ns], [0, 0], 'they are milliseconds')
      return row
    })
    t.strictSame(timeless, EXPECTED)
    t.end()
  })
}

t.test('numbers of JSON keep every digit, whether strings or bare', (t) => {
  const values = [
    '"asInt":"9007199254740993"',
    '"asInt":9007199254740993',
    '"asInt":-9223372036854775808',
    '"asInt":9223372036854775808',
    '"asDouble":"NaN"',
    '"asDouble":"-Infinity"',
    '"asDouble":1',
  ]
  const points = values.map((value) => `{"timeUnixNano":"${NOON_NS}",${value}}`)
  const text = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[${points.join()}]}}]}]}]}`
  const body = protobufFromJson(Buffer.from(text), EXPORT_METRICS_SERVICE_REQUEST)
  const { rows } = createMetricTranslator()(body)
  t.strictSame(
    rows.map(({ value, value_int }) => [value, value_int]),
    [
      [null, 9_007_199_254_740_993n],
      [null, 9_007_199_254_740_993n],
      [null, -(2n ** 63n)],
      [2 ** 63, null],
      [Number.NaN, null],
      [-Infinity, null],
      [1, null],
    ],
  )
  t.end()
})
