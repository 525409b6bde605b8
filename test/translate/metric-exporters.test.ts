import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ValueType } from '@opentelemetry/api'
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  MetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import t, { type Test } from 'tap'
import { protobufFromJson } from '../../collector/otlp/json'
import { EXPORT_METRICS_SERVICE_REQUEST } from '../../collector/otlp/schema'
import { decodeMetricRows } from '../helpers/metric-rows'
import { createSignalTranslator } from '../helpers/translator'
import { withSeries } from './expected-metric-rows'
import type { FullRow } from './expected-rows'

const DAY_MS = 86_400_000
const { CUMULATIVE, DELTA } = AggregationTemporality

class ManualReader extends MetricReader {
  override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }

  override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

/** What an application of every kind of instrument has measured, at a first and a second collection. */
async function measure(temporality: AggregationTemporality): Promise<ResourceMetrics[]> {
  const reader = new ManualReader({ aggregationTemporalitySelector: () => temporality })
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders', 'host.name': 'pod' }),
    readers: [reader],
    views: [
      {
        instrumentName: 'size',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } },
      },
    ],
  })
  const meter = provider.getMeter('@example/orders', '2.0.0', { schemaUrl: 'https://schema' })
  const integers = { valueType: ValueType.INT }
  const counter = meter.createCounter('orders', { unit: '{order}', description: 'taken' })
  const visits = meter.createCounter('visits', integers)
  const queue = meter.createUpDownCounter('queue', integers)
  const temperature = meter.createGauge('temperature')
  const advice = { explicitBucketBoundaries: [1, 5] }
  const duration = meter.createHistogram('duration', { unit: 's', advice })
  const size = meter.createHistogram('size', { unit: 'By' })
  meter.createObservableCounter('cpu').addCallback((result) => result.observe(1.5, { core: 1 }))
  meter.createObservableUpDownCounter('open', integers).addCallback((result) => result.observe(-3))
  meter.createObservableGauge('load').addCallback((result) => result.observe(0.25))
  const collected: ResourceMetrics[] = []
  for (const round of [1, 2]) {
    counter.add(round * 1.25, { tier: 'gold', list: ['a', 'b'] })
    counter.add(4, { tier: 'silver' })
    visits.add(Number.MAX_SAFE_INTEGER - 10 * round)
    queue.add(-5)
    temperature.record(21.5, { room: 'ü' })
    for (const value of [0.5, 5, 7]) duration.record(value * round, { route: '/' })
    for (const value of [0, 1, 512, 1e9]) size.record(value * round)
    const { resourceMetrics, errors } = await reader.collect()
    if (errors.length > 0) throw new Error(String(errors))
    collected.push(resourceMetrics)
  }
  await provider.shutdown()
  return collected
}

/** The body an exporter sends, as protobuf. */
async function sent(t: Test, make: (url: string) => PushMetricExporter, metrics: ResourceMetrics) {
  const bodies: Buffer[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const type = request.headers['content-type'] ?? ''
      const isJson = type === 'application/json'
      bodies.push(isJson ? protobufFromJson(body, EXPORT_METRICS_SERVICE_REQUEST) : body)
      response.writeHead(200, { 'content-type': type }).end(isJson ? '{}' : '')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const exporter = make(`http://127.0.0.1:${port}/v1/metrics`)
  await new Promise<void>((resolve, reject) =>
    exporter.export(metrics, ({ error }) => (error === undefined ? resolve() : reject(error))),
  )
  await exporter.shutdown()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  t.equal(bodies.length, 1)
  return bodies[0] ?? Buffer.alloc(0)
}

function translate(t: Test, body: Buffer): FullRow[] {
  const translator = createSignalTranslator('metrics', {
    retentionMs: DAY_MS,
    dictionaryCacheSize: 100,
  })
  const context = { receivedMs: Date.now(), tenant: null }
  const { copies, dictionary, rejection } = translator.translate(body, context)
  t.equal(rejection, '')
  return withSeries(decodeMetricRows(copies), dictionary)
}

/** The rows of a metric, without their times. */
function named(rows: readonly FullRow[], name: string): FullRow[] {
  return rows
    .filter(({ series }) => (series as string[])[0] === name)
    .map((row) => ({ ...row, time: undefined, time_ns: undefined }))
}

for (const [name, temporality] of [
  ['delta', DELTA],
  ['cumulative', CUMULATIVE],
] as const) {
  t.test(
    `the official exporters send the same rows as JSON and as protobuf, ${name}`,
    async (t) => {
      const collected = await measure(temporality)
      const options = { temporalityPreference: temporality }
      const rounds: FullRow[][] = []
      for (const metrics of collected) {
        const json = await sent(t, (url) => new JsonExporter({ url, ...options }), metrics)
        const protobuf = await sent(t, (url) => new ProtobufExporter({ url, ...options }), metrics)
        const rows = translate(t, protobuf)
        t.strictSame(translate(t, json), rows)
        t.equal(rows.length, 10)
        rounds.push(rows)
      }
      const isDelta = temporality === DELTA
      const [, second = []] = rounds
      const values = (metric: string, column: string) =>
        rounds.flatMap((rows) => named(rows, metric).map((row) => row[column]))
      t.strictSame(values('orders', 'value'), isDelta ? [1.25, 4, 2.5, 4] : [1.25, 4, 3.75, 8])
      const first = BigInt(Number.MAX_SAFE_INTEGER - 10)
      t.strictSame(values('visits', 'value_int'), [first, isDelta ? first - 10n : 2n * first - 10n])
      t.strictSame(values('queue', 'value_int'), [-5n, isDelta ? -5n : -10n])
      t.strictSame(values('temperature', 'value'), [21.5, 21.5])
      t.strictSame(values('cpu', 'value'), [1.5, isDelta ? 0 : 1.5])
      t.strictSame(values('open', 'value_int'), [-3n, isDelta ? 0n : -3n])
      t.strictSame(values('load', 'value'), [0.25, 0.25])
      t.match(named(second, 'orders')[0], {
        series: [
          'orders',
          'sum',
          '{order}',
          name,
          'true',
          'taken',
          '{}',
          '{"tier":"gold","list":["a","b"]}',
          null,
        ],
        service: ['', '', '', 'orders'],
        scope: ['@example/orders', '2.0.0', '{}', '0', 'https://schema'],
      })
      t.match(named(second, 'duration')[0], {
        series: ['duration', 'histogram', 's', name, null, '', '{}', '{"route":"/"}', '{1,5}'],
        ...(isDelta
          ? { count: 3n, sum: 25, min: 1, max: 14, bucket_counts: [1n, 0n, 2n] }
          : { count: 6n, sum: 37.5, min: 0.5, max: 14, bucket_counts: [2n, 1n, 3n] }),
      })
      const exponential = named(second, 'size')[0]
      t.match(exponential, {
        zero_count: isDelta ? 1n : 2n,
        count: isDelta ? 4n : 8n,
        max: 2e9,
        negative_counts: [],
      })
      const counts = exponential?.['positive_counts'] as bigint[]
      t.equal(
        counts.reduce((sum, count) => sum + count),
        isDelta ? 3n : 6n,
      )
      t.ok(counts.length <= 20)
    },
  )
}
