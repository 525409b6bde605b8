import t from 'tap'
import { createTranslator } from '../../collector/translate/translator'
import { createMetricTranslator, DAY_MS, NOON_MS, NOON_NS } from '../helpers/metric-points'
import {
  type DataInput,
  type DataPointInput,
  type MetricInput,
  metrics,
} from '../helpers/otlp-metrics'

const MOST = 2n ** 63n - 1n
const GAP = { flags: 1 }
const HISTOGRAM: DataPointInput = { count: '3', bucketCounts: ['1', '2'], explicitBounds: [5] }
const EXPONENTIAL: DataPointInput = {
  count: '6',
  zeroCount: '1',
  positive: { bucketCounts: ['2'] },
  negative: { bucketCounts: ['3'] },
}

type Kind = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'

const SOUND: Readonly<Record<Kind, DataPointInput>> = {
  gauge: { asDouble: 1 },
  sum: { asInt: '1' },
  histogram: HISTOGRAM,
  exponentialHistogram: EXPONENTIAL,
  summary: { count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] },
}
const KINDS = Object.keys(SOUND) as Kind[]

/** The rows of a data point between two sound ones, the message, and how many were rejected. */
function translate(kind: Kind, point: DataPointInput, said: DataInput = {}) {
  const neighbour = { timeUnixNano: NOON_NS, ...SOUND[kind] }
  const temporality = kind === 'gauge' || kind === 'summary' ? {} : { aggregationTemporality: 2 }
  const around = { [kind]: { ...temporality, dataPoints: [neighbour] } }
  const metrics: MetricInput[] = [
    { name: 'before', ...around },
    {
      name: 'judged',
      [kind]: { ...temporality, ...said, dataPoints: [{ timeUnixNano: NOON_NS, ...point }] },
    },
    { name: 'after', ...around },
  ]
  const { rows, rejection, accepted, rejected } = createMetricTranslator()({ metrics })
  const names = rows.map(({ series }) => (series as string[])[0])
  return { row: rows.length === 3 ? rows[1] : undefined, names, rejection, accepted, rejected }
}

const BROKEN: readonly [name: string, kind: Kind, point: DataPointInput, reason: RegExp][] = [
  ...KINDS.map((kind): [string, Kind, DataPointInput, RegExp] => [
    `a ${kind} without a time`,
    kind,
    { ...SOUND[kind], timeUnixNano: 0n },
    /time_unix_nano must be set .*it is 0/,
  ]),
  [
    'a point older than what is kept',
    'gauge',
    { asDouble: 1, timeUnixNano: NOON_NS - 10n * BigInt(DAY_MS) * 1_000_000n - 1_000_000n },
    /older than what is kept.*2026-07-11T11:59:59.999Z/,
  ],
  [
    'a point too far ahead',
    'summary',
    { timeUnixNano: NOON_NS + BigInt(DAY_MS) * 1_000_000n + 1_000_000n },
    /too far in the future.*2026-07-22T12:00:00.001Z/,
  ],
  ['a gauge without a value', 'gauge', {}, /as_double or as_int must be set/],
  ['a sum without a value', 'sum', { flags: 2 }, /as_double or as_int must be set/],
  [
    'as many bucket counts as bounds',
    'histogram',
    { ...HISTOGRAM, explicitBounds: [5, 6] },
    /one more than explicit_bounds.*there are 2 bucket_counts and 2 explicit_bounds/,
  ],
  [
    'bounds without bucket counts',
    'histogram',
    { count: '3', explicitBounds: [5] },
    /there are 0 bucket_counts and 1 explicit_bounds/,
  ],
  ...[
    [5, 5],
    [5, 4],
    [Number.NaN, 5],
    [5, Number.NaN],
  ].map((explicitBounds): [string, Kind, DataPointInput, RegExp] => [
    `bounds ${explicitBounds.join()}`,
    'histogram',
    { count: '3', bucketCounts: ['1', '1', '1'], explicitBounds },
    /explicit_bounds must each be greater/,
  ]),
  [
    'bucket counts that are too few',
    'histogram',
    { ...HISTOGRAM, count: '4' },
    /count must be the sum.*count is 4, the sum 3/,
  ],
  [
    'a sum of bucket counts that wraps round to the count',
    'histogram',
    { count: '1', bucketCounts: [2n ** 63n, 2n ** 63n + 1n].map(String), explicitBounds: [5] },
    /count is 1, the sum 18446744073709551617/,
  ],
  [
    'an exponential histogram whose zero count is left out',
    'exponentialHistogram',
    { ...EXPONENTIAL, zeroCount: '0' },
    /both sides and zero_count.*count is 6, the sum 5/,
  ],
  [
    'an exponential histogram whose counts wrap round to the count',
    'exponentialHistogram',
    {
      count: '6',
      zeroCount: String(2n ** 64n - 1n),
      positive: { bucketCounts: ['7'] },
    },
    /count is 6, the sum 18446744073709551622/,
  ],
  ...(['histogram', 'exponentialHistogram', 'summary'] as const).map(
    (kind): [string, Kind, DataPointInput, RegExp] => [
      `a ${kind} with a count above 2^63 - 1`,
      kind,
      { count: String(MOST + 1n) },
      /below 2\^63.*count is 9223372036854775808/,
    ],
  ),
  ...[-0.01, 1.01, Number.NaN].map((quantile): [string, Kind, DataPointInput, RegExp] => [
    `a quantile of ${quantile}`,
    'summary',
    { quantileValues: [{ quantile: 0.5 }, { quantile, value: 1 }] },
    new RegExp(`between 0 and 1.*one is ${quantile}`),
  ]),
]

for (const [name, kind, point, reason] of BROKEN) {
  t.test(`${name} is rejected alone`, (t) => {
    const { names, rejection, accepted, rejected } = translate(kind, point)
    t.strictSame(names, ['before', 'after'])
    t.strictSame({ accepted, rejected }, { accepted: 2, rejected: 1 })
    t.match(rejection, reason)
    t.match(rejection, /^rejected 1 of 3 data points: 1 because .*in data point "judged"/)
    t.end()
  })
}

for (const kind of ['sum', 'histogram', 'exponentialHistogram'] as const) {
  for (const aggregationTemporality of [0, 3, -1]) {
    t.test(
      `the data points of a ${kind} of temporality ${aggregationTemporality} are rejected`,
      (t) => {
        const { names, rejection } = translate(kind, SOUND[kind], { aggregationTemporality })
        t.strictSame(names, ['before', 'after'])
        t.match(
          rejection,
          new RegExp(`delta \\(1\\) or cumulative \\(2\\).*it is ${aggregationTemporality}`),
        )
        t.end()
      },
    )
  }
}

t.test('data points at the edges of the times are kept', (t) => {
  const first = NOON_NS - 10n * BigInt(DAY_MS) * 1_000_000n
  const last = NOON_NS + BigInt(DAY_MS) * 1_000_000n
  for (const timeUnixNano of [first, last]) {
    const { row } = translate('gauge', { asDouble: 1, timeUnixNano })
    t.equal(row?.['time'], timeUnixNano / 1_000n)
  }
  t.end()
})

t.test('a number is kept exactly, an integer apart from a double', (t) => {
  for (const asDouble of [0, -0, 0.1, Number.NaN, Infinity, -Infinity, 5e-324, 2 ** 53 + 2]) {
    t.match(translate('gauge', { asDouble }).row, { value: asDouble, value_int: null })
    t.ok(Object.is(translate('sum', { asDouble }).row?.['value'], asDouble))
  }
  for (const asInt of [0n, -1n, 9_007_199_254_740_993n, MOST, -MOST - 1n]) {
    t.match(translate('sum', { asInt: String(asInt) }).row, { value: null, value_int: asInt })
  }
  t.end()
})

t.test('a data point that says that nothing was recorded is kept without a value', (t) => {
  for (const value of [{}, { asDouble: 0 }, { asInt: '0' }]) {
    const { row } = translate('gauge', { ...GAP, ...value })
    t.match(row, { flags: 1, value: null, value_int: null })
  }
  t.match(translate('histogram', GAP).row, { flags: 1, count: 0n, bucket_counts: null })
  t.end()
})

t.test('sum, min and max that were not sent are kept apart from 0', (t) => {
  for (const kind of ['histogram', 'exponentialHistogram'] as const) {
    t.match(translate(kind, SOUND[kind]).row, { sum: null, min: null, max: null })
    const zero = { sum: 0, min: 0, max: 0 }
    t.match(translate(kind, { ...SOUND[kind], ...zero }).row, zero)
  }
  t.match(translate('summary', {}).row, { sum: 0, min: null, max: null }, 'not optional there')
  t.end()
})

t.test('the largest count is kept, and so is a bucket that has all of it', (t) => {
  const count = String(MOST)
  const bucketCounts = ['0', count]
  t.match(translate('histogram', { count, bucketCounts, explicitBounds: [-0] }).row, {
    count: MOST,
    bucket_counts: [0n, MOST],
  })
  const positive = { offset: -2_147_483_648, bucketCounts: [String(MOST - 2n)] }
  const exponential = { count, zeroCount: '2', scale: -2_147_483_648, positive }
  t.match(translate('exponentialHistogram', exponential).row, {
    count: MOST,
    zero_count: 2n,
    scale: -2_147_483_648,
    positive_offset: -2_147_483_648,
    positive_counts: [MOST - 2n],
    negative_offset: null,
    negative_counts: null,
  })
  t.match(translate('summary', { count }).row, { count: MOST, quantiles: null })
  t.end()
})

t.test('a histogram of one bucket has no bounds, one of none neither', (t) => {
  t.match(translate('histogram', { count: '3', bucketCounts: ['3'] }).row, { bucket_counts: [3n] })
  t.match(translate('histogram', { count: '3' }).row, { count: 3n, bucket_counts: null })
  t.end()
})

t.test('buckets sent empty are kept apart from buckets not sent', (t) => {
  const { row } = translate('exponentialHistogram', { negative: {}, count: '0' })
  t.match(row, {
    scale: 0,
    zero_count: 0n,
    zero_threshold: 0,
    positive_offset: null,
    positive_counts: null,
    negative_offset: 0,
    negative_counts: [],
  })
  t.end()
})

t.test('infinite bounds and the edges of quantiles are kept', (t) => {
  const explicitBounds = [-Infinity, 0, Infinity]
  const histogram = { count: '0', bucketCounts: ['0', '0', '0', '0'], explicitBounds }
  const { row } = translate('histogram', histogram)
  t.equal((row?.['series'] as string[])[8], '{-Infinity,0,Infinity}')
  const quantileValues = [{}, { quantile: 1, value: Number.NaN }, { quantile: 0.5, value: -1 }]
  t.strictSame(translate('summary', { quantileValues }).row?.['quantiles'], [0, 1, 0.5])
  t.strictSame(translate('summary', { quantileValues }).row?.['quantile_values'], [
    0,
    Number.NaN,
    -1,
  ])
  t.end()
})

t.test('a metric without a name is kept, one without data is nothing', (t) => {
  const translate = createMetricTranslator()
  const point = { timeUnixNano: NOON_NS, asInt: '1' }
  const metrics = [{ name: 'none' }, { gauge: {} }, { gauge: { dataPoints: [point] } }]
  const { rows, rejected, rejection } = translate({ metrics })
  t.strictSame(
    rows.map(({ series }) => (series as string[])[0]),
    [''],
  )
  t.strictSame({ rejected, rejection }, { rejected: 0, rejection: '' })
  t.end()
})

t.test('a value nested too deeply costs the data points that have it', (t) => {
  let deep: unknown = 1
  for (let depth = 0; depth < 64; depth++) deep = [deep]
  const translate = createMetricTranslator()
  const attributes = { deep: deep as [] }
  const gauge = (more: object) => ({
    gauge: { dataPoints: [{ timeUnixNano: NOON_NS, asInt: '1', ...more }] },
  })
  const metrics = [
    { name: 'a', ...gauge({ attributes }) },
    { name: 'b', metadata: attributes, ...gauge({}) },
    { name: 'c', ...gauge({ exemplars: [{ filteredAttributes: attributes }] }) },
    { name: 'd', ...gauge({}) },
  ]
  for (const round of [1, 2]) {
    const { rows, rejected, rejection } = translate({ metrics })
    t.equal(rows.length, 1, `round ${round}`)
    t.equal(rejected, 3)
    t.match(rejection, /3 because attribute values may be nested/)
  }
  t.equal(translate({ resource: { attributes }, metrics }).rejected, 4)
  t.end()
})

t.test('metrics have a retention of their own', (t) => {
  const retentionMs = { traces: 2 * DAY_MS, metrics: DAY_MS, logs: 2 * DAY_MS }
  const translator = createTranslator({
    retentionMs,
    maxAheadMs: DAY_MS,
    tenantAttributes: [],
    correlationAttributes: [],
    dictionaryCacheSize: 10,
  })
  const body = metrics({
    metrics: [{ gauge: { dataPoints: [{ timeUnixNano: NOON_NS, asInt: '1' }] } }],
  })
  const accepted = [0, 1].map((lateMs) => {
    const receivedMs = NOON_MS + DAY_MS + lateMs
    return translator.translate({ signal: 'metrics', body, receivedMs, tenant: null }).accepted
  })
  t.strictSame(accepted, [1, 0])
  t.end()
})
