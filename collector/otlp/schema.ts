/**
 * What a field holds. `id` is a protobuf `bytes` field that OTLP/JSON writes in hex; `enum` is an int32 that OTLP/JSON
 * writes as a number only.
 */
export type ScalarType =
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'enum'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'int64'
  | 'uint64'
  | 'fixed64'
  | 'sfixed64'
  | 'double'

/** One field of a message; `name` is its JSON name. Repeated numbers are packed. */
export interface FieldSchema {
  readonly name: string
  readonly number: number
  /** A message type is named lazily because AnyValue contains itself. */
  readonly type: ScalarType | (() => MessageSchema)
  readonly repeated?: true
  /** For an integer in a oneof: its double sibling, which takes values that do not fit 64 bits. */
  readonly doubleSibling?: number
}

/** A message of opentelemetry-proto 1.11, as data. */
export interface MessageSchema {
  readonly name: string
  readonly fields: readonly FieldSchema[]
}

export const KEY_VALUE = message('KeyValue', [
  field('key', 1, 'string'),
  field('value', 2, () => ANY_VALUE),
  field('keyStrindex', 3, 'int32'),
])

/** `intValue` has a double sibling because JavaScript exporters send every integral number as `intValue`, 1e21 too. */
export const ANY_VALUE: MessageSchema = message('AnyValue', [
  field('stringValue', 1, 'string'),
  field('boolValue', 2, 'bool'),
  { name: 'intValue', number: 3, type: 'int64', doubleSibling: 4 },
  field('doubleValue', 4, 'double'),
  field('arrayValue', 5, () => ARRAY_VALUE),
  field('kvlistValue', 6, () => KEY_VALUE_LIST),
  field('bytesValue', 7, 'bytes'),
  field('stringValueStrindex', 8, 'int32'),
])

const ARRAY_VALUE = message('ArrayValue', [repeated('values', 1, () => ANY_VALUE)])
const KEY_VALUE_LIST = message('KeyValueList', [repeated('values', 1, () => KEY_VALUE)])

const attributes = (number: number) => repeated('attributes', number, () => KEY_VALUE)

const SCOPE = message('InstrumentationScope', [
  field('name', 1, 'string'),
  field('version', 2, 'string'),
  attributes(3),
  field('droppedAttributesCount', 4, 'uint32'),
])

const ENTITY_REF = message('EntityRef', [
  field('schemaUrl', 1, 'string'),
  field('type', 2, 'string'),
  repeated('idKeys', 3, 'string'),
  repeated('descriptionKeys', 4, 'string'),
])

const RESOURCE = message('Resource', [
  attributes(1),
  field('droppedAttributesCount', 2, 'uint32'),
  repeated('entityRefs', 3, () => ENTITY_REF),
])

const STATUS = message('Status', [field('message', 2, 'string'), field('code', 3, 'enum')])

const EVENT = message('Event', [
  field('timeUnixNano', 1, 'fixed64'),
  field('name', 2, 'string'),
  attributes(3),
  field('droppedAttributesCount', 4, 'uint32'),
])

const LINK = message('Link', [
  field('traceId', 1, 'id'),
  field('spanId', 2, 'id'),
  field('traceState', 3, 'string'),
  attributes(4),
  field('droppedAttributesCount', 5, 'uint32'),
  field('flags', 6, 'fixed32'),
])

const SPAN = message('Span', [
  field('traceId', 1, 'id'),
  field('spanId', 2, 'id'),
  field('traceState', 3, 'string'),
  field('parentSpanId', 4, 'id'),
  field('flags', 16, 'fixed32'),
  field('name', 5, 'string'),
  field('kind', 6, 'enum'),
  field('startTimeUnixNano', 7, 'fixed64'),
  field('endTimeUnixNano', 8, 'fixed64'),
  attributes(9),
  field('droppedAttributesCount', 10, 'uint32'),
  repeated('events', 11, () => EVENT),
  field('droppedEventsCount', 12, 'uint32'),
  repeated('links', 13, () => LINK),
  field('droppedLinksCount', 14, 'uint32'),
  field('status', 15, () => STATUS),
])

/** `POST /v1/traces`: ExportTraceServiceRequest. */
export const EXPORT_TRACE_SERVICE_REQUEST = request(
  'Trace',
  'resourceSpans',
  'scopeSpans',
  'spans',
  SPAN,
)

const LOG_RECORD = message('LogRecord', [
  field('timeUnixNano', 1, 'fixed64'),
  field('observedTimeUnixNano', 11, 'fixed64'),
  field('severityNumber', 2, 'enum'),
  field('severityText', 3, 'string'),
  field('body', 5, () => ANY_VALUE),
  attributes(6),
  field('droppedAttributesCount', 7, 'uint32'),
  field('flags', 8, 'fixed32'),
  field('traceId', 9, 'id'),
  field('spanId', 10, 'id'),
  field('eventName', 12, 'string'),
])

/** `POST /v1/logs`: ExportLogsServiceRequest. */
export const EXPORT_LOGS_SERVICE_REQUEST = request(
  'Logs',
  'resourceLogs',
  'scopeLogs',
  'logRecords',
  LOG_RECORD,
)

const EXEMPLAR = message('Exemplar', [
  repeated('filteredAttributes', 7, () => KEY_VALUE),
  field('timeUnixNano', 2, 'fixed64'),
  field('asDouble', 3, 'double'),
  { name: 'asInt', number: 6, type: 'sfixed64', doubleSibling: 3 },
  field('spanId', 4, 'id'),
  field('traceId', 5, 'id'),
])

const NUMBER_DATA_POINT = message('NumberDataPoint', [
  attributes(7),
  field('startTimeUnixNano', 2, 'fixed64'),
  field('timeUnixNano', 3, 'fixed64'),
  field('asDouble', 4, 'double'),
  { name: 'asInt', number: 6, type: 'sfixed64', doubleSibling: 4 },
  repeated('exemplars', 5, () => EXEMPLAR),
  field('flags', 8, 'uint32'),
])

const HISTOGRAM_DATA_POINT = message('HistogramDataPoint', [
  attributes(9),
  field('startTimeUnixNano', 2, 'fixed64'),
  field('timeUnixNano', 3, 'fixed64'),
  field('count', 4, 'fixed64'),
  field('sum', 5, 'double'),
  repeated('bucketCounts', 6, 'fixed64'),
  repeated('explicitBounds', 7, 'double'),
  repeated('exemplars', 8, () => EXEMPLAR),
  field('flags', 10, 'uint32'),
  field('min', 11, 'double'),
  field('max', 12, 'double'),
])

const BUCKETS = message('Buckets', [
  field('offset', 1, 'sint32'),
  repeated('bucketCounts', 2, 'uint64'),
])

const EXPONENTIAL_HISTOGRAM_DATA_POINT = message('ExponentialHistogramDataPoint', [
  attributes(1),
  field('startTimeUnixNano', 2, 'fixed64'),
  field('timeUnixNano', 3, 'fixed64'),
  field('count', 4, 'fixed64'),
  field('sum', 5, 'double'),
  field('scale', 6, 'sint32'),
  field('zeroCount', 7, 'fixed64'),
  field('positive', 8, () => BUCKETS),
  field('negative', 9, () => BUCKETS),
  field('flags', 10, 'uint32'),
  repeated('exemplars', 11, () => EXEMPLAR),
  field('min', 12, 'double'),
  field('max', 13, 'double'),
  field('zeroThreshold', 14, 'double'),
])

const VALUE_AT_QUANTILE = message('ValueAtQuantile', [
  field('quantile', 1, 'double'),
  field('value', 2, 'double'),
])

const SUMMARY_DATA_POINT = message('SummaryDataPoint', [
  attributes(7),
  field('startTimeUnixNano', 2, 'fixed64'),
  field('timeUnixNano', 3, 'fixed64'),
  field('count', 4, 'fixed64'),
  field('sum', 5, 'double'),
  repeated('quantileValues', 6, () => VALUE_AT_QUANTILE),
  field('flags', 8, 'uint32'),
])

const temporality = field('aggregationTemporality', 2, 'enum')
const GAUGE = message('Gauge', [repeated('dataPoints', 1, () => NUMBER_DATA_POINT)])
const SUM = message('Sum', [
  repeated('dataPoints', 1, () => NUMBER_DATA_POINT),
  temporality,
  field('isMonotonic', 3, 'bool'),
])
const HISTOGRAM = message('Histogram', [
  repeated('dataPoints', 1, () => HISTOGRAM_DATA_POINT),
  temporality,
])
const EXPONENTIAL_HISTOGRAM = message('ExponentialHistogram', [
  repeated('dataPoints', 1, () => EXPONENTIAL_HISTOGRAM_DATA_POINT),
  temporality,
])
const SUMMARY = message('Summary', [repeated('dataPoints', 1, () => SUMMARY_DATA_POINT)])

const METRIC = message('Metric', [
  field('name', 1, 'string'),
  field('description', 2, 'string'),
  field('unit', 3, 'string'),
  field('gauge', 5, () => GAUGE),
  field('sum', 7, () => SUM),
  field('histogram', 9, () => HISTOGRAM),
  field('exponentialHistogram', 10, () => EXPONENTIAL_HISTOGRAM),
  field('summary', 11, () => SUMMARY),
  repeated('metadata', 12, () => KEY_VALUE),
])

/** `POST /v1/metrics`: ExportMetricsServiceRequest. */
export const EXPORT_METRICS_SERVICE_REQUEST = request(
  'Metrics',
  'resourceMetrics',
  'scopeMetrics',
  'metrics',
  METRIC,
)

/** The envelope all signals share: resources of scopes of items, numbered alike. */
function request(
  signal: string,
  resources: string,
  scopes: string,
  items: string,
  item: MessageSchema,
): MessageSchema {
  const inScope = message(`Scope${signal}`, [
    field('scope', 1, () => SCOPE),
    repeated(items, 2, () => item),
    field('schemaUrl', 3, 'string'),
  ])
  const inResource = message(`Resource${signal}`, [
    field('resource', 1, () => RESOURCE),
    repeated(scopes, 2, () => inScope),
    field('schemaUrl', 3, 'string'),
  ])
  return message(`Export${signal}ServiceRequest`, [repeated(resources, 1, () => inResource)])
}

function message(name: string, fields: readonly FieldSchema[]): MessageSchema {
  return { name, fields }
}

function field(name: string, number: number, type: FieldSchema['type']): FieldSchema {
  return { name, number, type }
}

function repeated(name: string, number: number, type: FieldSchema['type']): FieldSchema {
  return { name, number, type, repeated: true }
}
