import { metrics } from '@opentelemetry/api'
import { type GaugeMetricData, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import t from 'tap'
import { createRequestLogger } from '../../instrumentation/api/request-logger'

/** What the application's reader of metrics does, when it is asked to. */
class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

t.test(
  'a metric that was first told of before there was an SDK reaches one that comes later',
  async (t) => {
    process.env['LOG_LEVEL'] = 'fatal'
    const log = createRequestLogger({ method: 'GET', path: '/orders' })
    log.metric('cart.items', 3)
    const reader = new Reader()
    t.teardown(() => metrics.disable())
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    log.metric('cart.items', 4, { 'shop.id': 's-1' })
    const { resourceMetrics, errors } = await reader.collect()
    t.same(errors, [])
    const found = resourceMetrics.scopeMetrics.flatMap(({ metrics: found }) => found)
    t.same(
      found.map((metric) => [
        metric.descriptor.name,
        ...(metric as GaugeMetricData).dataPoints.map(({ value, attributes }) => [
          value,
          attributes,
        ]),
      ]),
      [['cart.items', [4, { 'shop.id': 's-1' }]]],
    )
  },
)
