import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Type } from 'protobufjs'
import {
  decodeMessage,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../helpers/otlp'
import { until } from '../helpers/until'

type Attributes = Readonly<Record<string, unknown>>

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly scope: string
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly status: { readonly code?: number; readonly message?: string }
  readonly resource: Attributes
}

export interface ReceivedLog {
  readonly traceId: string
  readonly spanId: string
  readonly severityNumber: number
  readonly severityText: string
  readonly body: unknown
  readonly eventName: string
  readonly scope: string
  readonly attributes: Attributes
  readonly resource: Attributes
}

/** One data point, with the metric it is of. */
export interface ReceivedPoint {
  readonly metric: string
  readonly unit: string
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'
  readonly attributes: Attributes
  /** Of a gauge or sum. */
  readonly value: number | undefined
  /** Of a histogram. */
  readonly count: number | undefined
  readonly sum: number | undefined
  readonly resource: Attributes
}

export interface ReceivedRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** What it was answered with. */
  readonly status: number
}

export interface Receiver {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  readonly spans: readonly ReceivedSpan[]
  readonly logs: readonly ReceivedLog[]
  readonly points: readonly ReceivedPoint[]
  /** Waits for a span the condition holds for. */
  span(condition: (span: ReceivedSpan) => boolean, what: string): Promise<ReceivedSpan>
  log(condition: (log: ReceivedLog) => boolean, what: string): Promise<ReceivedLog>
  point(condition: (point: ReceivedPoint) => boolean, what: string): Promise<ReceivedPoint>
  /** What it answers from now on; it keeps what it answers with 200 only. */
  answerWith(status: number): void
}

export const INTERNAL = 1
export const SERVER = 2
export const CLIENT = 3
export const PRODUCER = 4
export const CONSUMER = 5

/** Takes OTLP/HTTP of all signals in both encodings on a free port and keeps what it was sent; closed at teardown. */
export async function startReceiver(t: {
  teardown(fn: () => Promise<void>): void
}): Promise<Receiver> {
  const spans: ReceivedSpan[] = []
  const logs: ReceivedLog[] = []
  const points: ReceivedPoint[] = []
  const requests: ReceivedRequest[] = []
  let status = 200
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { url: path = '', headers } = request
      const contentType = headers['content-type'] ?? ''
      requests.push({ path, headers, body, status })
      if (status === 200) {
        if (path === '/v1/traces')
          spans.push(...spansOf(decode(body, contentType, ExportTraceServiceRequest)))
        if (path === '/v1/logs')
          logs.push(...logsOf(decode(body, contentType, ExportLogsServiceRequest)))
        if (path === '/v1/metrics')
          points.push(...pointsOf(decode(body, contentType, ExportMetricsServiceRequest)))
      }
      response.writeHead(status, { 'content-type': contentType })
      response.end(contentType === 'application/json' ? '{}' : undefined)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans,
    logs,
    points,
    span: (condition, what) => until(() => spans.find(condition), 20_000, what),
    log: (condition, what) => until(() => logs.find(condition), 20_000, what),
    point: (condition, what) => until(() => points.find(condition), 20_000, what),
    answerWith(code) {
      status = code
    },
  }
}

/** The message in a body; only 64-bit integers and bytes differ by the encoding. */
export function decode(body: Buffer, contentType: string, type: Type): WireRequest {
  return (
    contentType === 'application/json' ? JSON.parse(body.toString()) : decodeMessage(type, body)
  ) as WireRequest
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

interface WireResource {
  readonly resource?: { readonly attributes?: WireAttribute[] }
}

interface WireScope {
  readonly scope?: { readonly name?: string }
}

export interface WireRequest {
  readonly resourceSpans?: (WireResource & {
    readonly scopeSpans?: (WireScope & { readonly spans?: WireSpan[] })[]
  })[]
  readonly resourceLogs?: (WireResource & {
    readonly scopeLogs?: (WireScope & { readonly logRecords?: WireLog[] })[]
  })[]
  readonly resourceMetrics?: (WireResource & {
    readonly scopeMetrics?: (WireScope & { readonly metrics?: WireMetric[] })[]
  })[]
}

interface WireSpan {
  traceId: Buffer | string
  spanId: Buffer | string
  parentSpanId?: Buffer | string
  name?: string
  kind?: number
  attributes?: WireAttribute[]
  events?: { name?: string; attributes?: WireAttribute[] }[]
  links?: { traceId: Buffer | string; spanId: Buffer | string }[]
  status?: { code?: number; message?: string }
}

interface WireLog {
  traceId?: Buffer | string
  spanId?: Buffer | string
  severityNumber?: number
  severityText?: string
  body?: WireValue
  eventName?: string
  attributes?: WireAttribute[]
}

type WirePoints = { dataPoints?: WirePoint[] }

interface WireMetric extends Partial<Record<ReceivedPoint['kind'], WirePoints>> {
  name?: string
  unit?: string
}

interface WirePoint {
  attributes?: WireAttribute[]
  asInt?: unknown
  asDouble?: number
  count?: unknown
  sum?: number
}

interface WireAttribute {
  key: string
  value?: WireValue
}

type WireValue = Record<string, unknown>

export function spansOf({ resourceSpans = [] }: WireRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((span) => ({
        traceId: hexOf(span.traceId),
        spanId: hexOf(span.spanId),
        parentSpanId: hexOf(span.parentSpanId),
        name: span.name ?? '',
        kind: span.kind ?? 0,
        scope: scope?.name ?? '',
        attributes: attributesOf(span.attributes),
        events: (span.events ?? []).map((event) => ({
          name: event.name ?? '',
          attributes: attributesOf(event.attributes),
        })),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({
          traceId: hexOf(traceId),
          spanId: hexOf(spanId),
        })),
        status: span.status ?? {},
        resource: attributesOf(resource?.attributes),
      })),
    ),
  )
}

export function logsOf({ resourceLogs = [] }: WireRequest): ReceivedLog[] {
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs.flatMap(({ scope, logRecords = [] }) =>
      logRecords.map((log) => ({
        traceId: hexOf(log.traceId),
        spanId: hexOf(log.spanId),
        severityNumber: log.severityNumber ?? 0,
        severityText: log.severityText ?? '',
        body: log.body === undefined ? undefined : valueOf(log.body),
        eventName: log.eventName ?? '',
        scope: scope?.name ?? '',
        attributes: attributesOf(log.attributes),
        resource: attributesOf(resource?.attributes),
      })),
    ),
  )
}

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const

export function pointsOf({ resourceMetrics = [] }: WireRequest): ReceivedPoint[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) =>
    scopeMetrics.flatMap(({ metrics = [] }) =>
      metrics.flatMap((metric) =>
        KINDS.flatMap((kind) =>
          (metric[kind]?.dataPoints ?? []).map((point) => ({
            metric: metric.name ?? '',
            unit: metric.unit ?? '',
            kind,
            attributes: attributesOf(point.attributes),
            value: numberOf(point.asDouble ?? point.asInt),
            count: numberOf(point.count),
            sum: point.sum,
            resource: attributesOf(resource?.attributes),
          })),
        ),
      ),
    ),
  )
}

function attributesOf(attributes: WireAttribute[] = []): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value ?? {})]))
}

/** As plain JavaScript; an int64 becomes a number. */
function valueOf(value: WireValue): unknown {
  const [[kind, content] = []] = Object.entries(value)
  if (kind === 'intValue') return Number(content)
  if (kind === 'arrayValue') {
    return ((content as { values?: WireValue[] }).values ?? []).map(valueOf)
  }
  if (kind === 'kvlistValue') return attributesOf((content as { values?: WireAttribute[] }).values)
  return content
}

function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value)
}

function hexOf(id: Buffer | string | undefined): string {
  return typeof id === 'object' ? id.toString('hex') : (id ?? '')
}
