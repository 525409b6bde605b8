import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base'
import { ExportResultCode } from '@opentelemetry/core'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import t from 'tap'
import { openDoor } from './door'

const EXPORTERS = { json: JsonExporter, protobuf: ProtobufExporter }
const CONCURRENT = 30

t.test(
  'otlp 6, 13: the official exporters succeed, plain, compressed and all at once',
  async (t) => {
    for (const [encoding, Exporter] of Object.entries(EXPORTERS)) {
      for (const compression of [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP]) {
        const door = await openDoor(t)
        const exporter = new Exporter({ url: `${door.url}/v1/traces`, compression })
        const spans = await makeSpans(CONCURRENT)
        const results = await Promise.all(spans.map((span) => exportSpan(exporter, span)))
        t.ok(results.every((code) => code === ExportResultCode.SUCCESS))
        await exporter.shutdown()
        t.ok(door.requests.every((request) => request.encoding === encoding))
        t.same(
          new Set(door.rows.map((row) => row.trace_id)),
          new Set(spans.map((span) => span.spanContext().traceId)),
        )
      }
    }
  },
)

async function makeSpans(count: number): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
  const tracer = provider.getTracer('test')
  for (let i = 0; i < count; i++) tracer.startSpan('work', { root: true }).end()
  await provider.forceFlush()
  return memory.getFinishedSpans()
}

function exportSpan(exporter: SpanExporter, span: ReadableSpan): Promise<ExportResultCode> {
  return new Promise((resolve) => exporter.export([span], ({ code }) => resolve(code)))
}
