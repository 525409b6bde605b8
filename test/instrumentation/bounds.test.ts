/** What is told under names without end stays bounded, in the metrics of a process that are cumulative too. */
import { metrics } from '@opentelemetry/api'
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import t from 'tap'
import { createRequestLogger } from '../../instrumentation/api/request-logger'
import { trackCache, trackJob, trackQueue } from '../../instrumentation/index'

class Reader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE })
  }
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

const reader = new Reader()
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
t.teardown(() => metrics.disable())

/** More than the SDK keeps apart between two collections. */
const NAMES = 3_000
const COLLECTIONS = 3

t.test(
  'names without end are as many series as their limit allows, and none is lost',
  async (t) => {
    process.env['LOG_LEVEL_REQUEST'] = 'silent'
    const log = createRequestLogger({ method: 'GET', path: '/' })
    let points = new Map<string, number>()
    let counts = new Map<string, number>()
    for (let collection = 0; collection < COLLECTIONS; collection++) {
      for (let at = 0; at < NAMES; at++) {
        const name = `name-${collection}-${at}`
        trackCache(name, 'hit')
        trackQueue(name, { depth: 1, processed: 1, failed: 1 })
        trackJob(name, () => at, { module: name })
        log.metric('orders_ms', at, { name })
      }
      ;({ points, counts } = await collect())
    }
    // Of each name, and of `other`.
    t.strictSame(Object.fromEntries(points), {
      'cache.requests': 501,
      'queue.depth': 501,
      'queue.processed': 2 * 501,
      'job.duration': 501,
      // Of those admitted as many as the SDK keeps apart, and the overflow of both.
      orders_ms: 2_000,
    })
    const told = NAMES * COLLECTIONS
    t.match(Object.fromEntries(counts), {
      'cache.requests': told,
      'queue.processed': 2 * told,
      'job.duration': told,
      orders_ms: told,
    })
  },
)

t.test('attributes as long as lines are none of a metric', async (t) => {
  const log = createRequestLogger({ method: 'GET', path: '/' })
  log.metric('long_ms', 1, { a: 'x'.repeat(4_096), b: 'y'.repeat(4_096) })
  t.equal((await collect()).attributes.get('long_ms'), '{"otel.metric.overflow":true}')
})

/** How many series each metric has, what they add up to, and the attributes of the last one. */
async function collect() {
  const { resourceMetrics, errors } = await reader.collect()
  t.same(errors, [])
  const points = new Map<string, number>()
  const counts = new Map<string, number>()
  const attributes = new Map<string, string>()
  for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(
    (of) => of.metrics,
  )) {
    points.set(descriptor.name, dataPoints.length)
    const values = dataPoints.map(({ value }) => (typeof value === 'number' ? value : value.count))
    counts.set(
      descriptor.name,
      values.reduce((sum, each) => sum + each, 0),
    )
    attributes.set(descriptor.name, JSON.stringify(dataPoints.at(-1)?.attributes))
  }
  return { points, counts, attributes }
}
