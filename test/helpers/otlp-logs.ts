import {
  type Attributes,
  type Encoding,
  encodeRequest,
  ExportLogsServiceRequest,
  type Id,
  type Integer,
  keyValues,
  type ResourceInput,
  type ScopeInput,
  toAnyValue,
  type Value,
} from './otlp'

/** What is left out is not sent, but for a time: now. */
export interface LogRecordInput {
  readonly timeUnixNano?: Integer
  readonly observedTimeUnixNano?: Integer
  readonly severityNumber?: number
  readonly severityText?: string
  readonly body?: Value
  readonly attributes?: Attributes
  readonly droppedAttributesCount?: number
  readonly flags?: number
  readonly traceId?: Id
  readonly spanId?: Id
  readonly eventName?: string
}

export interface LogsInput {
  /** The resource's `service.name`; left out, it is not sent. */
  readonly service?: string
  readonly resource?: ResourceInput
  readonly scope?: ScopeInput
  readonly records?: readonly LogRecordInput[]
}

/** An ExportLogsServiceRequest: one resource with one scope an input. */
export function logs(
  input: LogsInput | readonly LogsInput[],
  encoding: Encoding = 'protobuf',
): Buffer {
  const inputs: readonly LogsInput[] = 'map' in input ? input : [input]
  return encodeRequest(
    ExportLogsServiceRequest,
    { resourceLogs: inputs.map(resourceLogs) },
    encoding,
  )
}

function resourceLogs({
  service,
  resource: resourceInput = {},
  scope: scopeInput = {},
  records = [{}],
}: LogsInput): object {
  const { schemaUrl: resourceSchemaUrl, ...resource } = resourceInput
  const { schemaUrl: scopeSchemaUrl, ...scope } = scopeInput
  const own = service === undefined ? [] : keyValues({ 'service.name': service })
  return {
    resource: { ...resource, attributes: [...own, ...keyValues(resource.attributes ?? [])] },
    scopeLogs: [
      {
        scope: { ...scope, attributes: keyValues(scope.attributes ?? []) },
        logRecords: records.map(logRecord),
        schemaUrl: scopeSchemaUrl,
      },
    ],
    schemaUrl: resourceSchemaUrl,
  }
}

function logRecord({ body, traceId, spanId, attributes, ...input }: LogRecordInput): object {
  const now = BigInt(Date.now()) * 1_000_000n
  const { timeUnixNano = now, observedTimeUnixNano } = input
  return {
    ...input,
    timeUnixNano: String(timeUnixNano),
    ...(observedTimeUnixNano !== undefined && {
      observedTimeUnixNano: String(observedTimeUnixNano),
    }),
    ...(body !== undefined && { body: toAnyValue(body) }),
    ...(traceId !== undefined && { traceId: bytesOf(traceId) }),
    ...(spanId !== undefined && { spanId: bytesOf(spanId) }),
    attributes: keyValues(attributes ?? []),
  }
}

function bytesOf(id: Id): Buffer {
  return typeof id === 'string' ? Buffer.from(id, 'hex') : Buffer.from(id)
}
