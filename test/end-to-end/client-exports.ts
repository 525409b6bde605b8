import { randomBytes } from 'node:crypto'
import { type HrTime, SpanKind, SpanStatusCode, TraceFlags, ValueType } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { type ExportResult, millisToHrTime } from '@opentelemetry/core'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Signal } from '../../collector/translate/rows'
import { type ClientPlan, itemIdOf, LEDGER_GAUGE, LEDGER_HISTOGRAM } from '../helpers/ledger'

/** Exports a request by its number; resolves when the exporter is done with it, retries included. */
export type Export = (request: number) => Promise<ExportResult>

const SCOPE = { name: 'test' }

/** The official exporters of the three signals, and what they are given: items numbered as the ledger has them. */
export function createExports(plan: ClientPlan): Readonly<Record<Signal, Export>> {
  const options = (signal: Signal) => ({
    url: `${plan.otlpUrl}/v1/${signal}`,
    concurrencyLimit: plan.concurrency + 1,
  })
  const traces = new OTLPTraceExporter(options('traces'))
  const logs = new OTLPLogExporter(options('logs'))
  const metrics = new OTLPMetricExporter(options('metrics'))
  const items = new Items(plan)
  return {
    traces: (request) => new Promise((resolve) => traces.export(items.spans(request), resolve)),
    logs: (request) => new Promise((resolve) => logs.export(items.logRecords(request), resolve)),
    metrics: (request) => new Promise((resolve) => metrics.export(items.metrics(request), resolve)),
  }
}

class Items {
  readonly #plan: ClientPlan
  readonly #resource
  readonly #padding: Readonly<Record<string, string>>
  readonly #startTime = millisToHrTime(Date.now())

  constructor(plan: ClientPlan) {
    this.#plan = plan
    this.#resource = resourceFromAttributes({
      'service.name': 'ledger',
      'service.instance.id': String(plan.client),
    })
    this.#padding = plan.paddingBytes === 0 ? {} : { padding: 'x'.repeat(plan.paddingBytes) }
  }

  /** One trace a request. */
  spans(request: number): ReadableSpan[] {
    const traceId = randomBytes(16).toString('hex')
    const startMs = Date.now()
    return this.#ids(request).map((id) => this.#span(traceId, hexOf(id), startMs))
  }

  /** As many log records of one trace. */
  logRecords(request: number): ReadableLogRecord[] {
    const traceId = randomBytes(16).toString('hex')
    const time = millisToHrTime(Date.now())
    return this.#ids(request).map((id) => this.#logRecord(traceId, hexOf(id), time))
  }

  /** The points by turns of a gauge and of a histogram, which are rows of different tables; a series each. */
  metrics(request: number): ResourceMetrics {
    const ids = this.#ids(request).map(Number)
    const endTime = millisToHrTime(Date.now())
    const point = <T>(index: number, value: T): DataPoint<T> => ({
      startTime: this.#startTime,
      endTime,
      attributes: { index, ...this.#padding },
      value,
    })
    const gauges = ids.flatMap((id, index) => (index % 2 === 0 ? [point(index, id)] : []))
    const histograms = ids.flatMap((id, index) =>
      index % 2 === 0
        ? []
        : [point(index, { buckets: { boundaries: [1], counts: [id, 0] }, count: id })],
    )
    const common = { description: '', unit: '1', valueType: ValueType.INT }
    const aggregationTemporality = AggregationTemporality.CUMULATIVE
    return {
      resource: this.#resource,
      scopeMetrics: [
        {
          scope: SCOPE,
          metrics: [
            {
              descriptor: { name: LEDGER_GAUGE, ...common },
              dataPointType: DataPointType.GAUGE,
              aggregationTemporality,
              dataPoints: gauges,
            },
            {
              descriptor: { name: LEDGER_HISTOGRAM, ...common },
              dataPointType: DataPointType.HISTOGRAM,
              aggregationTemporality,
              dataPoints: histograms,
            },
          ],
        },
      ],
    }
  }

  #ids(request: number): bigint[] {
    const { client, itemsPerRequest } = this.#plan
    return Array.from({ length: itemsPerRequest }, (_, index) => itemIdOf(client, request, index))
  }

  #span(traceId: string, spanId: string, startMs: number): ReadableSpan {
    const spanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
    const exception = exceptionOf(spanId)
    const time = millisToHrTime(startMs)
    return {
      name: 'GET /orders/:id',
      kind: SpanKind.SERVER,
      spanContext: () => spanContext,
      startTime: time,
      endTime: millisToHrTime(startMs + 1),
      status: { code: exception === null ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/orders/:id',
        'http.response.status_code': spanId.endsWith('7') ? 500 : 200,
        'url.path': `/orders/${spanId}`,
        'request.id': traceId,
        ...this.#padding,
      },
      links: [],
      events: exception === null ? [] : [{ name: 'exception', time, attributes: exception }],
      duration: [0, 1_000_000],
      ended: true,
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    }
  }

  #logRecord(traceId: string, spanId: string, time: HrTime): ReadableLogRecord {
    const exception = exceptionOf(spanId)
    const event = eventOf(spanId)
    return {
      ...(event !== null && { eventName: event.name }),
      hrTime: time,
      hrTimeObserved: time,
      spanContext: { traceId, spanId, traceFlags: TraceFlags.SAMPLED },
      severityNumber: exception === null ? SeverityNumber.INFO : SeverityNumber.ERROR,
      severityText: exception === null ? 'INFO' : 'ERROR',
      body: `order ${spanId} was taken`,
      attributes: {
        'order.id': spanId,
        'request.id': traceId,
        ...exception,
        ...event?.attributes,
        ...this.#padding,
      },
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
    }
  }
}

const CLASSES = ['TypeError', 'RangeError', 'SyntaxError']

/** What one item of 20 tells of, as the SDK records it; null for the others. */
function exceptionOf(spanId: string): Record<string, string> | null {
  const id = BigInt(`0x${spanId}`)
  if (id % 20n !== 0n) return null
  const type = CLASSES[Number((id / 20n) % 3n)]!
  const message = `order ${spanId} is none`
  return {
    'exception.type': type,
    'exception.message': message,
    'exception.stacktrace': `${type}: ${message}\n    at take (/srv/shop/orders.js:7:11)\n    at serve (/srv/shop/http.js:3:5)`,
  }
}

const ATTEMPT = { 'sidelight.outcome': 'succeeded', 'sidelight.duration_ms': 12.5 }
const EVENTS = [
  { name: 'sidelight.webhook.delivery', attributes: { 'webhook.id': 'paid', ...ATTEMPT } },
  {
    name: 'sidelight.webhook.delivery',
    attributes: { 'webhook.id': 'sent', ...ATTEMPT, 'sidelight.outcome': 'failed' },
  },
  {
    name: 'sidelight.rule.execution',
    attributes: { 'rule.id': 'vip', ...ATTEMPT, 'rule.affected_count': 3 },
  },
  {
    name: 'sidelight.api.request',
    attributes: { 'api.resource': 'orders', 'http.response.status_code': 404 },
  },
  { name: 'sidelight.cost', attributes: { 'user.id': 'u', 'sidelight.cost_usd': 0.25 } },
]

/** One log record of 7 is an event of the helpers; null for the others. */
function eventOf(spanId: string) {
  const id = BigInt(`0x${spanId}`)
  return id % 7n === 0n ? EVENTS[Number((id / 7n) % BigInt(EVENTS.length))]! : null
}

function hexOf(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}
