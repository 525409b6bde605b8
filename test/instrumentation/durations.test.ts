import type { MetricProducer } from '@opentelemetry/sdk-metrics'
import {
  AggregationTemporality,
  DataPointType,
  type HistogramMetricData,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics'
import t from 'tap'
import {
  durationHistogram,
  MAX_KEYS,
  recordThrough,
} from '../../instrumentation/measures/durations'
import { durationProducer } from '../../instrumentation/measures/producer'

/** What the application's reader of metrics does, when it is asked to. */
class Reader extends MetricReader {
  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
}

let made = 0
const fresh = () => {
  const scope = `sidelight/test-${++made}`
  return {
    scope,
    histogram: durationHistogram({ scope, name: 'call.duration', description: 'Calls.' }),
  }
}

t.test('durations nobody reads are dropped', async (t) => {
  const { scope, histogram } = fresh()
  histogram.record(1, 'a', () => ({}))
  t.same(await pointsOf(durationProducer('cumulative'), scope), [])
})

t.test('every duration is in one bucket, and the sums are right', async (t) => {
  const { scope, histogram } = fresh()
  const producer = durationProducer('cumulative')
  const values = [0, 0.004, 0.005, 0.0051, 0.01, 0.5, 0.51, 10, 10.1, 3600]
  for (const value of values) histogram.record(value, 'GET 200', () => ({ route: '/a' }))
  histogram.record(2, 'GET 500', () => ({ route: '/b' }))
  const [first, second, ...rest] = await pointsOf(producer, scope)
  t.same(rest, [])
  t.same(first?.attributes, { route: '/a' })
  t.same(first?.value, {
    buckets: {
      boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      counts: [3, 2, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 2],
    },
    count: values.length,
    sum: values.reduce((sum, value) => sum + value),
    min: 0,
    max: 3600,
  })
  t.match(second, { attributes: { route: '/b' }, value: { count: 1, sum: 2 } })
})

t.test('cumulative counts go on from the same start', async (t) => {
  const { scope, histogram } = fresh()
  const producer = durationProducer('cumulative')
  histogram.record(1, 'a', () => ({}))
  const [before] = await pointsOf(producer, scope)
  histogram.record(2, 'a', () => ({}))
  const [after] = await pointsOf(producer, scope)
  t.same(after?.startTime, before?.startTime)
  t.equal(before?.value.count, 1, 'what was read does not change')
  t.match(after?.value, { count: 2, sum: 3 })
})

t.test('deltas start where the ones before ended, without what they told', async (t) => {
  const { scope, histogram } = fresh()
  const producer = durationProducer('delta')
  histogram.record(1, 'a', () => ({ at: 'a' }))
  const [before] = await pointsOf(producer, scope)
  t.same(await pointsOf(producer, scope), [])
  histogram.record(2, 'b', () => ({ at: 'b' }))
  const [after, ...rest] = await pointsOf(producer, scope)
  t.same(rest, [], 'nothing of what was not seen again')
  t.match(after, { attributes: { at: 'b' }, value: { count: 1, sum: 2, min: 2, max: 2 } })
  t.ok(Number(after?.startTime.join('.')) >= Number(before?.endTime.join('.')))
})

t.test('what does not fit is counted together', async (t) => {
  const { scope, histogram } = fresh()
  const producer = durationProducer('cumulative')
  for (let id = 0; id < MAX_KEYS + 500; id++) histogram.record(1, `${id}`, () => ({ id }))
  histogram.record(1, '0', () => ({ id: 0 }))
  const points = await pointsOf(producer, scope)
  t.equal(points.length, MAX_KEYS)
  t.equal(points[0]?.value.count, 2, 'a key that is known still has its own')
  t.same(points.at(-1)?.attributes, { 'otel.metric.overflow': true })
  t.equal(points.at(-1)?.value.count, 501)
})

t.test('a reader of the SDK takes them beside its own', async (t) => {
  const { scope, histogram } = fresh()
  const reader = new Reader({ metricProducers: [durationProducer('cumulative')] })
  new MeterProvider({ readers: [reader] })
  histogram.record(0.3, 'a', () => ({ a: 1 }))
  const { resourceMetrics, errors } = await reader.collect()
  t.same(errors, [])
  const [metric] = resourceMetrics.scopeMetrics.find((of) => of.scope.name === scope)?.metrics ?? []
  t.match(metric, {
    descriptor: { name: 'call.duration', description: 'Calls.', unit: 's' },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.HISTOGRAM,
  })
})

t.test('with a meter they go through histograms of the SDK', async (t) => {
  const { scope, histogram } = fresh()
  const reader = new Reader()
  const provider = new MeterProvider({ readers: [reader] })
  recordThrough((name) => provider.getMeter(name))
  const late = fresh()
  for (const each of [histogram, late.histogram]) each.record(0.3, 'a', () => ({ a: 1 }))
  const { resourceMetrics } = await reader.collect()
  for (const name of [scope, late.scope]) {
    const [metric] =
      resourceMetrics.scopeMetrics.find((of) => of.scope.name === name)?.metrics ?? []
    t.equal(metric?.descriptor.unit, 's')
    const [point] = (metric as HistogramMetricData).dataPoints
    t.same(point?.attributes, { a: 1 })
    t.equal(point?.value.buckets.boundaries.length, 14)
    t.equal(point?.value.count, 1)
  }
})

async function pointsOf(producer: MetricProducer, scope: string) {
  const { resourceMetrics } = await producer.collect()
  const metrics = resourceMetrics.scopeMetrics.find((of) => of.scope.name === scope)?.metrics ?? []
  return metrics.flatMap((metric) => (metric as HistogramMetricData).dataPoints)
}
