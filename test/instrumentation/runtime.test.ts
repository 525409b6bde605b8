import type { MetricData } from '@opentelemetry/sdk-metrics'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { runtimeProducer } from '../../instrumentation/measures/runtime'
import { until } from '../helpers/until'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

t.test('collections of garbage are counted by kind', async (t) => {
  const producer = runtimeProducer({ histograms: 'cumulative', counters: 'cumulative' })
  collectGarbage()
  const metric = await until(
    async () => (await read(producer)).get('v8js.gc.duration'),
    20_000,
    'a collection',
  )
  const major = metric.dataPoints.find(({ attributes }) => attributes['v8js.gc.type'] === 'major')
  const value = major?.value as {
    count: number
    sum: number
    buckets: { boundaries: number[]; counts: number[] }
  }
  t.ok(value.count >= 1)
  t.ok(value.sum > 0)
  t.same(value.buckets.boundaries, [0.01, 0.1, 1, 10])
  t.equal(
    value.buckets.counts.reduce((sum, count) => sum + count, 0),
    value.count,
  )
})

t.test(
  'counters grow when they are cumulative, and tell what was added when they are deltas',
  async (t) => {
    const cumulative = runtimeProducer({ histograms: 'cumulative', counters: 'cumulative' })
    const delta = runtimeProducer({ histograms: 'delta', counters: 'delta' })
    const [first, firstDelta] = [user(await read(cumulative)), user(await read(delta))]
    while (process.cpuUsage().user / 1e6 < first.value + 0.05) Math.sqrt(Math.random())
    const [second, secondDelta] = [user(await read(cumulative)), user(await read(delta))]
    t.ok(second.value > first.value)
    t.same(second.startTime, first.startTime)
    t.ok(secondDelta.value < second.value, 'only what was added')
    t.same(secondDelta.startTime, firstDelta.endTime, 'since the last reading')
  },
)

t.test('shares are between 0 and 1, and delays appear once they were sampled', async (t) => {
  const producer = runtimeProducer({ histograms: 'cumulative', counters: 'cumulative' })
  const metrics = await until(
    async () => {
      const metrics = await read(producer)
      return metrics.has('nodejs.eventloop.delay.p99') ? metrics : undefined
    },
    20_000,
    'a sample of the delay',
  )
  for (const name of ['nodejs.eventloop.utilization', 'process.cpu.utilization']) {
    for (const { value } of metrics.get(name)!.dataPoints)
      t.ok((value as number) >= 0 && (value as number) <= 1.05, name)
  }
  for (const what of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']) {
    const [point] = metrics.get(`nodejs.eventloop.delay.${what}`)!.dataPoints
    t.ok((point?.value as number) >= 0 && (point?.value as number) < 60, what)
  }
})

async function read(
  producer: ReturnType<typeof runtimeProducer>,
): Promise<Map<string, MetricData>> {
  const { resourceMetrics } = await producer.collect()
  return new Map(
    resourceMetrics.scopeMetrics[0]!.metrics.map((metric) => [metric.descriptor.name, metric]),
  )
}

function user(metrics: Map<string, MetricData>) {
  const point = metrics
    .get('process.cpu.time')!
    .dataPoints.find(({ attributes }) => attributes['cpu.mode'] === 'user')!
  return { ...point, value: point.value as number }
}
