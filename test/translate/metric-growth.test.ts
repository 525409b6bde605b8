import t from 'tap'
import { UNLIMITED } from '../../collector/translate/limits'
import { largestRows } from '../../collector/translate/buffer'
import { createMetricTranslator, DAY_MS, NOON_MS, NOON_NS } from '../helpers/metric-points'
import { decodeMetricRows } from '../helpers/metric-rows'
import { type DataPointInput, metrics, type MetricInput } from '../helpers/otlp-metrics'
import { createSignalTranslator } from '../helpers/translator'

const MANY = 1_000_000
/** Far more than any request may grow by, whatever it is. */
const LARGE_BYTES = 4 * 1024 * 1024
const POINTS = 1_000
const CUMULATIVE = { aggregationTemporality: 2 }

/** Protobuf says these in few bytes each, a row in many. */
const HUGE: Readonly<Record<string, (point: DataPointInput) => MetricInput>> = {
  exemplars: (point) => {
    const filteredAttributes = { doubles: Array<number>(MANY / 10).fill(1e300) }
    return {
      sum: { ...CUMULATIVE, dataPoints: [{ ...point, exemplars: [{ filteredAttributes }] }] },
    }
  },
  attributes: (point) => {
    const attributes = { doubles: Array<number>(MANY / 10).fill(1e300) }
    return { gauge: { dataPoints: [{ ...point, attributes }] } }
  },
}

function translate(list: readonly MetricInput[], limits = UNLIMITED) {
  const body = metrics({ metrics: list })
  return { body, ...translateBody(body, limits) }
}

function translateBody(body: Buffer, limits = UNLIMITED) {
  const translator = createSignalTranslator('metrics', {
    retentionMs: DAY_MS,
    dictionaryCacheSize: 10,
    limits,
  })
  return translator.translate(body, { receivedMs: NOON_MS, tenant: null })
}

const gauge = (asInt: string): MetricInput => ({
  gauge: { dataPoints: [{ timeUnixNano: NOON_NS, asInt }] },
})

for (const [what, make] of Object.entries(HUGE)) {
  t.test(`a data point whose ${what} grow to many times its size is rejected alone`, (t) => {
    const point = { timeUnixNano: NOON_NS, asInt: '1' }
    const { copies, rejected, rejection, body } = translate([gauge('1'), make(point), gauge('2')])
    t.strictSame(
      decodeMetricRows(copies).map(({ value_int }) => value_int),
      [1n, 2n],
    )
    t.equal(rejected, 1)
    t.match(rejection, /many times its size/)
    for (const { bytes } of copies) {
      t.ok(bytes.buffer.byteLength < 2 * largestRows(body.length), `${bytes.buffer.byteLength}`)
    }
    t.end()
  })
}

t.test('attributes above the cap of series count as what they become in the row', (t) => {
  const attributes = { doubles: Array<number>(2_000).fill(1e300) }
  const point = (index: number) => ({
    timeUnixNano: NOON_NS,
    asInt: '1',
    attributes: { ...attributes, index },
  })
  const dataPoints = Array.from({ length: 10 }, (_, index) => point(index))
  const { accepted, rejected } = translate([gauge('1'), { gauge: { dataPoints } }], {
    ...UNLIMITED,
    maxSeries: 1,
  })
  t.ok(accepted > 1 && rejected > 1, `${accepted} kept, ${rejected} rejected`)
  t.end()
})

t.test(
  'the data points of a metric whose metadata grows to many times its size are rejected',
  (t) => {
    const metadata = { doubles: Array<number>(MANY / 10).fill(1e300) }
    const { accepted, rejected } = translate([{ ...gauge('1'), metadata }, gauge('2')])
    t.strictSame([accepted, rejected], [1, 1])
    t.end()
  },
)

/** Points of exponential histograms in which everything is as short as it can be sent. */
const DENSE: Readonly<Record<string, DataPointInput>> = {
  'with a bucket a byte': {
    count: '160',
    positive: { bucketCounts: Array<string>(160).fill('1') },
  },
  'with a time alone': {},
}

for (const [what, fields] of Object.entries(DENSE)) {
  t.test(`a large request of points ${what} does not count as growth`, (t) => {
    const point = { timeUnixNano: NOON_NS, ...fields }
    const dataPoints = Array<DataPointInput>(POINTS).fill(point)
    const part = metrics({ metrics: [{ exponentialHistogram: { ...CUMULATIVE, dataPoints } }] })
    const parts = Math.ceil(LARGE_BYTES / part.length)
    const { accepted, rejected } = translateBody(Buffer.concat(Array<Buffer>(parts).fill(part)))
    t.strictSame([accepted, rejected], [parts * POINTS, 0])
    t.end()
  })
}

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
