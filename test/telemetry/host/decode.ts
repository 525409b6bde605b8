import { decodeMessage, ExportMetricsServiceRequest } from '../../helpers/otlp'

export interface DecodedPoint {
  readonly attributes?: readonly KeyValue[]
  readonly startTimeUnixNano?: string
  readonly timeUnixNano: string
  readonly asInt?: string
  readonly asDouble?: number
}

interface KeyValue {
  readonly key: string
  readonly value: { readonly stringValue: string }
}

export interface DecodedMetric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly gauge?: { readonly dataPoints: readonly DecodedPoint[] }
  readonly sum?: {
    readonly dataPoints: readonly DecodedPoint[]
    readonly aggregationTemporality: number
    readonly isMonotonic?: boolean
  }
}

interface DecodedExport {
  readonly resource: { readonly attributes: readonly KeyValue[] }
  readonly schemaUrl: string
  readonly scopeMetrics: readonly [
    {
      readonly scope: { readonly name: string; readonly version: string }
      readonly schemaUrl: string
      readonly metrics: readonly DecodedMetric[]
    },
  ]
}

/** The one resource of an ExportMetricsServiceRequest, as protobufjs reads it. */
export function decodeExport(body: Uint8Array): DecodedExport {
  const decoded = decodeMessage(ExportMetricsServiceRequest, body)
  const { resourceMetrics } = decoded as unknown as { resourceMetrics: [DecodedExport] }
  return resourceMetrics[0]
}

export function metricsOf(body: Uint8Array): readonly DecodedMetric[] {
  return decodeExport(body).scopeMetrics[0].metrics
}

export function pointsOf({ sum, gauge }: DecodedMetric): readonly DecodedPoint[] {
  return (sum ?? gauge)?.dataPoints ?? []
}

/** Attributes as an object. */
export function attributesOf(pairs: readonly KeyValue[] = []): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue]))
}

/** The values of a metric by those of its attributes; whole numbers as they were sent. */
export function valuesOf(
  body: Uint8Array,
  name: string,
): Record<string, string | number | undefined> {
  const metric = metricsOf(body).find((candidate) => candidate.name === name)
  if (metric === undefined) return {}
  return Object.fromEntries(
    pointsOf(metric).map(({ attributes, asInt, asDouble }) => [
      Object.values(attributesOf(attributes)).join(' '),
      asInt ?? asDouble,
    ]),
  )
}
