import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { ExportResultCode, type ExportResult } from '@opentelemetry/core'
import { OTLPLogExporter as LogsGrpc } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as LogsJson } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as LogsProtobuf } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as MetricsGrpc } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPMetricExporter as MetricsJson } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as MetricsProtobuf } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as TracesGrpc } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as TracesJson } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as TracesProtobuf } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import type { Way } from './export'
import { pathOf } from './http'
import type { Doors, Signal } from './target'

export { AggregationTemporality }

/** What an exporter takes, whatever the signal. */
interface Exporter<T> {
  export(items: T, done: (result: ExportResult) => void): void
  shutdown(): Promise<void>
}
type Exporters<T> = Readonly<Record<Way, new (config: { url: string }) => Exporter<T>>>

const TRACES: Exporters<ReadableSpan[]> = {
  json: TracesJson,
  protobuf: TracesProtobuf,
  grpc: TracesGrpc,
}
const METRICS: Exporters<ResourceMetrics> = {
  json: MetricsJson,
  protobuf: MetricsProtobuf,
  grpc: MetricsGrpc,
}
const LOGS: Exporters<ReadableLogRecord[]> = {
  json: LogsJson,
  protobuf: LogsProtobuf,
  grpc: LogsGrpc,
}

const ATTRIBUTES = {
  text: 'a',
  flag: true,
  count: 42,
  large: 2 ** 53 - 1,
  ratio: 0.25,
  texts: ['a', 'b'],
  numbers: [1, 2.5],
}
const NAME = 'test'
const VERSION = '1.0.0'

/** Has the official exporter of a form send the spans for a service. Fails when it does. */
export function exportSpans(
  doors: Doors,
  way: Way,
  service: string,
  spans: readonly ReadableSpan[],
) {
  return send(
    TRACES,
    doors,
    way,
    'traces',
    spans.map((span) => withService(span, service)),
  )
}

export function exportMetrics(doors: Doors, way: Way, service: string, metrics: ResourceMetrics) {
  return send(METRICS, doors, way, 'metrics', withService(metrics, service))
}

export function exportLogs(
  doors: Doors,
  way: Way,
  service: string,
  records: readonly ReadableLogRecord[],
) {
  return send(
    LOGS,
    doors,
    way,
    'logs',
    records.map((record) => withService(record, service)),
  )
}

/** Spans of the official SDK, with all that its API can set. */
export async function makeSpans(): Promise<readonly ReadableSpan[]> {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
  const tracer = provider.getTracer(NAME, VERSION)
  const root = tracer.startSpan('root', { kind: SpanKind.SERVER, attributes: ATTRIBUTES })
  const context = trace.setSpan(ROOT_CONTEXT, root)
  const links = [{ context: root.spanContext(), attributes: ATTRIBUTES }]
  const child = tracer.startSpan('child', { kind: SpanKind.CLIENT, links }, context)
  child.addEvent('event', ATTRIBUTES)
  child.recordException(new TypeError('x is not a function'))
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' })
  child.end()
  root.end()
  await provider.forceFlush()
  return memory.getFinishedSpans()
}

/** Log records of the official SDK: with bodies of several kinds, one inside of a span. */
export async function makeLogs(): Promise<readonly ReadableLogRecord[]> {
  const memory = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({
    processors: [new SimpleLogRecordProcessor({ exporter: memory })],
  })
  const logger = provider.getLogger(NAME, VERSION)
  const spanContext = {
    traceId: 'ffeeddccbbaa99887766554433221100',
    spanId: 'fedcba9876543210',
    traceFlags: TraceFlags.SAMPLED,
  }
  logger.emit({
    body: 'in a span',
    severityNumber: SeverityNumber.ERROR,
    severityText: 'error',
    attributes: {
      ...ATTRIBUTES,
      nested: { list: [1, 'a', null] },
      bytes: new Uint8Array([0, 255]),
    },
    context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
  })
  logger.emit({ body: { message: 'a map', code: 7 }, eventName: 'order.placed' })
  logger.emit({ severityNumber: SeverityNumber.DEBUG })
  await provider.forceFlush()
  return memory.getFinishedLogRecords()
}

/** What every instrument of the official SDK measured, in two collections of this temporality. */
export async function makeMetrics(
  temporality: AggregationTemporality,
): Promise<readonly ResourceMetrics[]> {
  const reader = new Reader({ aggregationTemporalitySelector: () => temporality })
  const provider = new MeterProvider({
    readers: [reader],
    views: [
      {
        instrumentName: 'exponential',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      },
    ],
  })
  const meter = provider.getMeter(NAME, VERSION)
  const counter = meter.createCounter('counter', { unit: 'By', description: 'bytes' })
  const upDown = meter.createUpDownCounter('up-down')
  const gauge = meter.createGauge('gauge')
  const histogram = meter.createHistogram('histogram', { unit: 'ms' })
  const exponential = meter.createHistogram('exponential')
  meter.createObservableGauge('observed').addCallback((result) => result.observe(0.5, ATTRIBUTES))
  const collections: ResourceMetrics[] = []
  for (const round of [1, 2]) {
    counter.add(round * 1_000, ATTRIBUTES)
    upDown.add(-round)
    gauge.record(round / 4)
    for (const value of [0, 3, 250, 99_999]) histogram.record(value * round, ATTRIBUTES)
    for (const value of [0, 0.001, 1, 7, 1e9]) exponential.record(value * round)
    const { resourceMetrics, errors } = await reader.collect()
    if (errors.length > 0) throw errors[0]
    collections.push(resourceMetrics)
  }
  await provider.shutdown()
  return collections
}

class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

async function send<T>(
  exporters: Exporters<T>,
  doors: Doors,
  way: Way,
  signal: Signal,
  items: T,
): Promise<void> {
  const url = way === 'grpc' ? `http://${doors.grpcAddress}` : doors.httpUrl + pathOf(signal)
  const exporter = new exporters[way]({ url })
  const { code, error } = await new Promise<ExportResult>((resolve) =>
    exporter.export(items, resolve),
  )
  await exporter.shutdown()
  if (code !== ExportResultCode.SUCCESS)
    throw error ?? new Error(`cannot export ${signal} as ${way}`)
}

function withService<T extends object>(item: T, service: string): T {
  const resource = resourceFromAttributes({ 'service.name': service })
  return Object.defineProperty(Object.create(item) as T, 'resource', { value: resource })
}
