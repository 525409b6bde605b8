import t from 'tap'
import { withSeries } from './expected-metric-rows'
import type { FullRow } from './expected-rows'
import { createMetricTranslator, DAY_MS, NOON_MS, NOON_NS } from '../helpers/metric-points'
import { decodeMetricRows } from '../helpers/metric-rows'
import { type DataPointInput, metrics, type MetricsInput } from '../helpers/otlp-metrics'
import { createSignalTranslator } from '../helpers/translator'

const POINT: DataPointInput = { timeUnixNano: NOON_NS, asInt: '1' }

function gauge(point: DataPointInput = {}, about: object = {}): MetricsInput {
  return {
    service: 'app',
    scope: { name: 'lib' },
    metrics: [{ name: 'm', gauge: { dataPoints: [{ ...POINT, ...point }] }, ...about }],
  }
}

function field(number: number, ...content: readonly (string | Buffer)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part as string)))
  return Buffer.from([number * 8 + 2, (bytes.length & 127) | 128, bytes.length >> 7, ...bytes])
}

function request(...metric: readonly Buffer[]): Buffer {
  return field(1, field(2, field(2, ...metric)))
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = number * 8 + 1
  bytes.writeBigInt64LE(value, 1)
  return bytes
}

/** A data point of a number, which tells it from others. */
function numbered(value: bigint, ...more: readonly Buffer[]): Buffer {
  return field(1, fixed64(3, NOON_NS), fixed64(6, value), ...more)
}

function attribute(key: string, value: string): Buffer {
  return field(7, field(1, key), field(2, field(1, value)))
}

function idsOf(inputs: readonly MetricsInput[]): string[] {
  const { dictionary } = createMetricTranslator()(inputs)
  return dictionary.filter((row) => row.dictionary === 'metric_series').map(({ id }) => id)
}

t.test('all that makes a series makes another one, and nothing else does', (t) => {
  const inputs: MetricsInput[] = [
    gauge(),
    { ...gauge(), service: 'till' },
    { ...gauge(), resource: { attributes: { pod: 1 } } },
    { ...gauge(), scope: { name: 'lib', version: '2' } },
    gauge({}, { name: 'n' }),
    ...['s', 'm'].map((unit) => gauge({}, { unit })),
    ...['d', 'e'].map((description) => gauge({}, { description })),
    ...[1, 2].map((a) => gauge({}, { metadata: { a } })),
    gauge({ attributes: { a: 1 } }),
    gauge({ attributes: { a: 2 } }),
    gauge({ attributes: { a: '1' } }),
    ...[
      { aggregationTemporality: 1, isMonotonic: true },
      { aggregationTemporality: 2, isMonotonic: true },
      { aggregationTemporality: 2, isMonotonic: false },
    ].map((said) => gauge({}, { gauge: undefined, sum: { ...said, dataPoints: [POINT] } })),
    ...[[1], [2], []].map((explicitBounds) => {
      const bucketCounts = [...explicitBounds, 0].map(() => '0')
      const point = { timeUnixNano: NOON_NS, bucketCounts, explicitBounds }
      const histogram = { aggregationTemporality: 2, dataPoints: [point] }
      return gauge({}, { gauge: undefined, histogram })
    }),
  ]
  t.equal(new Set(idsOf(inputs)).size, inputs.length)
  const same = [
    gauge(),
    gauge({ asInt: undefined, asDouble: 2, flags: 2, startTimeUnixNano: NOON_NS }),
    gauge({ timeUnixNano: NOON_NS + 1n, exemplars: [{}] }),
  ]
  t.equal(idsOf(same).length, 1)
  t.end()
})

t.test('a series has the same id in another translator, and is handed out once a request', (t) => {
  const input = [gauge({ attributes: { a: 1 } }), gauge({ attributes: { a: 1 } })]
  const translate = createMetricTranslator()
  const [first, second] = [translate(input), translate(input)]
  t.strictSame(first.dictionary, createMetricTranslator()(input).dictionary)
  t.equal(first.dictionary.filter((row) => row.dictionary === 'metric_series').length, 1)
  for (const [at, row] of first.dictionary.entries()) t.equal(row, second.dictionary[at])
  t.end()
})

t.test('what describes a metric may follow its data points', (t) => {
  const data = field(7, numbered(1n), Buffer.from([2 * 8, 1, 3 * 8, 2]), numbered(2n))
  const body = request(data, field(3, 's'), field(12, field(1, 'k')), field(2, 'd'), field(1, 'n'))
  const { rows } = createMetricTranslator()(body)
  t.strictSame(
    rows.map(({ value_int }) => value_int),
    [1n, 2n],
  )
  for (const { series } of rows) {
    t.strictSame(series, ['n', 'sum', 's', 'delta', 'true', 'd', '{"k":null}', '{}', null])
  }
  t.end()
})

t.test('of the kinds of data the last one sent counts, and its parts merge', (t) => {
  const translate = createMetricTranslator()
  const temporality = Buffer.from([2 * 8, 2])
  const values = (...parts: readonly Buffer[]) =>
    translate(request(...parts)).rows.map(({ series, value_int }) => [
      (series as string[])[1],
      value_int,
    ])
  t.strictSame(values(field(5, numbered(1n)), field(7, numbered(2n), temporality)), [['sum', 2n]])
  t.strictSame(values(field(5, numbered(1n)), field(11), field(5, numbered(2n))), [['gauge', 2n]])
  t.strictSame(values(field(7, temporality), field(7, numbered(1n)), field(7, numbered(2n))), [
    ['sum', 1n],
    ['sum', 2n],
  ])
  t.strictSame(values(field(5, numbered(1n)), field(11)), [], 'an empty summary')
  t.end()
})

t.test('attributes between other fields make the series that they make in a row', (t) => {
  const [a, b, c] = [attribute('a', '1'), attribute('b', '2'), attribute('c', '3')]
  const start = fixed64(2, NOON_NS)
  const points = [
    numbered(1n, a, b, c),
    numbered(2n, a, start, b, c),
    numbered(3n, a, start, b, start, c),
    numbered(4n, start, a, b, start, c, start),
  ]
  const translate = createMetricTranslator()
  const { rows, dictionary } = translate(request(field(5, ...points)))
  t.equal(dictionary.filter((row) => row.dictionary === 'metric_series').length, 1)
  t.strictSame(
    rows.map(({ value_int }) => value_int),
    [1n, 2n, 3n, 4n],
  )
  t.equal((rows[3]?.['series'] as string[])[7], '{"a":"1","b":"2","c":"3"}')
  t.end()
})

t.test('numbers of a repeated field may be packed, single, or both', (t) => {
  const translate = createMetricTranslator()
  const number = (value: bigint) => fixed64(0, value).subarray(1)
  const double = (value: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    return bytes
  }
  const bounds = [
    [field(7, double(1), double(2), double(3))],
    [1, 2, 3].map((bound) => Buffer.concat([Buffer.from([7 * 8 + 1]), double(bound)])),
    [field(7, double(1)), field(7), field(7, double(2), double(3))],
  ]
  const counts = [
    [field(6, number(1n), number(2n), number(3n), number(4n))],
    [1n, 2n, 3n, 4n].map((count) => fixed64(6, count)),
    [field(6, number(1n), number(2n)), fixed64(6, 3n), field(6), field(6, number(4n))],
  ]
  const points = bounds.flatMap((bound) =>
    counts.map((count) => field(1, fixed64(3, NOON_NS), fixed64(4, 10n), ...bound, ...count)),
  )
  for (const point of points) {
    const { rows, dictionary } = translate(request(field(9, Buffer.from([2 * 8, 1]), point)))
    t.strictSame(rows[0]?.['bucket_counts'], [1n, 2n, 3n, 4n])
    t.equal((rows[0]?.['series'] as string[])[8], '{1,2,3}')
    t.equal(dictionary.length, 4)
  }
  t.end()
})

t.test('the tenant of a data point: of the token, else its own, else the resource’s', (t) => {
  const translator = createSignalTranslator('metrics', {
    retentionMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
  })
  const own = { attributes: { 'tenant.id': 'own' } }
  const inputs = [gauge(), gauge(own)].flatMap((input) => [
    input,
    { ...input, resource: { attributes: { 'tenant.id': 'resource' } } },
  ])
  const tenants = (tenant: string | null) => {
    const context = { receivedMs: NOON_MS, tenant }
    const { copies, dictionary } = translator.translate(metrics(inputs), context)
    const rows = withSeries(decodeMetricRows(copies), dictionary)
    return rows.map(({ service }: FullRow) => (service as string[])[0])
  }
  for (const round of [1, 2]) {
    t.strictSame(tenants(null), ['', 'resource', 'own', 'own'], `round ${round}`)
    t.strictSame(tenants('token'), ['token', 'token', 'token', 'token'])
    t.strictSame(tenants('other'), ['other', 'other', 'other', 'other'])
  }
  t.end()
})

t.test(
  'attributes of a series past the limits are dropped and cut, and counted once a request',
  (t) => {
    const translate = createMetricTranslator({ maxAttributes: 2, maxAttributeBytes: 3 })
    const attributes = { a: '1234', b: 1, c: 2, 'tenant.id': 'x' }
    const input = [
      gauge(
        { attributes, exemplars: [{ filteredAttributes: attributes }] },
        { metadata: attributes },
      ),
      gauge({ attributes }, { metadata: attributes }),
    ]
    for (const round of [1, 2]) {
      const { rows, truncatedAttributes } = translate(input)
      const series = rows[0]?.['series'] as string[]
      t.equal(series[6], '{"a":"123","b":1}', `round ${round}`)
      t.equal(series[7], '{"a":"123","b":1}')
      t.equal(rows[0]?.['exemplars'], '[{"attributes":{"a":"123","b":1}}]')
      t.strictSame((rows[0]?.['service'] as string[])[0], '')
      t.strictSame(truncatedAttributes, { count: 6, length: 3 })
    }
    t.end()
  },
)

t.test('broken text in a metric is repaired, and counted', (t) => {
  const translate = createMetricTranslator()
  const { rows, repairedStrings } = translate(
    gauge({ attributes: { 'k\0': 'v\0' } }, { name: 'n\0', unit: 'u\0', description: 'd\0' }),
  )
  const series = rows[0]?.['series'] as string[]
  t.strictSame([series[0], series[2], series[5]], ['n\ufffd', 'u\ufffd', 'd\ufffd'])
  t.equal(repairedStrings, 5)
  t.end()
})

t.test('a series there was no room for in one request is kept in the next', (t) => {
  const translate = createMetricTranslator()
  const large = (id: number) => gauge({ attributes: { id, doubles: Array(1_400).fill(1e300) } })
  const { accepted, rejected, rejection } = translate([1, 2, 3, 4].map(large))
  t.strictSame([accepted, rejected], [3, 1])
  t.match(rejection, /must not grow to many times/)
  t.equal(translate(large(4)).accepted, 1)
  t.end()
})

t.test('a metric whose metadata there was no room for is kept in the next request', (t) => {
  const translate = createMetricTranslator()
  const metadata = { doubles: Array(1_400).fill(1e300) }
  const large = (name: string) => gauge({}, { name, metadata })
  t.equal(translate(['a', 'b', 'c', 'd'].map(large)).rejected, 1)
  t.equal(translate(large('d')).accepted, 1)
  t.end()
})

t.test('a name no index of Postgres takes costs the data points of its metric', (t) => {
  const gauge = { dataPoints: [{ timeUnixNano: NOON_NS, asInt: '1' }] }
  const names = ['before', 'x'.repeat(1_025), `${'é'.repeat(512)}`, `${'é'.repeat(512)}x`, 'after']
  const { rows, rejection } = createMetricTranslator()({
    metrics: names.map((name) => ({ name, gauge })),
  })
  t.strictSame(
    rows.map(({ series }) => (series as string[])[0]),
    [names[0], names[2], names[4]],
  )
  t.match(rejection, /^rejected 2 of 5 .*must have at most 1024 bytes .*it has 1025\)$/)
  t.end()
})
