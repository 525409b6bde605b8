import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import t from 'tap'
import { PoolWatch } from '../../instrumentation/libraries/pool'

t.test(
  'how pools are used is read when metrics are collected, one number for a name',
  async (t) => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
    const provider = new MeterProvider({ readers: [reader] })
    metrics.setGlobalMeterProvider(provider)
    t.teardown(() => provider.shutdown())
    let reads = 0
    const watch = new PoolWatch<{ idle: number; name: string }>(
      'sidelight/test',
      ({ idle }) => {
        reads += 1
        return { idle, used: 2, waiting: 3, max: 10 }
      },
      ({ name }) => name,
    )
    const pools = [
      { idle: 1, name: 'shop' },
      { idle: 4, name: 'shop' },
      { idle: 0, name: 'stock' },
    ]
    for (const pool of pools) watch.add(pool)
    watch.add(pools[0] as (typeof pools)[0])
    t.equal(reads, 0)
    await reader.forceFlush()
    t.equal(reads, 3)
    const points = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => [
          descriptor.name.replace('db.client.connection.', ''),
          ...Object.values(attributes),
          value,
        ]),
      )
    t.same(points, [
      ['count', 'shop', 'idle', 5],
      ['count', 'shop', 'used', 4],
      ['count', 'stock', 'idle', 0],
      ['count', 'stock', 'used', 2],
      ['max', 'shop', 20],
      ['max', 'stock', 10],
      ['pending_requests', 'shop', 6],
      ['pending_requests', 'stock', 3],
    ])
  },
)
