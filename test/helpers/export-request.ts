import { randomBytes } from 'node:crypto'
import type { Signal } from '../../collector/translate/rows'
import {
  type Encoding,
  encodeRequest,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  keyValues,
  traces,
} from './otlp'

/** A sound export request of any signal: so many spans, log records, or data points, half of them histograms', of a service. */
export function exportRequest(
  signal: Signal,
  { service, count = 1 }: { readonly service: string; readonly count?: number },
  encoding: Encoding = 'protobuf',
): Buffer {
  if (signal === 'traces') return traces({ service, count }, encoding)
  const resource = { attributes: keyValues({ 'service.name': service }) }
  if (signal === 'logs') {
    const scopeLogs = [{ scope: { name: 'test' }, logRecords: logRecords(count) }]
    return encodeRequest(
      ExportLogsServiceRequest,
      { resourceLogs: [{ resource, scopeLogs }] },
      encoding,
    )
  }
  const scopeMetrics = [{ scope: { name: 'test' }, metrics: metrics(count) }]
  return encodeRequest(
    ExportMetricsServiceRequest,
    { resourceMetrics: [{ resource, scopeMetrics }] },
    encoding,
  )
}

function logRecords(count: number): object[] {
  const traceId = randomBytes(16)
  const timeUnixNano = nowUnixNano()
  return Array.from({ length: count }, (_, index) => ({
    timeUnixNano,
    severityNumber: 9,
    body: { stringValue: `message ${index}` },
    traceId,
    spanId: randomBytes(8),
  }))
}

function metrics(count: number): object[] {
  const timeUnixNano = nowUnixNano()
  const point = (index: number) => ({ attributes: keyValues({ index }), timeUnixNano })
  const gauges = Math.ceil(count / 2)
  const numbers = Array.from({ length: gauges }, (_, index) => ({ ...point(index), asInt: '1' }))
  const histograms = Array.from({ length: count - gauges }, (_, index) => ({
    ...point(index),
    count: '1',
    sum: 1,
    bucketCounts: ['1', '0'],
    explicitBounds: [1],
  }))
  return [
    { name: 'test.gauge', gauge: { dataPoints: numbers } },
    { name: 'test.histogram', histogram: { dataPoints: histograms, aggregationTemporality: 2 } },
  ]
}

function nowUnixNano(): string {
  return String(BigInt(Date.now()) * 1_000_000n)
}
