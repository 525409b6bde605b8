import {
  type Attributes,
  encodeRequest,
  type Encoding,
  ExportMetricsServiceRequest,
  type Integer,
  keyValues,
  type ResourceInput,
  type ScopeInput,
} from './otlp'

/** A data point by its protobuf fields in camelCase; `attributes` and those of exemplars are converted. */
export interface DataPointInput {
  readonly timeUnixNano?: Integer
  readonly attributes?: Attributes
  readonly exemplars?: readonly ExemplarInput[]
  readonly [field: string]: unknown
}

export interface ExemplarInput {
  readonly filteredAttributes?: Attributes
  readonly [field: string]: unknown
}

export interface DataInput {
  readonly dataPoints?: readonly DataPointInput[]
  readonly aggregationTemporality?: number
  readonly isMonotonic?: boolean
}

export interface MetricInput {
  readonly name?: string
  readonly description?: string
  readonly unit?: string
  readonly metadata?: Attributes
  readonly gauge?: DataInput
  readonly sum?: DataInput
  readonly histogram?: DataInput
  readonly exponentialHistogram?: DataInput
  readonly summary?: DataInput
}

export interface MetricsInput {
  /** The resource's `service.name`; left out, it is not sent. */
  readonly service?: string
  readonly resource?: ResourceInput
  readonly scope?: ScopeInput
  readonly metrics?: readonly MetricInput[]
}

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const

/** An ExportMetricsServiceRequest: one resource with one scope an input. */
export function metrics(
  input: MetricsInput | readonly MetricsInput[],
  encoding: Encoding = 'protobuf',
): Buffer {
  const inputs = Array.isArray(input) ? (input as readonly MetricsInput[]) : [input as MetricsInput]
  const message = { resourceMetrics: inputs.map(resourceMetrics) }
  return encodeRequest(ExportMetricsServiceRequest, message, encoding)
}

function resourceMetrics(input: MetricsInput): object {
  const { schemaUrl: resourceSchemaUrl, ...resource } = input.resource ?? {}
  const { schemaUrl: scopeSchemaUrl, ...scope } = input.scope ?? {}
  const own = input.service === undefined ? [] : keyValues({ 'service.name': input.service })
  return {
    resource: { ...resource, attributes: [...own, ...keyValues(resource.attributes ?? [])] },
    scopeMetrics: [
      {
        scope: { ...scope, attributes: keyValues(scope.attributes ?? []) },
        metrics: (input.metrics ?? []).map(metric),
        schemaUrl: scopeSchemaUrl,
      },
    ],
    schemaUrl: resourceSchemaUrl,
  }
}

function metric(input: MetricInput): object {
  const message: Record<string, unknown> = { ...input, metadata: keyValues(input.metadata ?? []) }
  for (const name of DATA) {
    const data = input[name]
    if (data === undefined) continue
    message[name] = { ...data, dataPoints: (data.dataPoints ?? []).map(dataPoint) }
  }
  return message
}

function dataPoint(input: DataPointInput): object {
  return {
    ...wide(input),
    attributes: keyValues(input.attributes ?? []),
    ...(input.exemplars === undefined ? {} : { exemplars: input.exemplars.map(exemplar) }),
  }
}

function exemplar(input: ExemplarInput): object {
  return { ...wide(input), filteredAttributes: keyValues(input.filteredAttributes ?? []) }
}

/** 64-bit integers as protobufjs takes them. */
function wide(fields: Readonly<Record<string, unknown>>): object {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  )
}
