import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base'
import { ExportResultCode } from '@opentelemetry/core'
import { OTLPLogExporter as GrpcLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as GrpcMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import t, { type Test } from 'tap'
import {
  decodeMessage,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
} from '../helpers/otlp'
import { openDoor } from './door'
import { openGrpcDoor } from './grpc-door'

const CONCURRENT = 30
const NOTHING = { resource: resourceFromAttributes({ 'service.name': 'shop' }), scopeMetrics: [] }

interface Exporter<T> {
  export(items: T, callback: (result: { code: ExportResultCode; error?: Error }) => void): void
  shutdown(): Promise<void>
}

t.test(
  'otlp 6, 13, 35: the official exporters succeed, plain, compressed and all at once',
  async (t) => {
    for (const name of ['json', 'protobuf', 'grpc'] as const) {
      for (const compression of [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP]) {
        const door = name === 'grpc' ? await openGrpcDoor(t) : await openDoor(t)
        const exporter = createTraceExporter(name, door.port, compression)
        const spans = await makeSpans(CONCURRENT)
        const results = await Promise.all(spans.map((span) => exportOne(exporter, [span])))
        t.ok(results.every((code) => code === ExportResultCode.SUCCESS))
        await exporter.shutdown()
        const encoding = name === 'json' ? 'json' : 'protobuf'
        t.ok(door.requests.every((request) => request.encoding === encoding))
        t.same(
          new Set(door.rows.map((row) => row.trace_id)),
          new Set(spans.map((span) => span.spanContext().traceId)),
        )
      }
    }
  },
)

t.test('otlp 2, 9, 35: the official exporters of metrics and logs succeed', async (t) => {
  for (const name of ['json', 'protobuf', 'grpc'] as const) {
    const door = name === 'grpc' ? await openGrpcDoor(t) : await openDoor(t)
    const url = `http://127.0.0.1:${door.port}`
    const metrics = {
      json: () => new JsonMetricExporter({ url: `${url}/v1/metrics` }),
      protobuf: () => new ProtobufMetricExporter({ url: `${url}/v1/metrics` }),
      grpc: () => new GrpcMetricExporter({ url }),
    }
    const logs = {
      json: () => new JsonLogExporter({ url: `${url}/v1/logs` }),
      protobuf: () => new ProtobufLogExporter({ url: `${url}/v1/logs` }),
      grpc: () => new GrpcLogExporter({ url }),
    }
    await exportAndClose(t, metrics[name](), NOTHING)
    await exportAndClose(t, logs[name](), [])
    t.same(
      door.requests.map(({ signal }) => signal),
      ['metrics', 'logs'],
    )
    if (name === 'json') continue
    const [metricsRequest, logsRequest] = door.requests
    const decoded = decodeMessage(ExportMetricsServiceRequest, metricsRequest?.body ?? Buffer.of())
    t.match(decoded, { resourceMetrics: [{ resource: {} }] })
    t.strictSame(decodeMessage(ExportLogsServiceRequest, logsRequest?.body ?? Buffer.of(1)), {})
  }
})

function createTraceExporter(
  name: 'json' | 'protobuf' | 'grpc',
  port: number,
  compression: CompressionAlgorithm,
): SpanExporter {
  const url = `http://127.0.0.1:${port}`
  if (name === 'grpc') return new GrpcExporter({ url, compression })
  const Exporter = name === 'json' ? JsonExporter : ProtobufExporter
  return new Exporter({ url: `${url}/v1/traces`, compression })
}

async function exportAndClose<T>(t: Test, exporter: Exporter<T>, items: T): Promise<void> {
  t.equal(await exportOne(exporter, items), ExportResultCode.SUCCESS)
  await exporter.shutdown()
}

async function makeSpans(count: number): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
  const tracer = provider.getTracer('test')
  for (let i = 0; i < count; i++) tracer.startSpan('work', { root: true }).end()
  await provider.forceFlush()
  return memory.getFinishedSpans()
}

function exportOne<T>(exporter: Pick<Exporter<T>, 'export'>, items: T): Promise<ExportResultCode> {
  return new Promise((resolve) => exporter.export(items, ({ code }) => resolve(code)))
}
